"""Security gateways: tunnels for the packets of others (RFC 4301 §5; RFC 4303 and 4302, tunnel mode)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPv6,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import (
    AH_SUITES,
    ESP_SUITES,
    GCM,
    NULL,
    Association,
    between,
    changed,
    flipped,
)
from kamesim.conformance.exchange import (
    NODE_RIGHT,
    PREFIX,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    ip,
    must,
    should,
)

FAR, FAR_NET, NEAR_NET = "2001:db8:77::7", "2001:db8:77::/64", f"{PREFIX}/64"
ENDS = (NODE_RIGHT.address, TESTER_RIGHT.address)


def tunnel(router, suite=GCM, protocol="esp", **options):
    """From the net on the left to one behind the tester on the right."""
    return between(router, suite, protocol, ENDS, NEAR_NET, FAR_NET, **options)


def frame_from_the_right():
    return Ether(src=TESTER_RIGHT.mac, dst=NODE_RIGHT.mac)


def sealed(pair, packet, *arguments, **changes):
    """In a frame from the right to the router."""
    return frame_from_the_right() / pair.into.seal(packet, *arguments, **changes)


def reply_from_afar(data=b"from afar", **fields):
    return IPv6(src=FAR, dst=TESTER.address, **fields) / echo(data)


def by_suite(suite):
    return suite.id


@case(must("RFC 4303 §3.1.2", "RFC 8221 §5"))
@pytest.mark.parametrize("suite", ESP_SUITES, ids=by_suite)
def esp_tunnel_carries_packets_both_ways(router, left, right, suite):
    pair = tunnel(router, suite)
    left.send(echo_request(FAR, b"to afar", hlim=64))
    outer = expect(right, ESP)
    assert (outer[IPv6].src, outer[IPv6].dst) == ENDS
    inner = pair.out.open(outer)
    assert (inner.src, inner.dst, inner.hlim) == (TESTER.address, FAR, 63)
    assert inner[ICMPv6EchoRequest].data == b"to afar"
    right.send(sealed(pair, reply_from_afar(hlim=64)))
    came = expect(left, ICMPv6EchoRequest, data=b"from afar")
    assert (came[IPv6].src, came[IPv6].hlim) == (FAR, 63)


@case(must("RFC 4302 §3.1.2"))
@pytest.mark.parametrize("suite", AH_SUITES, ids=by_suite)
def ah_tunnel_carries_packets_both_ways(router, left, right, suite):
    pair = tunnel(router, suite, "ah")
    left.send(echo_request(FAR, b"to afar"))
    assert pair.out.open(expect(right, AH))[ICMPv6EchoRequest].data == b"to afar"
    right.send(sealed(pair, reply_from_afar()))
    expect(left, ICMPv6EchoRequest, data=b"from afar")


@case(must("RFC 4301 §5.2"))
def clear_text_for_the_protected_net_is_discarded(router, left, right):
    tunnel(router)
    packet = ip(TESTER.address, source=FAR, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac) / echo(b"clear")
    right.send(packet)
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.unprotected")


@case(must("RFC 4301 §4.4.1"))
@pytest.mark.parametrize("direction", ["in", "out"])
def discard_policy_stops_what_goes_through(router, left, right, direction):
    router.ipsec.setkey(f"spdadd {NEAR_NET} 2001:db8:2::/64 any -P {direction} discard;")
    left.send(echo_request(TESTER_RIGHT.address))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.policy_discard")


@case(should("RFC 4301 §5.1.1"))
@pytest.mark.parametrize("switch", [False, True], ids=["off", "on"])
def discard_is_reported_by_a_switch(router, left, right, switch):
    router.ipsec.setkey(f"spdadd {NEAR_NET} 2001:db8:2::/64 any -P out discard;")
    router.ipsec.report_discards = switch
    left.send(echo_request(TESTER_RIGHT.address))
    if switch:
        assert expect(left, ICMPv6DestUnreach).code == 1
    else:
        expect_none(left, ICMPv6DestUnreach)


@case(must("RFC 4301 §4.4.1"))
def bypass_policy_and_others_go_in_the_clear(router, left, right):
    tunnel(router)
    router.ipsec.setkey(f"spdadd {NEAR_NET} 2001:db8:2::/64 any -P out none;")
    left.send(echo_request(TESTER_RIGHT.address, b"clear"))
    expect(right, ICMPv6EchoRequest, data=b"clear")


@case(must("RFC 4301 §5.1"))
def nothing_leaves_without_an_association(router, left, right):
    router.ipsec.setkey(
        f"spdadd {NEAR_NET} {FAR_NET} any -P out ipsec esp/tunnel/{ENDS[0]}-{ENDS[1]}/require;"
    )
    left.send(echo_request(FAR))
    expect_silence(right)
    expect_dropped(router, "ipsec.no_association")


@case(must("RFC 4301 §5.2"))
def tunnel_from_another_peer_is_discarded(router, left, right):
    pair = tunnel(router)
    packet = sealed(pair, reply_from_afar())
    octets = bytearray(bytes(packet[IPv6]))
    octets[8:24] = bytes(IPv6(src="2001:db8:2::89"))[8:24]
    right.send(frame_from_the_right() / IPv6(bytes(octets)))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.wrong_peer")


@case(must("RFC 4301 §5.2"))
def tunnel_for_other_packets_than_its_policys_is_discarded(router, left, right):
    """What the tunnel brings under a policy that wants another tunnel."""
    pair = tunnel(router)
    other = Association(FAR_NET, NEAR_NET, 0x3000, NULL, tunnel=("2001:db8:2::89", NODE_RIGHT.address))
    router.ipsec.setkey(
        other.setkey
        + f"spdadd 2001:db8:66::/64 {NEAR_NET} any -P in ipsec esp/tunnel/2001:db8:2::89-{ENDS[0]}/require;"
    )
    right.send(sealed(pair, IPv6(src="2001:db8:66::6", dst=TESTER.address) / echo(b"smuggled")))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.policy_mismatch")


@case(must("RFC 4301 §5.2"))
@pytest.mark.parametrize(
    "packet",
    [
        IPv6(src="2001:db8:66::6", dst=TESTER.address) / echo(b"smuggled"),
        IPv6(src=FAR, dst="2001:db8:66::6") / echo(b"smuggled"),
        IPv6(src="2001:db8:66::6", dst=NODE_RIGHT.address) / echo(b"smuggled"),
    ],
    ids=["from elsewhere", "to elsewhere", "to the gateway"],
)
@pytest.mark.parametrize("other", ["", "none"], ids=["of no policy", "to be bypassed"])
def tunnel_brings_no_packets_but_its_policys(router, left, right, packet, other):
    """Not even those that could come in the clear: an association is for what its policy selects."""
    pair = tunnel(router)
    if other:
        router.ipsec.setkey("spdadd ::/0 ::/0 any -P in none;")
    right.send(sealed(pair, packet))
    expect_none(left, ICMPv6EchoRequest)
    expect_none(right, ICMPv6EchoReply)
    expect_dropped(router, "ipsec.policy_mismatch")


@case(must("RFC 4301 §5.2"))
def tunnel_of_a_protocol_brings_no_other(router, left, right):
    pair = tunnel(router, upper="tcp")
    right.send(sealed(pair, reply_from_afar()))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.policy_mismatch")


@case(must("RFC 4301 §6.2"))
@pytest.mark.parametrize(("about", "goes_on"), [(FAR, True), ("2001:db8:66::6", False)], ids=["its own", "others"])
def error_from_within_the_far_net_comes_by_the_tunnel(router, left, right, about, goes_on):
    """Its source is a router that the policy does not know; what it is about went out under the policy."""
    pair = tunnel(router)
    offending = IPv6(src=TESTER.address, dst=about) / echo(b"too far")
    right.send(sealed(pair, IPv6(src="2001:db8:99::1", dst=TESTER.address) / ICMPv6TimeExceeded() / offending))
    if goes_on:
        expect(left, ICMPv6TimeExceeded)
    else:
        expect_none(left, ICMPv6TimeExceeded)
        expect_dropped(router, "ipsec.policy_mismatch")


@case(must("RFC 4301 §6.2"))
@pytest.mark.parametrize(("about", "by_tunnel"), [(FAR, True), ("2001:db8:66::6", False)], ids=["its own", "others"])
def error_from_within_the_near_net_goes_by_the_tunnel(router, left, right, about, by_tunnel):
    """What answers the packet that it is about would go by it; the policy does not know the error's own source."""
    pair = tunnel(router)
    router.add_route("2001:db8:66::/64", via=TESTER_RIGHT.address)
    offending = IPv6(src=about, dst=TESTER.address) / echo(b"too far")
    left.send(ip(about, source="2001:db8:55::1") / ICMPv6TimeExceeded() / offending)
    if by_tunnel:
        inner = pair.out.open(expect(right, ESP))
        assert (inner.src, inner.dst) == ("2001:db8:55::1", about) and ICMPv6TimeExceeded in inner
    else:
        expect(right, ICMPv6TimeExceeded)


