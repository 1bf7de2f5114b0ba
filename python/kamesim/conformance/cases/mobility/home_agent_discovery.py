"""Dynamic home agent address discovery, the home agent's part (RFC 6275 §10.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6HAADReply,
    ICMPv6HAADRequest,
    ICMPv6ND_NA,
    ICMPv6ND_RA,
    ICMPv6NDOptHAInfo,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._home_agent import CARE_OF, HOME_AGENT, away, home_agent, mobile, router
from kamesim.conformance.exchange import (
    Port,
    case,
    expect,
    expect_none,
    must,
    ns,
    options_of,
    prefix_information,
    ra,
    should,
)
from kamesim.conformance.mobility import Mobile, ends

ROLE = "router"
ANYCAST = "2001:db8:1:0:fdff:ffff:ffff:fffe"  # RFC 2526: identifier 126 behind interface identifiers of 64 bits
SECOND, THIRD = "2001:db8:1::b", "2001:db8:1::c"


def request(mobile: Mobile, identifier: int = 0x4711, destination: str = ANYCAST) -> Packet:
    packet = mobile.directly(ICMPv6HAADRequest(id=identifier, R=0))
    packet[IPv6].dst = destination
    return packet


def ask(mobile: Mobile, identifier: int = 0x4711) -> list[str]:
    """The addresses in the reply."""
    mobile.port.send(request(mobile, identifier))
    return list(expect(mobile.port, ICMPv6HAADReply, id=identifier)[ICMPv6HAADReply].addresses)


def own_address(address: str) -> Packet:
    """A prefix with the router's address in it (§7.2)."""
    option = prefix_information(address)
    option.R = 1
    return option


def advertise(left: Port, address: str, *options: Packet, h: int = 1, lifetime: int = 1800, hop_limit: int = 255) -> None:
    """A Router Advertisement of another router on the home link."""
    source = "fe80::" + address.rpartition(":")[2]
    left.send(ra(own_address(address), *options, source=source, lifetime=lifetime, hop_limit=hop_limit, H=h))
    left.run(0.1)


@case(should("RFC 6275 §10.5.1"), must("RFC 6275 §6.6"))
def request_to_the_anycast_address_is_answered_with_its_identifier(right, router, mobile):
    right.send(request(mobile, 0xBEEF))
    reply = expect(right, ICMPv6HAADReply)
    assert ends(reply) == (HOME_AGENT, CARE_OF)
    assert (reply[ICMPv6HAADReply].id, reply[ICMPv6HAADReply].code, reply[ICMPv6HAADReply].res) == (0xBEEF, 0, 0)
    assert list(reply[ICMPv6HAADReply].addresses) == [HOME_AGENT]


@case(must("RFC 6275 §6.5"))
def reserved_field_of_a_request_is_ignored(right, router, mobile):
    packet = request(mobile)
    packet[ICMPv6HAADRequest].res = 0x3FFF
    right.send(packet)
    expect(right, ICMPv6HAADReply, id=0x4711)


@case(must("RFC 6275 §10.5.1"))
def request_to_another_address_is_not_answered(right, router, mobile):
    right.send(request(mobile, destination=HOME_AGENT))
    expect_none(right, ICMPv6HAADReply, within=2.0)
    assert router.drops["mip6.haad_not_home_agents_address"] == 1


@case(must("RFC 6275 §7.1", "RFC 6275 §7.2", "RFC 6275 §7.5"), should("RFC 6275 §7.4"))
def home_agent_advertises_that_it_is_one(left, router):
    router.advertise("left", prefixes=["2001:db8:1::/64"])
    advertisement = expect(left, ICMPv6ND_RA, within=20.0)
    assert advertisement[ICMPv6ND_RA].H == 1
    (prefix,) = options_of(advertisement, ICMPv6NDOptPrefixInfo)
    assert (prefix.R, prefix.prefix) == (1, HOME_AGENT), "its address, whole"
    assert options_of(advertisement, ICMPv6NDOptSrcLLAddr) and not options_of(advertisement, ICMPv6NDOptHAInfo)


@case(must("RFC 6275 §7.1"), role="router")
def router_that_is_no_home_agent_does_not_say_so(lab):
    lab.router().advertise("left", prefixes=["2001:db8:1::/64"])
    advertisement = expect(lab.ports[0], ICMPv6ND_RA, within=20.0)
    (prefix,) = options_of(advertisement, ICMPv6NDOptPrefixInfo)
    assert (advertisement[ICMPv6ND_RA].H, prefix.R, prefix.prefix) == (0, 0, "2001:db8:1::")


@case(must("RFC 6275 §10.1", "RFC 6275 §10.5.1"))
def address_of_a_home_agent_ends_with_its_prefix(left, right, router, mobile):
    option = own_address(SECOND)
    option.validlifetime, option.preferredlifetime = 30, 20
    left.send(ra(option, source="fe80::b", lifetime=1800, H=1))
    left.run(1.0)
    assert set(ask(mobile)) == {HOME_AGENT, SECOND}
    right.run(31.0)
    assert ask(mobile, 0x4712) == [HOME_AGENT]


