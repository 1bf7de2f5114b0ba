"""Address resolution (RFC 4861 §7.2.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6ND_NS,
    IPv6,
    IPv6ExtHdrFragment,
)

from kamesim.conformance.cases.ipv6._neighbors import MAX_SOLICIT, NEIGHBOR, OTHER_MAC, RETRANS_TIMER
from kamesim.conformance.exchange import (
    NODE,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    fragments,
    must,
    na,
    options_of,
    payload_of,
    should,
)


@case(must("RFC 4861 §7.2.2"), logo={"global": "v6LC.2.1.5 B", "link-local": "v6LC.2.1.5 A"})
@pytest.mark.parametrize("source", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def address_is_asked_for_in_its_solicited_node_group(node, port, source):
    node.ping(NEIGHBOR, count=1, source=source)
    question = expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    assert question[IPv6].dst == "ff02::1:ff00:77" and question.dst == "33:33:ff:00:00:77"
    assert question[IPv6].hlim == 255
    assert question[IPv6].src == source  # that of the packet that prompts it
    assert [option.lladdr for option in options_of(question, ICMPv6NDOptSrcLLAddr)] == [NODE.mac]


@case(must("RFC 4861 §7.2.2", "RFC 4861 §10"))
def address_is_asked_for_three_times_a_second_apart(node, port):
    node.ping(NEIGHBOR, count=1)
    questions = [expect(port, ICMPv6ND_NS, within=1.1, tgt=NEIGHBOR) for _ in range(MAX_SOLICIT)]
    start = questions[0].time
    assert [q.time - start for q in questions] == pytest.approx([0.0, RETRANS_TIMER, 2 * RETRANS_TIMER], abs=1e-6)
    expect_silence(port, within=30.0)
    expect_dropped(node, "nd.address_unreachable")


@case(must("RFC 4861 §7.2.2"))
def each_waiting_packet_is_answered_by_address_unreachable(router, left, right):
    left.send(echo_request("2001:db8:2::77", seq=1), echo_request("2001:db8:2::77", seq=2))
    errors = [expect(left, ICMPv6DestUnreach, within=3.1, code=3) for _ in range(2)]
    assert [error[ICMPv6EchoRequest].seq for error in errors] == [1, 2]


@case(must("RFC 4861 §7.3.3"))
def resolution_starts_anew_after_it_failed(node, port):
    node.ping(NEIGHBOR, count=1)
    port.run(5.0)
    port.answers[NEIGHBOR] = OTHER_MAC
    node.ping(NEIGHBOR, count=1)
    assert expect(port, ICMPv6EchoRequest).dst == OTHER_MAC


@case(must("RFC 4861 §7.2.2"))
def waiting_packets_are_sent_in_their_order(node, port):
    port.send(*[echo_request(source=NEIGHBOR, seq=n) for n in (1, 2, 3)])
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    replies = [expect(port, ICMPv6EchoReply) for _ in range(3)]
    assert [(r[ICMPv6EchoReply].seq, r.dst) for r in replies] == [(n, OTHER_MAC) for n in (1, 2, 3)]


@case(must("RFC 4861 §7.2.2"), logo="v6LC.2.1.2 A")
def new_packets_displace_the_oldest_that_wait(node, port):
    port.send(*[echo_request(source=NEIGHBOR, seq=n) for n in range(1, 7)])
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    replies = [p[ICMPv6EchoReply].seq for p in port.run(1.0) if ICMPv6EchoReply in p]
    assert replies == [4, 5, 6]
    expect_dropped(node, "nd.queue_overflow", 3)


@case(should("RFC 4861 §7.2.2"))
def fragments_of_a_packet_wait_together(node, port):
    # "... a queue large enough to hold the fragments": more than it holds packets otherwise.
    port.send(*fragments(payload_of(echo_request(data=bytes(7000), source=NEIGHBOR)), 1000, source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    pieces = [p[IPv6ExtHdrFragment] for p in port.run(1.0) if IPv6ExtHdrFragment in p]
    assert len(pieces) > 4
    assert [p.offset for p in pieces] == sorted({p.offset for p in pieces})
    assert pieces[0].offset == 0 and [p.m for p in pieces] == [1] * (len(pieces) - 1) + [0]
    expect_dropped(node, "nd.queue_overflow", 0)


@case(must("RFC 4861 §7.2.5"))
def late_answer_still_resolves(node, port):
    # While the entry is there.
    port.send(echo_request(source=NEIGHBOR))
    port.run(2.9)
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC))
    assert expect(port, ICMPv6EchoReply).dst == OTHER_MAC
