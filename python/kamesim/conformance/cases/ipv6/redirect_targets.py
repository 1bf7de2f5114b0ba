"""Redirects at a host (RFC 4861 §8.1, §8.3): each kind of target, with and without each option, valid or not."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6NDOptMTU,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6Unknown,
    IPv6,
)

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER, next_hop, option_of_length
from kamesim.conformance.cases.ipv6._redirects import by_router, redirect
from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    expect,
    expect_silence,
    find,
    ip,
    must,
    payload_of,
    prefix_information,
)

OTHER_DESTINATION = "2001:db8:7::2"

# The Ready Logo tells the cases of a destination that is a neighbour from those of another router.
TARGETS = {"on-link": FAR, "alternate router": SECOND_ROUTER}
OPTIONS = {
    "no options": (None, False),
    "redirected header": (None, True),
    "address": (SECOND_MAC, False),
    "address and redirected header": (SECOND_MAC, True),
}
both_targets = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def numbers(on_link, alternate, names, *, middle):
    """Ready Logo numbers of a case that has `names` as parameters, part by part, for both targets."""
    found = {}
    for target, number in (("on-link", on_link), ("alternate router", alternate)):
        for part, name in zip("ABCDEFGHI", names):
            found[f"{name}-{target}" if middle else f"{target}-{name}"] = f"v6LC.2.3.{number} {part}"
    return found


@case(must("RFC 4861 §8.3"), logo=numbers(1, 4, OPTIONS, middle=True))
@both_targets
@pytest.mark.parametrize(("lladdr", "quotes"), OPTIONS.values(), ids=OPTIONS)
def redirect_is_followed(host, port, by_router, target, lladdr, quotes):
    port.answers[target] = SECOND_MAC
    port.routers.add(target)
    port.send(redirect(target, lladdr=lladdr, quotes=quotes))
    host.ping(FAR, count=1)
    came = port.run(1.0)
    asked = [p[ICMPv6ND_NS].tgt for p in came if find(p, ICMPv6ND_NS)]
    assert asked == ([] if lladdr else [target])
    assert [p.dst for p in came if find(p, ICMPv6EchoRequest)] == [SECOND_MAC]


SUSPICIOUS = {
    "unknown option": {"extra": option_of_length(1)},
    "reserved field": {"res": 0xFFFFFFFF},
    "to the link-local address": {"to": NODE.link_local},
}


@case(must("RFC 4861 §8.1"), logo=numbers(2, 5, SUSPICIOUS, middle=True))
@both_targets
@pytest.mark.parametrize("fields", SUSPICIOUS.values(), ids=SUSPICIOUS)
def redirect_with_what_is_to_be_ignored_is_followed(host, port, by_router, target, fields):
    fields = dict(fields)
    extra = [fields.pop("extra")] if "extra" in fields else []
    port.send(redirect(target, *extra, **fields))
    assert next_hop(host, port) == SECOND_MAC


def cut_short(target):
    """A Redirect of 39 bytes."""
    kept = payload_of(redirect(target, lladdr=None))[4:39]
    return ip(source=TESTER.link_local, hlim=255) / ICMPv6Unknown(type=137, msgbody=kept)


INVALID = {
    "source is global": lambda target: redirect(target, source=TESTER.address),
    "source is not the first hop": lambda target: redirect(target, source="fe80::66"),
    "hop limit": lambda target: redirect(target, hop_limit=254),
    "code": lambda target: redirect(target, code=1),
    "checksum": lambda target: redirect(target, cksum=0x1234),
    "destination is a group": lambda target: redirect(target, destination="ff0e::7"),
    "target is a group": lambda target: redirect("ff02::7"),
    "length": cut_short,
    "option of length 0": lambda target: redirect(target, option_of_length(0)),
}


@case(must("RFC 4861 §8.1"), logo=numbers(3, 6, INVALID, middle=True))
@both_targets
@pytest.mark.parametrize("make", INVALID.values(), ids=INVALID)
def invalid_redirect_is_not_followed(host, port, by_router, target, make):
    port.send(make(target))
    expect_silence(port)
    assert next_hop(host, port) == TESTER.mac


OUT_OF_PLACE = {
    "MTU": ICMPv6NDOptMTU(mtu=1280),
    "prefix information": prefix_information("2001:db8:5::"),
    "source link-layer address": ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:66"),
}


@case(
    must("RFC 4861 §4.5", "RFC 4861 §8.1"),
    logo=dict(zip(OUT_OF_PLACE, ("v6LC.2.3.8 A", "v6LC.2.3.8 B", "v6LC.2.3.8 C"))),
)
@pytest.mark.parametrize("option", OUT_OF_PLACE.values(), ids=OUT_OF_PLACE)
def option_that_has_no_place_in_a_redirect_is_ignored(host, port, by_router, option):
    before = list(host.interfaces[0].addresses)
    port.send(redirect(SECOND_ROUTER, option))
    assert next_hop(host, port) == SECOND_MAC
    assert list(host.interfaces[0].addresses) == before
    host.ping(TESTER.address, count=1, size=1400)
    assert expect(port, ICMPv6EchoRequest)[IPv6].plen == 8 + 1400, "the MTU is what it was"


@case(must("RFC 4861 §8.3"), logo="v6LC.2.3.9")
def redirect_for_a_destination_that_is_not_in_the_cache_is_followed(host, port, by_router):
    port.send(redirect(destination=OTHER_DESTINATION))  # nothing was sent there yet
    assert next_hop(host, port, OTHER_DESTINATION) == SECOND_MAC
    assert next_hop(host, port, FAR) == TESTER.mac
