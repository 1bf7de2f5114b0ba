"""What a Neighbor Solicitation tells of its source, by the state of the entry for it (RFC 4861 §7.2.3, appendix C)."""

from __future__ import annotations

import pytest

from kamesim.conformance.cases.ipv6._entries import CACHED_MAC, NEW_MAC, STATES, Entry
from kamesim.conformance.cases.ipv6._hosts import FAR, next_hop
from kamesim.conformance.cases.ipv6._neighbors import NEIGHBOR
from kamesim.conformance.exchange import NODE, TESTER, case, must, ns, ra, solicited_node

NUMBERS = {"none": 8, "INCOMPLETE": 9, "REACHABLE": 10, "STALE": 11, "PROBE": 12}
UNKNOWN_PARTS = {"new unicast": "A", "new multicast": "B", "without unicast": "C"}  # of 8 and 9
KNOWN_PARTS = {
    "same unicast": "A",
    "new unicast": "B",
    "without unicast": "C",
    "same multicast": "D",
    "new multicast": "E",
}

# The link-layer address told, and what the node knows then; doubted is an address that was told and not confirmed.
TOLD = {
    "none": {"new": (NEW_MAC, (NEW_MAC, True)), "without": (None, None)},
    "INCOMPLETE": {"new": (NEW_MAC, (NEW_MAC, True)), "without": (None, None)},
    "REACHABLE": {
        "new": (NEW_MAC, (NEW_MAC, True)),
        "same": (CACHED_MAC, (CACHED_MAC, False)),
        "without": (None, (CACHED_MAC, False)),
    },
    "STALE": {
        "new": (NEW_MAC, (NEW_MAC, True)),
        "same": (CACHED_MAC, (CACHED_MAC, True)),
        "without": (None, (CACHED_MAC, True)),
    },
    "PROBE": {
        "new": (NEW_MAC, (NEW_MAC, True)),
        "same": (CACHED_MAC, (CACHED_MAC, True)),
        "without": (None, (CACHED_MAC, True)),
    },
}
CASES = {
    f"{state}, {told} address, {way}": (state, way, *TOLD[state][told])
    for state in STATES
    for told in TOLD[state]
    for way in (("unicast",) if told == "without" else ("unicast", "multicast"))
}


def part(name):
    """The part of the specification that a case is: by what is told, and how."""
    state, told, way = name.split(", ")
    parts = UNKNOWN_PARTS if NUMBERS[state] < NUMBERS["REACHABLE"] else KNOWN_PARTS
    way_told = told.removesuffix("address") + way
    return f"v6LC.2.1.{NUMBERS[state]} {parts[way_told]}"


@case(must("RFC 4861 §7.2.3"), logo={name: part(name) for name in CASES})
@pytest.mark.parametrize(("state", "way", "told", "known"), CASES.values(), ids=CASES)
def solicitation_tells_a_link_layer_address(node, port, state, way, told, known):
    neighbor = Entry(port, NEIGHBOR, NODE.address)
    neighbor.bring_to(state)
    destination = NODE.address if way == "unicast" else solicited_node(NODE.address)
    port.send(ns(source=NEIGHBOR, destination=destination, lladdr=told, from_mac=told or CACHED_MAC))
    port.run(0.0)
    assert neighbor.learned() == known


FROM_A_ROUTER = {
    "unicast, without address": (NODE.link_local, None),
    "unicast, same address": (NODE.link_local, TESTER.mac),
    "multicast, new address": (solicited_node(NODE.link_local), NEW_MAC),
}


@case(
    must("RFC 4861 §7.2.3"),
    logo={
        "unicast, without address": "v6LC.2.1.13 A",
        "unicast, same address": "v6LC.2.1.13 B",
        "multicast, new address": "v6LC.2.1.13 C",
    },
)
@pytest.mark.parametrize(("destination", "lladdr"), FROM_A_ROUTER.values(), ids=FROM_A_ROUTER)
def solicitation_of_a_router_does_not_say_that_it_is_none(host, port, destination, lladdr):
    port.send(ra())
    assert next_hop(host, port, FAR) == TESTER.mac
    port.send(ns(NODE.link_local, destination=destination, lladdr=lladdr, from_mac=lladdr or TESTER.mac))
    assert next_hop(host, port, FAR) == (lladdr or TESTER.mac)
