"""What a router does with the IPv6 header of packets for others (RFC 8200 §3; RFC 4291 §2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, PadN
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    TESTER_RIGHT,
    case,
    echo_request,
    expect,
    expect_none,
    ip,
    must,
)

NO_NEXT_HEADER = 59


def forwarded(left, right, packet):
    """The packet as it comes out on the other side; all but the hop limit is as it was sent."""
    left.send(packet)
    came = expect(right, IPv6, dst=packet[IPv6].dst)
    sent = bytearray(bytes(packet)[ETHERNET:])
    assert came[IPv6].hlim == sent[7] - 1
    sent[7] -= 1
    assert came.wire[ETHERNET:] == bytes(sent)
    return came


@case(must("RFC 8200 §7"), logo="v6LC.1.1.3")
@pytest.mark.parametrize("traffic_class", [0x20, 0xB8, 0xFF], ids=hex)
def traffic_class_is_forwarded_unchanged(router, left, right, traffic_class):
    forwarded(left, right, echo_request(TESTER_RIGHT.address, tc=traffic_class, hlim=64))


@case(must("RFC 8200 §6", "RFC 6437 §3"), logo="v6LC.1.1.4")
@pytest.mark.parametrize("flow_label", [1, 0x34567, 0xFFFFF], ids=hex)
def flow_label_is_forwarded_unchanged(router, left, right, flow_label):
    forwarded(left, right, echo_request(TESTER_RIGHT.address, fl=flow_label, hlim=64))


@case(must("RFC 8200 §3"), logo={"3 bytes": "v6LC.1.1.5 B"})
@pytest.mark.parametrize("size", [0, 3, 4, 1452], ids=lambda n: f"{n} bytes")
def payload_of_any_length_is_forwarded(router, left, right, size):
    forwarded(left, right, echo_request(TESTER_RIGHT.address, bytes(size), hlim=64))


@case(must("RFC 8200 §4.7"), logo="v6LC.1.1.6 B")
def payload_behind_no_next_header_is_forwarded(router, left, right):
    forwarded(left, right, ip(TESTER_RIGHT.address, nh=NO_NEXT_HEADER, hlim=64) / Raw(b"payload of nothing"))


@case(must("RFC 8200 §4.7"), logo="v6LC.1.2.2 B")
def payload_behind_no_next_header_in_an_extension_header_is_forwarded(router, left, right):
    header = IPv6ExtHdrDestOpt(nh=NO_NEXT_HEADER, options=[PadN(optdata=bytes(4))])
    forwarded(left, right, ip(TESTER_RIGHT.address, hlim=64) / header / Raw(b"payload of nothing"))


@case(must("RFC 8200 §3"), logo="v6LC.1.1.10 A")
def packet_from_and_to_global_addresses_is_forwarded(router, left, right):
    came = forwarded(left, right, echo_request(TESTER_RIGHT.address, hlim=15))
    assert (came[IPv6].src, came[IPv6].dst) == (TESTER.address, TESTER_RIGHT.address)


@case(must("RFC 4291 §2.2"), logo="v6LC.1.1.10 B")
def prefix_that_ends_in_zeros_is_like_any_other(router, left, right):
    router.add_route("8000::/64", via=TESTER_RIGHT.link_local, interface=router.interfaces[1])
    forwarded(left, right, echo_request("8000::1", hlim=64))


@case(must("RFC 3879 §4", "RFC 4291 §2.5.7"), logo="v6LC.1.1.10 G")
def site_local_addresses_are_like_global_ones(router, left, right):
    router.add_route("fec0:0:0:2::/64", via=TESTER_RIGHT.link_local, interface=router.interfaces[1])
    forwarded(left, right, echo_request("fec0:0:0:2::1", hlim=64))


@case(must("RFC 4193 §4.3"))
def unique_local_addresses_are_like_global_ones(router, left, right):
    router.add_route("fd12:3456:789a::/48", via=TESTER_RIGHT.link_local, interface=router.interfaces[1])
    forwarded(left, right, echo_request("fd12:3456:789a::1", hlim=64))


STAYS = {
    "from ::": ("::", TESTER_RIGHT.address),
    "to loopback": (TESTER.address, "::1"),
    "from loopback": ("::1", TESTER_RIGHT.address),
    "from link-local": (TESTER.link_local, TESTER_RIGHT.address),
    "to link-local": (TESTER.address, TESTER_RIGHT.link_local),
    "to a global group without listeners": (TESTER.address, "ff0e::7"),
    "to a group of the link": (TESTER.address, "ff02::7"),
    "to a group of the interface": (TESTER.address, "ff01::7"),
    "to a group of scope 0": (TESTER.address, "ff00::7"),
    "to a group of scope F": (TESTER.address, "ff0f::7"),
    "from a group": ("ff0e::7", TESTER_RIGHT.address),
}


@case(
    must("RFC 4291 §2.5", "RFC 4291 §2.7", "RFC 4007 §9"),
    logo={
        "from ::": "v6LC.1.1.10 C",
        "to loopback": "v6LC.1.1.10 D",
        "from link-local": "v6LC.1.1.10 E",
        "to link-local": "v6LC.1.1.10 F",
        "to a global group without listeners": "v6LC.1.1.10 H",
        "to a group of the link": "v6LC.1.1.10 I",
        "to a group of scope 0": "v6LC.1.1.10 J",
        "to a group of scope F": "v6LC.1.1.10 K",
    },
)
@pytest.mark.parametrize(("source", "destination"), STAYS.values(), ids=STAYS)
def packet_that_has_to_stay_is_not_forwarded(router, left, right, source, destination):
    left.send(echo_request(destination, source=source, to_mac=None if destination[:2] == "ff" else NODE.mac, hlim=64))
    expect_none(right, ICMPv6EchoRequest, within=4.0)


@case(must("RFC 8200 §3"), logo="v6LC.1.1.9")
@pytest.mark.parametrize("hop_limit", [2, 15, 255])
def hop_limit_is_lowered_by_one(router, left, right, hop_limit):
    forwarded(left, right, echo_request(TESTER_RIGHT.address, hlim=hop_limit))
