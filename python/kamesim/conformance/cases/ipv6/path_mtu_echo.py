"""Path MTU Discovery (RFC 8201) as seen in the answers to echo requests, and in what goes to groups."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6NDOptMTU,
    ICMPv6PacketTooBig,
    IPerror6,
    IPv6,
    IPv6ExtHdrFragment,
)

from kamesim.conformance.cases.ipv6._hosts import FAR
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    case,
    echo_request,
    expect_silence,
    find,
    ip,
    must,
    ra,
)

HEADERS = 48  # of an echo message
GROUP = "ff1e::1:2"


def answer_sizes(port, size, source=TESTER.address):
    """The node is asked with a packet of so many bytes: the sizes of the packets that the answer comes in."""
    port.send(echo_request(data=bytes(size - HEADERS), source=source))
    came = [p for p in port.run(0.9) if p[IPv6].dst == source]
    pieces = [p for p in came if IPv6ExtHdrFragment in p or find(p, ICMPv6EchoReply)]
    payload = sum(p[IPv6].plen - 8 * (IPv6ExtHdrFragment in p) for p in pieces)
    assert payload == size - 40, "the answer is whole"
    return [40 + p[IPv6].plen for p in pieces]


def too_big(mtu, *, to=TESTER.address, source=TESTER.address, code=0, sender=NODE.address):
    """What the router `source` says of the node's packet to `to`."""
    invoking = ip(to, source=sender, plen=1460, nh=58)
    quoted = bytes(invoking)[ETHERNET:] + b"\x81\0\0\0" + bytes(1228 - 40)
    return ip(sender, source=source) / ICMPv6PacketTooBig(mtu=mtu, code=code) / IPerror6(quoted)


def in_fragments_of(mtu, sizes):
    return len(sizes) == 2 and sizes[0] > mtu - 8 and max(sizes) <= mtu


@pytest.fixture
def far(node, port, role):
    """FAR is reached by the tester."""
    if role == "host":
        port.send(ra())
    else:
        node.add_route("::/0", via=TESTER.link_local, interface=node.interfaces[0])
    return FAR


@case(must("RFC 8201 §4", "RFC 4443 §4.2"), logo="v6LC.4.1.1")
@pytest.mark.parametrize("size", [1280, 1281, 1400, 1499, 1500])
def request_up_to_the_mtu_of_the_link_is_answered_whole(node, port, size):
    assert answer_sizes(port, size) == [size]


@case(must("RFC 8201 §5.2"), logo="v6LC.4.1.2")
def estimates_of_several_destinations_are_kept_apart(node, port):
    second, third = "2001:db8:1::78", "2001:db8:1::79"
    for address in (second, third):
        port.answers[address] = TESTER.mac
    port.send(too_big(1400), too_big(1280, to=second))
    assert in_fragments_of(1400, answer_sizes(port, 1500))
    assert in_fragments_of(1280, answer_sizes(port, 1500, second))
    assert answer_sizes(port, 1500, third) == [1500]


@case(must("RFC 4443 §3.2"), logo="v6LC.4.1.3")
@pytest.mark.parametrize("code", [1, 255])
def code_of_packet_too_big_is_ignored(node, port, code):
    port.send(too_big(1280, code=code))
    assert in_fragments_of(1280, answer_sizes(port, 1500))


@case(must("RFC 8201 §4"), logo="v6LC.4.1.4")
def packet_too_big_lowers_the_estimate_again_and_again(node, port):
    for mtu in (1450, 1400, 1300, 1280):
        port.send(too_big(mtu))
        assert in_fragments_of(mtu, answer_sizes(port, 1500))


@case(must("RFC 8201 §4"), logo="v6LC.4.1.5")
def packet_too_big_lowers_the_estimate_of_a_destination_off_the_link(node, port, far):
    assert answer_sizes(port, 1500, far) == [1500]
    for mtu in (1400, 1280):
        port.send(too_big(mtu, to=far))
        assert in_fragments_of(mtu, answer_sizes(port, 1500, far))
    assert answer_sizes(port, 1500) == [1500], "the router itself is nearer"


