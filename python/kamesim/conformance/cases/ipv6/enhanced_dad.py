"""Duplicate Address Detection that knows its own solicitations when they come back (RFC 7527)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptUnknown
from scapy.packet import Packet

from kamesim.conformance.cases.ipv6._autoconfiguration import RETRANS_TIMER, state
from kamesim.conformance.exchange import NODE, case, expect, expect_none, find, must, ns

NONCE = 14
MAX_MULTICAST_SOLICIT = 3


def nonces(packet):
    """The contents of the Nonce options, read from the bytes: type, length, content (RFC 3971 §5.3.2)."""
    options, found = packet.wire[14 + 40 + 24 :], []
    while options:
        size = 8 * options[1]
        if options[0] == NONCE:
            found.append(bytes(options[2:size]))
        options = options[size:]
    return found


def with_nonce(nonce: bytes) -> Packet:
    """A test of the node's address with this nonce."""
    option = ICMPv6NDOptUnknown(type=NONCE, len=(2 + len(nonce)) // 8, data=nonce)
    return ns(NODE.link_local, option, source="::", lladdr=None)


def own_test(port):
    return expect(port, ICMPv6ND_NS, within=2.0, tgt=NODE.link_local)


@case(must("RFC 7527 §4.1", "RFC 3971 §5.3.2"))
def solicitation_of_the_test_carries_a_nonce_of_six_bytes_or_more(fresh_port):
    (nonce,) = nonces(own_test(fresh_port))
    assert len(nonce) >= 6 and (2 + len(nonce)) % 8 == 0
    assert any(nonce)


@case(must("RFC 7527 §4.1"), role="host")
def each_solicitation_of_the_test_has_a_nonce_of_its_own(lab):
    lab.host(address=False, settle=0.0, dup_addr_detect_transmits=5)
    tests = [p for p in lab.ports[0].run(6.5) if find(p, ICMPv6ND_NS)]
    assert len({nonces(p)[0] for p in tests}) == len(tests) == 5


@case(must("RFC 7527 §4.2"))
def own_solicitation_that_comes_back_is_no_conflict(fresh_host, fresh_port):
    question = own_test(fresh_port)
    fresh_port.send_frames(question.wire)
    fresh_port.run(0.5)
    assert state(fresh_host, NODE.link_local) == "tentative"


@case(must("RFC 7527 §4.1"))
def loop_makes_the_node_test_three_times_more(fresh_host, fresh_port):
    """Automated actions: MAX_MULTICAST_SOLICIT more, RetransTimer apart, with other nonces."""
    question = own_test(fresh_port)
    fresh_port.send_frames(question.wire)
    again = [p for p in fresh_port.run(MAX_MULTICAST_SOLICIT * RETRANS_TIMER + 0.5) if find(p, ICMPv6ND_NS)]
    assert len(again) == MAX_MULTICAST_SOLICIT
    gaps = [b.time - a.time for a, b in zip([question, *again], again)]
    assert gaps == pytest.approx([RETRANS_TIMER] * 3, abs=1e-6)
    assert len({nonces(p)[0] for p in [question, *again]}) == 1 + MAX_MULTICAST_SOLICIT
    fresh_port.run(1.0)
    assert state(fresh_host, NODE.link_local) == "preferred"


@case(must("RFC 7527 §4.1"))
def loop_that_lasts_keeps_the_address_tentative(fresh_host, fresh_port):
    for _ in range(10):
        fresh_port.send_frames(own_test(fresh_port).wire)
    assert state(fresh_host, NODE.link_local) == "tentative"


CONFLICTS = {
    "another nonce": with_nonce(b"\x01\x02\x03\x04\x05\x06"),
    "a longer nonce": with_nonce(bytes(range(14))),
    "no nonce": ns(NODE.link_local, source="::", lladdr=None),
}


@case(must("RFC 7527 §4.2", "RFC 4862 §5.4.3"))
@pytest.mark.parametrize("conflict", CONFLICTS.values(), ids=CONFLICTS)
def solicitation_of_another_node_is_a_conflict(fresh_host, fresh_port, conflict):
    own_test(fresh_port)
    fresh_port.send(conflict)
    expect_none(fresh_port, ICMPv6ND_NS, within=5.0)
    assert state(fresh_host, NODE.link_local) == "duplicated"


@case(must("RFC 7527 §4.2"))
def conflict_counts_after_a_loop_too(fresh_host, fresh_port):
    fresh_port.send_frames(own_test(fresh_port).wire)
    own_test(fresh_port)
    fresh_port.send(with_nonce(b"\x01\x02\x03\x04\x05\x06"))
    expect_none(fresh_port, ICMPv6ND_NS, within=5.0)
    assert state(fresh_host, NODE.link_local) == "duplicated"
