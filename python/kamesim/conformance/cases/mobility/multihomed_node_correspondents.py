"""Route optimization of a mobile node with two interfaces (RFC 5648 §5.2, §5.4, §5.7, §5.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BRR,
    MIP6MH_BU,
    ICMPv6EchoReply,
    IPv6,
    MIP6MH_CoTI,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
)

from kamesim.conformance.cases.mobility._mobile_node import (
    CORRESPONDENT,
    KBM,
    care_of_test,
    home_test,
)
from kamesim.conformance.cases.mobility._multihomed_node import HOME, HOME_AGENT, LEFT, RIGHT, TwoLinks
from kamesim.conformance.cases.mobility._multiple_bindings import bid, bids_of, overwrites
from kamesim.conformance.exchange import NODE, NODE_RIGHT, Unmet, case, echo, find, ip, must, should, stack
from kamesim.conformance.mobility import (
    authorization,
    binding_ack,
    binding_key,
    ends,
    home_address_of,
    inner,
    is_signed,
    option,
    signed,
    type2_route,
)

ROLE = "host"
CARE_OF = {"left": LEFT, "right": RIGHT}
HOME_TOKEN_ALONE = binding_key(b"homehome")


class Optimizing(TwoLinks):
    """Two links, and a correspondent behind them that answers tests."""

    def __init__(self, lab, **role):
        super().__init__(lab, route_optimization=True, **role)
        self.heard = []

    def down(self, name, source, *layers):
        """A packet to the care-of address on that link."""
        end, to_mac = self.ends[name], NODE.mac if name == "left" else NODE_RIGHT.mac
        self.ports[name].send(stack(ip(CARE_OF[name], source=source, from_mac=end.mac, to_mac=to_mac), *layers))

    def updates(self, count, within=3.0):
        """Answers tests until so many Binding Updates to the correspondent have come; each with its `link`."""
        found, step, left = [], 0.02, within
        while left > 0:
            for name, packet in self.came(step):
                self.heard.append((name, packet))
                home, init = find(packet, MIP6MH_HoTI), find(packet, MIP6MH_CoTI)
                if type(home) is MIP6MH_HoTI:
                    self.send_down(name, CORRESPONDENT, home_test(packet))
                elif type(init) is MIP6MH_CoTI:
                    copied = [bid(b.bid) for b in bids_of(packet)]
                    self.down(name, CORRESPONDENT, care_of_test(packet, options=copied))
                elif find(packet, MIP6MH_BU) is not None and packet[IPv6].dst == CORRESPONDENT:
                    packet.link = name
                    found.append(packet)
            if len(found) >= count:
                return found
            left -= step
        raise Unmet(f"{len(found)} Binding Updates to the correspondent within {within:g} s, not {count}")

    def accept(self, update, *, options=True, key=KBM, **fields):
        copied = [bid(b.bid) for b in bids_of(update)] if options else []
        ack = binding_ack(update[MIP6MH_BU].seq, *copied, authorization(), **fields)
        care_of = update[IPv6].src
        name = "left" if care_of == LEFT else "right"
        end, to_mac = self.ends[name], NODE.mac if name == "left" else NODE_RIGHT.mac
        packet = ip(care_of, source=CORRESPONDENT, from_mac=end.mac, to_mac=to_mac)
        signed_for = care_of if key == KBM else HOME
        self.ports[name].send(signed(stack(packet, type2_route(HOME), ack), key, signed_for, CORRESPONDENT))

    def bind(self):
        self.register()
        self.send_down("left", CORRESPONDENT, echo())
        updates = self.updates(2)
        for update in updates:
            self.accept(update)
        self.settle(0.5)
        return updates

    def ping(self):
        """An echo by the optimized way; the reply, with its link."""
        self.down("left", CORRESPONDENT, type2_route(HOME), echo())
        for name, packet in self.came(0.2):
            if find(packet, ICMPv6EchoReply) is not None:
                return name, packet
        raise Unmet("no Echo Reply")


@pytest.fixture
def links(lab):
    return Optimizing(lab)


def told(update):
    return {b.bid: b.care_of for b in bids_of(update)}


@case(must("RFC 5648 §5.2", "RFC 5648 §3"))
def each_care_of_address_is_tested_and_registered(links):
    updates = {update[IPv6].src: update for update in links.bind()}
    assert set(updates) == {LEFT, RIGHT}
    assert told(updates[LEFT]) == {1: LEFT} and told(updates[RIGHT]) == {2: RIGHT}
    for care_of, update in updates.items():
        assert ends(update) == (care_of, CORRESPONDENT) and home_address_of(update) == HOME
        assert not update[MIP6MH_BU].flags.H and option(update, MIP6OptAltCoA) is None
        assert is_signed(update, KBM, care_of, CORRESPONDENT)
        assert update.link == ("left" if care_of == LEFT else "right")


@case(must("RFC 5648 §4.3"))
def care_of_test_inits_have_the_bid(links):
    links.bind()
    inits = {p[IPv6].src: p for _, p in links.heard if type(find(p, MIP6MH_CoTI)) is MIP6MH_CoTI}
    assert {source: [(b.bid, b.care_of) for b in bids_of(p)] for source, p in inits.items()} == {
        LEFT: [(1, None)],
        RIGHT: [(2, None)],
    }


@case(must("RFC 5648 §4.1"))
def sequence_numbers_are_common_and_the_first_update_overwrites(links):
    first, second = links.bind()
    assert second[MIP6MH_BU].seq == (first[MIP6MH_BU].seq + 1) & 0xFFFF
    assert overwrites(first) and not overwrites(second)


@case(must("RFC 6275 §11.3.1"))
def packets_go_from_the_preferred_care_of_address(links):
    links.bind()
    name, reply = links.ping()
    assert name == "left" and ends(reply) == (LEFT, CORRESPONDENT) and home_address_of(reply) == HOME


@case(must("RFC 5648 §5.4"))
def binding_of_a_lost_link_is_deleted_by_the_other(links):
    links.bind()
    links.unplug(0)
    links.acknowledge(links.update())  # of the home agent
    deletion = links.updates(1)[0]
    assert ends(deletion) == (RIGHT, CORRESPONDENT) and home_address_of(deletion) == HOME
    assert deletion[MIP6MH_BU].mhtime == 0 and told(deletion) == {1: None}
    assert is_signed(deletion, HOME_TOKEN_ALONE, HOME, CORRESPONDENT)
    links.accept(deletion, key=HOME_TOKEN_ALONE, lifetime=0)
    links.down("right", CORRESPONDENT, type2_route(HOME), echo())
    replies = [(n, p) for n, p in links.came(0.2) if find(p, ICMPv6EchoReply) is not None]
    assert [(n, ends(p)) for n, p in replies] == [("right", (RIGHT, CORRESPONDENT))]


@case(should("RFC 5648 §5.7"))
def correspondent_that_ignores_the_option_gets_the_preferred_address(links):
    links.register()
    links.send_down("left", CORRESPONDENT, echo())
    first, _second = links.updates(2)
    links.accept(first, options=False)
    links.settle(1.0)
    name = links.names[told_bid(first) - 1]
    assert links.node.mobile_ip.correspondents().interfaces.tolist() == [[name]]


def told_bid(update):
    return next(iter(told(update)))


@case(must("RFC 5648 §5.8"))
def refresh_request_with_a_bid_is_answered_for_that_one(links):
    links.bind()
    links.send_down("left", CORRESPONDENT, MIP6MH_BRR(options=[bid(2)]))
    update = links.updates(1)[0]
    assert told(update) == {2: RIGHT}
    for _, packet in links.came(1.0):
        assert find(packet, MIP6MH_BU) is None or packet[IPv6].src != LEFT


@case(must("RFC 6275 §11.3.1"))
def without_a_binding_at_the_correspondent_packets_go_by_the_tunnel(links):
    links.register()
    links.send_down("left", CORRESPONDENT, echo())
    replies = [p for _, p in links.came(0.2) if find(p, ICMPv6EchoReply) is not None]
    assert [ends(p) for p in replies] == [(LEFT, HOME_AGENT)] and inner(replies[0]).dst == CORRESPONDENT


@case(must("RFC 6275 §8.2"))
def everything_goes_by_the_home_agent_unless_it_is_switched_on(lab):
    links = TwoLinks(lab)
    links.register()
    links.send_down("left", CORRESPONDENT, echo())
    for _, packet in links.came(3.0):
        assert find(packet, MIP6MH_HoTI) is None
