"""What a home agent does with packets for mobile nodes and from them: scopes, hop limits, sizes, errors on the way
(RFC 6275 §10.4, RFC 2473)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HAO,
    MIP6MH_BA,
    MIP6MH_BE,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    MIP6MH_HoTI,
)
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_LINK_LOCAL,
    OTHER_CARE_OF,
    away,
    from_mobile,
    mobile,
    register,
    registration,
    router,
    tunnelled,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    Port,
    case,
    dad_ns,
    echo,
    echo_request,
    expect,
    expect_none,
    find,
    fragments,
    ip,
    must,
    ns,
    options_of,
    own_layers,
    payload_of,
    should,
    stack,
)
from kamesim.conformance.mobility import ends, inner, message, routed_to

ROLE = "router"
SECOND_HOME = "2001:db8:1::200"


def from_outside(destination: str, data: bytes = b"kamesim", **fields: object) -> Packet:
    macs = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}
    return ip(destination, source=CORRESPONDENT, **macs, **fields) / echo(data)


# --- Proxy Neighbor Discovery: §10.4.1 --------------------------------------------------------------------------------


@case(must("RFC 6275 §10.4.1"))
@pytest.mark.parametrize("flags", ["HA", "LHA"])
def nothing_but_the_addresses_of_the_registration_is_defended(left, mobile, flags):
    register(mobile, flags=flags)
    left.run(2.0)
    for target in (SECOND_HOME, "fe80::200") + (() if "L" in flags else (HOME_LINK_LOCAL,)):
        left.send(ns(target))
        expect_none(left, ICMPv6ND_NA, tgt=target)


@case(must("RFC 6275 §10.4.1"))
def proxy_answers_a_unicast_probe(left, mobile):
    register(mobile)
    left.run(2.0)
    left.send(ns(HOME, destination=HOME))
    answer = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=1)
    assert options_of(answer, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


@case(must("RFC 6275 §10.4.1"))
@pytest.mark.parametrize("target", [HOME, HOME_LINK_LOCAL], ids=["home", "link-local"])
def addresses_are_defended_against_duplicate_address_detection(left, mobile, target):
    register(mobile, flags="LHA")
    left.run(2.0)
    left.send(dad_ns(target))
    defence = expect(left, ICMPv6ND_NA, tgt=target, R=0, S=0)
    assert defence[IPv6].dst == ALL_NODES and options_of(defence, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


@case(must("RFC 6275 §10.4.1", "RFC 6275 §10.3.2"))
@pytest.mark.parametrize("target", [HOME, HOME_LINK_LOCAL], ids=["home", "link-local"])
def nothing_is_defended_after_a_deregistration(left, right, mobile, target):
    register(mobile, 1, flags="LHA")
    right.send(registration(mobile, 2, flags="LHA", lifetime=0))
    message(right, MIP6MH_BA, status=0, seq=2)
    left.run(2.0)
    left.send(ns(target))
    expect_none(left, ICMPv6ND_NA, tgt=target)


@case(must("RFC 6275 §10.4.1"))
def home_address_is_defended_on_the_home_link_alone(left, right, mobile):
    register(mobile)
    right.send(ns(HOME, source=TESTER_RIGHT.link_local, from_mac=TESTER_RIGHT.mac, lladdr=TESTER_RIGHT.mac))
    expect_none(right, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 6275 §10.4.1"))
def each_of_several_mobile_nodes_is_defended(left, right, mobile):
    homes = [f"2001:db8:1::{number}" for number in range(100, 110)]
    for home in homes:
        register(away(right, home=home))
    left.run(2.0)
    for home in homes:
        left.send(ns(home))
        expect(left, ICMPv6ND_NA, tgt=home, R=0, S=1)


@case(must("RFC 6275 §10.4.1"))
def refresh_is_not_advertised_again_as_a_new_registration(left, mobile):
    register(mobile, 1)
    left.run(5.0)
    register(mobile, 2)
    left.run(1.0)
    left.send(ns(HOME))
    expect(left, ICMPv6ND_NA, tgt=HOME, S=1)


# --- Interception: §10.4.2 --------------------------------------------------------------------------------------------


@case(must("RFC 6275 §10.4.2"))
@pytest.mark.parametrize(
    "source", ["2001:db8:d::1", "fd00:1::1", "2001:db8:1::99"], ids=["global", "unique local", "on-link"]
)
def packet_of_any_routable_source_is_tunnelled(left, right, mobile, source):
    register(mobile)
    left.send(ip(HOME, source=source) / echo(b"in"))
    packet = expect(right, ICMPv6EchoRequest, data=b"in")
    assert ends(packet) == (HOME_AGENT, CARE_OF)
    assert (inner(packet).src, inner(packet).dst) == (source, HOME)


@case(must("RFC 6275 §10.4.2", "RFC 2473 §3.1"))
@pytest.mark.parametrize("hop_limit", [2, 64, 255])
def hop_limit_is_decremented_before_the_tunnel(left, right, mobile, hop_limit):
    register(mobile)
    right.send(from_outside(HOME, hlim=hop_limit))
    packet = expect(right, ICMPv6EchoRequest)
    assert inner(packet).hlim == hop_limit - 1 and packet[IPv6].hlim == 64


@case(must("RFC 8200 §3", "RFC 4443 §3.3"))
def packet_whose_hop_limit_ends_at_the_home_agent_is_not_tunnelled(right, mobile):
    register(mobile)
    right.send(from_outside(HOME, hlim=1))
    error = expect(right, ICMPv6TimeExceeded, code=0)
    assert error[IPv6].dst == CORRESPONDENT
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 2473 §7.1"))
def packet_that_does_not_fit_the_tunnel_is_told_too_big(right, mobile):
    register(mobile)
    right.send(from_outside(HOME, b"b" * 1440))
    error = expect(right, ICMPv6PacketTooBig)
    assert error[IPv6].dst == CORRESPONDENT and error[ICMPv6PacketTooBig].mtu == 1500 - 40
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 2473 §7.1", "RFC 8200 §5"))
def packet_of_the_minimum_mtu_is_tunnelled_in_fragments_if_it_must(right, mobile):
    register(mobile)
    router_error(right, mobile, ICMPv6PacketTooBig(mtu=1280))
    right.send(from_outside(HOME, b"m" * (1280 - 48)))
    parts = [packet for packet in right.run(1.0) if find(packet, IPv6ExtHdrFragment)]
    assert len(parts) == 2 and all(ends(packet) == (HOME_AGENT, CARE_OF) for packet in parts)
    assert all(packet[IPv6].plen + 40 <= 1280 for packet in parts)


def router_error(right: Port, mobile: object, error: Packet, size: int = 1300) -> None:
    """A router between home agent and care-of address reports a tunnel packet."""
    right.send(from_outside(HOME, b"e" * (size - 48)))
    packet = expect(right, ICMPv6EchoRequest)
    right.send(stack(outer(HOME_AGENT, "2001:db8:f::1"), error, Raw(packet.wire[14 : 14 + 1200])))
    right.run(0.2)
    right.inbox.clear()


def outer(destination: str, source: str) -> Packet:
    return ip(destination, source=source, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


@case(must("RFC 2473 §8"))
@pytest.mark.parametrize(
    ("error", "relayed", "code"),
    [
        (ICMPv6DestUnreach(code=0), ICMPv6DestUnreach, 3),
        (ICMPv6DestUnreach(code=3), ICMPv6DestUnreach, 3),
        (ICMPv6TimeExceeded(code=0), ICMPv6DestUnreach, 3),
    ],
    ids=["no route", "address unreachable", "hop limit exceeded"],
)
def error_within_the_tunnel_is_told_to_the_original_sender(right, mobile, error, relayed, code):
    register(mobile)
    right.send(from_outside(HOME, b"relay"))
    packet = expect(right, ICMPv6EchoRequest)
    right.send(stack(outer(HOME_AGENT, "2001:db8:f::1"), error, Raw(packet.wire[14:])))
    told = expect(right, relayed)
    assert told[IPv6].dst == CORRESPONDENT and told[relayed].code == code
    quoted = IPv6(bytes(told[relayed].payload))
    assert (quoted.src, quoted.dst) == (CORRESPONDENT, HOME), "it quotes the original packet"


@case(must("RFC 2473 §8"))
def too_small_link_within_the_tunnel_is_told_less_the_tunnel_header(right, mobile):
    register(mobile)
    right.send(from_outside(HOME, b"r" * 1352))
    packet = expect(right, ICMPv6EchoRequest)
    quoted = Raw(packet.wire[14 : 14 + 1200])
    right.send(stack(outer(HOME_AGENT, "2001:db8:f::1"), ICMPv6PacketTooBig(mtu=1400), quoted))
    told = expect(right, ICMPv6PacketTooBig)
    assert told[IPv6].dst == CORRESPONDENT and told[ICMPv6PacketTooBig].mtu == 1400 - 40


@case(must("RFC 6275 §10.4.2"))
@pytest.mark.parametrize("group", ["ff02::1", "ff05::101", "ff0e::101"], ids=["link", "site", "global"])
def groups_that_the_mobile_node_has_not_joined_are_not_tunnelled(left, right, mobile, group):
    register(mobile)
    left.send(echo_request(group))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.2"))
def fragments_of_a_packet_are_tunnelled_each(left, right, mobile):
    register(mobile)
    whole = payload_of(echo_request(HOME, b"f" * 200))
    left.send(*fragments(whole, 104, destination=HOME))
    parts = [packet for packet in right.run(1.0) if find(packet, IPv6ExtHdrFragment)]
    assert len(parts) == 2
    for packet in parts:
        assert ends(packet) == (HOME_AGENT, CARE_OF)
        kinds = [type(layer) for layer in own_layers(packet)]
        assert kinds.index(IPv6ExtHdrFragment) > kinds.index(IPv6), "within the tunnel"
        assert inner(packet).dst == HOME


@case(must("RFC 6275 §10.4.2", "RFC 6275 §6.1.3"))
def signalling_for_the_home_address_is_tunnelled_as_other_packets(right, mobile):
    register(mobile)
    right.send(stack(outer(HOME, CORRESPONDENT), MIP6MH_HoTI(cookie=b"01234567")))
    packet = message(right, MIP6MH_HoTI)
    assert ends(packet) == (HOME_AGENT, CARE_OF) and inner(packet).dst == HOME


@case(must("RFC 6275 §10.4.2"))
def packet_with_a_home_address_option_of_another_is_tunnelled_unchanged(right, mobile):
    # Another mobile node sends to this one by the route of its binding.
    register(mobile)
    options = IPv6ExtHdrDestOpt(options=[HAO(hoa="2001:db8:d::7")])
    right.send(stack(outer(HOME, CORRESPONDENT), options, echo(b"both mobile")))
    packet = expect(right, ICMPv6EchoRequest, data=b"both mobile")
    assert ends(packet) == (HOME_AGENT, CARE_OF) and inner(packet).src == CORRESPONDENT


@case(must("RFC 6275 §10.4.2"))
def two_mobile_nodes_have_a_tunnel_each(right, mobile):
    register(mobile)
    register(away(right, home=SECOND_HOME, care_of=OTHER_CARE_OF))
    for home, care_of in ((HOME, CARE_OF), (SECOND_HOME, OTHER_CARE_OF)):
        right.send(from_outside(home))
        assert ends(expect(right, ICMPv6EchoRequest)) == (HOME_AGENT, care_of)


@case(must("RFC 6275 §10.4.2"))
def two_mobile_nodes_may_share_a_care_of_address(right, mobile):
    register(mobile)
    register(away(right, home=SECOND_HOME))
    for home in (HOME, SECOND_HOME):
        right.send(from_outside(home))
        packet = expect(right, ICMPv6EchoRequest)
        assert ends(packet) == (HOME_AGENT, CARE_OF) and inner(packet).dst == home


@case(must("RFC 6275 §10.4.2"))
def link_local_address_of_a_mobile_node_is_not_answered_for_by_the_home_agent_itself(left, mobile):
    register(mobile, flags="LHA")
    left.run(2.0)
    left.send(echo_request(HOME_LINK_LOCAL))
    expect_none(left, ICMPv6EchoReply)


# --- Reverse tunnel: §10.4.5 ------------------------------------------------------------------------------------------


@case(must("RFC 6275 §10.4.5", "RFC 2473 §3.1"))
@pytest.mark.parametrize("hop_limit", [2, 64])
def hop_limit_is_decremented_behind_the_tunnel(right, mobile, hop_limit):
    register(mobile)
    packet = from_mobile(CORRESPONDENT)
    packet.hlim = hop_limit
    right.send(tunnelled(packet))
    assert expect(right, ICMPv6EchoRequest)[IPv6].hlim == hop_limit - 1


@case(must("RFC 6275 §10.4.5"))
def reverse_tunnel_leads_to_another_mobile_node(right, mobile):
    register(mobile)
    register(away(right, home=SECOND_HOME, care_of=OTHER_CARE_OF))
    right.send(tunnelled(from_mobile(SECOND_HOME)))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME_AGENT, OTHER_CARE_OF)
    assert (inner(packet).src, inner(packet).dst) == (HOME, SECOND_HOME)


@case(must("RFC 6275 §10.4.5"))
@pytest.mark.parametrize("source", ["2001:db8:d::9", SECOND_HOME, CARE_OF, "fe80::100", "::"])
def reverse_tunnel_carries_no_other_source(right, mobile, source):
    register(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT, source=source)))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.5"))
def mobile_nodes_do_not_use_each_others_tunnels(right, mobile):
    register(mobile)
    register(away(right, home=SECOND_HOME, care_of=OTHER_CARE_OF))
    right.send(tunnelled(from_mobile(CORRESPONDENT, source=SECOND_HOME), source=CARE_OF))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.5"))
@pytest.mark.parametrize("when", ["before", "after"])
def reverse_tunnel_is_there_while_the_registration_is(right, mobile, when):
    if when == "after":
        register(mobile, lifetime=8)
        right.run(9.0)
    right.send(tunnelled(from_mobile(CORRESPONDENT)))
    expect_none(right, ICMPv6EchoRequest)


@case(should("RFC 6275 §10.4.5"))
def reverse_tunnel_carries_return_routability(right, mobile):
    register(mobile)
    init = IPv6(src=HOME, dst=CORRESPONDENT) / MIP6MH_HoTI(cookie=b"01234567")
    right.send(tunnelled(init))
    packet = message(right, MIP6MH_HoTI, cookie=b"01234567")
    assert ends(packet) == (HOME, CORRESPONDENT) and inner(packet) is None


@case(must("RFC 6275 §10.4.5", "RFC 4007 §9"))
def packet_to_a_link_local_address_does_not_leave_the_reverse_tunnel(left, right, mobile):
    register(mobile)
    right.send(tunnelled(from_mobile(TESTER.link_local)))
    expect_none(left, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.2"))
def home_agent_answers_a_registered_node_by_a_routing_header(right, mobile):
    register(mobile)
    right.send(mobile.optimized(echo(b"to you")))
    reply = expect(right, ICMPv6EchoReply, data=b"to you")
    assert ends(reply) == (HOME_AGENT, CARE_OF) and routed_to(reply) == HOME


@case(must("RFC 6275 §9.3.1"))
def home_address_option_from_another_care_of_address_is_a_binding_error(right, mobile):
    register(mobile)
    right.send(mobile.optimized(echo(), source=OTHER_CARE_OF))
    error = message(right, MIP6MH_BE, status=1, ha=HOME)
    assert ends(error) == (HOME_AGENT, OTHER_CARE_OF)