@case(must("RFC 6275 §6.5", "RFC 4443 §2.1"))
def request_that_nobody_could_be_answered_about_is_discarded(right, router, mobile):
    for source in ("::", "ff0e::1"):
        packet = request(mobile)
        packet[IPv6].src = source
        right.send(packet)
    expect_none(right, ICMPv6HAADReply, within=2.0)


@case(must("RFC 4861 §7.2.7", "RFC 6275 §8.4"))
def anycast_address_is_advertised_without_override(left, router):
    left.send(ns(ANYCAST))
    answer = expect(left, ICMPv6ND_NA, tgt=ANYCAST, within=2.0)
    assert (answer[ICMPv6ND_NA].O, answer[ICMPv6ND_NA].S) == (0, 1)


@case(must("RFC 6275 §10.1"), should("RFC 6275 §10.5.1"))
def other_home_agents_of_the_link_are_in_the_reply(left, router, mobile):
    advertise(left, SECOND)
    assert sorted(ask(mobile)) == [HOME_AGENT, SECOND]


@case(must("RFC 6275 §10.5.1"))
def router_without_the_h_bit_is_no_home_agent(left, router, mobile):
    advertise(left, SECOND, h=0)
    assert ask(mobile) == [HOME_AGENT]
    advertise(left, SECOND)
    assert len(ask(mobile)) == 2
    advertise(left, SECOND, h=0)
    assert ask(mobile) == [HOME_AGENT]


@case(must("RFC 6275 §10.1", "RFC 6275 §10.5.1"))
@pytest.mark.parametrize("option", [False, True], ids=["router-lifetime", "home-agent-lifetime"])
def home_agent_is_listed_until_its_lifetime_ends(left, router, mobile, option):
    information = [ICMPv6NDOptHAInfo(pref=0, lifetime=30)] if option else []
    advertise(left, SECOND, *information, lifetime=1800 if option else 30)
    left.run(29.0)
    assert len(ask(mobile)) == 2
    left.run(1.0)
    assert ask(mobile) == [HOME_AGENT]


@case(must("RFC 6275 §10.5.1"))
def lifetime_of_zero_takes_a_home_agent_off_the_list(left, router, mobile):
    advertise(left, SECOND)
    assert len(ask(mobile)) == 2
    advertise(left, SECOND, lifetime=0)
    assert ask(mobile) == [HOME_AGENT]


@case(must("RFC 6275 §7.4", "RFC 6275 §10.5.1"))
def router_lifetime_of_zero_does_not_matter_beside_a_home_agent_lifetime(left, router, mobile):
    advertise(left, SECOND, ICMPv6NDOptHAInfo(pref=0, lifetime=1800), lifetime=0)
    assert len(ask(mobile)) == 2


@case(should("RFC 6275 §10.5.1"))
def addresses_stand_by_decreasing_preference(lab):
    home_agent(lab, preference=50)
    left, right = lab.ports
    mobile = away(right)
    advertise(left, SECOND, ICMPv6NDOptHAInfo(pref=100, lifetime=1800))
    advertise(left, THIRD)  # without the option: 0
    for identifier in range(5):
        assert ask(mobile, identifier) == [SECOND, HOME_AGENT, THIRD]


@case(should("RFC 6275 §10.5.1"))
def order_of_equals_differs_from_reply_to_reply(left, router, mobile):
    advertise(left, SECOND)
    advertise(left, THIRD)
    orders = {tuple(ask(mobile, identifier)) for identifier in range(40)}
    assert len(orders) > 3 and all(sorted(order) == [HOME_AGENT, SECOND, THIRD] for order in orders)


@case(should("RFC 6275 §10.5.1"))
def all_addresses_of_a_home_agent_are_in_the_reply(left, router, mobile):
    advertise(left, SECOND, own_address(THIRD))
    assert sorted(ask(mobile)) == [HOME_AGENT, SECOND, THIRD]


@case(must("RFC 6275 §7.2"))
def prefix_without_the_r_bit_tells_no_address(left, router, mobile):
    advertise(left, SECOND, prefix_information("2001:db8:1::"))
    assert sorted(ask(mobile)) == [HOME_AGENT, SECOND]


@case(should("RFC 6275 §10.5.1"))
def reply_fits_the_minimum_mtu(left, right, router, mobile):
    for number in range(0x20, 0x80):
        advertise(left, f"2001:db8:1::{number:x}", own_address(f"2001:db8:1::1:{number:x}"))
    right.send(request(mobile))
    reply = expect(right, ICMPv6HAADReply)
    assert reply[IPv6].plen + 40 == 1280 and len(reply[ICMPv6HAADReply].addresses) == 77


@case(must("RFC 6275 §10.5.1"))
def advertisement_that_is_not_valid_tells_of_no_home_agent(left, router, mobile):
    advertise(left, SECOND, hop_limit=64)
    assert ask(mobile) == [HOME_AGENT]
