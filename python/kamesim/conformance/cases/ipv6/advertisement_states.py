"""What a Neighbor Advertisement does, by the state of the entry and by its flags (RFC 4861 §7.2.5, appendix C)."""

from __future__ import annotations

import itertools

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply

from kamesim.conformance.cases.ipv6._entries import CACHED_MAC, NEW_MAC, Entry
from kamesim.conformance.cases.ipv6._hosts import FAR, next_hop
from kamesim.conformance.cases.ipv6._neighbors import NEIGHBOR
from kamesim.conformance.exchange import ALL_NODES, NODE, TESTER, case, echo_request, expect, expect_none, must, na, ra, should

FLAGS = list(itertools.product((0, 1), repeat=3))  # R, S, O
BY_FLAGS = {f"R={r} S={s} O={o}": (r, s, o) for r, s, o in FLAGS}


def advertisement(target, router, solicited, override, lladdr):
    return na(
        target,
        destination=NODE.address if solicited else ALL_NODES,
        router=router,
        solicited=solicited,
        override=override,
        lladdr=lladdr,
        from_mac=lladdr or CACHED_MAC,
    )


@case(must("RFC 4861 §7.2.5"), should("RFC 9131 §6.1.1"), role="host", logo="v6LC.2.1.16")
@pytest.mark.parametrize(("router", "solicited", "override"), BY_FLAGS.values(), ids=BY_FLAGS)
def advertisement_makes_no_entry(host, port, router, solicited, override):
    neighbor = Entry(port, NEIGHBOR, NODE.address)
    port.send(advertisement(NEIGHBOR, router, solicited, override, NEW_MAC))
    assert neighbor.learned() is None


@case(should("RFC 9131 §6.1.1"), role="router")
@pytest.mark.parametrize(("is_router", "solicited", "override"), BY_FLAGS.values(), ids=BY_FLAGS)
def advertisement_makes_a_stale_entry_in_a_router(left, is_router, solicited, override):
    neighbor = Entry(left, NEIGHBOR, NODE.address)
    left.send(advertisement(NEIGHBOR, is_router, solicited, override, NEW_MAC))
    assert neighbor.learned() == (NEW_MAC, True)


@case(should("RFC 9131 §6.1.1"), role="router")
def advertisement_without_address_makes_no_entry_in_a_router(left):
    neighbor = Entry(left, NEIGHBOR, NODE.address)
    left.send(advertisement(NEIGHBOR, 0, 0, 1, None))
    assert neighbor.learned() is None


@case(must("RFC 4861 §7.2.5"), logo="v6LC.2.1.17")
@pytest.mark.parametrize(("router", "solicited", "override"), BY_FLAGS.values(), ids=BY_FLAGS)
def advertisement_completes_an_incomplete_entry_whatever_its_flags(node, port, router, solicited, override):
    neighbor = Entry(port, NEIGHBOR, NODE.address)
    neighbor.bring_to("INCOMPLETE")
    port.send(advertisement(NEIGHBOR, router, solicited, override, NEW_MAC))
    assert expect(port, ICMPv6EchoReply, within=0.0).dst == NEW_MAC
    assert neighbor.learned() == (NEW_MAC, not solicited)


@case(must("RFC 4861 §7.2.5"), logo="v6LC.2.1.17")
def advertisement_without_address_leaves_an_entry_incomplete(node, port):
    neighbor = Entry(port, NEIGHBOR, NODE.address)
    neighbor.bring_to("INCOMPLETE")
    port.send(advertisement(NEIGHBOR, 0, 1, 1, None))
    expect_none(port, ICMPv6EchoReply, within=0.5)


def known_after(state, solicited, override, told):
    """RFC 4861 §7.2.5: what is known of a neighbour that was known at CACHED_MAC."""
    was_doubted = state != "REACHABLE"
    if told == "new" and not override:
        return CACHED_MAC, True  # REACHABLE becomes STALE; otherwise nothing changes
    mac = NEW_MAC if told == "new" else CACHED_MAC
    if solicited:
        return mac, False
    return mac, True if told == "new" else was_doubted


CHANGES = {
    f"{state}, R={router} S={solicited} O={override}, {told} address": (state, router, solicited, override, told)
    for state in ("REACHABLE", "STALE", "PROBE")
    for router, solicited, override in FLAGS
    for told in ("same", "new", "no")
}
NUMBERS = {"REACHABLE": 18, "STALE": 19, "PROBE": 20}


@case(
    must("RFC 4861 §7.2.5"),
    logo={name: f"v6LC.2.1.{NUMBERS[state]}" for name, (state, *_rest) in CHANGES.items()},
)
@pytest.mark.parametrize(("state", "router", "solicited", "override", "told"), CHANGES.values(), ids=CHANGES)
def advertisement_changes_a_complete_entry(host, port, state, router, solicited, override, told):
    neighbor = Entry(port, NEIGHBOR, NODE.address)
    neighbor.bring_to(state)
    lladdr = {"same": CACHED_MAC, "new": NEW_MAC, "no": None}[told]
    port.send(advertisement(NEIGHBOR, router, solicited, override, lladdr))
    assert neighbor.learned() == known_after(state, solicited, override, told)


NO_MORE_A_ROUTER = {
    f"S={s} O={o}, {'same' if lladdr else 'no'} address": (s, o, lladdr)
    for lladdr in (None, TESTER.mac)
    for s, o in ((1, 1), (0, 0), (0, 1), (1, 0))
}
PARTS = dict(zip(NO_MORE_A_ROUTER, "ABCDEFGH"))


@case(must("RFC 4861 §7.2.5"), logo={name: f"v6LC.2.1.21 {part}" for name, part in PARTS.items()})
@pytest.mark.parametrize(("solicited", "override", "lladdr"), NO_MORE_A_ROUTER.values(), ids=NO_MORE_A_ROUTER)
def router_that_says_to_be_none_is_no_default_router(host, port, solicited, override, lladdr):
    port.send(ra())
    assert next_hop(host, port, FAR) == TESTER.mac
    port.routers.clear()
    port.send(
        na(
            TESTER.link_local,
            destination=NODE.link_local if solicited else ALL_NODES,
            router=0,
            solicited=solicited,
            override=override,
            lladdr=lladdr,
        )
    )
    assert next_hop(host, port, FAR) is None


@case(must("RFC 4861 §7.2.5"))
def advertisement_with_the_router_flag_makes_no_default_router(host, port):
    port.send(na(TESTER.link_local, destination=ALL_NODES, router=1, solicited=0))
    assert next_hop(host, port, FAR) is None


@case(must("RFC 4862 §5.4.4"))
def advertisement_for_an_address_of_the_node_itself_takes_nothing_from_it(node, port):
    port.send(na(NODE.address, destination=ALL_NODES, solicited=0))
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
