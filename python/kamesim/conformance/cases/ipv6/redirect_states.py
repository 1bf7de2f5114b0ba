"""What a Redirect tells of its target, by the state of the entry for it (RFC 4861 §8.3, appendix C)."""

from __future__ import annotations

import pytest

from kamesim.conformance.cases.ipv6._entries import CACHED_MAC, NEW_MAC, TOLD_CASES, Entry
from kamesim.conformance.cases.ipv6._hosts import option_of_length
from kamesim.conformance.cases.ipv6._redirects import by_router, redirect
from kamesim.conformance.exchange import NODE, TESTER, case, must

TARGET = "fe80::77"
NUMBERS = {"none": 10, "INCOMPLETE": 11, "REACHABLE": 12, "STALE": 13, "PROBE": 14}


class Router(Entry):
    is_router = 1


@case(must("RFC 4861 §8.3"), logo={name: f"v6LC.2.3.{NUMBERS[state]}" for name, (state, *_rest) in TOLD_CASES.items()})
@pytest.mark.parametrize(("state", "told", "known"), TOLD_CASES.values(), ids=TOLD_CASES)
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
