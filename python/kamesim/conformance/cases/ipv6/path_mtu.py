"""Path MTU Discovery (RFC 8201): what a host makes of Packet Too Big."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6PacketTooBig, IPerror6, IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

from kamesim.conformance.exchange import ETHERNET, NODE, TESTER, case, expect_dropped, expect_silence, ip, must


OTHER = "2001:db8:1::77"


def big_request(node, port, destination=TESTER.address, size=1400):
    """What leaves when the host sends a packet of `size` bytes: the sizes of the packets."""
    node.ping(destination, count=1, size=size - 48)
    packets = [p for p in port.run(0.9) if p[IPv6].dst == destination and p[IPv6].nh in (44, 58)]
    return [40 + p[IPv6].plen for p in packets if IPv6ExtHdrFragment in p or ICMPv6EchoRequest in p]


def too_big(mtu, *, destination=TESTER.address, source=NODE.address):
    """What a router on the way says about a packet of the host's."""
    invoking = ip(destination, source=source, plen=1360, nh=58) / Raw(b"\x80\0\0\0" + bytes(1200))
    return ip() / ICMPv6PacketTooBig(mtu=mtu) / IPerror6(bytes(invoking)[ETHERNET:][: 1280 - 48])


@case(must("RFC 8201 §4"), logo="v6LC.4.1.4")
def packet_too_big_lowers_the_path_mtu(node, port):
    assert big_request(node, port) == [1400]
    port.send(too_big(1300))
    first, second = big_request(node, port)
    assert first <= 1300 and second <= 1300
    assert first > 1300 - 8  # fragments are as large as they may be


@case(must("RFC 8201 §4"))
def path_mtu_is_never_below_the_minimum(node, port):
    # "MUST NOT reduce ... below the IPv6 minimum".
    port.send(too_big(1000))
    assert big_request(node, port) == [1400]
    assert big_request(node, port, size=1280) == [1280]
    expect_dropped(node, "icmp6.packet_too_big_invalid")


@case(must("RFC 8201 §4"), logo="v6LC.4.1.7 A")
def packet_too_big_never_raises_the_path_mtu(node, port):
    port.send(too_big(1300))
    port.send(too_big(1450))
    assert len(big_request(node, port)) == 2


@case(must("RFC 8201 §4"))
def mtu_larger_than_the_link_changes_nothing(node, port):
    port.send(too_big(9000))
    assert big_request(node, port) == [1400]
    assert max(big_request(node, port, size=1600)) <= 1500
    assert node.path_mtus().empty  # "MUST NOT increase its estimate"


@case(must("RFC 8201 §5.2"), logo="v6LC.4.1.2")
def path_mtu_is_kept_by_destination(node, port):
    port.answers[OTHER] = TESTER.mac
    port.send(too_big(1300))
    assert big_request(node, port, destination=OTHER) == [1400]


@case(must("RFC 8201 §4", "RFC 4443 §5.2"), logo="v6LC.4.1.12")
def packet_too_big_about_a_packet_of_someone_else_is_ignored(node, port):
    port.send(too_big(1300, source="2001:db8:9::9"))
    assert big_request(node, port) == [1400]
    expect_dropped(node, "icmp6.error_about_foreign_packet")


@case(must("RFC 8201 §5.3"), logo="v6LC.4.1.9")
def path_mtu_is_forgotten_after_ten_minutes(node, port):
    port.send(too_big(1300))
    port.run(590.0)
    assert len(big_request(node, port)) == 2
    port.run(15.0)
    assert big_request(node, port) == [1400]


@case(must("RFC 4443 §2.4 e.1"))
def packet_too_big_is_not_answered(node, port):
    port.send(too_big(1300))
    expect_silence(port)
