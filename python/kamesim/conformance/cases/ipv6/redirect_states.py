"""What a Redirect tells of its target, by the state of the entry for it (RFC 4861 §8.3, appendix C)."""

from __future__ import annotations

import pytest

from kamesim.conformance.cases.ipv6._entries import CACHED_MAC, NEW_MAC, STATES, Entry
from kamesim.conformance.cases.ipv6._hosts import option_of_length
from kamesim.conformance.cases.ipv6._redirects import by_router, redirect
from kamesim.conformance.exchange import NODE, TESTER, case, must

TARGET = "fe80::77"
NUMBERS = {"none": 10, "INCOMPLETE": 11, "REACHABLE": 12, "STALE": 13, "PROBE": 14}

# The link-layer address told, and what is known then: None: nothing, or else the address and whether it is doubted.
TOLD = {
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
CASES = {f"{state}, {told} address": (state, *TOLD[state][told]) for state in STATES for told in TOLD[state]}


class Router(Entry):
    is_router = 1


@case(must("RFC 4861 §8.3"), logo={name: f"v6LC.2.3.{NUMBERS[state]}" for name, (state, *_rest) in CASES.items()})
@pytest.mark.parametrize(("state", "told", "known"), CASES.values(), ids=CASES)
def redirect_tells_a_link_layer_address(host, port, by_router, state, told, known):
    target = Router(port, TARGET, NODE.link_local)
    target.bring_to(state)
    port.send(redirect(TARGET, lladdr=told))
    assert target.learned() == known


INVALID = {
    "source is global": {"source": TESTER.address},
    "source is not the first hop": {"source": "fe80::66"},
    "hop limit": {"hop_limit": 254},
    "code": {"code": 1},
    "checksum": {"cksum": 0x1234},
    "destination is a group": {"destination": "ff0e::7"},
    "option of length 0": {"extra": option_of_length(0)},
}


@case(must("RFC 4861 §8.1"), logo={name: "v6LC.2.3.15" for name in INVALID})
@pytest.mark.parametrize("fields", INVALID.values(), ids=INVALID)
def invalid_redirect_tells_nothing(host, port, by_router, fields):
    target = Router(port, TARGET, NODE.link_local)
    target.bring_to("STALE")
    fields = dict(fields)
    extra = [fields.pop("extra")] if "extra" in fields else []
    port.send(redirect(TARGET, *extra, lladdr=NEW_MAC, **fields))
    assert target.learned() == (CACHED_MAC, True)
