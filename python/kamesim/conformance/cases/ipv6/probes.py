"""Neighbor Unreachability Detection (RFC 4861 §7.3.3) between addresses of each scope."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._neighbors import DELAY_FIRST_PROBE_TIME, MAX_SOLICIT, RETRANS_TIMER
from kamesim.conformance.exchange import NODE, TESTER, case, echo_request, expect, expect_none, must, ns

# Of the neighbour and of the node.
SCOPES = {
    "link-local to link-local": (TESTER.link_local, NODE.link_local),
    "global to global": (TESTER.address, NODE.address),
    "link-local to global": (TESTER.link_local, NODE.address),
    "global to link-local": (TESTER.address, NODE.link_local),
}


@case(must("RFC 4861 §7.3.3"), logo={name: f"v6LC.2.1.6 {part}" for name, part in zip(SCOPES, "ABCD")})
@pytest.mark.parametrize(("neighbor", "own"), SCOPES.values(), ids=SCOPES)
def neighbor_in_doubt_is_probed(node, port, neighbor, own):
    port.answers.clear()
    port.send(ns(own, source=neighbor))  # the node learns of the neighbour: STALE
    port.run(0.1)
    port.send(echo_request(own, source=neighbor))
    start = expect(port, ICMPv6EchoReply).time
    window = DELAY_FIRST_PROBE_TIME + 0.1
    probes = [expect(port, ICMPv6ND_NS, within=window, tgt=neighbor) for _ in range(MAX_SOLICIT)]
    waits = [DELAY_FIRST_PROBE_TIME + n * RETRANS_TIMER for n in range(MAX_SOLICIT)]
    first = probes[0].time - start
    # The clock runs from the first packet to the neighbour on, which was the advertisement.
    assert first == pytest.approx(waits[0] - 0.1, abs=1e-3)
    assert [p.time - probes[0].time for p in probes] == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)
    assert {(p[IPv6].dst, p.dst, p[IPv6].hlim) for p in probes} == {(neighbor, TESTER.mac, 255)}
    assert {p[IPv6].src for p in probes} <= {NODE.address, NODE.link_local}
    expect_none(port, ICMPv6ND_NS, within=10.0)