@case(must("RFC 4303 §3.4.3"))
def replayed_tunnel_packet_is_discarded(router, left, right):
    pair = tunnel(router)
    packet = sealed(pair, reply_from_afar(), 7)
    right.send(packet)
    expect(left, ICMPv6EchoRequest)
    right.send(packet)
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "esp.replayed")


@case(must("RFC 4303 §3.4.4"))
@pytest.mark.parametrize("offset", [47, 50, 70, -1], ids=["sequence", "iv", "payload", "icv"])
def changed_tunnel_packet_is_discarded(router, left, right, offset):
    pair = tunnel(router)
    packet = sealed(pair, reply_from_afar())
    inside = packet[IPv6]
    right.send(frame_from_the_right() / flipped(inside, offset % len(bytes(inside)), 1))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "esp.bad_icv")


@case(must("RFC 4303 §2.1", "RFC 4303 §3.4.2"))
@pytest.mark.parametrize(
    ("spi", "reason"), [(0, "ipsec.reserved_spi"), (9, "ipsec.reserved_spi"), (0x7777, "esp.unknown_spi")]
)
def spi_without_association_is_discarded(router, left, right, spi, reason):
    pair = tunnel(router)
    pair.into.spi = spi or 1
    packet = sealed(pair, reply_from_afar())
    inside = packet[IPv6]
    if spi == 0:
        inside = changed(inside, 43, 0)
    right.send(frame_from_the_right() / inside)
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, reason)


