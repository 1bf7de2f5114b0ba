"""What a connection sends, and when (RFC 9293 §3.8; RFC 5681, 6298, 6582, 6675, 8985)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6TimeExceeded, IPv6
from scapy.packet import Raw

import kamesim as ks
from kamesim.conformance.cases.tcp._peer import HANDSHAKE, MSS, PEER_PORT, SERVICE, Peer, know_neighbor
from kamesim.conformance.exchange import TESTER, case, expect_dropped, ip, must, should


def connected(host, port, *, options=None, handshake=None, window=65535, timestamps=False):
    know_neighbor(host, port)
    server = host.tcp.listen(SERVICE, options=options)
    peer = Peer(port)
    peer.connect(handshake, window=window, timestamps=timestamps)
    return peer, server.accept()


@pytest.fixture
def pair(host, port):
    """(peer, socket)."""
    return connected(host, port)


def lengths(peer, within=0.001):
    return [len(came.data) for came in peer.take(within)]


# --- Segments ------------------------------------------------------------------------------------------------------


@case(should("RFC 9293 §3.7.4"))
def small_writes_are_gathered_while_data_is_under_way(pair):
    # MUST-17: the Nagle algorithm
    peer, socket = pair
    socket.write(b"a")
    peer.expect("PA", seq=1, data=b"a")
    socket.write(b"b")
    socket.write(b"c")
    peer.expect_none()
    peer.send("A", seq=1, ack=2)
    peer.expect("PA", seq=2, data=b"bc")


@case(must("RFC 9293 §3.7.4"))
def nagle_can_be_turned_off(pair):
    peer, socket = pair
    socket.set_options(nodelay=True)
    socket.write(b"a")
    peer.expect("PA", data=b"a")
    socket.write(b"b")
    peer.expect("PA", seq=2, data=b"b")


@case(must("RFC 9293 §3.9.1.2"))
def last_segment_of_a_write_is_pushed(pair):
    # MUST-61
    peer, socket = pair
    socket.write(bytes(3 * MSS))
    assert ["P" in came.flags for came in peer.take()] == [False, False, True]


@case(must("RFC 9293 §3.8.6"))
def window_is_respected(host, port):
    peer, socket = connected(host, port, handshake=[("MSS", 1000)], window=2500)
    socket.write(bytes(10_000))
    assert lengths(peer) == [1000, 1000]
    peer.send("A", seq=1, ack=2001, window=2500)
    assert lengths(peer) == [1000, 1000]


@case(must("RFC 9293 §3.8.6.1"))
def closed_window_is_probed(host, port):
    # MUST-36, SHLD-29, SHLD-30
    peer, socket = connected(host, port, handshake=[("MSS", 1000)])
    peer.send("A", seq=1, ack=1, window=0)
    socket.write(bytes(5000))
    start = peer.port.now
    times = []
    for _ in range(5):
        came = peer.expect("A", seq=1, length=1, within=60.0)
        times.append(came.time - start)
        peer.send("A", seq=1, ack=1, window=0)
    assert times == pytest.approx([1, 3, 7, 15, 31], abs=0.01)
    # MUST-37: it may stay closed for ever.
    for _ in range(20):
        peer.expect("A", seq=1, length=1, within=61.0)
        peer.send("A", seq=1, ack=1, window=0)
    peer.send("A", seq=1, ack=1, window=65535)
    assert sum(lengths(peer)) >= 4000


@case(must("RFC 9293 §3.8.6.2.1"))
def small_windows_are_not_filled(host, port):
    # MUST-38
    peer, socket = connected(host, port, handshake=[("MSS", 1000)], window=5000)
    socket.write(bytes(20_000))
    assert lengths(peer) == [1000] * 5
    peer.send("A", seq=1, ack=5001, window=300)
    peer.expect_none(0.05)


@case(must("RFC 9293 §3.8.6"))
def shrinking_window_is_survived(host, port):
    # MUST-34
    peer, socket = connected(host, port, handshake=[("MSS", 1000)], window=5000)
    socket.write(bytes(20_000))
    assert lengths(peer) == [1000] * 5
    peer.send("A", seq=1, ack=1001, window=1000)
    peer.take(3.0)
    assert socket.state == "ESTABLISHED"
    peer.send("A", seq=1, ack=5001, window=5000)
    assert lengths(peer) == [1000, 1000]  # in slow start, after the timeout


# --- RFC 6298 ------------------------------------------------------------------------------------------------------


@case(must("RFC 6298 §5"))
def timeouts_double(host, port):
    # RFC 6298 §2.4, §5.5
    peer, socket = connected(host, port, handshake=[("MSS", 1000)])
    socket.write(b"hello")
    start = peer.port.now
    peer.expect("PA", data=b"hello")
    times = [peer.expect("PA", seq=1, data=b"hello", within=65.0).time - start for _ in range(6)]
    assert times == pytest.approx([1, 3, 7, 15, 31, 63], abs=0.01)


@case(must("RFC 9293 §3.8.3"))
def connection_is_given_up_after_r2(host, port):
    # MUST-20, SHLD-11: at least 100 seconds
    peer, socket = connected(host, port)
    socket.write(b"hello")
    peer.port.run(100.0)
    assert socket.state == "ESTABLISHED"
    peer.port.run(200.0)
    assert (socket.state, socket.close_reason) == ("CLOSED", "timed out")


@case(must("RFC 9293 §3.8.3"))
def trouble_is_told_at_r1(host, port):
    # SHLD-9, SHLD-10: at least three retransmissions
    peer, socket = connected(host, port)
    socket.write(b"hello")
    peer.port.run(6.5)
    assert socket.soft_errors == []
    peer.port.run(1.0)
    assert socket.soft_errors == [(0, 0)]


@case(must("RFC 5681 §3.1"))
def timeout_closes_the_window_to_one_segment(host, port):
    # Without new data, which F-RTO (RFC 5682) would send.
    peer, socket = connected(host, port, handshake=[("MSS", 1000)])
    socket.write(bytes(10_000))
    assert lengths(peer) == [1000] * 10
    assert peer.expect("A", seq=1, within=1.1, length=1000)
    peer.expect_none(0.5)
    peer.send("A", seq=1, ack=1001)
    assert [came.seq for came in peer.take()] == [1001, 2001]


# --- RFC 5681, RFC 6928 --------------------------------------------------------------------------------------------


@case(must("RFC 6928 §2"))
@pytest.mark.parametrize(("mss", "segments"), [(1000, 10), (1440, 10)])
def initial_window_is_ten_segments(host, port, mss, segments):
    peer, socket = connected(host, port, handshake=[("MSS", mss)])
    socket.write(bytes(100_000))
    assert lengths(peer) == [mss] * segments


@case(must("RFC 5681 §3.1"))
def slow_start_doubles_the_window(host, port):
    peer, socket = connected(host, port, handshake=[("MSS", 1000), ("WScale", 7)])
    socket.write(bytes(500_000))
    acked, flights = 1, []
    for _ in range(4):
        flight = lengths(peer)
        flights.append(len(flight))
        for length in flight:
            acked += length
            peer.port.send(peer.segment("A", seq=1, ack=acked, window=30_000))
    assert flights == [10, 20, 40, 80]


@case(should("RFC 5681 §3.2"))
def third_duplicate_retransmits(host, port):
    peer, socket = connected(host, port, handshake=[("MSS", 1000)])
    socket.write(bytes(10_000))
    assert len(lengths(peer)) == 10
    peer.send("A", seq=1, ack=1)
    peer.send("A", seq=1, ack=1)
    peer.expect_none()
    peer.send("A", seq=1, ack=1)
    peer.expect("A", seq=1, length=1000)


@case(should("RFC 3042 §2"))
def first_two_duplicates_let_new_data_go(host, port):
    peer, socket = connected(host, port, handshake=[("MSS", 1000)])
    socket.write(bytes(50_000))
    assert len(lengths(peer)) == 10
    peer.send("A", seq=1, ack=1)
    peer.expect("A", seq=10_001, length=1000)
    peer.send("A", seq=1, ack=1)
    peer.expect("A", seq=11_001, length=1000)


@case(must("RFC 6582 §3.2"))
def partial_acknowledgment_retransmits_the_next_hole(host, port):
    peer, socket = connected(host, port, handshake=[("MSS", 1000)])
    socket.write(bytes(10_000))
    peer.take()
    for _ in range(3):
        peer.send("A", seq=1, ack=1)
    peer.expect("A", seq=1, length=1000)
    peer.send("A", seq=1, ack=5001)
    peer.expect("A", seq=5001, length=1000)


@pytest.fixture
def sacking(host, port):
    """A connection with SACK, 10 segments of 1000 octets under way, 100 ms after they were sent: (peer, socket)."""
    know_neighbor(host, port)
    server = host.tcp.listen(SERVICE)
    peer = Peer(port)
    peer.send("S", options=[("MSS", 1000), ("SAckOK", b"")])
    peer.expect("SA")
    peer.port.run(0.1)
    peer.send("A", seq=1, ack=1)
    socket = server.accept()
    socket.write(bytes(10_000))
    assert len(lengths(peer)) == 10
    peer.port.run(0.1)

    def blocks(*edges):
        return [("NOP", None), ("NOP", None), ("SAck", tuple((peer.irs + edge) & 0xFFFFFFFF for edge in edges))]

    peer.blocks = blocks
    return peer, socket


@case(should("RFC 6675 §5"))
def only_what_was_not_sacked_is_retransmitted(sacking):
    peer, _socket = sacking
    peer.send("A", seq=1, ack=1001, options=peer.blocks(2001, 3001))
    peer.send("A", seq=1, ack=1001, options=peer.blocks(2001, 4001))
    peer.send("A", seq=1, ack=1001, options=peer.blocks(2001, 6001))
    peer.expect("A", seq=1001, length=1000)
    peer.port.run(0.1)
    peer.send("A", seq=1, ack=6001, options=peer.blocks(7001, 10_001))
    peer.expect("A", seq=6001, length=1000)
    peer.port.run(0.1)
    peer.send("A", seq=1, ack=10_001)
    peer.expect_none(2.0)


@case(should("RFC 8985 §6.2"))
def single_sack_retransmits_after_a_quarter_of_the_round_trip(sacking):
    peer, _socket = sacking
    start = peer.port.now
    peer.send("A", seq=1, ack=9001 - 1000, options=peer.blocks(9001, 10_001))
    came = peer.expect("A", seq=8001, length=1000, within=0.5)
    assert came.time - start == pytest.approx(0.025, abs=0.002)


@case(should("RFC 8985 §7.2"))
def tail_is_probed_after_two_round_trips(sacking):
    peer, _socket = sacking
    start = peer.port.now - 0.1  # when they were sent
    came = peer.expect("PA", seq=9001, length=1000, within=0.2)
    assert came.time - start == pytest.approx(0.2, abs=0.002)


# --- Keep-alives ---------------------------------------------------------------------------------------------------


@case(must("RFC 9293 §3.8.4"))
def keep_alives_are_off_by_default(pair):
    # MUST-25
    peer, _socket = pair
    peer.expect_none(20_000.0)


@case(must("RFC 9293 §3.8.4"))
def keep_alive_probes_an_idle_connection(host, port):
    # MUST-28: after two hours; SHLD-12: SND.NXT - 1, no data
    peer, socket = connected(host, port, options=ks.TcpOptions(keepalive=True))
    peer.expect_none(7199.0)
    came = peer.expect("A", seq=0, ack=1, within=2.0)
    assert came.data == b""
    peer.send("A", seq=1, ack=1)
    peer.expect_none(7199.0)
    assert socket.state == "ESTABLISHED"


@case(must("RFC 9293 §3.8.4"))
def keep_alives_without_answer_end_the_connection(host, port):
    # MUST-29: not at the first
    options = ks.TcpOptions(keepalive=True, keepalive_idle=10.0, keepalive_interval=5.0, keepalive_probes=3)
    peer, socket = connected(host, port, options=options)
    for _ in range(3):
        peer.expect("A", seq=0, within=10.5)
        assert socket.state == "ESTABLISHED"
    peer.port.run(6.0)
    assert (socket.state, socket.close_reason) == ("CLOSED", "timed out")


# --- ICMPv6 --------------------------------------------------------------------------------------------------------


def quoting(error, packet):
    """RFC 4443 §3.1: as much of the invoking packet as possible without exceeding the minimum IPv6 MTU."""
    return ip() / error / Raw(bytes(packet)[: 1280 - 40 - 8])


@case(must("RFC 8201 §5.4"))
def packet_too_big_makes_segments_smaller(pair):
    peer, socket = pair
    socket.write(bytes(5 * MSS))
    came = peer.take()
    peer.port.send(quoting(ICMPv6PacketTooBig(mtu=1300), came[0].packet[IPv6]))
    again = peer.take(3.0)
    assert max(len(c.data) for c in again) == 1300 - 40 - 20
    assert again[0].seq == 1


@case(must("RFC 8201 §4"))
def forged_packet_too_big_is_not_believed(host, pair):
    # RFC 5927 §4.1: the sequence number is not of anything under way. KAME believes a few that nobody vouches for.
    host.ip6.path_mtu_unverified_entries = 0
    peer, socket = pair
    socket.write(bytes(2 * MSS))
    came = peer.take()
    forged = came[0].packet[IPv6].copy()
    forged["TCP"].seq = (forged["TCP"].seq + 500_000_000) & 0xFFFFFFFF
    del forged["TCP"].chksum
    peer.send("A", seq=1, ack=1 + 2 * MSS)
    peer.port.send(quoting(ICMPv6PacketTooBig(mtu=1280), forged))
    socket.write(bytes(3 * MSS))
    sizes = lengths(peer)
    assert max(sizes) == MSS


@case(must("RFC 9293 §3.9.2.2"))
@pytest.mark.parametrize(
    "error", [ICMPv6DestUnreach(code=0), ICMPv6DestUnreach(code=3), ICMPv6TimeExceeded(code=0)],
    ids=["no route", "address unreachable", "time exceeded"],
)  # fmt: skip
def soft_error_does_not_end_a_connection(pair, error):
    # MUST-56, SHLD-25
    peer, socket = pair
    socket.write(b"hello")
    came = peer.expect("PA", seq=1)
    peer.port.send(quoting(error, came.packet[IPv6]))
    assert socket.state == "ESTABLISHED"
    assert socket.soft_errors == [(error.type, error.code)]


@case(should("RFC 9293 §3.9.2.2"))
def port_unreachable_ends_a_syn(host, port):
    know_neighbor(host, port)
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    peer = Peer(port)
    syn = peer.expect("S")
    port.send(quoting(ICMPv6DestUnreach(code=4), syn.packet[IPv6]))
    assert (socket.state, socket.close_reason) == ("CLOSED", "unreachable")


@case(must("RFC 9293 §3.9.2.2"))
def error_about_what_is_not_under_way_is_ignored(host, pair):
    peer, socket = pair
    socket.write(b"hello")
    came = peer.expect("PA", seq=1)
    peer.send("A", seq=1, ack=6)
    peer.port.send(quoting(ICMPv6DestUnreach(code=4), came.packet[IPv6]))
    assert socket.state == "ESTABLISHED"
    assert socket.soft_errors == []
    expect_dropped(host, "tcp.icmp_error_not_ours")


@case(should("RFC 6437 §3"))
def segments_of_a_connection_have_one_flow_label(pair):
    peer, socket = pair
    socket.write(bytes(3 * MSS))
    labels = {came.packet[IPv6].fl for came in peer.take()}
    assert len(labels) == 1
    assert labels != {0}


@case(must("RFC 9293 §3.8.5"))
def urgent_data_is_pointed_at(pair):
    # MUST-62: the octet behind it
    peer, socket = pair
    socket.write(b"abc!", urgent=True)
    came = peer.expect("PAU", seq=1, data=b"abc!")
    assert came.tcp.urgptr == 4


@case(should("RFC 3168 §6.1.1"))
def ecn_is_asked_for_when_wanted(host, port):
    know_neighbor(host, port)
    host.tcp.connect(TESTER.address, PEER_PORT, options=ks.TcpOptions(ecn="request"))
    peer = Peer(port)
    peer.expect("SEC", seq=0)


@case(must("RFC 4861 §7.3.1"))
def progress_confirms_the_neighbor(host, port):
    # While data is acknowledged the neighbour is not probed.
    peer, socket = connected(host, port, handshake=HANDSHAKE)
    acked = 1
    for _ in range(60):
        socket.write(bytes(100))
        acked += 100
        peer.port.run(0.5)
        peer.send("A", seq=1, ack=acked)
        peer.port.run(0.5)
    assert not any(ICMPv6ND_NS in p and p[IPv6].dst == TESTER.address for p in peer.port.inbox)
