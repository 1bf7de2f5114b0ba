"""Path MTU, fragments, hidden lengths and selectors at a security gateway (RFC 4301 §4.4.1, §7, §8; RFC 4303 §2.7)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    IPerror6,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.layers.ipsec import ESP
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import GCM, NULL, key
from kamesim.conformance.cases.ipsec.gateways import (
    ENDS,
    FAR,
    FAR_NET,
    NEAR_NET,
    frame_from_the_right,
    reply_from_afar,
    sealed,
    tunnel,
)
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    fragment,
    ip,
    must,
    payload_of,
)

ROLE = "router"


def own(packet):
    """From the IPv6 header on."""
    return IPv6(packet.wire[ETHERNET:])


def too_big(about, mtu):
    """From a router behind the right link, about a packet that left by it."""
    frame = ip(NODE_RIGHT.address, source=TESTER_RIGHT.address, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
    return frame / ICMPv6PacketTooBig(mtu=mtu) / IPerror6(bytes(own(about))[: 1280 - 48])


def pieces(packet, size):
    """An IPv6 packet in fragments of so many octets of payload."""
    octets = bytes(packet)
    payload = octets[40:]
    cuts = range(0, len(payload), size)
    return [
        IPv6(src=packet.src, dst=packet.dst, nh=44, hlim=packet.hlim)
        / IPv6ExtHdrFragment(nh=octets[6], offset=at // 8, m=int(at + size < len(payload)), id=77)
        / Raw(payload[at : at + size])
        for at in cuts
    ]


# --- Path MTU (RFC 4301 §8) -----------------------------------------------------------------------------------------


@case(must("RFC 4301 §8.2.1"))
def packet_too_big_about_the_tunnel_is_told_to_the_source_of_the_next_packet(router, left, right):
    tunnel(router)
    left.send(echo_request(FAR, bytes(1340)))
    right.send(too_big(expect(right, ESP), 1400))
    left.send(echo_request(FAR, bytes(1340)))
    error = expect(left, ICMPv6PacketTooBig)
    assert 1280 <= error.mtu < 1400
    left.send(echo_request(FAR, bytes(error.mtu - 48)))
    assert 40 + expect(right, ESP)[IPv6].plen <= 1400
    left.send(echo_request(FAR, bytes(error.mtu - 48 + 16)))
    expect(left, ICMPv6PacketTooBig)


@case(must("RFC 4301 §8.2.1", "RFC 8200 §5"))
def least_mtu_inside_is_kept_by_fragments_outside(router, left, right):
    pair = tunnel(router)
    left.send(echo_request(FAR, bytes(1300)))
    right.send(too_big(expect(right, ESP), 1280))
    left.send(echo_request(FAR, bytes(1280 - 48)))
    came = [p for p in right.run(1.0) if p[IPv6].nh == 44]
    assert len(came) == 2 and all(40 + p[IPv6].plen <= 1280 for p in came)
    whole = b"".join(bytes(p[IPv6ExtHdrFragment])[8:] for p in came)
    packet = IPv6(src=ENDS[0], dst=ENDS[1], nh=50) / Raw(whole)
    assert len(pair.out.scapy().decrypt(IPv6(bytes(packet)))[ICMPv6EchoRequest].data) == 1280 - 48


@case(must("RFC 4301 §8.2.1"))
def forged_packet_too_big_about_the_tunnel_changes_nothing(router, left, right):
    tunnel(router)
    left.send(echo_request(FAR, bytes(1300)))
    about = expect(right, ESP)
    octets = bytearray(bytes(own(about)))
    octets[43] ^= 0xFF  # another SPI
    frame = ip(NODE_RIGHT.address, source=TESTER_RIGHT.address, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
    right.send(frame / ICMPv6PacketTooBig(mtu=1280) / IPerror6(bytes(octets)[: 1280 - 48]))
    left.send(echo_request(FAR, bytes(1300)))
    expect(right, ESP)


@case(must("RFC 4301 §8.2"))
def packet_too_big_that_comes_by_the_tunnel_goes_on(router, left, right):
    pair = tunnel(router)
    about = IPv6(src=TESTER.address, dst=FAR) / echo(bytes(1300))
    error = IPv6(src=FAR, dst=TESTER.address) / ICMPv6PacketTooBig(mtu=1290) / IPerror6(bytes(about)[: 1280 - 48])
    right.send(sealed(pair, error))
    assert expect(left, ICMPv6PacketTooBig).mtu == 1290


# --- Fragments (RFC 4301 §7, RFC 4303 §3.3.4) -----------------------------------------------------------------------


@case(must("RFC 4301 §7.1", "RFC 4303 §3.1.2"))
def fragments_of_others_go_through_one_by_one(router, left, right):
    pair = tunnel(router)
    payload = payload_of(echo_request(FAR, bytes(2000)))
    for at, more in ((0, True), (1024, False)):
        left.send(fragment(payload[at : at + 1024] if more else payload[at:], offset=at, more=more, destination=FAR))
        inner = pair.out.open(expect(right, ESP))
        assert (inner[IPv6ExtHdrFragment].offset * 8, inner[IPv6ExtHdrFragment].m) == (at, int(more))


@case(must("RFC 4303 §3.4.1"))
def fragments_of_a_tunnel_packet_are_put_together_first(router, left, right):
    pair = tunnel(router)
    whole = pair.into.seal(reply_from_afar(bytes(1400)))
    for piece in pieces(whole, 1024):
        right.send(frame_from_the_right() / piece)
    assert len(expect(left, ICMPv6EchoRequest).data) == 1400


@case(must("RFC 4303 §3.4.1"))
def fragment_that_hides_esp_is_no_packet(router, left, right):
    pair = tunnel(router)
    whole = pair.into.seal(reply_from_afar(bytes(1400)))
    right.send(frame_from_the_right() / pieces(whole, 1024)[0])
    expect_none(left, ICMPv6EchoRequest)


@case(must("RFC 4301 §7.2"))
def fragments_without_ports_are_not_those_of_a_port(router, left, right):
    """A policy of a port protects the first; what hides its port is another policy's, here a discard."""
    there = f"esp/tunnel/{ENDS[0]}-{ENDS[1]}/require"
    pair = tunnel(router)
    router.ipsec.setkey(
        f"spdflush; spdadd {NEAR_NET} {FAR_NET}[7] udp -P out ipsec {there};"
        f"spdadd {NEAR_NET} {FAR_NET}[opaque] udp -P out discard;"
    )
    datagram = IPv6(src=TESTER.address, dst=FAR) / UDP(sport=4000, dport=7) / bytes(1500)
    payload = bytes(datagram)[40:]
    left.send(fragment(payload[:1024], offset=0, more=True, next_header=17, destination=FAR))
    assert IPv6ExtHdrFragment in pair.out.open(expect(right, ESP))
    left.send(fragment(payload[1024:], offset=1024, more=False, next_header=17, destination=FAR))
    expect_none(right, ESP)
    expect_dropped(router, "ipsec.policy_discard")


