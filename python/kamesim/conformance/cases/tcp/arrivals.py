"""Segments that arrive on a connection (RFC 9293 §3.10.7.4; RFC 5961, RFC 7323 §5)."""

from __future__ import annotations

import pytest

import kamesim as ks
from kamesim.conformance.cases.tcp._peer import SERVICE, Peer, know_neighbor
from kamesim.conformance.exchange import case, expect_dropped, may, must, should


@pytest.fixture
def server(host):
    return host.tcp.listen(SERVICE)


@pytest.fixture
def peer(host, port, server):
    """Connected, without timestamps."""
    know_neighbor(host, port)
    peer = Peer(port)
    peer.connect()
    return peer


@pytest.fixture
def socket(peer, server):
    return server.accept()


@case(must("RFC 9293 §3.10.7.4"))
def text_in_order_is_delivered(peer, socket):
    peer.send("PA", seq=1, ack=1, data=b"hello ")
    peer.send("PA", seq=7, ack=1, data=b"world")
    assert socket.read() == b"hello world"


@case(should("RFC 9293 §3.8.6.3"))
def lone_segment_is_acknowledged_late(peer, socket):
    # MUST-40: within 0.5 s
    peer.send("PA", seq=1, ack=1, data=b"hello")
    sent = peer.port.now
    came = peer.expect("A", seq=1, ack=6, within=0.5)
    assert 0.01 < came.time - sent < 0.5


@case(should("RFC 9293 §3.8.6.3"))
def every_second_full_segment_is_acknowledged_at_once(peer, socket):
    # SHLD-19
    peer.send("A", seq=1, ack=1, data=bytes(1440))
    peer.expect_none(0.001)
    peer.send("A", seq=1441, ack=1, data=bytes(1440))
    peer.expect("A", seq=1, ack=2881)


@case(must("RFC 9293 §3.10.7.4"))
def segment_below_the_window_is_acknowledged(host, peer, socket):
    peer.send("PA", seq=1, ack=1, data=b"hello")
    peer.take(0.5)
    peer.send("PA", seq=1, ack=1, data=b"hello")
    peer.expect("A", seq=1, ack=6)
    assert socket.read() == b"hello"
    expect_dropped(host, "tcp.out_of_window")


@case(must("RFC 9293 §3.10.7.4"))
def segment_beyond_the_window_is_acknowledged(peer, socket):
    window = (1 << 20) + 1
    peer.send("PA", seq=1 + window, ack=1, data=b"far")
    peer.expect("A", seq=1, ack=1)
    assert socket.readable == 0


@case(must("RFC 9293 §3.10.7.4"))
def segment_that_overlaps_brings_what_is_new(peer, socket):
    peer.send("PA", seq=1, ack=1, data=b"hello")
    peer.send("PA", seq=3, ack=1, data=b"llo world")
    assert socket.read() == b"hello world"


@case(should("RFC 9293 §3.10.7.4"))
def text_out_of_order_is_kept(peer, socket):
    # SHLD-31
    peer.send("PA", seq=7, ack=1, data=b"world")
    peer.expect("A", seq=1, ack=1)
    peer.send("PA", seq=1, ack=1, data=b"hello ")
    peer.expect("A", seq=1, ack=12)  # RFC 5681 §4.2: at once, since it fills a gap
    assert socket.read() == b"hello world"


@case(must("RFC 2018 §4"))
def gap_is_told_by_sack(peer, socket):
    peer.send("A", seq=1001, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=1).sack == [1001, 2001]
    peer.send("A", seq=3001, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=1).sack == [3001, 4001, 1001, 2001]  # the newest first
    peer.send("A", seq=2001, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=1).sack == [1001, 4001]
    peer.send("A", seq=1, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=4001).sack == []


@case(must("RFC 2883 §4"))
def duplicate_is_told_by_sack(peer, socket):
    # RFC 2883 §4.1
    peer.send("A", seq=1, ack=1, data=bytes(1000))
    peer.take(0.5)
    peer.send("A", seq=1, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=1001).sack == [1, 1001]


@case(must("RFC 2883 §4"))
def duplicate_beyond_a_gap_is_told_by_sack(peer, socket):
    # RFC 2883 §4.2: the first block is the duplicate, the second the larger one around it
    peer.send("A", seq=2001, ack=1, data=bytes(1000))
    peer.take()
    peer.send("A", seq=2001, ack=1, data=bytes(500))
    assert peer.expect("A", ack=1).sack == [2001, 2501, 2001, 3001]


@case(must("RFC 2018 §2"))
def peer_without_sack_gets_none(host, port, server):
    know_neighbor(host, port)
    peer = Peer(port)
    peer.connect([("MSS", 1440)])
    peer.send("A", seq=1001, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=1).options == {}


# --- RFC 5961 ------------------------------------------------------------------------------------------------------


@case(must("RFC 9293 §3.10.7.4"), must("RFC 5961 §3.2"))
def reset_with_the_next_number_resets(peer, socket):
    peer.send("R", seq=1)
    assert (socket.state, socket.close_reason) == ("CLOSED", "reset")