@case(must("RFC 4301 §5.1.2.1"))
@pytest.mark.parametrize("traffic_class", [0x00, 0xB8, 0x02, 0x03, 0xBA], ids=hex)
def traffic_class_of_the_inner_packet_is_copied(router, left, right, traffic_class):
    pair = tunnel(router)
    left.send(echo_request(FAR, tc=traffic_class))
    outer = expect(right, ESP)
    assert outer[IPv6].tc == traffic_class
    assert pair.out.open(outer).tc == traffic_class


@case(must("RFC 6040 §4.2", "RFC 4301 §5.1.2.1"))
@pytest.mark.parametrize(
    ("inner", "outer", "leaves"),
    [(0, 0, 0), (2, 0, 2), (2, 2, 2), (2, 3, 3), (1, 3, 3), (3, 0, 3), (0, 3, None), (0xB8, 0x20, 0xB8)],
)
def congestion_marks_come_out_of_the_tunnel(router, left, right, inner, outer, leaves):
    pair = tunnel(router)
    packet = sealed(pair, reply_from_afar(tc=inner))
    packet[IPv6].tc = outer
    right.send(packet)
    if leaves is None:
        expect_none(left, ICMPv6EchoRequest)
        expect_dropped(router, "ipsec.congestion_not_ecn_capable")
    else:
        assert expect(left, ICMPv6EchoRequest)[IPv6].tc == leaves


@case(must("RFC 4301 §8.2.1"))
def packet_too_big_for_the_tunnel_is_reported(router, left, right):
    tunnel(router)
    left.send(echo_request(FAR, bytes(1400)))
    error = expect(left, ICMPv6PacketTooBig)
    assert 1280 <= error.mtu < 1452
    expect_none(right, ESP)
    left.send(echo_request(FAR, bytes(error.mtu - 48)))
    assert 40 + expect(right, ESP)[IPv6].plen <= 1500


@case(must("RFC 4301 §8.2.1", "RFC 8200 §5"), role="router")
def packet_of_the_least_mtu_goes_through_a_narrow_way(lab):
    router = lab.router(right_mtu=1280)
    left, right = lab.ports
    tunnel(router)
    left.send(echo_request(FAR, bytes(1280 - 48)))
    came = [p for p in right.run(1.0) if p[IPv6].nh == 44]
    assert len(came) == 2 and all(40 + p[IPv6].plen <= 1280 for p in came)


@case(must("RFC 8200 §3", "RFC 4301 §5.1.2.1"))
def hop_limit_ends_before_the_tunnel(router, left, right):
    tunnel(router)
    left.send(echo_request(FAR, hlim=1))
    expect(left, ICMPv6TimeExceeded)
    expect_none(right, ESP)


