"""Generic packet tunnelling (RFC 2473), congestion marks in it (RFC 6040), at the entry and exit point of a tunnel that an
administrator made: from the router's right side to the tester there."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
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
    find,
    ip,
    may,
    must,
    payload_of,
    quoted,
    ra,
    should,
)

FAR = "2001:db8:ee::77"  # behind the tunnel
ENTRY, EXIT = NODE_RIGHT.address, TESTER_RIGHT.address
LIMIT = 4  # the type of the Tunnel Encapsulation Limit option, and its recommended value
HEADERS = 48  # of a tunnel packet: IPv6, and Destination Options with the limit


def make(router, **parameters):
    tunnel = router.add_tunnel(local=ENTRY, remote=EXIT, **parameters)
    router.add_route("2001:db8:ee::/48", interface=tunnel)
    return tunnel


@pytest.fixture
def tunnel(router, left, right):
    return make(router)


def to_far(data=b"kamesim", **fields):
    return echo_request(FAR, data, to_mac=NODE.mac, **fields)


def sized(size, **fields):
    """An echo request of so many bytes from the IPv6 header on."""
    return to_far(bytes(i & 0xFF for i in range(size - 48)), **fields)


def limited(value, *before):
    """An echo request with a Tunnel Encapsulation Limit, behind other headers."""
    packet = ip(FAR, to_mac=NODE.mac)
    for header in before:
        packet = packet / header
    return packet / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=LIMIT, optdata=bytes([value]))]) / echo()


def tunnelled(port, within=1.0):
    """The next tunnel packet: its outer header, and what follows it."""
    outer = next(p for p in port.frames(within) if p[IPv6].dst == EXIT and p[IPv6].nh in (41, 60, 44))
    return outer, payload_of(outer)


def from_exit(inner, source=EXIT, **fields):
    outer = ip(ENTRY, source=source, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac, nh=41, **fields)
    return outer / Raw(bytes(inner))


def from_within(error, tunnel_packet, size=1200):
    """An error that a router within the tunnel sends about a tunnel packet."""
    about = bytes(tunnel_packet)[ETHERNET:][:size]
    return ip(ENTRY, source=EXIT, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / error / Raw(about)


# --- The tunnel header (RFC 2473 §5, §6) ----------------------------------------------------------------------------------


@case(must("RFC 2473 §3.1", "RFC 2473 §5.1", "RFC 2473 §6.6"))
def tunnel_packet_has_the_end_points_and_a_limit_of_four(tunnel, left, right):
    left.send(to_far())
    outer, payload = tunnelled(right)
    assert (outer[IPv6].src, outer[IPv6].dst, outer[IPv6].nh) == (ENTRY, EXIT, 60)
    assert payload[:8] == bytes([41, 0, LIMIT, 1, 4, 1, 1, 0])  # RFC 2473 §5.1: the limit, and a PadN of one byte


@case(must("RFC 2473 §6.4", "RFC 2473 §6.5"))
def traffic_class_and_flow_label_are_zero_by_default(tunnel, left, right):
    left.send(to_far(tc=0xB8, fl=0xABCDE))
    outer, payload = tunnelled(right)
    assert (outer[IPv6].tc, outer[IPv6].fl) == (0, 0)
    inner = IPv6(payload[8:])
    assert (inner.tc, inner.fl) == (0xB8, 0xABCDE)


@case(must("RFC 2473 §6.3", "RFC 2473 §6.4", "RFC 2473 §6.5"))
def hop_limit_traffic_class_and_flow_label_are_as_configured(router, left, right):
    make(router, hop_limit=7, traffic_class=0x48, flow_label=0x12345, encapsulation_limit=None)
    left.send(to_far(tc=0xB8))
    outer, _ = tunnelled(right)
    assert (outer[IPv6].hlim, outer[IPv6].tc, outer[IPv6].fl, outer[IPv6].nh) == (7, 0x48, 0x12345, 41)


@case(may("RFC 2473 §6.4"))
def traffic_class_is_the_original_packets_if_so_configured(router, left, right):
    make(router, traffic_class="inherit")
    left.send(to_far(tc=0xB8))
    assert tunnelled(right)[0][IPv6].tc == 0xB8


@case(must("RFC 2473 §3.1", "RFC 2473 §6.3"))
def original_packet_loses_one_hop_whatever_the_tunnel_has(tunnel, left, right):
    request = to_far(hlim=33)
    left.send(request)
    outer, payload = tunnelled(right)
    original = bytearray(bytes(request)[ETHERNET:])
    original[7] = 32
    assert outer[IPv6].hlim == 64
    assert payload[8:] == bytes(original)


@case(must("RFC 2473 §3.1"))
def packet_whose_hop_limit_ends_does_not_enter(tunnel, left, right):
    left.send(to_far(hlim=1))
    expect(left, ICMPv6TimeExceeded, code=0)
    expect_silence(right)


# --- The Tunnel Encapsulation Limit (RFC 2473 §4.1.1) -----------------------------------------------------------------------


@case(must("RFC 2473 §4.1.1 c"))
@pytest.mark.parametrize("value", [1, 3, 255])
def limit_of_the_packet_less_one_goes_before_the_configured_one(tunnel, left, right, value):
    left.send(limited(value))
    outer, payload = tunnelled(right)
    assert payload[:5] == bytes([41, 0, LIMIT, 1, value - 1])


@case(must("RFC 2473 §4.1.1 b"))
def limit_of_zero_is_reported_with_a_pointer_to_it(tunnel, router, left, right):
    left.send(limited(0))
    error = expect(left, ICMPv6ParamProblem, code=0, ptr=40 + 2 + 2)
    assert quoted(error)[44] == 0
    expect_silence(right)
    expect_dropped(router, "tunnel.encapsulation_limit_exceeded")


@case(must("RFC 2473 §4.1.1 a"))
@pytest.mark.parametrize(
    ("before", "size"),
    [
        ([IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])], 8),
        ([IPv6ExtHdrRouting(type=253, segleft=0, addresses=[])], 8),
        ([IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])], 8),
    ],
    ids=["hop-by-hop", "routing", "destination-options"],
)
def limit_is_found_behind_other_extension_headers(tunnel, left, right, before, size):
    left.send(limited(0, *before))
    expect(left, ICMPv6ParamProblem, code=0, ptr=40 + size + 4)
    expect_silence(right)


@case(must("RFC 2473 §4.1.1 a"))
def limit_of_a_packet_inside_the_packet_is_not_looked_at(tunnel, left, right):
    inside = IPv6(src=TESTER.address, dst=FAR) / IPv6ExtHdrDestOpt(
        options=[HBHOptUnknown(otype=LIMIT, optdata=b"\0")]
    ) / echo()
    left.send(ip(FAR, to_mac=NODE.mac, nh=41) / Raw(bytes(inside)))
    _, payload = tunnelled(right)
    assert payload[:5] == bytes([41, 0, LIMIT, 1, 4])


@case(must("RFC 2473 §4.1.1 c"))
def limit_is_added_even_where_none_is_configured(router, left, right):
    make(router, encapsulation_limit=None)
    left.send(limited(2))
    _, payload = tunnelled(right)
    assert payload[:5] == bytes([41, 0, LIMIT, 1, 1])


@case(must("RFC 2473 §4.1.1 e"))
def no_limit_is_sent_if_none_is_configured(router, left, right):
    make(router, encapsulation_limit=None)
    left.send(to_far())
    assert tunnelled(right)[0][IPv6].nh == 41


@case(should("RFC 2473 §4.1.2"))
def packet_between_the_end_points_themselves_does_not_enter(tunnel, router, left, right):
    router.add_route(f"{EXIT}/128", interface=tunnel)
    left.send(to_far())  # the tunnel packet itself is routed into the tunnel
    expect_silence(right)
    expect_dropped(router, "tunnel.loopback_encapsulation")


# --- Size (RFC 2473 §6.7, §7.1) ----------------------------------------------------------------------------------------------


@case(must("RFC 2473 §7.1 a", "RFC 2473 §6.7"))
def packet_longer_than_the_tunnel_takes_is_reported(tunnel, left, right):
    left.send(sized(1500 - HEADERS + 1))
    expect(left, ICMPv6PacketTooBig, mtu=1500 - HEADERS)
    expect_silence(right)


@case(must("RFC 2473 §7.1"))
def packet_as_long_as_the_tunnel_takes_is_carried(tunnel, left, right):
    left.send(sized(1500 - HEADERS))
    outer, payload = tunnelled(right)
    assert len(payload) == 1460 and outer[IPv6].nh == 60


@case(must("RFC 2473 §7.1 a"), role="router")
def tunnel_over_a_small_path_tells_no_less_than_1280(lab):
    router = lab.router(right_mtu=1300)
    left, right = lab.ports
    make(router)
    left.send(sized(1281))
    expect(left, ICMPv6PacketTooBig, mtu=1280)
    expect_silence(right)


@case(must("RFC 2473 §7.1 b"), role="router")
def packet_of_1280_is_carried_in_fragments_of_the_tunnel_packet(lab):
    router = lab.router(right_mtu=1300)
    left, right = lab.ports
    make(router)
    left.send(sized(1280))
    pieces = [p for p in right.run(1.0) if p[IPv6].dst == EXIT and IPv6ExtHdrFragment in p]
    assert [p[IPv6ExtHdrFragment].m for p in pieces] == [1, 0]
    assert all(len(p.wire) - ETHERNET <= 1300 for p in pieces)


@case(must("RFC 2473 §7.1", "RFC 8200 §4.5"))
def tunnel_packet_in_fragments_is_put_together_at_the_exit(tunnel, left, right):
    inner = bytes(IPv6(src=FAR, dst=TESTER.address, hlim=9) / echo(bytes(100)))
    outer = {"source": EXIT, "from_mac": TESTER_RIGHT.mac, "to_mac": NODE_RIGHT.mac}
    right.send(ip(ENTRY, **outer) / IPv6ExtHdrFragment(nh=41, offset=0, m=1, id=5) / Raw(inner[:64]))
    right.send(ip(ENTRY, **outer) / IPv6ExtHdrFragment(nh=41, offset=8, m=0, id=5) / Raw(inner[64:]))
    assert expect(left, ICMPv6EchoRequest)[IPv6].hlim == 8


@case(must("RFC 2473 §6.7", "RFC 2473 §7.1 a"))
def mtu_of_the_tunnel_is_as_configured(router, left, right):
    make(router, mtu=1300)
    left.send(sized(1301))
    expect(left, ICMPv6PacketTooBig, mtu=1300)
    left.send(sized(1300))
    assert len(tunnelled(right)[1]) == 1308


@case(must("RFC 2473 §6.7", "RFC 2473 §7.1 a"))
def mtu_of_the_tunnel_is_no_more_than_the_path_takes(router, left, right):
    make(router, mtu=9000)
    left.send(sized(1500 - HEADERS + 1))
    expect(left, ICMPv6PacketTooBig, mtu=1500 - HEADERS)


# --- Errors from within the tunnel (RFC 2473 §8) ------------------------------------------------------------------------------


@case(must("RFC 2473 §8.1", "RFC 2473 §8.2"))
@pytest.mark.parametrize(
    "error",
    [ICMPv6TimeExceeded(code=0), ICMPv6DestUnreach(code=0), ICMPv6DestUnreach(code=3), ICMPv6DestUnreach(code=1)],
    ids=["hop-limit", "no-route", "address", "prohibited"],
)
def problem_within_the_tunnel_is_told_as_unreachable(tunnel, left, right, error):
    request = to_far()
    left.send(request)
    outer, _ = tunnelled(right)
    right.send(from_within(error, outer))
    told = expect(left, ICMPv6DestUnreach, code=3)
    original = bytearray(bytes(request)[ETHERNET:])
    original[7] -= 1
    assert quoted(told) == bytes(original)


@case(must("RFC 2473 §8.2"))
def used_up_limit_within_the_tunnel_is_told_as_unreachable(router, left, right):
    make(router, encapsulation_limit=0)
    left.send(to_far())
    outer, payload = tunnelled(right)
    assert payload[4] == 0
    right.send(from_within(ICMPv6ParamProblem(code=0, ptr=44), outer))
    expect(left, ICMPv6DestUnreach, code=3)


@case(must("RFC 2473 §8.2"))
def other_parameter_problems_of_the_tunnel_are_not_told(tunnel, left, right):
    left.send(to_far())
    outer, _ = tunnelled(right)
    right.send(from_within(ICMPv6ParamProblem(code=1, ptr=6), outer))
    expect_silence(left)


@case(must("RFC 2473 §8.2"))
@pytest.mark.parametrize("pointer", [41, 43, 47], ids=["length", "option-length", "padding"])
def parameter_problem_beside_the_limit_is_not_told(router, left, right, pointer):
    make(router, encapsulation_limit=0)
    left.send(to_far())
    right.send(from_within(ICMPv6ParamProblem(code=0, ptr=pointer), tunnelled(right)[0]))
    expect_silence(left)


@case(must("RFC 2473 §8.2"))
def limit_that_is_not_used_up_is_not_told(tunnel, left, right):
    left.send(to_far())
    right.send(from_within(ICMPv6ParamProblem(code=0, ptr=44), tunnelled(right)[0]))
    expect_silence(left)


@case(must("RFC 2473 §8.1"))
def lost_fragments_of_a_tunnel_packet_are_not_told(tunnel, left, right):
    left.send(to_far())
    outer, _ = tunnelled(right)
    right.send(from_within(ICMPv6TimeExceeded(code=1), outer))
    expect_silence(left)


@case(must("RFC 2473 §8.1", "RFC 2473 §8.2", "RFC 2473 §6.7"))
def packet_too_big_within_the_tunnel_is_told_less_the_headers(tunnel, left, right):
    left.send(sized(1452))
    outer, _ = tunnelled(right)
    right.send(from_within(ICMPv6PacketTooBig(mtu=1400), outer))
    told = expect(left, ICMPv6PacketTooBig, mtu=1400 - HEADERS)
    assert quoted(told)[8:40] == bytes(sized(1452))[ETHERNET:][8:40]
    left.send(sized(1400))  # the tunnel's MTU is lower now
    expect(left, ICMPv6PacketTooBig, mtu=1400 - HEADERS)
    assert tunnel.mtu == 1400 - HEADERS


@case(must("RFC 2473 §8.2", "RFC 2473 §7.1"))
def packet_too_big_about_a_packet_of_1280_or_less_is_not_told(tunnel, left, right):
    left.send(sized(1280))
    outer, _ = tunnelled(right)
    right.send(from_within(ICMPv6PacketTooBig(mtu=1290), outer))
    expect_silence(left)
    left.send(sized(1280))
    assert tunnelled(right)[0][IPv6].nh == 44  # in fragments from now on


@case(must("RFC 2473 §8.2"))
def packet_too_big_tells_no_less_than_1280(tunnel, left, right):
    left.send(sized(1400))
    outer, _ = tunnelled(right)
    right.send(from_within(ICMPv6PacketTooBig(mtu=1280), outer))
    expect(left, ICMPv6PacketTooBig, mtu=1280)


@case(must("RFC 2473 §8", "RFC 4443 §2.4 e.1"))
def error_about_an_error_within_the_tunnel_is_not_told(tunnel, left, right):
    left.send(ip(FAR, to_mac=NODE.mac) / ICMPv6DestUnreach(code=0) / Raw(bytes(IPv6(src=FAR, dst=TESTER.address))))
    outer, _ = tunnelled(right)
    right.send(from_within(ICMPv6DestUnreach(code=0), outer))
    expect_silence(left)


@case(must("RFC 2473 §8"))
def error_about_a_packet_of_another_tunnel_is_not_told(tunnel, left, right):
    strange = IPv6(src=ENTRY, dst="2001:db8:2::66", nh=41) / Raw(bytes(IPv6(src=TESTER.address, dst=FAR) / echo()))
    error = ip(ENTRY, source=EXIT, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / ICMPv6DestUnreach(code=0)
    right.send(error / Raw(bytes(strange)))
    expect_silence(left)


# --- The exit point (RFC 2473 §3.3) ---------------------------------------------------------------------------------------------


@case(must("RFC 2473 §3.3"))
def packet_out_of_the_tunnel_is_forwarded_with_one_hop_less(tunnel, left, right):
    right.send(from_exit(IPv6(src=FAR, dst=TESTER.address, hlim=33) / echo(b"inside")))
    request = expect(left, ICMPv6EchoRequest)
    assert (request[IPv6].src, request[IPv6].hlim) == (FAR, 32)


@case(must("RFC 2473 §3.3"))
def packet_out_of_the_tunnel_is_answered_into_it(tunnel, left, right):
    right.send(from_exit(IPv6(src=FAR, dst=NODE.address) / echo(b"inside")))
    _, payload = tunnelled(right)
    reply = IPv6(payload[8:])
    assert (reply.src, reply.dst, ICMPv6EchoReply in reply) == (NODE.address, FAR, True)


@case(must("RFC 2473 §3.3"))
def limit_of_the_tunnel_packet_goes_with_it(tunnel, left, right):
    inner = IPv6(src=FAR, dst=TESTER.address, hlim=33) / echo(b"inside")
    outer = ip(ENTRY, source=EXIT, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac)
    options = IPv6ExtHdrDestOpt(nh=41, options=[HBHOptUnknown(otype=LIMIT, optdata=b"\0")])
    right.send(outer / options / Raw(bytes(inner)))
    assert expect(left, ICMPv6EchoRequest)[IPv6].nh == 58


@case(must("RFC 2473 §3.3"))
def packet_of_another_entry_point_is_discarded(tunnel, router, left, right):
    right.send(from_exit(IPv6(src=FAR, dst=TESTER.address) / echo(), source="2001:db8:2::66"))
    expect_silence(left)
    expect_dropped(router, "tunnel.unknown_peer")


@case(must("RFC 2473 §3.3"))
@pytest.mark.parametrize("cut", [0, 1, 39], ids=["empty", "one byte", "one byte short"])
def tunnel_packet_without_a_whole_header_inside_is_discarded(tunnel, router, left, right, cut):
    outer = ip(ENTRY, source=EXIT, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac, nh=41)
    right.send(outer / Raw(bytes(IPv6(src=FAR, dst=TESTER.address))[:cut]))
    expect_silence(left)
    expect_dropped(router, "tunnel.inner_malformed")


@case(must("RFC 2473 §4.1"))
def packets_inside_packets_have_an_end(tunnel, router, left, right):
    packet = IPv6(src=FAR, dst=TESTER.address) / echo()
    for _ in range(20):
        packet = IPv6(src=EXIT, dst=ENTRY, nh=41) / Raw(bytes(packet))
    right.send(from_exit(packet))
    expect_silence(left)
    expect_dropped(router, "tunnel.nested_too_deep")


@case(must("RFC 4291 §2.8"))
def tunnel_is_in_the_groups_of_all_nodes_and_all_routers(tunnel, left, right):
    for group in ("ff02::1", "ff02::2"):
        right.send(from_exit(IPv6(src="fe80::88", dst=group, hlim=1) / echo()))
        _, payload = tunnelled(right)
        reply = IPv6(payload[8:])
        assert (reply.src, reply.dst, ICMPv6EchoReply in reply) == (tunnel.link_local, "fe80::88", True)


@case(must("RFC 4213 §3.8"))
def probe_of_the_other_end_is_answered(tunnel, left, right):
    # Of Neighbor Unreachability Detection, "and SHOULD NOT" bear link-layer address options.
    probe = IPv6(src="fe80::88", dst=tunnel.link_local, hlim=255) / ICMPv6ND_NS(tgt=tunnel.link_local)
    right.send(from_exit(probe))
    _, payload = tunnelled(right)
    answer = IPv6(payload[8:])
    assert (answer.src, answer.dst, answer.hlim) == (tunnel.link_local, "fe80::88", 255)
    assert answer[ICMPv6ND_NA].tgt == tunnel.link_local
    assert (answer[ICMPv6ND_NA].R, answer[ICMPv6ND_NA].S, answer[ICMPv6ND_NA].O) == (1, 1, 0)
    assert len(payload) == 8 + 40 + 24  # no options
    right.send(from_exit(IPv6(src="fe80::88", dst=tunnel.link_local, hlim=254) / ICMPv6ND_NS(tgt=tunnel.link_local)))
    expect_silence(right)


@case(must("RFC 2473 §3.3"))
def tunnel_that_is_down_carries_nothing(tunnel, router, left, right):
    tunnel.up = False
    right.send(from_exit(IPv6(src=FAR, dst=TESTER.address) / echo()))
    left.send(to_far())
    expect_silence(left)
    expect_dropped(router, "tunnel.down", 2)


# --- Congestion marks (RFC 6040) --------------------------------------------------------------------------------------------

NOT_ECT, ECT1, ECT0, CE = 0b00, 0b01, 0b10, 0b11  # RFC 3168 §5


@case(must("RFC 6040 §4.1"))
@pytest.mark.parametrize("mark", [NOT_ECT, ECT1, ECT0, CE], ids=["not-ect", "ect1", "ect0", "ce"])
def mark_is_copied_on_the_way_in(tunnel, left, right, mark):
    left.send(to_far(tc=0xB8 | mark))
    outer, payload = tunnelled(right)
    assert (outer[IPv6].tc, IPv6(payload[8:]).tc) == (mark, 0xB8 | mark)


@case(must("RFC 6040 §4.1", "RFC 6040 §4.3"))
@pytest.mark.parametrize("mark", [NOT_ECT, ECT1, ECT0, CE], ids=["not-ect", "ect1", "ect0", "ce"])
def mark_stays_inside_in_compatibility_mode(router, left, right, mark):
    make(router, ecn="compatibility")
    left.send(to_far(tc=mark))
    outer, payload = tunnelled(right)
    assert (outer[IPv6].tc, IPv6(payload[8:]).tc) == (0, mark)


@case(must("RFC 6040 §4.2"))
@pytest.mark.parametrize("outer", [NOT_ECT, ECT1, ECT0, CE], ids=["not-ect", "ect1", "ect0", "ce"])
@pytest.mark.parametrize("inner", [NOT_ECT, ECT1, ECT0, CE], ids=["not-ect", "ect1", "ect0", "ce"])
def mark_on_the_way_out_is_the_severer_one(tunnel, router, left, right, inner, outer):
    severity = [NOT_ECT, ECT0, ECT1, CE]
    right.send(from_exit(IPv6(src=FAR, dst=TESTER.address, tc=0xB8 | inner) / echo(), tc=outer))
    marks = [p[IPv6].tc for p in left.run(0.2) if find(p, ICMPv6EchoRequest)]
    if inner == NOT_ECT:
        assert marks == ([] if outer == CE else [0xB8])
    else:
        assert marks == [0xB8 | max(inner, outer, key=severity.index)]


@case(should("RFC 6040 §4.2"))
def marks_that_nobody_uses_are_counted(tunnel, left, right):
    for inner in (NOT_ECT, ECT1, ECT0, CE):
        for outer in (NOT_ECT, ECT1, ECT0, CE):
            right.send(from_exit(IPv6(src=FAR, dst=TESTER.address, tc=inner) / echo(), tc=outer))
    right.run(0.1)
    assert (tunnel.counters["ecn_logs"], tunnel.counters["ecn_alarms"]) == (1, 4)  # "(!)" and "(!!!)" of figure 4


# --- Differentiated services (RFC 2983) ---------------------------------------------------------------------------------------


def class_that_leaves(left, right, inner, outer):
    right.send(from_exit(IPv6(src=FAR, dst=TESTER.address, tc=inner) / echo(), tc=outer))
    return expect(left, ICMPv6EchoRequest)[IPv6].tc


@case(must("RFC 2983 §3.2"))
def class_of_the_carried_packet_stays_in_the_pipe_model(tunnel, left, right):
    assert class_that_leaves(left, right, 0xB8 | ECT0, 0x28 | CE) == 0xB8 | CE


@case(must("RFC 2983 §3.1"))
def class_of_the_tunnel_packet_goes_on_in_the_uniform_model(router, left, right):
    make(router, dscp="uniform")
    assert class_that_leaves(left, right, 0xB8 | ECT0, 0x28 | CE) == 0x28 | CE


# --- Hosts (RFC 2473 §6.3) ------------------------------------------------------------------------------------------------


@case(must("RFC 2473 §6.3"), role="host")
def hop_limit_of_a_hosts_tunnel_is_what_routers_advertise(host, port):
    port.send(ra(cur_hop_limit=32))
    tunnel = host.add_tunnel(local=NODE.address, remote=TESTER.address)
    host.add_route("2001:db8:ee::/48", interface=tunnel)
    host.ping(FAR, count=1)
    outer = next(p for p in port.frames(1.0) if p[IPv6].dst == TESTER.address and p[IPv6].nh == 60)
    assert outer[IPv6].hlim == 32
