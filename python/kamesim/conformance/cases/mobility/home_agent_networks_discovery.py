"""Discovery of home agents that support mobile routers, the home agent's part (RFC 3963 §7)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6HAADReply, ICMPv6HAADRequest, ICMPv6ND_RA, ICMPv6NDOptHAInfo, IPv6

from kamesim.conformance.cases.mobility._home_agent import HOME_AGENT, away, home_agent
from kamesim.conformance.cases.mobility._home_agent_networks import TABLE, mobile_router, networks
from kamesim.conformance.exchange import case, expect, may, must, options_of, prefix_information, ra, should
from kamesim.conformance.mobility import Mobile, ends

ROLE = "router"
ANYCAST = "2001:db8:1:0:fdff:ffff:ffff:fffe"
SECOND, THIRD = "2001:db8:1::b", "2001:db8:1::c"


def ask(mobile: Mobile, r: int = 1) -> tuple[int, list[str]]:
    """The R bit and the addresses of the reply."""
    packet = mobile.directly(ICMPv6HAADRequest(id=0x4711, R=r))
    packet[IPv6].dst = ANYCAST
    mobile.port.send(packet)
    reply = expect(mobile.port, ICMPv6HAADReply, id=0x4711)
    assert ends(reply) == (HOME_AGENT, mobile.care_of) and reply[ICMPv6HAADReply].res == 0
    return int(reply[ICMPv6HAADReply].R), list(reply[ICMPv6HAADReply].addresses)


def advertise(left, address: str, *, r: int | None, preference: int = 0) -> None:
    """A Router Advertisement of another home agent on the home link. r: None: without Home Agent Information."""
    option = prefix_information(address)
    option.R = 1
    information = [] if r is None else [ICMPv6NDOptHAInfo(res=r << 15, pref=preference, lifetime=1800)]
    left.send(ra(option, *information, source="fe80::" + address.rpartition(":")[2], lifetime=1800, H=1))
    left.run(0.1)


@case(must("RFC 3963 §7.2"))
def request_with_the_r_bit_is_answered_with_it(networks, mobile_router):
    assert ask(mobile_router) == (1, [HOME_AGENT])


@case(must("RFC 3963 §7.2"))
def only_home_agents_with_support_are_told(left, networks, mobile_router):
    advertise(left, SECOND, r=1, preference=9)
    advertise(left, THIRD, r=0, preference=99)
    assert ask(mobile_router) == (1, [SECOND, HOME_AGENT])


@case(must("RFC 3963 §7.2", "RFC 3963 §7.3"))
def home_agent_that_says_nothing_of_support_has_none(left, networks, mobile_router):
    advertise(left, SECOND, r=None)
    assert ask(mobile_router) == (1, [HOME_AGENT])


@case(must("RFC 6275 §10.5.1", "RFC 3963 §7.2"))
def request_without_the_r_bit_is_told_all(left, networks, mobile_router):
    advertise(left, SECOND, r=1, preference=9)
    advertise(left, THIRD, r=0, preference=99)
    flag, addresses = ask(mobile_router, r=0)
    assert (flag, addresses) == (0, [THIRD, SECOND, HOME_AGENT])


@case(may("RFC 3963 §7.2"), must("RFC 3963 §7.2"))
def without_any_support_the_flag_is_zero(lab):
    home_agent(lab)
    assert ask(away(lab.ports[1])) == (0, [HOME_AGENT])


@case(must("RFC 3963 §7.2"))
def home_agent_without_support_tells_those_with_it(lab):
    home_agent(lab)
    advertise(lab.ports[0], SECOND, r=1)
    assert ask(away(lab.ports[1])) == (1, [SECOND])


@case(must("RFC 3963 §7.2"))
def support_that_is_taken_back_is_not_told(left, networks, mobile_router):
    advertise(left, SECOND, r=1)
    advertise(left, SECOND, r=0)
    assert ask(mobile_router) == (1, [HOME_AGENT])


@case(should("RFC 3963 §7.3"))
@pytest.mark.parametrize("lifetime", [None, 900])
def support_is_advertised(lab, lifetime):
    router = home_agent(lab, mobile_networks=TABLE)
    router.advertise("left", home_agent=True, home_agent_lifetime=lifetime)
    option = options_of(expect(lab.ports[0], ICMPv6ND_RA, within=20.0), ICMPv6NDOptHAInfo)[0]
    assert option.res == 0x8000 and option.lifetime == (lifetime or 1800)


@case(must("RFC 3963 §7.3", "RFC 6275 §7.4"))
def home_agent_without_support_advertises_none(lab):
    router = home_agent(lab)
    router.advertise("left", home_agent=True, home_agent_lifetime=900)
    assert options_of(expect(lab.ports[0], ICMPv6ND_RA, within=20.0), ICMPv6NDOptHAInfo)[0].res == 0
