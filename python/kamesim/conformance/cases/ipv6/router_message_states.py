"""What Router Solicitations tell a router, and Router Advertisements a host, of the link-layer address of their source, by
the state of the entry for it (RFC 4861 §6.2.6, §6.3.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply

from kamesim.conformance.cases.ipv6._entries import NEW_MAC, STATES, TOLD_CASES, Entry
from kamesim.conformance.cases.ipv6._hosts import FAR, next_hop
from kamesim.conformance.exchange import ALL_NODES, NODE, TESTER, case, expect, must, na, ra, rs

SOURCE = "fe80::77"
PARTS = dict(zip(STATES, "ABCDE"))  # of the specification's tests


@case(must("RFC 4861 §6.2.6"), logo={name: f"v6LC.2.2.10 {PARTS[state]}" for name, (state, *_rest) in TOLD_CASES.items()})
@pytest.mark.parametrize(("state", "told", "known"), TOLD_CASES.values(), ids=TOLD_CASES)
def router_solicitation_tells_a_link_layer_address(advertiser, port, settled, state, told, known):
    neighbor = Entry(port, SOURCE, NODE.link_local)
    neighbor.bring_to(state)
    port.send(rs(source=SOURCE, lladdr=told))
    port.run(0.0)
    assert neighbor.learned() == known


class Router(Entry):
    is_router = 1


@case(must("RFC 4861 §6.3.4"), logo={name: f"v6LC.2.2.16 {PARTS[state]}" for name, (state, *_rest) in TOLD_CASES.items()})
@pytest.mark.parametrize(("state", "told", "known"), TOLD_CASES.values(), ids=TOLD_CASES)
def router_advertisement_tells_a_link_layer_address(host, port, state, told, known):
    router = Router(port, SOURCE, NODE.link_local)
    router.bring_to(state)
    port.send(ra(source=SOURCE, lladdr=told))
    port.run(0.0)
    assert router.learned() == known


@case(must("RFC 4861 §6.3.4"))
def waiting_packet_goes_to_the_address_that_a_router_advertisement_tells(host, port):
    router = Router(port, SOURCE, NODE.link_local)
    router.bring_to("INCOMPLETE")
    port.send(ra(source=SOURCE, lladdr=NEW_MAC))
    assert expect(port, ICMPv6EchoReply, within=0.0).dst == NEW_MAC


BACK_TO_ROUTER = {"no address": None, "same address": TESTER.mac, "new address": NEW_MAC}


@case(
    must("RFC 4861 §6.3.4"),
    logo={"no address": "v6LC.2.2.17 A", "same address": "v6LC.2.2.17 B", "new address": "v6LC.2.2.17 C"},
)
@pytest.mark.parametrize("lladdr", BACK_TO_ROUTER.values(), ids=BACK_TO_ROUTER)
def router_advertisement_says_that_its_source_is_a_router(host, port, lladdr):
    port.send(na(TESTER.link_local, destination=ALL_NODES, router=0, solicited=0))
    port.send(ra())
    assert next_hop(host, port, FAR) == TESTER.mac
    port.send(na(TESTER.link_local, destination=ALL_NODES, router=0, solicited=0))
    assert next_hop(host, port, FAR) is None
    port.send(ra(lladdr=lladdr))
    assert next_hop(host, port, FAR) == (lladdr or TESTER.mac)
