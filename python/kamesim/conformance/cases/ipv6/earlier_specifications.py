"""Where RFC 2460 and KAME differ from RFC 8200: each rule by its switch, as `ip6.specification` sets it."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPerror6,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    fragment,
    fragments,
    ip,
    may,
    must,
    payload_of,
    quoted,
)

FIRST_HEADER = 40
OLD = ("RFC 2460", "KAME")
DATA = bytes(range(256)) * 2


def source_route(*addresses, left=None, **fields):
    """A type 0 routing header."""
    return IPv6ExtHdrRouting(type=0, segleft=len(addresses) if left is None else left, addresses=list(addresses), **fields)


# --- Type 0 routing headers (RFC 2460 §4.4) --------------------------------------------------------------------------


@case(must("RFC 2460 §4.4"))
@pytest.mark.parametrize("specification", OLD)
def source_route_is_followed(router, left, right, specification):
    router.ip6.specification = specification
    left.send(ip(NODE.address, hlim=9) / source_route(TESTER_RIGHT.address, "2001:db8:7::7") / echo())
    packet = expect(right, IPv6ExtHdrRouting)
    assert (packet[IPv6].dst, packet[IPv6].hlim) == (TESTER_RIGHT.address, 8)
    assert packet[IPv6ExtHdrRouting].segleft == 1
    assert packet[IPv6ExtHdrRouting].addresses == [NODE.address, "2001:db8:7::7"]  # swapped


@case(must("RFC 2460 §4.4"))
def source_route_through_two_addresses_of_a_node(router, left, right):
    router.ip6.specification = "RFC 2460"
    left.send(ip(NODE.address, hlim=9) / source_route(NODE_RIGHT.address, TESTER_RIGHT.address) / echo())
    packet = expect(right, IPv6ExtHdrRouting, segleft=0)
    assert (packet[IPv6].dst, packet[IPv6].hlim) == (TESTER_RIGHT.address, 7)


@case(must("RFC 2460 §4.4"))
def source_route_at_its_end_is_answered(host, port):
    host.ip6.specification = "RFC 2460"
    port.send(ip() / source_route("2001:db8:7::7", left=0) / echo())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 2460 §4.4"))
def hosts_follow_source_routes_too(host, port):
    host.ip6.specification = "KAME"
    port.send(ip() / source_route(TESTER.address) / echo())
    packet = expect(port, ICMPv6EchoRequest)
    assert packet[IPv6].dst == TESTER.address


@case(must("RFC 2460 §4.4"))
def source_route_of_odd_length_is_pointed_at(host, port):
    host.ip6.specification = "RFC 2460"
    header = bytes([58, 1, 0, 1, 0, 0, 0, 0]) + bytes(8)
    port.send(ip(nh=43) / Raw(header + payload_of(echo_request())))
    expect(port, ICMPv6ParamProblem, code=0, ptr=FIRST_HEADER + 1)


@case(must("RFC 2460 §4.4"))
def source_route_with_too_many_segments_left_is_pointed_at(host, port):
    host.ip6.specification = "RFC 2460"
    port.send(ip() / source_route(TESTER.address, left=2) / echo())
    expect(port, ICMPv6ParamProblem, code=0, ptr=FIRST_HEADER + 3)


@case(must("RFC 2460 §4.4"))
@pytest.mark.parametrize("address", ["ff02::1", "::", "::1", "::ffff:10.0.0.1", "::10.0.0.1"])
def source_route_through_an_impossible_address_is_discarded(router, left, right, address):
    # KAME: route6_input
    router.ip6.specification = "KAME"
    left.send(ip() / source_route(address) / echo())
    expect_silence(left)
    expect_silence(right, within=0.1)
    dropped = router.drops["ip6.source_route_multicast"] + router.drops["ip6.source_route_invalid_address"]
    assert dropped == 1


@case(must("RFC 2460 §4.4"))
def source_route_ends_with_the_hop_limit(router, left, right):
    router.ip6.specification = "RFC 2460"
    left.send(ip(hlim=1) / source_route(TESTER_RIGHT.address) / echo())
    expect(left, ICMPv6TimeExceeded, code=0)
    expect_silence(right)


@case(must("RFC 2460 §4.4"))
@pytest.mark.parametrize("specification, answered", [("RFC 2460", True), ("KAME", False), ("RFC 8200", True)])
def second_routing_header(host, port, specification, answered):
    # KAME: one a packet
    host.ip6.specification = specification
    port.send(ip() / source_route(TESTER.address, left=0) / source_route(TESTER.address, left=0) / echo())
    if answered:
        expect(port, ICMPv6EchoReply)
    else:
        expect_silence(port)
        expect_dropped(host, "ip6.second_routing_header")


# --- Hop-by-hop options on the way (RFC 8200 §4; RFC 2460 §4) ----------------------------------------------------------


@case(must("RFC 8200 §4"))
def hop_by_hop_options_on_the_way_can_be_left_alone(router, left, right):
    router.ip6.hop_by_hop_on_path = False
    assert router.ip6.specification is None
    left.send(ip(TESTER_RIGHT.address) / IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0x80)]) / echo())
    expect(right, ICMPv6EchoRequest)
    expect_silence(left)


# --- Fragments -----------------------------------------------------------------------------------------------------------


@case(must("RFC 2460 §4.4"))
@pytest.mark.parametrize("specification", OLD)
def overlap_costs_only_the_fragment_that_came_later(host, port, specification):
    host.ip6.specification = specification
    payload = payload_of(echo_request(data=DATA))
    port.send(fragment(payload[:256], offset=0, more=True))
    port.send(fragment(bytes(128), offset=128, more=True))
    port.send(fragment(payload[256:], offset=256, more=False))
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == DATA
    expect_dropped(host, "frag6.overlap")


@case(must("RFC 2460 §4.4"))
def atomic_fragment_takes_part_in_reassembly(host, port):
    host.ip6.specification = "RFC 2460"
    first, *rest = fragments(payload_of(echo_request(data=DATA)), 264)
    port.send(first)
    port.send(fragment(payload_of(echo_request(data=b"atomic")), offset=0, more=False))
    expect_silence(port)
    expect_dropped(host, "frag6.overlap")


@case(must("RFC 2460 §4.5"))
def first_fragment_may_lack_the_upper_layer_header(host, port):
    # RFC 2460 §4.5 has no such rule
    host.ip6.specification = "RFC 2460"
    header = bytes([58, 0, 1, 4, 0, 0, 0, 0])  # destination options: padding
    whole = header + payload_of(echo_request(data=DATA))
    port.send(fragment(whole[:8], offset=0, more=True, next_header=60))
    port.send(fragment(whole[8:], offset=8, more=False, next_header=60))
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == DATA


# --- Packet Too Big below 1280 (RFC 2460 §5) -------------------------------------------------------------------------------


def too_big(mtu):
    invoking = ip(TESTER.address, source=NODE.address, plen=1360, nh=58) / Raw(b"\x80\0\0\0" + bytes(1200))
    return ip() / ICMPv6PacketTooBig(mtu=mtu) / IPerror6(bytes(invoking)[ETHERNET:][: 1280 - 48])


def request_packets(host, port, size):
    host.ping(TESTER.address, count=1, size=size - 48)
    return [p for p in port.run(0.9) if p[IPv6].dst == TESTER.address and p[IPv6].nh in (44, 58)]


@case(must("RFC 2460 §4.4"))
@pytest.mark.parametrize("specification", OLD)
def packet_too_big_below_1280_asks_for_fragment_headers(host, port, specification):
    host.ip6.specification = specification
    port.send(too_big(1000))
    packet = next(p for p in request_packets(host, port, 200) if IPv6ExtHdrFragment in p)
    assert (packet[IPv6ExtHdrFragment].offset, packet[IPv6ExtHdrFragment].m) == (0, 0)
    assert packet[IPv6].plen == 200 - 40 + 8
    sizes = [40 + p[IPv6].plen for p in request_packets(host, port, 1400) if IPv6ExtHdrFragment in p]
    assert len(sizes) == 2 and max(sizes) <= 1280


@case(must("RFC 2460 §4.4"))
def packet_too_big_of_less_than_any_link_is_ignored(host, port):
    # KAME
    host.ip6.specification = "KAME"
    port.send(too_big(40))
    assert not any(IPv6ExtHdrFragment in p for p in request_packets(host, port, 200))
    expect_dropped(host, "icmp6.packet_too_big_invalid")


@case(must("RFC 2460 §4.4"))
def error_about_a_source_routed_packet_quotes_it_as_it_was_forwarded(router, left, right):
    router.ip6.specification = "RFC 2460"
    request = ip(hlim=5) / source_route("2001:db8:9::9") / echo()
    left.send(request)
    error = expect(left, ICMPv6DestUnreach, code=0)
    assert len(quoted(error)) == len(bytes(request)) - ETHERNET
