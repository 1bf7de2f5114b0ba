"""Opening connections (RFC 9293 §3.5, §3.10.7.1 to §3.10.7.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import TCP

import kamesim as ks
from kamesim.conformance.cases.tcp._peer import HANDSHAKE, MSS, PEER_PORT, SERVICE, Peer, know_neighbor
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    expect_dropped,
    expect_none,
    may,
    must,
    should,
)


@pytest.fixture
def peer(host, port):
    know_neighbor(host, port)
    return Peer(port)


@pytest.fixture
def server(host):
    return host.tcp.listen(SERVICE)


@case(must("RFC 9293 §3.5"))
def three_way_handshake(peer, server):
    # RFC 9293 §3.5, figure 6
    answer = peer.connect()
    assert server.waiting == 1
    socket = server.accept()
    assert socket.state == "ESTABLISHED"
    assert answer.options["MSS"] == MSS


@case(must("RFC 9293 §3.5"))
def active_open(host, peer):
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    syn = peer.accept()
    assert syn.options["MSS"] == MSS
    assert socket.state == "ESTABLISHED"


@case(must("RFC 9293 §3.10.7.1"))
def syn_to_a_closed_port_is_reset(peer):
    peer.send("S")
    peer.irs = 0
    peer.expect("RA", seq=0, ack=1)


@case(must("RFC 9293 §3.10.7.1"))
def data_for_a_closed_port_is_counted_in_the_reset(peer):
    peer.irs = 0
    peer.send("S", data=b"12345")
    peer.expect("RA", seq=0, ack=6)


@case(must("RFC 9293 §3.10.7.1"))
def ack_to_a_closed_port_is_reset_with_its_number(peer):
    peer.irs = 0
    peer.send("A", seq=77, ack=5555)
    came = peer.expect("R", seq=5555)
    assert came.tcp.ack == 0


@case(must("RFC 9293 §3.10.7.1"))
@pytest.mark.parametrize("flags", ["R", "RA", "SR"])
def reset_to_a_closed_port_is_not_answered(host, peer, flags):
    peer.irs = 0
    peer.send(flags, ack=1)
    peer.expect_none()
    expect_dropped(host, "tcp.no_connection")


@case(must("RFC 9293 §3.10.7.2"))
def listener_resets_an_ack(peer, server):
    peer.irs = 0
    peer.send("A", seq=1, ack=4321)
    peer.expect("R", seq=4321)


@case(must("RFC 9293 §3.10.7.2"))
@pytest.mark.parametrize("flags", ["R", "", "F", "FU"])
def listener_ignores(peer, server, flags):
    peer.irs = 0
    peer.send(flags)
    peer.expect_none()
    peer.irs = None
    peer.connect()


@case(must("RFC 9293 §3.10.7.4"))
def half_open_connection_ends_with_a_reset(peer, server):
    peer.send("S", options=HANDSHAKE)
    peer.expect("SA", seq=0, ack=1)
    assert server.half_open == 1
    peer.send("R", seq=1)
    peer.expect_none(5.0)
    assert server.half_open == 0
    # The listener goes on.
    peer.irs = None
    peer.connect()


@case(must("RFC 9293 §3.8.3"))
def syn_ack_is_retransmitted(peer, server):
    # RFC 6298: after 1, 3, 7, 15 seconds
    peer.send("S", options=HANDSHAKE)
    start = peer.port.now
    peer.expect("SA")
    times = [peer.expect("SA", seq=0, ack=1, within=20.0).time - start for _ in range(4)]
    assert times == pytest.approx([1, 3, 7, 15], abs=0.001)


@case(must("RFC 9293 §3.8.3"))
def syn_is_retransmitted_for_three_minutes(host, peer):
    # MUST-23
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    start = peer.port.now
    peer.expect("S")
    times = [peer.expect("S", seq=0, within=70.0).time - start for _ in range(7)]
    assert times == pytest.approx([1, 3, 7, 15, 31, 63, 123], abs=0.001)
    peer.expect_none(180 - 123)
    peer.port.run(60.0)
    assert (socket.state, socket.close_reason) == ("CLOSED", "timed out")


@case(must("RFC 9293 §3.10.7.3"))
def reset_refuses_a_syn(host, peer):
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    syn = peer.expect("S")
    peer.node_port = syn.tcp.sport
    peer.send("RA", ack=1)
    assert (socket.state, socket.close_reason) == ("CLOSED", "refused")


@case(must("RFC 9293 §3.10.7.3"))
@pytest.mark.parametrize(("flags", "ack"), [("R", None), ("RA", 0), ("RA", 2)], ids=["no ACK", "old ACK", "future ACK"])
def reset_that_acknowledges_no_syn_is_ignored(host, peer, flags, ack):
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    syn = peer.expect("S")
    peer.node_port = syn.tcp.sport
    peer.send(flags, ack=ack)
    assert socket.state == "SYN-SENT"


@case(must("RFC 9293 §3.10.7.3"))
def unacceptable_ack_of_a_syn_is_reset(host, peer):
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    syn = peer.expect("S")
    peer.node_port = syn.tcp.sport
    peer.send("SA", ack=100)
    peer.expect("R", seq=100)
    assert socket.state == "SYN-SENT"


@case(must("RFC 9293 §3.5"))
def simultaneous_open(host, peer):
    # RFC 9293 §3.5, figure 7; MUST-10
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    syn = peer.expect("S")
    peer.node_port = syn.tcp.sport
    peer.send("S", options=HANDSHAKE)
    peer.expect("SA", seq=0, ack=1)
    assert socket.state == "SYN-RECEIVED"
    peer.send("SA", ack=1, options=HANDSHAKE)
    peer.take()
    peer.send("A", seq=1, ack=1)
    assert socket.state == "ESTABLISHED"
    socket.write(b"hello")
    peer.expect("PA", seq=1, ack=1, data=b"hello")


@case(must("RFC 9293 §3.5", "RFC 7323 §2.2"))
def simultaneous_open_needs_no_further_segment(host, peer):
    # RFC 9293 §3.5, figure 7: the <SYN,ACK> of each side is what establishes the other. Its window is not scaled.
    socket = host.tcp.connect(TESTER.address, PEER_PORT)
    syn = peer.expect("S")
    peer.node_port = syn.tcp.sport
    peer.send("S", window=1000, options=HANDSHAKE)
    peer.expect("SA", seq=0, ack=1)
    peer.send("SA", ack=1, window=1000, options=HANDSHAKE)
    peer.expect_none()
    assert socket.state == "ESTABLISHED"
    socket.write(bytes(5000))
    assert sum(len(came.data) for came in peer.take()) == 1000


@case(must("RFC 9293 §3.10.7.2"))
def data_with_a_syn_is_not_lost(peer, server):
    peer.send("S", data=b"early", options=HANDSHAKE)
    answer = peer.expect("SA", seq=0)
    assert answer.ack in (1, 6)
    if answer.ack == 1:
        peer.send("PA", seq=1, ack=1, data=b"early")
    else:
        peer.send("A", seq=6, ack=1)
    peer.port.run(1.0)
    assert server.accept().read() == b"early"


@case(must("RFC 9293 §3.7.1"))
def mss_of_a_peer_that_does_not_tell_is_1220(peer, server):
    # MUST-15
    peer.connect([])
    server.accept().write(bytes(5000))
    assert [len(came.data) for came in peer.take()][0] == 1220


@case(must("RFC 9293 §3.7.1"))
@pytest.mark.parametrize("mss", [536, 1000, 1440])
def segments_are_no_larger_than_the_peers_mss(peer, server, mss):
    # MUST-16
    peer.connect([("MSS", mss)])
    server.accept().write(bytes(20_000))
    came = peer.take()
    assert {len(c.data) for c in came} == {mss}


@case(must("RFC 9293 §3.7.1"))
def mss_larger_than_the_path_does_not_matter(peer, server):
    peer.connect([("MSS", 9000)])
    server.accept().write(bytes(20_000))
    assert {len(came.data) for came in peer.take()} == {MSS}


@case(must("RFC 9293 §3.7.1"))
def mss_comes_in_syns_only(peer, server):
    # MUST-65
    peer.connect()
    server.accept().write(bytes(3000))
    for came in peer.take():
        assert "MSS" not in came.options


@case(must("RFC 7323 §2.2"))
def window_scale_answers_an_offer(peer, server):
    assert "WScale" in peer.connect().options


@case(must("RFC 7323 §1.3"))
def options_that_were_not_offered_are_not_granted(peer, server):
    answer = peer.connect([("MSS", 1440)])
    assert set(answer.options) <= {"MSS", "NOP", "EOL"}


@case(must("RFC 7323 §2.2"))
def window_of_a_syn_is_not_scaled(peer, server):
    peer.send("S", options=[("MSS", 1000), ("WScale", 14)], window=5000)
    peer.expect("SA")
    peer.send("A", seq=1, ack=1, window=1)  # 16384 octets from now on
    server.accept().write(bytes(100_000))
    assert sum(len(came.data) for came in peer.take()) == 10_000  # ten segments (RFC 6928)


@case(must("RFC 7323 §2.3"))
def shift_above_14_counts_as_14(peer, server):
    peer.connect([("MSS", 1000), ("WScale", 200)], window=1)
    server.accept().write(bytes(100_000))
    assert sum(len(came.data) for came in peer.take()) == 10_000


@case(must("RFC 7323 §3.2"))
def timestamps_are_in_every_segment_once_agreed_on(peer, server):
    peer.connect(timestamps=True)
    server.accept().write(bytes(3000))
    came = peer.take()
    assert came
    assert all(c.options["Timestamp"][1] == 1001 for c in came)


@case(must("RFC 2018 §2"))
def sack_permitted_answers_an_offer(peer, server):
    assert "SAckOK" in peer.connect().options


@case(must("RFC 9293 §3.4.1"))
def initial_sequence_numbers_are_not_foreseeable(host, port, server):
    # RFC 6528 §3: between connections from other ports there is no telling; MUST-8, SHLD-1
    know_neighbor(host, port)
    numbers = []
    for own_port in range(41000, 41010):
        peer = Peer(port, own_port=own_port)
        peer.connect()
        numbers.append(peer.irs)
    steps = {(b - a) & 0xFFFFFFFF for a, b in zip(numbers, numbers[1:])}
    assert len(steps) == len(numbers) - 1
    assert min(steps) < 2**31 < max(steps)


@case(must("RFC 9293 §3.4.1"))
def initial_sequence_numbers_of_one_pair_grow_with_time(host, peer, server):
    # RFC 6528 §3: M, the 4 microsecond timer
    peer.connect()
    first = peer.irs
    server.accept().abort()
    peer.take()
    peer.port.run(10.0)
    peer.irs = None
    peer.iss += 1_000_000
    peer.connect()
    assert ((peer.irs - first) & 0xFFFFFFFF) == pytest.approx(10 / 4e-6, rel=0.01)


@case(must("RFC 9293 §3.9.2.3"))
def syn_for_a_group_is_discarded(host, peer, server):
    # MUST-57
    peer.send("S", destination=ALL_NODES)
    peer.expect_none()
    expect_dropped(host, "tcp.not_unicast")


@case(must("RFC 9293 §3.1"))
def segment_with_a_wrong_checksum_is_discarded(host, peer, server):
    # MUST-3
    peer.send("S", chksum=0x1234)
    peer.expect_none()
    expect_dropped(host, "tcp.bad_checksum")


@case(must("RFC 9293 §3.1"))
@pytest.mark.parametrize(
    ("words", "reason"), [(0, "bad_data_offset"), (4, "bad_data_offset"), (15, "truncated")], ids=["0", "4", "15"]
)
def data_offset_that_cannot_be_is_discarded(host, peer, server, words, reason):
    peer.send("S", dataofs=words)
    peer.expect_none()
    expect_dropped(host, f"tcp.{reason}")


@case(must("RFC 9293 §3.2"))
def unknown_options_are_ignored(peer, server):
    # MUST-6
    assert peer.connect([("MSS", 1000), (77, b"abcdef"), (253, b"\0\1")]).options["MSS"] == MSS


@case(must("RFC 9293 §3.1"))
def options_need_no_alignment(peer, server):
    # MUST-64
    peer.connect([("NOP", None), ("MSS", 1000), ("NOP", None), ("SAckOK", b"")])
    server.accept().write(bytes(10_000))
    assert {len(came.data) for came in peer.take()} == {1000}


@case(must("RFC 9293 §3.2"))
@pytest.mark.parametrize(
    "options", [bytes([77, 0, 0, 0]), bytes([77, 1, 0, 0]), bytes([2, 9, 0, 0]), bytes([1, 1, 1, 77])],
    ids=["length 0", "length 1", "length beyond the header", "no length"],
)  # fmt: skip
def illegal_option_length_does_no_harm(host, peer, server, options):
    # MUST-7: handled without crashing; a suggested procedure is to reset the connection and log the error cause
    peer.send("S", data=options, dataofs=6)
    peer.take()
    peer.irs = None
    peer.own_port += 1
    peer.connect()


@case(should("RFC 6335 §6"))
def port_zero_is_nobodys(host, peer):
    peer.own_port = 0
    peer.send("S")
    peer.expect_none()
    expect_dropped(host, "tcp.port_zero")


@case(must("RFC 4987 §3.6"))
def cookies_serve_when_the_queue_is_full(host, port):
    know_neighbor(host, port)
    host.tcp.syn_queue = 4
    server = host.tcp.listen(SERVICE)
    flood = [Peer(port, own_port=50_000 + n) for n in range(20)]
    for attacker in flood:
        attacker.send("S", options=HANDSHAKE)
        attacker.expect("SA")
    assert server.half_open == 4
    assert host.tcp.counters["cookies_sent"] == 16
    # One whose <SYN,ACK> was a cookie goes on, with what it had offered as far as the cookie holds it.
    late = flood[-1]
    late.send("A", seq=1, ack=1)
    assert server.waiting == 1
    socket = server.accept()
    socket.write(bytes(2000))
    came = late.expect("A", seq=1, ack=1)
    assert 536 <= len(came.data) <= MSS
    late.send("A", seq=1, ack=1 + len(came.data))
    assert socket.info.bytes_acknowledged == len(came.data)


@case(must("RFC 4987 §3.6"))
def forged_cookie_is_reset(host, port):
    know_neighbor(host, port)
    host.tcp.syn_queue = 1
    server = host.tcp.listen(SERVICE)
    for n in range(3):
        attacker = Peer(port, own_port=50_000 + n)
        attacker.send("S", options=HANDSHAKE)
        attacker.expect("SA")
    forger = Peer(port, own_port=50_100)
    forger.irs = 12345
    forger.send("A", seq=1, ack=678)
    forger.expect("R", seq=678)
    assert server.waiting == 0


@case(may("RFC 9293 §3.10.1"))
def accept_queue_is_bounded(host, port):
    know_neighbor(host, port)
    server = host.tcp.listen(SERVICE, backlog=2)
    for n in range(2):
        Peer(port, own_port=50_000 + n).connect()
    assert server.waiting == 2
    third = Peer(port, own_port=50_009)
    third.send("S", options=HANDSHAKE)
    came = third.take()
    third.send("A", seq=1, ack=1)
    assert server.waiting == 2
    server.accept()
    if came:
        third.send("PA", seq=1, ack=1, data=b"x")
        third.take()
        assert server.waiting == 2


@case(should("RFC 9293 §3.9.2.2"))
def connection_to_nowhere_is_told(host, port):
    with pytest.raises(ks.Error, match="no route"):
        host.tcp.connect("2001:db8:99::1", 80)


@case(must("RFC 9293 §3.9.1.1"))
def connection_to_a_group_is_refused(host, port):
    # MUST-46
    with pytest.raises(ks.Error, match="invalid address"):
        host.tcp.connect("ff02::1", 80)
    expect_none(port, TCP)


@case(must("RFC 9293 §3.9.1.1"))
def two_listeners_of_one_port_do_not_interfere(host, port):
    # MUST-41, MUST-42: a more specific one takes its own
    know_neighbor(host, port)
    everywhere = host.tcp.listen(SERVICE)
    here = host.tcp.listen(SERVICE, address=NODE.address)
    Peer(port).connect()
    assert (everywhere.waiting, here.waiting) == (0, 1)
    with pytest.raises(ks.Error, match="in use"):
        host.tcp.listen(SERVICE)