@case(must("RFC 8201 §4"), logo="v6LC.4.1.6")
@pytest.mark.parametrize("mtu", [0, 56, 1279])
def packet_too_big_of_less_than_the_minimum_is_ignored(node, port, mtu):
    port.send(too_big(mtu))
    assert answer_sizes(port, 1500) == [1500]
    assert answer_sizes(port, 1280) == [1280], "nor are there fragment headers (RFC 8200 §5)"


@case(must("RFC 8201 §4"), logo={"1500": "v6LC.4.1.7 A", "536870911": "v6LC.4.1.7 B"})
@pytest.mark.parametrize("mtu", [1500, 0x1FFFFFFF])
def estimate_is_not_raised_by_packet_too_big(node, port, mtu):
    port.send(too_big(1280))
    assert in_fragments_of(1280, answer_sizes(port, 1400))
    port.send(too_big(mtu))
    assert in_fragments_of(1280, answer_sizes(port, 1400))


@case(must("RFC 4861 §6.3.4"), logo="v6LC.4.1.8")
def mtu_of_an_advertisement_bounds_what_is_sent(host, port):
    port.send(ra(ICMPv6NDOptMTU(mtu=1280)))
    assert in_fragments_of(1280, answer_sizes(port, 1500))
    port.send(ra(ICMPv6NDOptMTU(mtu=1500)))
    assert answer_sizes(port, 1500) == [1500]


@case(must("RFC 8201 §4"), logo="v6LC.4.1.9")
def increase_is_not_tried_within_five_minutes(node, port):
    port.send(too_big(1304))
    for _ in range(5):
        port.run(59.0)
        assert in_fragments_of(1304, answer_sizes(port, 1500))


def to_group(node, port, size):
    """The node sends a packet of so many bytes to the group: the sizes of the packets."""
    node.ping(GROUP, count=1, size=size - HEADERS, interface=node.interfaces[0])
    return [40 + p[IPv6].plen for p in port.run(0.9) if p[IPv6].dst == GROUP]


@case(must("RFC 8201 §3"), logo="v6LC.4.1.10")
def packet_too_big_about_a_group_lowers_its_estimate(node, port):
    assert to_group(node, port, 1500) == [1500]
    port.send(too_big(1450, to=GROUP))
    assert in_fragments_of(1450, to_group(node, port, 1500))


@case(must("RFC 8201 §3"), logo="v6LC.4.1.11")
@pytest.mark.parametrize("mtus", [(1450, 1400), (1400, 1450)], ids=["falling", "rising"])
def estimate_of_a_group_is_the_smallest_of_its_paths(node, port, mtus):
    for mtu, router in zip(mtus, (TESTER.address, "2001:db8:1::78")):
        port.send(too_big(mtu, to=GROUP, source=router))
    assert in_fragments_of(1400, to_group(node, port, 1500))


@case(must("RFC 8201 §4", "RFC 4443 §2.4 d"), logo="v6LC.4.1.12")
def packet_too_big_that_quotes_no_packet_of_the_node_is_ignored(node, port):
    port.send(too_big(1280, sender=NODE.address))
    assert in_fragments_of(1280, answer_sizes(port, 1500))
    stranger = "2001:db8:1::55"
    port.send(
        ip() / ICMPv6PacketTooBig(mtu=1280) / IPerror6(bytes(ip(TESTER.address, source=stranger, nh=58))[ETHERNET:])
    )
    port.send(ip() / ICMPv6PacketTooBig(mtu=1280))  # quotes nothing
    expect_silence(port, within=0.5)
    port.answers["2001:db8:1::78"] = TESTER.mac
    assert answer_sizes(port, 1500, "2001:db8:1::78") == [1500]