@case(must("RFC 5961 §3.2"))
def reset_elsewhere_in_the_window_is_challenged(peer, socket):
    peer.send("R", seq=100)
    peer.expect("A", seq=1, ack=1)
    assert socket.state == "ESTABLISHED"


@case(must("RFC 9293 §3.10.7.4"))
@pytest.mark.parametrize("seq", [-1, 2_000_000], ids=["below", "beyond"])
def reset_outside_of_the_window_is_ignored(peer, socket, seq):
    peer.send("R", seq=seq)
    peer.expect_none()
    assert socket.state == "ESTABLISHED"


@case(must("RFC 5961 §4.2"))
@pytest.mark.parametrize("seq", [0, 1, 500, 2_000_000])
def syn_on_a_connection_is_challenged(peer, socket, seq):
    peer.send("S", seq=seq)
    peer.expect("A", seq=1, ack=1)
    assert socket.state == "ESTABLISHED"


@case(must("RFC 5961 §7"))
def challenges_are_limited(host, peer, socket):
    host.tcp.challenge_acks = 5
    for _ in range(50):
        peer.send("S", seq=1)
    assert len(peer.take()) <= 10


@case(must("RFC 9293 §3.10.7.4"))
def ack_of_what_was_not_sent_is_answered(peer, socket):
    peer.send("A", seq=1, ack=1000)
    peer.expect("A", seq=1, ack=1)


@case(may("RFC 5961 §5.2"))
def ack_far_below_is_answered(peer, socket):
    # MAY-12: MAX.SND.WND below SND.UNA
    peer.send("PA", seq=1, ack=-10_000_000, data=b"forged")
    peer.expect("A", seq=1, ack=1)
    assert socket.readable == 0


@case(must("RFC 9293 §3.10.7.4"))
def segment_without_ack_is_dropped(host, peer, socket):
    peer.send("P", seq=1, data=b"hello")
    peer.expect_none()
    assert socket.readable == 0
    expect_dropped(host, "tcp.no_ack")


@case(must("RFC 9293 §3.8.5"))
def urgent_pointer_is_told(peer, socket):
    # MUST-32, MUST-33, MUST-62: it points behind the urgent data
    peer.send("PAU", seq=1, ack=1, data=b"abc!def", urgent=4)
    assert socket.urgent == 4
    assert socket.read(4) == b"abc!"
    assert socket.urgent == 0


@case(must("RFC 9293 §3.10.7.4"))
@pytest.mark.parametrize("text", [b"", b"why"], ids=["empty", "with-text"])
def reset_is_processed_with_a_closed_window(peer, server, text):
    # MUST-66; a reset may have text: SHLD-2
    host_socket = server.accept()
    for n in range(800):
        peer.send("A", seq=1 + 1440 * n, ack=1, data=bytes(1440))
    came = peer.take()[-1]
    assert came.window == 0
    peer.send("R", seq=came.ack, data=text)
    assert host_socket.state == "CLOSED"


# --- Windows -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(host, port):
    """A connection to a receiver of 4000 octets: (peer, socket)."""
    know_neighbor(host, port)
    server = host.tcp.listen(SERVICE, options=ks.TcpOptions(receive_buffer=4000))
    peer = Peer(port)
    assert peer.connect().window == 4000
    return peer, server.accept()


@case(must("RFC 9293 §3.8.6"))
def window_is_what_the_buffer_has_room_for(small):
    peer, _socket = small
    peer.send("A", seq=1, ack=1, data=bytes(1000))
    peer.send("A", seq=1001, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=2001).window == 2000


@case(must("RFC 9293 §3.8.6.1"))
def probe_of_a_closed_window_is_answered(small):
    peer, _socket = small
    for n in range(4):
        peer.send("A", seq=1 + 1000 * n, ack=1, data=bytes(1000))
    assert peer.take(0.5)[-1].window == 0
    peer.send("A", seq=4001, ack=1, data=b"x")
    came = peer.expect("A", ack=4001)
    assert came.window == 0


@case(must("RFC 9293 §3.8.6.2.2"))
def window_opens_in_large_steps_only(small):
    # MUST-39: by a segment, or half of the buffer
    peer, socket = small
    for n in range(4):
        peer.send("A", seq=1 + 1000 * n, ack=1, data=bytes(1000))
    peer.take(0.5)
    socket.read(500)
    peer.expect_none(1.0)
    socket.read(1000)
    assert peer.expect("A", ack=4001).window == 1500


@case(should("RFC 9293 §3.8.6"))
def window_is_not_taken_back(small):
    # SHLD-14
    peer, socket = small
    peer.send("A", seq=1, ack=1, data=bytes(1000))
    edge = (came := peer.expect("A", within=0.5)).ack + came.window
    socket.set_options(receive_buffer=1000)
    peer.send("A", seq=1001, ack=1, data=bytes(1000))
    came = peer.expect("A", within=0.5)
    assert came.ack + came.window >= edge


# --- RFC 7323 §5 ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stamped(host, port, server):
    """A connection with timestamps: (peer, socket)."""
    know_neighbor(host, port)
    peer = Peer(port)
    peer.connect(timestamps=True)
    return peer, server.accept()


