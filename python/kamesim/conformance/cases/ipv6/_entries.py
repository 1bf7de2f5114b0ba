"""Shared by the cases on what messages do to a Neighbor Cache entry, by the state it is in (RFC 4861 §7.3.2)."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._neighbors import DELAY_FIRST_PROBE_TIME, MAX_REACHABLE_TIME, RETRANS_TIMER
from kamesim.conformance.exchange import echo_request, expect, find, is_multicast, na

CACHED_MAC, NEW_MAC = "02:00:00:00:00:77", "02:00:00:00:00:66"
STATES = ("none", "INCOMPLETE", "REACHABLE", "STALE", "PROBE")

# By the entry's state, what a Redirect or a router's message tells of the address (RFC 4861 §6.2.6, §6.3.4, §8.3): the
# link-layer address told, and what is known then: None: nothing, or else the address and whether it is doubted.
TOLD_ADDRESSES = {
    "none": {"new": (NEW_MAC, (NEW_MAC, True)), "no": (None, None)},
    "INCOMPLETE": {"new": (NEW_MAC, (NEW_MAC, True)), "no": (None, None)},
    "REACHABLE": {
        "same": (CACHED_MAC, (CACHED_MAC, False)),
        "new": (NEW_MAC, (NEW_MAC, True)),
        "no": (None, (CACHED_MAC, False)),
    },
    "STALE": {
        "same": (CACHED_MAC, (CACHED_MAC, True)),
        "new": (NEW_MAC, (NEW_MAC, True)),
        "no": (None, (CACHED_MAC, True)),
    },
    "PROBE": {
        "same": (CACHED_MAC, (CACHED_MAC, True)),
        "new": (NEW_MAC, (NEW_MAC, True)),
        "no": (None, (CACHED_MAC, True)),
    },
}
TOLD_CASES = {
    f"{state}, {told} address": (state, *outcome)
    for state in STATES
    for told, outcome in TOLD_ADDRESSES[state].items()
}


class Entry:
    """A neighbour that the tester plays, and the node's entry for it."""

    def __init__(self, port, address, node_address):
        self.port = port
        self.address = address
        self.node_address = node_address  # where the neighbour sends its requests to
        port.answers.clear()

    def request(self, mac=CACHED_MAC, **fields):
        return echo_request(self.node_address, source=self.address, from_mac=mac, **fields)

    def bring_to(self, state):
        """Makes the node's entry for it be in that state, with CACHED_MAC where the state has a link-layer address."""
        if state == "none":
            return
        self.port.send(self.request())
        expect(self.port, ICMPv6ND_NS, tgt=self.address)
        if state == "INCOMPLETE":
            return
        self.port.send(
            na(self.address, destination=self.node_address, lladdr=CACHED_MAC, from_mac=CACHED_MAC, router=self.is_router)
        )
        expect(self.port, ICMPv6EchoReply)
        if state == "REACHABLE":
            return
        self.port.run(MAX_REACHABLE_TIME + 1)
        if state == "PROBE":
            self.port.send(self.request())
            expect(self.port, ICMPv6EchoReply)
            probe = expect(self.port, ICMPv6ND_NS, within=DELAY_FIRST_PROBE_TIME + 0.1, tgt=self.address)
            assert not is_multicast(probe[IPv6].dst)

    is_router = 0

    def learned(self):
        """(link-layer address, whether it is doubted) that the node has for it; None if it has to ask.

        A packet to the neighbour shows it: it goes to the address that is known, and if its reachability is in doubt, a
        probe follows at the latest DELAY_FIRST_PROBE_TIME later."""
        self.port.inbox.clear()
        self.port.send(self.request(seq=9))
        came = self.port.run(DELAY_FIRST_PROBE_TIME + RETRANS_TIMER + 0.1)
        replies = [p for p in came if find(p, ICMPv6EchoReply) and p[IPv6].dst == self.address]
        questions = [p for p in came if find(p, ICMPv6ND_NS) and p[ICMPv6ND_NS].tgt == self.address]
        if not replies:
            assert questions and is_multicast(questions[0][IPv6].dst)
            return None
        probes = [p for p in questions if not is_multicast(p[IPv6].dst)]
        assert {p.dst for p in probes} <= {replies[0].dst}
        return replies[0].dst, bool(probes)