@case(must("RFC 4301 §5.1.2.1"))
def hop_limit_of_the_outer_header_is_the_gateways_own(router, left, right):
    tunnel(router)
    left.send(echo_request(FAR, hlim=5))
    assert expect(right, ESP)[IPv6].hlim >= 64


@case(must("RFC 4303 §3.3.3"))
def numbers_of_a_tunnel_count_from_one(router, left, right):
    tunnel(router)
    for number in (1, 2, 3):
        left.send(echo_request(FAR))
        assert expect(right, ESP).seq == number


@case(must("RFC 4303 §2.6"))
def dummy_packets_end_at_the_gateway(router, left, right):
    pair = tunnel(router, NULL)
    packet = IPv6(src=TESTER_RIGHT.address, dst=NODE_RIGHT.address, nh=59) / Raw(bytes(32))
    bare = Association(TESTER_RIGHT.address, NODE_RIGHT.address, pair.into.spi, NULL)
    right.send(frame_from_the_right() / bare.seal(packet))
    expect_silence(left)
    expect_dropped(router, "esp.dummy_packet")


@case(must("RFC 4301 §4.4.2.1"))
def payload_that_is_no_packet_is_discarded(router, left, right):
    pair = tunnel(router, NULL)
    bare = Association(TESTER_RIGHT.address, NODE_RIGHT.address, pair.into.spi, NULL)
    right.send(frame_from_the_right() / bare.seal(IPv6(src=TESTER_RIGHT.address, dst=NODE_RIGHT.address) / echo()))
    expect_silence(left)
    expect_dropped(router, "ipsec.mode_mismatch")


@case(must("RFC 4301 §4.1"))
def transport_mode_is_not_for_the_packets_of_others(router, left, right):
    router.ipsec.setkey(f"spdadd {NEAR_NET} 2001:db8:2::/64 any -P out ipsec esp/transport//require;")
    left.send(echo_request(TESTER_RIGHT.address))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.transport_for_transit")


@case(must("RFC 4303 §2.2.1"))
def extended_numbers_are_covered_in_a_tunnel(router, left, right):
    pair = tunnel(router, esn=True)
    left.send(echo_request(FAR, b"long"))
    inner = pair.out.scapy(esn_en=True, esn=0).decrypt(IPv6(expect(right, ESP).wire[14:]))
    assert inner[ICMPv6EchoRequest].data == b"long"


@case(must("RFC 4301 §4.5"))
def tunnel_inside_a_tunnel_is_taken_apart(router, left, right):
    pair = tunnel(router)
    ends = (TESTER_RIGHT.address, NODE_RIGHT.address)
    outer = Association(*ends, 0x5000, NULL, tunnel=ends)
    router.ipsec.setkey(outer.setkey)
    nested = outer.seal(pair.into.seal(reply_from_afar(b"nested")))
    right.send(frame_from_the_right() / nested)
    expect_none(left, ICMPv6EchoRequest)  # by a tunnel that the policy does not ask for
    expect_dropped(router, "ipsec.policy_mismatch")


@case(must("RFC 4301 §5.2"))
def tunnel_of_another_peer_around_the_one_that_is_asked_for_is_discarded(router, left, right):
    pair = tunnel(router)
    ends = ("2001:db8:2::89", NODE_RIGHT.address)
    around = Association(*ends, 0x5000, NULL, tunnel=ends)
    router.ipsec.setkey(around.setkey)
    right.send(frame_from_the_right() / around.seal(pair.into.seal(reply_from_afar(b"nested"))))
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.policy_mismatch")


@case(must("RFC 4301 §4.5"))
def nesting_is_bounded(router, left, right):
    pair = tunnel(router)
    ends = (TESTER_RIGHT.address, NODE_RIGHT.address)
    around = Association(*ends, 0x5000, NULL, window=0, tunnel=ends)
    router.ipsec.setkey(around.setkey)
    packet = pair.into.seal(reply_from_afar(b"bomb"))
    for _ in range(9):
        packet = around.seal(packet)
    right.send(frame_from_the_right() / packet)
    expect_none(left, ICMPv6EchoRequest)
    expect_dropped(router, "ipsec.nested_too_deep")


@case(must("RFC 4301 §4.4.1"))
def gateways_own_packets_go_by_their_policies(router, left, right):
    tunnel(router)
    right.send(frame_from_the_right() / IPv6(src=TESTER_RIGHT.address, dst=NODE_RIGHT.address) / echo(b"you"))
    assert expect(right, ICMPv6EchoReply).data == b"you"