@case(must("RFC 7323 §5.3"))
def old_timestamp_is_rejected(host, stamped):
    peer, socket = stamped
    peer.timestamps = 5000
    peer.send("PA", seq=1, ack=1, data=b"new")
    peer.take(0.5)
    peer.timestamps = 4999
    peer.send("PA", seq=4, ack=1, data=b"old")
    peer.expect("A", ack=4)
    assert socket.read() == b"new"
    expect_dropped(host, "tcp.paws")


@case(must("RFC 7323 §5.2"))
def timestamp_that_wrapped_is_newer(stamped):
    peer, socket = stamped
    for value in (0x7000_0000, 0xE000_0000, 5):
        peer.timestamps = value
        peer.send("PA", seq=1 + socket.readable, ack=1, data=b"x")
        peer.take(0.5)  # acknowledged, and so remembered
    assert socket.readable == 3


@case(must("RFC 7323 §5.3"))
def reset_needs_no_timestamp(stamped):
    peer, socket = stamped
    peer.timestamps = None
    peer.send("R", seq=1)
    assert socket.state == "CLOSED"


@case(must("RFC 7323 §3.2"))
def segment_without_timestamp_is_dropped(host, stamped):
    peer, socket = stamped
    peer.timestamps = None
    peer.send("PA", seq=1, ack=1, data=b"bare")
    assert socket.readable == 0
    expect_dropped(host, "tcp.no_timestamp")


@case(must("RFC 7323 §4.3"))
def echoed_is_the_timestamp_of_what_was_acknowledged(stamped):
    # RFC 7323 §4.3: of the earliest segment that a delayed acknowledgment covers
    peer, _socket = stamped
    peer.timestamps = 2000
    peer.send("A", seq=1, ack=1, data=bytes(1428))
    peer.timestamps = 2001
    peer.send("A", seq=1429, ack=1, data=bytes(1428))
    assert peer.expect("A", ack=2857).options["Timestamp"][1] == 2000


@case(must("RFC 7323 §4.3"))
def segment_beyond_a_gap_does_not_change_what_is_echoed(stamped):
    peer, _socket = stamped
    peer.timestamps = 2000
    peer.send("A", seq=1001, ack=1, data=bytes(1000))
    assert peer.expect("A", ack=1).options["Timestamp"][1] == 1001


# --- RFC 3168 §6.1 -------------------------------------------------------------------------------------------------


@pytest.fixture
def ecn(host, port, server):
    """A connection with ECN: (peer, socket)."""
    know_neighbor(host, port)
    peer = Peer(port)
    peer.send("SEC", options=[("MSS", 1440)])
    peer.expect("SAE", seq=0, ack=1)
    peer.send("A", seq=1, ack=1)
    return peer, server.accept()


@case(must("RFC 3168 §6.1.3"))
def congestion_is_echoed_until_the_peer_has_reduced(ecn):
    peer, _socket = ecn
    peer.send("A", seq=1, ack=1, data=bytes(1440), ecn=3)
    peer.send("A", seq=1441, ack=1, data=bytes(1440), ecn=2)
    peer.expect("AE", ack=2881)
    peer.send("A", seq=2881, ack=1, data=bytes(1440), ecn=2)
    peer.send("A", seq=4321, ack=1, data=bytes(1440), ecn=2)
    peer.expect("AE", ack=5761)
    peer.send("AC", seq=5761, ack=1, data=bytes(1440), ecn=2)
    peer.send("A", seq=7201, ack=1, data=bytes(1440), ecn=2)
    peer.expect("A", ack=8641)


@case(must("RFC 3168 §6.1.2"))
def echo_halves_the_window_once_and_is_confirmed(ecn):
    peer, socket = ecn
    socket.write(bytes(100_000))
    first = peer.take()
    assert {came.ecn for came in first} == {2}
    before = socket.info.congestion_window
    peer.send("AE", seq=1, ack=1441)
    reduced = socket.info.congestion_window
    assert reduced < before
    peer.send("AE", seq=1, ack=2881)
    assert socket.info.congestion_window == reduced
    for n in range(3, 11):
        peer.send("A", seq=1, ack=1 + 1440 * n)
    flags = [came.flags for came in peer.take()]
    assert sum("C" in f for f in flags) == 1
    assert "C" in flags[0]


@case(must("RFC 3168 §6.1.1"))
def syn_without_both_bits_asks_for_nothing(host, port, server):
    know_neighbor(host, port)
    peer = Peer(port)
    peer.send("SE", options=[("MSS", 1440)])
    peer.expect("SA", seq=0, ack=1)


@case(must("RFC 3168 §6.1.5"))
def retransmissions_are_not_ecn_capable(ecn):
    peer, socket = ecn
    socket.write(bytes(1000))
    assert peer.expect("PA", seq=1).ecn == 2
    assert peer.expect("PA", seq=1, within=2.0).ecn == 0


@case(must("RFC 3168 §6.1.4"))
def pure_acknowledgments_are_not_ecn_capable(ecn):
    peer, _socket = ecn
    peer.send("A", seq=1, ack=1, data=bytes(100), ecn=2)
    assert peer.expect("A", within=0.5).ecn == 0