@case(must("RFC 4301 §7.1"))
@pytest.mark.parametrize("protocol", ["udp", "any"])
def tunnel_for_a_protocol_carries_all_fragments(router, left, right, protocol):
    """Without ports among its selectors: also those that are not the first."""
    pair = tunnel(router, upper=protocol)
    payload = bytes(IPv6(src=TESTER.address, dst=FAR) / UDP(sport=4000, dport=7) / bytes(1500))[40:]
    for start, end in ((0, 1024), (1024, len(payload))):
        left.send(fragment(payload[start:end], offset=start, more=end < len(payload), next_header=17, destination=FAR))
        assert pair.out.open(expect(right, ESP))[IPv6ExtHdrFragment].offset == start // 8
    piece = IPv6(src=FAR, dst=TESTER.address) / IPv6ExtHdrFragment(nh=17, offset=128, m=0, id=7) / Raw(bytes(40))
    right.send(sealed(pair, piece))
    expect(left, IPv6ExtHdrFragment, offset=128)


@case(must("RFC 4301 §7.3", "RFC 4301 §5.2"))
def fragment_without_ports_by_the_tunnel_of_a_port_is_discarded(router, left, right):
    pair = tunnel(router)
    there = f"esp/tunnel/{ENDS[1]}-{ENDS[0]}/require"
    router.ipsec.setkey(f"spdflush; spdadd {FAR_NET} {NEAR_NET}[7] udp -P in ipsec {there};")
    piece = IPv6(src=FAR, dst=TESTER.address) / IPv6ExtHdrFragment(nh=17, offset=128, m=0, id=7) / Raw(bytes(40))
    right.send(sealed(pair, piece))
    expect_none(left, IPv6ExtHdrFragment)
    expect_dropped(router, "ipsec.policy_mismatch")


