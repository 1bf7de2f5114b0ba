"""Packets of a mobile node with a Mobility Anchor Point (RFC 5380 §6.1, §6.1.1, §6.5, §6.6, §11, §12.2)."""

from __future__ import annotations

from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrFragment,
    MIP6MH_CoTI,
    MIP6MH_HoTI,
)

from kamesim.conformance.cases.mobility._hierarchical import (
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    LCOA,
    MAP,
    OTHER_LCOA,
    RCOA,
    Tour,
    tour,
)
from kamesim.conformance.cases.mobility._mobile_node import KBM, care_of_test, home_test
from kamesim.conformance.exchange import case, echo, expect, expect_dropped, find, may, must, should
from kamesim.conformance.mobility import (
    authorization,
    binding_ack,
    ends,
    home_address_of,
    inner,
    is_signed,
    message,
    no_message,
    signed,
    type2_route,
)

ROLE = "host"


def headers(packet) -> list[tuple[str, str]]:
    """Source and destination of the IPv6 headers, from outside."""
    found = []
    while isinstance(packet, IPv6) or packet.payload:
        if isinstance(packet, IPv6):
            found.append((str(packet.src), str(packet.dst)))
        packet = packet.payload
    return found


@case(must("RFC 5380 §6.1"))
def packet_in_both_tunnels_is_taken_and_answered_in_both(tour):
    # Home agent to RCoA, MAP to LCoA.
    tour.register_all()
    tour.through_map(IPv6(src=HOME_AGENT, dst=RCOA), IPv6(src=CORRESPONDENT, dst=HOME), echo(b"both"))
    reply = expect(tour.port, ICMPv6EchoReply, data=b"both")
    assert headers(reply) == [(LCOA, MAP), (RCOA, HOME_AGENT), (HOME, CORRESPONDENT)]


@case(must("RFC 5380 §6.1"))
def packet_to_the_rcoa_is_answered_from_it(tour):
    tour.register_all()
    tour.through_map(IPv6(src=CORRESPONDENT, dst=RCOA), echo(b"to the rcoa"))
    assert headers(expect(tour.port, ICMPv6EchoReply)) == [(LCOA, MAP), (RCOA, CORRESPONDENT)]


@case(may("RFC 5380 §6.1"))
def packet_to_the_lcoa_is_answered_from_it(tour):
    tour.register_all()
    tour.send(CORRESPONDENT, echo(b"to the lcoa"))
    assert headers(expect(tour.port, ICMPv6EchoReply)) == [(LCOA, CORRESPONDENT)]


@case(must("RFC 5380 §6.1", "RFC 2473 §3.3"))
def tunnel_of_another_node_is_refused(tour):
    tour.register_all()
    tour.send("2001:db8:f::2", IPv6(src=CORRESPONDENT, dst=RCOA), echo(b"forged"))
    for packet in tour.port.frames(1.0):
        assert find(packet, ICMPv6EchoReply) is None
    expect_dropped(tour.node, "tunnel.unknown_peer")


@case(must("RFC 5380 §6.1"))
def after_a_move_the_tunnel_starts_at_the_new_lcoa(tour):
    tour.register_all()
    tour.acknowledge_local(tour.arrive("other"))
    tour.through_map(IPv6(src=CORRESPONDENT, dst=RCOA), echo(b"after"))
    assert headers(expect(tour.port, ICMPv6EchoReply)) == [(OTHER_LCOA, MAP), (RCOA, CORRESPONDENT)]


@case(should("RFC 5380 §12.2"))
def home_test_init_is_encapsulated_twice(tour):
    tour.register_all()
    tour.through_map(IPv6(src=HOME_AGENT, dst=RCOA), IPv6(src=CORRESPONDENT, dst=HOME), echo())
    for packet in tour.port.frames(1.0):
        if type(find(packet, MIP6MH_HoTI)) is MIP6MH_HoTI:
            assert headers(packet) == [(LCOA, MAP), (RCOA, HOME_AGENT), (HOME, CORRESPONDENT)]
            return
    raise AssertionError("no Home Test Init")


@case(must("RFC 5380 §6.1.1", "RFC 5380 §12.2"))
def care_of_test_init_comes_from_the_rcoa(tour):
    tour.register_all()
    tour.through_map(IPv6(src=HOME_AGENT, dst=RCOA), IPv6(src=CORRESPONDENT, dst=HOME), echo())
    assert headers(message(tour.port, MIP6MH_CoTI)) == [(LCOA, MAP), (RCOA, CORRESPONDENT)]


