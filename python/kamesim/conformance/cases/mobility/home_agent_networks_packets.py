"""The packets of Mobile Networks at their home agent (RFC 3963 §4.1, §6.2 to §6.5, §6.7, §9)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6PacketTooBig

from kamesim.conformance.cases.mobility._home_agent import CARE_OF, HOME, HOME_AGENT, OTHER_CARE_OF, away
from kamesim.conformance.cases.mobility._home_agent_networks import (
    INSIDER,
    NETWORK,
    OTHER_HOME,
    OTHER_INSIDER,
    SECOND_INSIDER,
    SECOND_NETWORK,
    from_network,
    from_world,
    mobile_router,
    networks,
    register,
    registration,
    tunnelled,
)
from kamesim.conformance.exchange import TESTER, case, echo_request, expect, expect_dropped, expect_none, must, na
from kamesim.conformance.mobility import ends, inner, routed_to

ROLE = "router"
WORLD = "2001:db8:d::1"


def is_tunnelled(right, destination: str, care_of: str = CARE_OF) -> bool:
    """Whether a packet to that address takes the tunnel."""
    right.send(from_world(destination))
    for packet in right.frames(0.5):
        if ICMPv6EchoRequest in packet:
            assert ends(packet) == (HOME_AGENT, care_of) and inner(packet).dst == destination
            return True
    return False


# --- Into the Mobile Network: §6.4, §6.5 ------------------------------------------------------------------------------


@case(must("RFC 3963 §6.4", "RFC 3963 §6.5"))
def packet_for_the_mobile_network_is_tunnelled(right, networks, mobile_router):
    register(mobile_router)
    right.send(from_world(INSIDER, b"inwards", hlim=64))
    packet = expect(right, ICMPv6EchoRequest, data=b"inwards")
    assert ends(packet) == (HOME_AGENT, CARE_OF) and routed_to(packet) is None
    assert (inner(packet).src, inner(packet).dst, inner(packet).hlim) == (WORLD, INSIDER, 63)


@case(must("RFC 3963 §6.5"))
def packet_of_a_node_on_the_home_link_is_tunnelled(left, right, networks, mobile_router):
    register(mobile_router)
    left.send(echo_request(INSIDER, b"from home"))
    packet = expect(right, ICMPv6EchoRequest, data=b"from home")
    assert ends(packet) == (HOME_AGENT, CARE_OF) and inner(packet).src == TESTER.address


@case(must("RFC 3963 §6.2"))
@pytest.mark.parametrize("destination", [INSIDER, SECOND_INSIDER])
def implicit_mode_forwards_for_every_prefix(right, networks, mobile_router, destination):
    register(mobile_router)
    assert is_tunnelled(right, destination)


@case(must("RFC 3963 §6.2"))
def explicit_mode_forwards_for_every_prefix_told(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK, SECOND_NETWORK)
    assert is_tunnelled(right, INSIDER) and is_tunnelled(right, SECOND_INSIDER)


@case(must("RFC 3963 §6.2"))
def explicit_mode_forwards_for_no_other_prefix(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK)
    assert is_tunnelled(right, INSIDER) and not is_tunnelled(right, SECOND_INSIDER)


@case(must("RFC 3963 §6.2"))
def prefix_that_a_refresh_leaves_out_is_not_forwarded_any_more(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK, SECOND_NETWORK)
    register(mobile_router, 2, SECOND_NETWORK)
    assert not is_tunnelled(right, INSIDER) and is_tunnelled(right, SECOND_INSIDER)


@case(must("RFC 3963 §6.2"))
def prefix_that_a_refresh_adds_is_forwarded(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK)
    register(mobile_router, 2, NETWORK, SECOND_NETWORK)
    assert is_tunnelled(right, SECOND_INSIDER)


@case(must("RFC 3963 §6.2"))
def refused_refresh_leaves_the_forwarding_as_it_was(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK)
    right.send(registration(mobile_router, 2, NETWORK, "2001:db8:9::/64"))
    right.run(1.0)
    assert is_tunnelled(right, INSIDER)


@case(must("RFC 3963 §4.1"))
def nothing_is_forwarded_to_a_mobile_host(right, networks, mobile_router):
    register(mobile_router, flags="AH")
    assert is_tunnelled(right, HOME) and not is_tunnelled(right, INSIDER)


@case(must("RFC 3963 §6.5", "RFC 6275 §10.4.2"))
def packet_for_the_home_address_is_tunnelled_too(right, networks, mobile_router):
    register(mobile_router)
    assert is_tunnelled(right, HOME)


@case(must("RFC 3963 §6.4"))
def tunnel_follows_the_mobile_router(right, networks, mobile_router):
    register(mobile_router)
    register(away(right, HOME, OTHER_CARE_OF), 2)
    assert is_tunnelled(right, INSIDER, OTHER_CARE_OF)


@case(must("RFC 3963 §6.5"))
def mobile_routers_have_tunnels_of_their_own(right, networks, mobile_router):
    register(mobile_router)
    register(away(right, OTHER_HOME, OTHER_CARE_OF))
    assert is_tunnelled(right, INSIDER) and is_tunnelled(right, OTHER_INSIDER, OTHER_CARE_OF)


@case(must("RFC 3963 §6.7"))
def forwarding_ends_with_the_deregistration(right, networks, mobile_router):
    register(mobile_router)
    register(mobile_router, 2, lifetime=0)
    assert not is_tunnelled(right, INSIDER) and not is_tunnelled(right, HOME)


@case(must("RFC 3963 §5.8", "RFC 3963 §6.1.1"))
def forwarding_ends_with_the_lifetime(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK, lifetime=8)
    right.run(9.0)
    assert not is_tunnelled(right, INSIDER)


@case(must("RFC 3963 §6.7"))
def mobile_networks_of_others_stay(right, networks, mobile_router):
    other = away(right, OTHER_HOME, OTHER_CARE_OF)
    register(mobile_router)
    register(other)
    register(mobile_router, 2, lifetime=0)
    assert is_tunnelled(right, OTHER_INSIDER, OTHER_CARE_OF)


@case(must("RFC 2473 §7.1"))
def packet_that_the_tunnel_cannot_carry_is_answered_by_packet_too_big(right, networks, mobile_router):
    register(mobile_router)
    right.send(from_world(INSIDER, b"x" * 1440))
    assert expect(right, ICMPv6PacketTooBig)[ICMPv6PacketTooBig].mtu == 1460


@case(must("RFC 3963 §3"))
def at_home_the_mobile_network_is_reached_by_the_home_address(left, right, networks, mobile_router):
    right.send(from_world(INSIDER, b"at home"))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(na(HOME, source=HOME, destination=HOME_AGENT, from_mac="02:00:00:00:01:00", lladdr="02:00:00:00:01:00"))
    packet = expect(left, ICMPv6EchoRequest, data=b"at home")
    assert packet.dst == "02:00:00:00:01:00" and inner(packet) is None


# --- Out of the Mobile Network: §6.4, §9 ------------------------------------------------------------------------------


@case(must("RFC 3963 §6.4", "RFC 3963 §3"))
@pytest.mark.parametrize("source", [INSIDER, SECOND_INSIDER, HOME])
def packet_of_the_mobile_network_is_forwarded(right, networks, mobile_router, source):
    register(mobile_router)
    right.send(tunnelled(from_network(WORLD, source)))
    packet = expect(right, ICMPv6EchoRequest, data=b"of the insider")
    assert ends(packet) == (source, WORLD) and inner(packet) is None


@case(must("RFC 3963 §9"))
@pytest.mark.parametrize("source", ["2001:db8:9::1", OTHER_INSIDER, CARE_OF, TESTER.address])
def inner_source_beyond_the_mobile_network_is_discarded(right, networks, mobile_router, source):
    register(mobile_router)
    right.send(tunnelled(from_network(WORLD, source)))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(networks, "tunnel.inner_source_not_allowed")


@case(must("RFC 3963 §9"))
def inner_source_of_a_prefix_that_was_not_told_is_discarded(right, networks, mobile_router):
    register(mobile_router, 1, NETWORK)
    right.send(tunnelled(from_network(WORLD, SECOND_INSIDER)))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §9"))
@pytest.mark.parametrize("outer", [OTHER_CARE_OF, "2001:db8:2::88", HOME])
def outer_source_that_is_not_the_care_of_address_is_discarded(right, networks, mobile_router, outer):
    register(mobile_router)
    right.send(tunnelled(from_network(WORLD), source=outer))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(networks, "tunnel.unknown_peer")


@case(must("RFC 3963 §9"))
def mobile_host_does_not_send_for_a_mobile_network(right, networks, mobile_router):
    register(mobile_router, flags="AH")
    right.send(tunnelled(from_network(WORLD)))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §6.7"))
def tunnel_is_gone_after_the_deregistration(right, networks, mobile_router):
    register(mobile_router)
    register(mobile_router, 2, lifetime=0)
    right.send(tunnelled(from_network(WORLD)))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §9"))
def old_care_of_address_is_not_believed_after_a_movement(right, networks, mobile_router):
    register(mobile_router)
    register(away(right, HOME, OTHER_CARE_OF), 2)
    right.send(tunnelled(from_network(WORLD)))
    expect_none(right, ICMPv6EchoRequest)
    right.send(tunnelled(from_network(WORLD), source=OTHER_CARE_OF))
    expect(right, ICMPv6EchoRequest)


@case(must("RFC 3963 §8"))
def link_local_packet_in_the_tunnel_is_not_forwarded(left, right, networks, mobile_router):
    register(mobile_router)
    right.send(tunnelled(from_network(TESTER.address, "fe80::77")))
    expect_none(left, ICMPv6EchoRequest)


@case(must("RFC 3963 §3"))
def nodes_of_the_mobile_network_reach_the_home_link(left, right, networks, mobile_router):
    register(mobile_router)
    right.send(tunnelled(from_network(TESTER.address)))
    assert ends(expect(left, ICMPv6EchoRequest)) == (INSIDER, TESTER.address)


@case(must("RFC 3963 §3"))
def nodes_of_the_mobile_network_reach_the_home_agent(right, networks, mobile_router):
    register(mobile_router)
    right.send(tunnelled(from_network(HOME_AGENT)))
    reply = expect(right, ICMPv6EchoReply)
    assert ends(reply) == (HOME_AGENT, CARE_OF) and inner(reply).dst == INSIDER


@case(must("RFC 3963 §6.5"))
def mobile_networks_reach_each_other(right, networks, mobile_router):
    register(mobile_router)
    register(away(right, OTHER_HOME, OTHER_CARE_OF))
    right.send(tunnelled(from_network(OTHER_INSIDER)))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME_AGENT, OTHER_CARE_OF) and inner(packet).src == INSIDER