# --- Hidden lengths (RFC 4303 §2.7) ---------------------------------------------------------------------------------


@case(must("RFC 4303 §2.7"))
def padding_for_traffic_flow_hides_lengths(router, left, right):
    pair = tunnel(router)
    router.ipsec.setkey("flush;" + pair.into.setkey + pair.out.setkey.replace(" -E", " -f tfc 700 -E"))
    sizes = set()
    for size in (10, 300, 600):
        left.send(echo_request(FAR, bytes(size)))
        packet = expect(right, ESP)
        sizes.add(packet[IPv6].plen)
        assert len(pair.out.open(packet)[ICMPv6EchoRequest].data) == size
    assert len(sizes) == 1 and sizes.pop() >= 700


@case(must("RFC 4303 §2.7"))
@pytest.mark.parametrize("size", [1, 40, 500])
def padding_behind_the_inner_packet_is_cut_off(router, left, right, size):
    tunnel(router, NULL)
    inner = bytes(reply_from_afar(b"padded")) + bytes(size)
    padding = -(len(inner) + 2) % 4
    esp = (0x2000).to_bytes(4, "big") + (1).to_bytes(4, "big") + inner + bytes(range(1, padding + 1)) + bytes((padding, 41))
    icv = hmac.new(key(32, 0x51), esp, hashlib.sha256).digest()[:16]
    packet = IPv6(src=TESTER_RIGHT.address, dst=NODE_RIGHT.address, nh=50) / Raw(esp + icv)
    right.send(frame_from_the_right() / packet)
    came = expect(left, ICMPv6EchoRequest)
    assert came.data == b"padded" and len(came.wire) == ETHERNET + 40 + 8 + 6


# --- Selectors (RFC 4301 §4.4.1.1) ----------------------------------------------------------------------------------


def protects(router, selector):
    there = f"esp/tunnel/{ENDS[0]}-{ENDS[1]}/require"
    pair = tunnel(router, GCM)
    router.ipsec.setkey(f"spdflush; {selector} -P out ipsec {there}; spdadd {NEAR_NET} {FAR_NET} any -P out discard;")
    return pair


@case(must("RFC 4301 §4.4.1.1"))
@pytest.mark.parametrize(
    ("selector", "inside", "outside"),
    [
        (f"spdadd {NEAR_NET} {FAR_NET} icmp6 128,0", ICMPv6EchoRequest(), ICMPv6EchoReply()),
        (f"spdadd {NEAR_NET} {FAR_NET}[80] tcp", TCP(dport=80), TCP(dport=81)),
        (f"spdadd {NEAR_NET} {FAR_NET}[80] tcp", TCP(dport=80), UDP(dport=80)),
        (f"spdadd {NEAR_NET}[5000] {FAR_NET} udp", UDP(sport=5000), UDP(sport=5001)),
        (f"spdadd {NEAR_NET} {FAR_NET}[1000-2000] udp", UDP(dport=2000), UDP(dport=2001)),
        (f"spdadd {TESTER.address} {FAR} any", UDP(), None),
        (f"spdadd {TESTER.address} 2001:db8:77::1-2001:db8:77::7 any", UDP(), None),
    ],
    ids=["message type", "port", "protocol", "source port", "range of ports", "addresses", "range of addresses"],
)
def selector_tells_what_is_protected(router, left, right, selector, inside, outside):
    pair = protects(router, selector)
    left.send(ip(FAR) / inside)
    assert pair.out.open(expect(right, ESP)).dst == FAR
    destination = FAR if outside is not None else "2001:db8:77::8"
    left.send(ip(destination) / (outside if outside is not None else inside))
    expect_none(right, ESP)
    expect_dropped(router, "ipsec.policy_discard")
