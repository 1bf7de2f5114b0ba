"""Timeouts that were spurious (RFC 5682), and what the path takes where nobody says so (RFC 4821)."""

from __future__ import annotations

from kamesim.conformance.cases.tcp._peer import MSS, SERVICE, Peer, know_neighbor
from kamesim.conformance.exchange import case, should

LEAST = 1220  # an MTU of 1280, less the headers
PRECISE = 16  # octets: how near a search comes


def connected(host, port, mss):
    know_neighbor(host, port)
    server = host.tcp.listen(SERVICE)
    peer = Peer(port)
    peer.connect([("MSS", mss)])
    return peer, server.accept()


def numbers(peer):
    return [came.seq for came in peer.take()]


# --- RFC 5682 ------------------------------------------------------------------------------------------------------


def timed_out(host, port):
    """Ten segments of 1000 octets are under way, and the first went again: (peer, socket)."""
    peer, socket = connected(host, port, 1000)
    socket.write(bytes(50_000))
    assert numbers(peer) == [1 + 1000 * n for n in range(10)]
    peer.expect("A", seq=1, within=1.1, length=1000)
    peer.expect_none(0.3)
    return peer, socket


@case(should("RFC 5682 §2.1"))
def spurious_timeout_sends_nothing_else_again(host, port):
    peer, _socket = timed_out(host, port)
    peer.send("A", seq=1, ack=1001)
    assert numbers(peer) == [10_001, 11_001]  # step 2 b: new data, two segments
    peer.send("A", seq=1, ack=2001)  # step 3 b: this went once
    first = numbers(peer)
    for n in range(3, 11):
        peer.send("A", seq=1, ack=1 + 1000 * n)
        first += numbers(peer)
    assert first == [12_001 + 1000 * n for n in range(len(first))]
    assert len(first) >= 8  # the window is what it was


@case(should("RFC 5682 §2.1"))
def timeout_after_a_loss_retransmits_in_slow_start(host, port):
    peer, _socket = timed_out(host, port)
    peer.send("A", seq=1, ack=1001)
    assert numbers(peer) == [10_001, 11_001]
    peer.send("A", seq=1, ack=1001)  # step 3 a: the new data arrived, and 1001 did not
    assert numbers(peer) == [1001]  # the window is three segments, two of them under way
    peer.send("A", seq=1, ack=2001)
    assert set(numbers(peer)) <= {2001, 3001}


# --- RFC 4821 ------------------------------------------------------------------------------------------------------


class NarrowPath:
    """Takes segments of up to so many octets, and loses the others without a word."""

    def __init__(self, peer, limit):
        self.peer, self.limit = peer, limit
        self.expected = 1
        self.waiting = {}  # out of order: seq -> length
        self.lost, self.taken = [], []

    def run(self, seconds):
        end = self.peer.port.now + seconds
        while self.peer.port.now < end:
            for came in self.peer.take(0.01):
                if not came.data:
                    continue
                if len(came.data) > self.limit:
                    self.lost.append(len(came.data))
                    continue
                self.taken.append(len(came.data))
                self.waiting[came.seq] = len(came.data)
                while self.expected in self.waiting:
                    self.expected += self.waiting.pop(self.expected)
                self.peer.send("A", seq=1, ack=self.expected)


@case(should("RFC 4821 §7.2", "RFC 2923 §2.1"))
def black_hole_is_found_and_what_the_path_takes_is_searched_for(host, port):
    peer, socket = connected(host, port, MSS)
    path = NarrowPath(peer, 1350)
    written = 0
    for _ in range(12):
        socket.write(bytes(30_000))
        written += 30_000
        path.run(10.0)
    assert path.expected == 1 + written
    assert path.lost[0] == MSS and path.taken[0] <= LEAST
    assert path.limit - PRECISE < max(path.taken) <= path.limit
    path.lost.clear()
    path.taken.clear()
    socket.write(bytes(30_000))
    path.run(10.0)
    assert path.lost == []
    assert path.limit - PRECISE < path.taken[0] <= path.limit


@case(should("RFC 4821 §7.2"))
def search_from_the_start_needs_no_icmpv6(host, port):
    host.tcp.path_mtu_search = True
    peer, socket = connected(host, port, MSS)
    path = NarrowPath(peer, MSS)
    socket.write(bytes(100_000))
    path.run(1.0)
    assert path.expected == 100_001
    assert LEAST in path.taken[:10]
    assert path.taken[-2] == MSS