def bind_correspondent(tour: Tour) -> None:
    """Return routability, by both tunnels and by the MAP's, and the correspondent's binding of the RCoA."""
    tour.register_all()
    tour.through_map(IPv6(src=HOME_AGENT, dst=RCOA), IPv6(src=CORRESPONDENT, dst=HOME), echo())
    home, care_of = tour.test_inits()
    tour.through_map(IPv6(src=HOME_AGENT, dst=RCOA), IPv6(src=CORRESPONDENT, dst=HOME), home_test(home))
    tour.through_map(IPv6(src=CORRESPONDENT, dst=RCOA), care_of_test(care_of))
    update = message(tour.port, MIP6MH_BU, to=CORRESPONDENT)
    assert headers(update) == [(LCOA, MAP), (RCOA, CORRESPONDENT)] and home_address_of(update) == HOME
    assert is_signed(update, KBM, RCOA, CORRESPONDENT), "the care-of address is the RCoA"
    ack = binding_ack(update[MIP6MH_BU].seq, authorization())
    packet = signed(IPv6(src=CORRESPONDENT, dst=RCOA) / type2_route(HOME) / ack, KBM, RCOA, CORRESPONDENT)
    tour.through_map(packet)


@case(must("RFC 5380 §6.1.1"))
def correspondent_is_reached_from_the_rcoa_with_a_home_address_option(tour):
    bind_correspondent(tour)
    tour.through_map(IPv6(src=CORRESPONDENT, dst=RCOA), type2_route(HOME), echo(b"optimized"))
    reply = expect(tour.port, ICMPv6EchoReply, data=b"optimized")
    assert headers(reply) == [(LCOA, MAP), (RCOA, CORRESPONDENT)] and home_address_of(reply) == HOME


@case(must("RFC 5380 §6.1"))
def correspondent_hears_nothing_of_a_move_within_the_domain(tour):
    bind_correspondent(tour)
    tour.acknowledge_local(tour.arrive("other"))
    no_message(tour.port, MIP6MH_BU, 5.0, to=CORRESPONDENT)
    tour.through_map(IPv6(src=CORRESPONDENT, dst=RCOA), type2_route(HOME), echo(b"still"))
    reply = expect(tour.port, ICMPv6EchoReply, data=b"still")
    assert headers(reply) == [(OTHER_LCOA, MAP), (RCOA, CORRESPONDENT)] and home_address_of(reply) == HOME


@case(must("RFC 5380 §6.6"))
def lcoa_is_hidden_from_home_agent_and_correspondent(tour):
    bind_correspondent(tour)
    tour.acknowledge_local(tour.arrive("other"))
    tour.node.ping(CORRESPONDENT, source=HOME, count=2)
    for packet in tour.port.frames(3.0):
        for source, destination in headers(packet):
            assert destination not in (HOME_AGENT, CORRESPONDENT) or source not in (LCOA, OTHER_LCOA)


@case(must("RFC 5380 §11"))
def long_packets_fit_into_both_tunnels(tour):
    # 1500 octets less two headers, and no fragment of a tunnel packet.
    tour.register_all()
    tour.node.ping(CORRESPONDENT, source=HOME, count=1, size=1400)
    sizes = [len(p.wire) - 14 for p in tour.port.frames(1.0) if ends(p) == (LCOA, MAP)]
    assert sizes and max(sizes) <= 1500
    tour.node.ping(CORRESPONDENT, source=HOME, count=1, size=1440)
    for packet in tour.port.frames(1.0):
        outer_fragment = isinstance(packet[IPv6].payload, IPv6ExtHdrFragment)
        assert not outer_fragment, "the packet is cut before the tunnels, not the tunnel packet"


# --- Without a home agent: §6.5 ---------------------------------------------------------------------------------------


@case(must("RFC 5380 §6.5"))
def node_without_a_home_agent_binds_with_a_map(lab):
    update = Tour(lab, home=False).start_visiting()
    assert ends(update) == (LCOA, MAP) and home_address_of(update) == RCOA


@case(may("RFC 5380 §6.5"))
def rcoa_is_the_source_of_what_applications_send(lab):
    tour = Tour(lab, home=False)
    tour.acknowledge_local(tour.start_visiting())
    tour.node.ping(CORRESPONDENT, count=1)
    assert headers(expect(tour.port, ICMPv6EchoRequest)) == [(LCOA, MAP), (RCOA, CORRESPONDENT)]


@case(must("RFC 5380 §6.5"))
def lcoa_is_the_source_until_the_map_has_acknowledged(lab):
    tour = Tour(lab, home=False)
    tour.start_visiting()
    tour.node.ping(CORRESPONDENT, count=1)
    assert headers(expect(tour.port, ICMPv6EchoRequest)) == [(LCOA, CORRESPONDENT)]


@case(must("RFC 5380 §6.5"))
def rcoa_stays_while_the_node_moves_within_the_domain(lab):
    tour = Tour(lab, home=False)
    tour.acknowledge_local(tour.start_visiting())
    tour.settle()
    tour.acknowledge_local(tour.arrive("other"))
    tour.node.ping(CORRESPONDENT, count=1)
    assert headers(expect(tour.port, ICMPv6EchoRequest)) == [(OTHER_LCOA, MAP), (RCOA, CORRESPONDENT)]
