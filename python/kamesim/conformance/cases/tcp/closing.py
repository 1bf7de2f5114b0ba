"""Closing connections (RFC 9293 §3.6)."""

from __future__ import annotations

import pytest

from kamesim.conformance.cases.tcp._peer import HANDSHAKE, SERVICE, Peer, know_neighbor
from kamesim.conformance.exchange import case, may, must, should


@pytest.fixture
def server(host):
    return host.tcp.listen(SERVICE)


@pytest.fixture
def peer(host, port, server):
    know_neighbor(host, port)
    peer = Peer(port)
    peer.connect()
    return peer


@pytest.fixture
def socket(peer, server):
    return server.accept()


@case(must("RFC 9293 §3.6"))
def node_closes_first(host, peer, socket):
    # RFC 9293 §3.6, figure 12
    socket.shutdown()
    peer.expect("FA", seq=1, ack=1)
    assert socket.state == "FIN-WAIT-1"
    peer.send("A", seq=1, ack=2)
    assert socket.state == "FIN-WAIT-2"
    peer.send("FA", seq=1, ack=2)
    peer.expect("A", seq=2, ack=2)
    assert socket.state == "TIME-WAIT"
    peer.port.run(2 * 120 - 1)
    assert socket.state == "TIME-WAIT"  # MUST-13: 2 MSL
    peer.port.run(2)
    assert (socket.state, socket.close_reason) == ("CLOSED", "finished")


@case(must("RFC 9293 §3.6"))
def peer_closes_first(peer, socket):
    peer.send("FA", seq=1, ack=1)
    peer.expect("A", seq=1, ack=2)
    assert socket.state == "CLOSE-WAIT"
    assert socket.at_end
    socket.shutdown()
    peer.expect("FA", seq=1, ack=2)
    assert socket.state == "LAST-ACK"
    peer.send("A", seq=2, ack=2)
    assert (socket.state, socket.close_reason) == ("CLOSED", "finished")


@case(must("RFC 9293 §3.6"))
def both_close_at_once(peer, socket):
    # RFC 9293 §3.6, figure 13
    socket.shutdown()
    peer.expect("FA", seq=1, ack=1)
    peer.send("FA", seq=1, ack=1)
    peer.expect("A", seq=2, ack=2)
    assert socket.state == "CLOSING"
    peer.send("A", seq=2, ack=2)
    assert socket.state == "TIME-WAIT"


@case(must("RFC 9293 §3.10.7.4"))
def fin_and_its_acknowledgment_may_come_together(peer, socket):
    socket.shutdown()
    peer.expect("FA", seq=1, ack=1)
    peer.send("FA", seq=1, ack=2)
    peer.expect("A", seq=2, ack=2)
    assert socket.state == "TIME-WAIT"


@case(must("RFC 9293 §3.6"))
def half_closed_connection_still_receives(peer, socket):
    socket.shutdown()
    peer.expect("FA", seq=1)
    peer.send("PA", seq=1, ack=2, data=b"more")
    assert socket.read() == b"more"
    assert socket.state == "FIN-WAIT-2"


@case(must("RFC 9293 §3.6"))
def half_closed_connection_still_sends(peer, socket):
    peer.send("FA", seq=1, ack=1)
    peer.expect("A", ack=2)
    socket.write(b"answer")
    peer.expect("PA", seq=1, ack=2, data=b"answer")


@case(must("RFC 9293 §3.10.4"))
def close_waits_for_what_was_written(peer, socket):
    socket.write(b"last words")
    socket.shutdown()
    came = peer.take()
    assert b"".join(c.data for c in came) == b"last words"
    assert "F" in came[-1].flags


@case(must("RFC 9293 §3.8"))
def fin_is_retransmitted(peer, socket):
    socket.shutdown()
    peer.expect("FA", seq=1)
    peer.expect("FA", seq=1, within=1.1)


