"""Neighbor Unreachability Detection (RFC 4861 §7.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._neighbors import (
    DELAY_FIRST_PROBE_TIME,
    MAX_REACHABLE_TIME,
    MAX_SOLICIT,
    NEIGHBOR,
    OTHER_MAC,
    RETRANS_TIMER,
    known_as,
    reply_and_probe,
)
from kamesim.conformance.exchange import (
    NODE_RIGHT,
    TESTER_RIGHT,
    case,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    must,
    na,
    solicited_node,
)


MIN_REACHABLE_TIME = 15.0


@case(must("RFC 4861 §7.3.3"))
def stale_neighbor_is_probed_five_seconds_after_a_packet_to_it(node, port):
    known_as("STALE", node, port)
    port.send(echo_request(source=NEIGHBOR))
    start = expect(port, ICMPv6EchoReply).time  # packets go on to the address that is known
    probes = [expect(port, ICMPv6ND_NS, within=5.1, tgt=NEIGHBOR) for _ in range(MAX_SOLICIT)]
    assert [p.time - start for p in probes] == pytest.approx([5.0, 6.0, 7.0], abs=1e-6)
    assert {(p[IPv6].dst, p.dst, p[IPv6].hlim) for p in probes} == {(NEIGHBOR, OTHER_MAC, 255)}


@case(must("RFC 4861 §7.3.3"))
def neighbor_that_does_not_answer_probes_is_forgotten(node, port):
    known_as("STALE", node, port)
    port.send(echo_request(source=NEIGHBOR))
    port.run(DELAY_FIRST_PROBE_TIME + MAX_SOLICIT * RETRANS_TIMER + 0.1)
    port.send(echo_request(source=NEIGHBOR))
    question = expect(port, ICMPv6ND_NS, within=0.1, tgt=NEIGHBOR)
    assert question[IPv6].dst == solicited_node(NEIGHBOR)  # by multicast: resolution begins anew


@case(must("RFC 4861 §7.3.3"))
def neighbor_that_is_probed_still_gets_its_packets(node, port):
    known_as("STALE", node, port)
    port.send(echo_request(source=NEIGHBOR))
    port.run(6.5)
    port.send(echo_request(source=NEIGHBOR, seq=2))
    assert expect(port, ICMPv6EchoReply, within=0.1, seq=2).dst == OTHER_MAC


@case(must("RFC 4861 §7.3.3"))
def answer_to_a_probe_ends_probing(node, port):
    known_as("STALE", node, port)
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, within=5.1, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    expect_silence(port, within=10.0)
    assert reply_and_probe(port) == (OTHER_MAC, False)


@case(must("RFC 4861 §7.3.3"))
def reachable_neighbor_is_not_probed(node, port):
    known_as("REACHABLE", node, port)
    for seq in range(int(MIN_REACHABLE_TIME) - 1):
        port.send(echo_request(source=NEIGHBOR, seq=seq))
        expect(port, ICMPv6EchoReply, seq=seq)
        expect_none(port, ICMPv6ND_NS, within=0.99)


@case(must("RFC 4861 §6.3.2"))
def neighbor_is_not_reachable_for_longer_than_the_reachable_time(node, port):
    # 15 s to 45 s.
    known_as("REACHABLE", node, port)
    port.run(MAX_REACHABLE_TIME)
    assert reply_and_probe(port) == (OTHER_MAC, True)


@case(must("RFC 4861 §7.3.3"))
def stale_neighbor_without_traffic_is_left_alone(node, port):
    known_as("STALE", node, port)
    expect_silence(port, within=600.0)


@case(must("RFC 4861 §7.3"))
def router_detects_unreachable_neighbors_too(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address))
    expect(right, ICMPv6EchoRequest)
    right.answers.clear()
    left.run(MAX_REACHABLE_TIME + 1)
    left.send(echo_request(TESTER_RIGHT.address, seq=2))
    expect(right, ICMPv6EchoRequest, seq=2)
    probe = expect(right, ICMPv6ND_NS, within=5.1, tgt=TESTER_RIGHT.address)
    assert probe[IPv6].dst == TESTER_RIGHT.address and probe.src == NODE_RIGHT.mac
    left.run(3.0)
    left.send(echo_request(TESTER_RIGHT.address, seq=3))
    expect(left, ICMPv6DestUnreach, within=3.1, code=3)