@case(must("RFC 9293 §3.10.7.4"))
def fin_in_time_wait_restarts_the_wait(peer, socket):
    socket.shutdown()
    peer.expect("FA", seq=1)
    peer.send("FA", seq=1, ack=2)
    peer.expect("A", ack=2)
    peer.port.run(200)
    peer.send("FA", seq=1, ack=2)
    peer.expect("A", seq=2, ack=2)
    peer.port.run(200)
    assert socket.state == "TIME-WAIT"
    peer.port.run(41)
    assert socket.state == "CLOSED"


@case(may("RFC 9293 §3.6.1"))
def syn_may_reopen_a_connection_in_time_wait(peer, server, socket):
    # MAY-2: its number is beyond those of the old connection
    socket.shutdown()
    peer.expect("FA", seq=1)
    peer.send("FA", seq=1, ack=2)
    peer.expect("A", ack=2)
    peer.iss += 100_000
    old, peer.irs = peer.irs, None
    peer.send("S", options=HANDSHAKE)
    peer.expect("SA", seq=0, ack=1)
    assert ((peer.irs - old) & 0xFFFFFFFF) < 2**31
    peer.send("A", seq=1, ack=1)
    assert server.waiting == 1


@case(must("RFC 9293 §3.6.1"))
def old_syn_does_not_reopen(peer, server, socket):
    socket.shutdown()
    peer.expect("FA", seq=1)
    peer.send("FA", seq=1, ack=2)
    peer.expect("A", ack=2)
    peer.send("S", seq=-5000, options=HANDSHAKE)
    peer.expect("A", seq=2, ack=2)
    assert server.waiting == 0


@case(should("RFC 9293 §3.6.1"))
def close_with_data_unread_resets(peer, socket):
    # SHLD-3
    peer.send("PA", seq=1, ack=1, data=b"never read")
    socket.close()
    came = peer.take()[-1]
    assert "R" in came.flags


@case(should("RFC 9293 §3.6.1"))
def data_after_close_is_reset(peer, socket):
    socket.close()
    peer.expect("FA", seq=1)
    peer.send("A", seq=1, ack=2)
    peer.send("PA", seq=1, ack=2, data=b"nobody reads this")
    came = peer.take()[-1]
    assert "R" in came.flags


@case(must("RFC 9293 §3.10.5"))
def abort_resets(peer, socket):
    socket.abort()
    came = peer.expect("RA", seq=1)
    assert came.ack == 1
    peer.send("PA", seq=1, ack=1, data=b"late")
    peer.expect("R", seq=1)


@case(must("RFC 9293 §3.10.7.4"))
@pytest.mark.parametrize("state", ["FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT"])
def reset_ends_a_closing_connection(peer, socket, state):
    if state == "CLOSE-WAIT":
        peer.send("FA", seq=1, ack=1)
        peer.expect("A", ack=2)
        peer.send("R", seq=2)
    else:
        socket.shutdown()
        peer.expect("FA", seq=1)
        if state == "FIN-WAIT-2":
            peer.send("A", seq=1, ack=2)
        peer.send("R", seq=1)
    assert (socket.state, socket.close_reason) == ("CLOSED", "reset")


@case(must("RFC 9293 §3.6"))
def connection_that_nobody_holds_does_not_wait_for_ever(host, peer, socket):
    socket.close()
    peer.expect("FA", seq=1)
    peer.send("A", seq=1, ack=2)
    assert host.tcp.connections == 1
    peer.port.run(61)
    assert host.tcp.connections == 0


@case(must("RFC 9293 §3.6"))
def fin_out_of_order_waits_for_the_text_before_it(peer, socket):
    peer.send("FPA", seq=6, ack=1, data=b"world")
    peer.expect("A", ack=1)
    assert not socket.at_end
    peer.send("PA", seq=1, ack=1, data=b"hello")
    peer.expect("A", ack=12)
    assert socket.read() == b"helloworld"
    assert socket.at_end
    assert socket.state == "CLOSE-WAIT"
