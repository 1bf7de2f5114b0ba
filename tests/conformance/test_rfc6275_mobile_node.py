"""RFC 6275 §11: a mobile node. The tester plays the home agent, the routers of the links it visits, and correspondents,
whose packets come by those routers."""

from __future__ import annotations

from typing import Any

import pytest
from exchange import (
    ALL_NODES,
    NODE,
    End,
    Lab,
    Port,
    echo,
    expect,
    expect_none,
    find,
    ip,
    na,
    ns,
    options_of,
    prefix_information,
    ra,
    solicited_node,
    stack,
)
from mobility import (
    authorization,
    binding_ack,
    binding_key,
    ends,
    home_address_of,
    inner,
    is_signed,
    message,
    no_message,
    option,
    signed,
    type2_route,
)
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6ParamProblem,
    IPv6,
    IPv6ExtHdrRouting,
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptNonceIndices,
)
from scapy.packet import Packet, Raw

import kamesim as ks

HOME_AGENT_END = End("02:00:00:00:00:aa", "fe80::aa", "2001:db8:a::1")
ACCESS = End("02:00:00:00:00:bb", "fe80::bb", "2001:db8:b::1")
OTHER_ACCESS = End("02:00:00:00:00:cc", "fe80::cc", "2001:db8:c::1")
HOME_AGENT, HOME = HOME_AGENT_END.address, "2001:db8:a::100"
# The prefixes with the modified EUI-64 identifier of NODE.mac.
CARE_OF, OTHER_CARE_OF = "2001:db8:b::ff:fe00:1", "2001:db8:c::ff:fe00:1"
CORRESPONDENT = "2001:db8:d::1"
HOME_TOKEN, CARE_OF_TOKEN = b"homehome", b"care-of!"
KBM = binding_key(HOME_TOKEN, CARE_OF_TOKEN)
HOME_NONCE, CARE_OF_NONCE = 5, 7


class Journey:
    """A mobile node that has been at home for a while, and ports on the links it knows."""

    def __init__(self, lab: Lab, **role: Any) -> None:
        self.ends: dict[str, End] = {}
        self.ports: dict[str, Port] = {}
        for name, end in (("home", HOME_AGENT_END), ("visited", ACCESS), ("other", OTHER_ACCESS)):
            self.ends[name] = end
            self.ports[name] = lab.port(lab.lan(name), end)
        self.node = lab.net.host("mobile")
        lab.attach(lab.net.medium("home"), self.node, address=False)
        self.node.enable(ks.MobileNode(home_address=HOME, home_agent=HOME_AGENT, **role))
        self.care_of = HOME
        self.port = self.ports["home"]
        self.advertise("home")

    def advertise(self, name: str) -> None:
        """A Router Advertisement on that link, with its source link-layer address."""
        end = self.ends[name]
        prefix = prefix_information(end.address.removesuffix("1"))
        self.ports[name].send(ra(prefix, source=end.link_local, lladdr=end.mac))

    def deregister(self) -> Packet:
        """Moves home; returns the Binding Update. The home agent defends the home address until then."""
        self.move("home")
        for packet in self.port.frames(2.0):
            question = find(packet, ICMPv6ND_NS)
            if question is not None and question.tgt == HOME:
                assert ends(packet) == ("::", solicited_node(HOME)), "it may not speak as its home address yet"
                self.port.send(defence())
            if find(packet, MIP6MH_BU) is not None:
                return packet
        pytest.fail("no Binding Update")

    def settle(self, seconds: float = 3.0) -> None:
        self.port.run(seconds)

    def move(self, name: str) -> None:
        """Plugs it into another link, whose router answers its solicitation."""
        self.port = self.ports[name]
        self.node.move(name)
        expect(self.port, ICMPv6ND_RS, within=2.0)
        self.advertise(name)
        self.care_of = {"home": HOME, "visited": CARE_OF, "other": OTHER_CARE_OF}[name]

    def leave(self, name: str = "visited") -> Packet:
        """Moves; returns the first Binding Update to the home agent."""
        self.settle()
        self.move(name)
        return message(self.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)

    def register(self, name: str = "visited") -> Packet:
        """Moves, and is registered by the home agent; returns the Binding Update."""
        update = self.leave(name)
        self.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
        return update

    def packet(self, source: str, *layers: Packet) -> Packet:
        """A packet to the care-of address, by way of the router."""
        here = next(self.ends[name] for name, port in self.ports.items() if port is self.port)
        return stack(ip(self.care_of, source=source, from_mac=here.mac), *layers)

    def send(self, source: str, *layers: Packet) -> None:
        self.port.send(self.packet(source, *layers))

    def send_tunnelled(self, source: str, *layers: Packet, outer: str = HOME_AGENT) -> None:
        """A packet to the home address, that the home agent tunnels."""
        self.send(outer, IPv6(src=source, dst=HOME), *layers)

    # --- The correspondent's part ---

    def test_inits(self) -> tuple[Packet, Packet]:
        """The Home Test Init and the Care-of Test Init, in whatever order they come."""
        home = care_of = None
        for packet in self.port.frames(1.0):
            found = find(packet, MIP6MH_HoTI)  # the other's class too
            home = packet if type(found) is MIP6MH_HoTI else home
            care_of = packet if type(found) is MIP6MH_CoTI else care_of
            if home and care_of:
                return home, care_of
        pytest.fail(f"test inits: home {home}, care-of {care_of}")

    def answer(self, home: Packet, care_of: Packet) -> None:
        """The Home Test by the tunnel, the Care-of Test directly."""
        self.send_tunnelled(CORRESPONDENT, home_test(home))
        self.send(CORRESPONDENT, care_of_test(care_of))

    def update_correspondent(self) -> Packet:
        """A packet comes by the tunnel, return routability follows; returns the Binding Update to the correspondent."""
        self.send_tunnelled(CORRESPONDENT, echo())
        self.answer(*self.test_inits())
        return message(self.port, MIP6MH_BU, to=CORRESPONDENT)

    def bind_correspondent(self) -> Packet:
        """The same, with an acknowledgement."""
        update = self.update_correspondent()
        self.acknowledge(update)
        return update

    def acknowledge(self, update: Packet, **fields: Any) -> None:
        ack = binding_ack(update[MIP6MH_BU].seq, authorization(), **fields)
        self.port.send(signed(self.packet(CORRESPONDENT, type2_route(HOME), ack), KBM, CARE_OF, CORRESPONDENT))


def home_test(init: Packet, **fields: Any) -> Packet:
    values = {"cookie": init[MIP6MH_HoTI].cookie, "index": HOME_NONCE, "token": HOME_TOKEN}
    return MIP6MH_HoT(**{**values, **fields})


def care_of_test(init: Packet, **fields: Any) -> Packet:
    values = {"cookie": init[MIP6MH_CoTI].cookie, "index": CARE_OF_NONCE, "token": CARE_OF_TOKEN}
    return MIP6MH_CoT(**{**values, **fields})


def defence() -> Packet:
    """What the home agent tells all nodes when one asks for the home address from the unspecified address (§10.4.1)."""
    mac = HOME_AGENT_END.mac
    return na(HOME, source=HOME_AGENT, destination=ALL_NODES, solicited=0, from_mac=mac, lladdr=mac)


@pytest.fixture
def journey(lab: Lab) -> Journey:
    return Journey(lab)


# --- At home, and moving: §11.5 -------------------------------------------------------------------------------------


def test_at_home_nothing_is_registered(journey):  # §11.3.1: "no special Mobile IPv6 processing is required"
    journey.settle()
    journey.port.send(ip(HOME, source=CORRESPONDENT, from_mac=HOME_AGENT_END.mac) / echo())
    reply = expect(journey.port, ICMPv6EchoReply)
    assert ends(reply) == (HOME, CORRESPONDENT) and home_address_of(reply) is None
    no_message(journey.port, MIP6MH_BU, 10.0)


def test_home_address_is_tested_at_home_without_a_binding(journey):  # RFC 4862 §5.4
    probe = expect(journey.port, ICMPv6ND_NS, tgt=HOME)
    assert ends(probe) == ("::", solicited_node(HOME))


def test_movement_ends_in_a_binding_update(journey):  # §11.5.1, §11.7.1
    journey.settle()
    journey.move("visited")
    probe = expect(journey.port, ICMPv6ND_NS, tgt=CARE_OF, within=2.0)
    update = message(journey.port, MIP6MH_BU, within=3.0, to=HOME_AGENT)
    assert update.time - probe.time >= 1.0, "the care-of address is tested first"
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == HOME
    fields = update[MIP6MH_BU]
    assert str(fields.flags) in ("HA", "AH") and fields.mhtime == 420 // 4
    assert option(update, MIP6OptAltCoA).acoa == CARE_OF
    assert option(update, MIP6OptNonceIndices) is None


def test_link_local_address_is_tested_on_every_link(journey):  # §11.5.1
    journey.settle()
    journey.move("visited")
    assert ends(expect(journey.port, ICMPv6ND_NS, within=2.0, tgt=NODE.link_local))[0] == "::"


def test_lifetime_of_the_role_is_asked_for(lab):  # §11.7.1
    assert Journey(lab, lifetime=1000.0).leave()[MIP6MH_BU].mhtime == 250


def test_lifetime_is_not_beyond_that_of_the_care_of_address(journey):  # §11.7.1
    journey.settle()
    journey.port = journey.ports["visited"]
    journey.node.move("visited")
    expect(journey.port, ICMPv6ND_RS, within=2.0)
    prefix = prefix_information("2001:db8:b::", valid=100, preferred=100)
    journey.port.send(ra(prefix, source=ACCESS.link_local, lladdr=ACCESS.mac))
    update = message(journey.port, MIP6MH_BU, within=4.0)
    assert 0 < update[MIP6MH_BU].mhtime * 4 <= 100


# --- Home registration: §11.7.1, §11.7.3, §11.8 ---------------------------------------------------------------------


def test_unanswered_updates_back_off_with_new_sequence_numbers(journey):  # §11.8
    first = journey.leave()
    updates = [first] + [message(journey.port, MIP6MH_BU, within=40.0, to=HOME_AGENT) for _ in range(6)]
    waits = [later.time - earlier.time for earlier, later in zip(updates, updates[1:])]
    assert waits == pytest.approx([1.5, 3.0, 6.0, 12.0, 24.0, 32.0], abs=0.01)
    numbers = [update[MIP6MH_BU].seq for update in updates]
    assert numbers == [numbers[0] + n & 0xFFFF for n in range(7)]


def test_acknowledgement_ends_the_retransmissions(journey):  # §11.7.3
    journey.register()
    no_message(journey.port, MIP6MH_BU, 200.0)


def test_acknowledgement_of_another_sequence_number_is_ignored(journey):  # §11.7.3
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq + 5 & 0xFFFF))
    again = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert again.time - update.time == pytest.approx(1.5, abs=0.01)


def test_sequence_number_out_of_window_is_taken_over(journey):  # §11.7.3
    update = journey.leave()
    last = update[MIP6MH_BU].seq + 1000 & 0xFFFF
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(last, status=135, lifetime=0))
    message(journey.port, MIP6MH_BU, within=1.4, to=HOME_AGENT, seq=last + 1 & 0xFFFF)


@pytest.mark.parametrize("status", [129, 130, 132])
def test_rejection_is_not_answered_at_once(journey, status):  # §11.7.3
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, status=status, lifetime=0))
    no_message(journey.port, MIP6MH_BU, 20.0)


def test_binding_is_refreshed_before_it_ends(journey):  # §11.7.1, §11.7.3
    first = journey.register()
    refresh = message(journey.port, MIP6MH_BU, within=419.0, to=HOME_AGENT)
    assert refresh.time < first.time + 420.0 and ends(refresh) == (CARE_OF, HOME_AGENT)
    assert refresh[MIP6MH_BU].seq == first[MIP6MH_BU].seq + 1 & 0xFFFF


def test_shorter_lifetime_granted_is_refreshed_sooner(journey):  # §11.7.3
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, lifetime=40))
    refresh = message(journey.port, MIP6MH_BU, within=40.0, to=HOME_AGENT)
    assert refresh.time < update.time + 40.0


def test_refresh_request_of_the_home_agent_is_answered(journey):  # §11.7.4
    journey.register()
    journey.send_tunnelled(HOME_AGENT, MIP6MH_BRR())
    message(journey.port, MIP6MH_BU, to=HOME_AGENT)


def test_next_link_has_the_next_care_of_address(journey):  # §11.5.3
    first = journey.register()
    second = journey.register("other")
    assert ends(second) == (OTHER_CARE_OF, HOME_AGENT) and home_address_of(second) == HOME
    assert option(second, MIP6OptAltCoA).acoa == OTHER_CARE_OF
    assert second[MIP6MH_BU].seq == first[MIP6MH_BU].seq + 1 & 0xFFFF


# --- Packets: §11.3 -------------------------------------------------------------------------------------------------


def test_packets_from_the_home_address_go_by_the_reverse_tunnel(journey):  # §11.3.1
    journey.register()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (CARE_OF, HOME_AGENT) and home_address_of(request) is None
    assert (inner(request).src, inner(request).dst) == (HOME, CORRESPONDENT)


def test_tunnelled_packets_are_answered_by_the_tunnel(journey):  # §11.3.3, §11.3.1
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo(b"tunnelled"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"tunnelled")
    assert ends(reply) == (CARE_OF, HOME_AGENT) and inner(reply).dst == CORRESPONDENT


def test_tunnel_is_from_the_home_agent_alone(journey):  # §11.3.3
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo(), outer="2001:db8:e::1")
    expect_none(journey.port, ICMPv6EchoReply)


def test_packets_to_the_care_of_address_itself_are_answered_from_it(journey):  # §11.3.1
    journey.register()
    journey.send(CORRESPONDENT, echo())
    reply = expect(journey.port, ICMPv6EchoReply)
    assert ends(reply) == (CARE_OF, CORRESPONDENT) and home_address_of(reply) is None


def test_type_2_routing_header_leads_to_the_home_address(journey):  # §11.3.3
    journey.register()
    journey.send(CORRESPONDENT, type2_route(HOME), echo(b"routed"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"routed")
    assert inner(reply).src == HOME, "no binding is known there: reverse tunnel (§11.3.1)"


@pytest.mark.parametrize(
    "header",
    [
        type2_route("2001:db8:a::101"),
        IPv6ExtHdrRouting(type=2, segleft=2, addresses=[HOME]),
        IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8:a::101", HOME]),
    ],
    ids=["another address", "two segments left", "two addresses"],
)
def test_type_2_routing_header_that_fails_a_check_is_discarded_silently(journey, header):  # §11.3.3
    journey.register()
    journey.send(CORRESPONDENT, header, echo())
    for packet in journey.port.run(2.0):
        assert find(packet, ICMPv6ND_NS) or find(packet, ICMPv6ND_RS), packet.summary()


# --- Return routability: §11.6 --------------------------------------------------------------------------------------


def test_tunnelled_packet_starts_return_routability(journey):  # §11.7.2, §11.6.1
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    assert ends(home) == (CARE_OF, HOME_AGENT) and (inner(home).src, inner(home).dst) == (HOME, CORRESPONDENT)
    assert ends(care_of) == (CARE_OF, CORRESPONDENT) and inner(care_of) is None
    assert home_address_of(home) is home_address_of(care_of) is None
    assert home[MIP6MH_HoTI].cookie != care_of[MIP6MH_CoTI].cookie


def test_without_route_optimization_everything_is_tunnelled(lab):  # §8.2, §11.7.2
    journey = Journey(lab, route_optimization=False)
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    for packet in journey.port.run(5.0):
        assert find(packet, MIP6MH_HoTI) is None


def test_test_inits_are_repeated_with_new_cookies(journey):  # §11.8
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    first, _ = journey.test_inits()
    second = message(journey.port, MIP6MH_HoTI, within=2.0)
    assert second.time - first.time == pytest.approx(1.0, abs=0.01), "INITIAL_BINDACK_TIMEOUT"
    assert second[MIP6MH_HoTI].cookie != first[MIP6MH_HoTI].cookie
    third = message(journey.port, MIP6MH_HoTI, within=3.0)
    assert third.time - second.time == pytest.approx(2.0, abs=0.01)


def test_tests_with_wrong_cookies_are_ignored(journey):  # §11.6.2
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send_tunnelled(CORRESPONDENT, home_test(home, cookie=b"wrong..."))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.9)


def test_home_test_outside_the_tunnel_is_ignored(journey):  # §11.6.2
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send(CORRESPONDENT, type2_route(HOME), home_test(home))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.9)


def test_care_of_test_by_the_tunnel_is_ignored(journey):  # §11.6.2: to the care-of address
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send_tunnelled(CORRESPONDENT, home_test(home))
    journey.send_tunnelled(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.9)


def test_parameter_problem_ends_route_optimization(journey):  # §11.3.5
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    _, care_of = journey.test_inits()
    journey.send(CORRESPONDENT, ICMPv6ParamProblem(code=1, ptr=6), Raw(care_of.wire[14:]))
    journey.port.run(0.5)
    for _ in range(3):
        journey.send_tunnelled(CORRESPONDENT, echo())
        assert not [packet for packet in journey.port.run(3.0) if find(packet, MIP6MH_HoTI)]


# --- Correspondent registration: §11.7.2 ----------------------------------------------------------------------------


def test_correspondent_is_told_the_care_of_address_with_proof(journey):  # §11.7.2, §5.2.6
    journey.register()
    update = journey.update_correspondent()
    assert ends(update) == (CARE_OF, CORRESPONDENT) and home_address_of(update) == HOME
    fields, indices = update[MIP6MH_BU], option(update, MIP6OptNonceIndices)
    assert not fields.flags.H and not fields.flags.K and 0 < fields.mhtime <= 105
    assert (indices.hni, indices.coni) == (HOME_NONCE, CARE_OF_NONCE)
    assert is_signed(update, KBM, CARE_OF, CORRESPONDENT)


def test_a_bit_to_correspondents_is_a_choice(lab):  # §11.7.2
    journey = Journey(lab, acknowledge_correspondents=False)
    journey.register()
    assert not journey.update_correspondent()[MIP6MH_BU].flags.A
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, CORRESPONDENT)


def test_bound_correspondent_is_reached_directly(journey):  # §11.3.1
    journey.register()
    journey.bind_correspondent()
    journey.send(CORRESPONDENT, type2_route(HOME), echo(b"direct"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"direct")
    assert ends(reply) == (CARE_OF, CORRESPONDENT) and home_address_of(reply) == HOME and inner(reply) is None


def test_acknowledgement_with_a_wrong_authenticator_is_ignored(journey):  # §11.7.3
    journey.register()
    update = journey.update_correspondent()
    journey.send(CORRESPONDENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, authorization()))
    again = message(journey.port, MIP6MH_BU, within=2.0, to=CORRESPONDENT)
    assert again.time - update.time == pytest.approx(1.0, abs=0.01)
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, HOME_AGENT)


def test_expired_nonces_are_tested_anew(journey):  # §11.7.3
    journey.register()
    update = journey.update_correspondent()
    expired = binding_ack(update[MIP6MH_BU].seq, status=138, lifetime=0)
    journey.send(CORRESPONDENT, type2_route(HOME), expired)
    journey.answer(*journey.test_inits())
    assert is_signed(message(journey.port, MIP6MH_BU, to=CORRESPONDENT), KBM, CARE_OF, CORRESPONDENT)


def test_binding_error_drops_the_binding(journey):  # §11.3.6
    journey.register()
    journey.bind_correspondent()
    journey.send(CORRESPONDENT, MIP6MH_BE(status=1, ha=HOME))
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, HOME_AGENT)


def test_binding_error_from_a_stranger_is_ignored(journey):  # §11.3.6
    journey.register()
    journey.bind_correspondent()
    journey.send("2001:db8:e::1", MIP6MH_BE(status=1, ha=HOME))
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, CORRESPONDENT)


def test_refresh_request_of_a_correspondent_is_answered(lab):  # §11.7.4
    journey = Journey(lab, reuse_tokens=False)
    journey.register()
    update = journey.bind_correspondent()
    journey.send_tunnelled(CORRESPONDENT, MIP6MH_BRR())
    home, care_of = journey.test_inits()
    assert ends(home) == (CARE_OF, HOME_AGENT) and home_address_of(home) is None, "past the binding (§6.1.3)"
    journey.answer(home, care_of)
    refresh = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert refresh[MIP6MH_BU].seq == update[MIP6MH_BU].seq + 1 & 0xFFFF


def test_refresh_request_of_a_stranger_is_ignored(journey):  # §11.7.4
    journey.register()
    journey.send_tunnelled("2001:db8:e::1", MIP6MH_BRR())
    for packet in journey.port.run(2.0):
        assert find(packet, MIP6MH_BU) is None


def test_correspondents_follow_a_move(lab):  # §11.7.2
    journey = Journey(lab, reuse_tokens=False)
    journey.register()
    journey.bind_correspondent()
    journey.register("other")
    home, care_of = journey.test_inits()
    assert ends(home) == (OTHER_CARE_OF, HOME_AGENT) and ends(care_of) == (OTHER_CARE_OF, CORRESPONDENT)
    journey.answer(home, care_of)
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert ends(update)[0] == OTHER_CARE_OF and is_signed(update, KBM, OTHER_CARE_OF, CORRESPONDENT)


def test_after_a_move_the_old_binding_is_not_used(journey):  # §11.3.1
    journey.register()
    journey.bind_correspondent()
    journey.register("other")
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (OTHER_CARE_OF, HOME_AGENT)


# --- Returning home: §11.5.5 ----------------------------------------------------------------------------------------


def test_return_home_deregisters_from_the_home_address(journey):  # §11.5.5
    away = journey.register()
    update = journey.deregister()
    assert ends(update) == (HOME, HOME_AGENT) and home_address_of(update) is None and inner(update) is None
    assert update.dst == HOME_AGENT_END.mac
    fields = update[MIP6MH_BU]
    assert fields.mhtime == 0 and fields.flags.H and fields.flags.A
    assert fields.seq == away[MIP6MH_BU].seq + 1 & 0xFFFF
    care_of = option(update, MIP6OptAltCoA)
    assert care_of is None or care_of.acoa == HOME


def test_home_agent_is_known_from_its_router_advertisement(journey):  # §11.5.5, §7.2: by the R bit
    journey.register()
    journey.port = journey.ports["home"]
    journey.node.move("home")
    expect(journey.port, ICMPv6ND_RS, within=2.0)
    prefix = prefix_information(HOME_AGENT)
    prefix.R = 1
    journey.port.send(ra(prefix, source=HOME_AGENT_END.link_local, lladdr=HOME_AGENT_END.mac))
    for packet in journey.port.frames(3.0):
        assert find(packet, ICMPv6ND_NS) is None or find(packet, ICMPv6ND_NS).tgt != HOME
        if find(packet, MIP6MH_BU) is not None:
            assert packet.dst == HOME_AGENT_END.mac
            return
    pytest.fail("no Binding Update")


def test_home_agents_defence_makes_no_duplicate_of_the_home_address(journey):  # §11.5.5: no DAD with a binding
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    expect_none(journey.port, ICMPv6ND_NS, within=3.0, tgt=HOME)
    addresses = journey.node.addresses()
    assert list(addresses[addresses.address == HOME].state) == ["preferred"]


def test_solicitations_for_the_home_address_are_answered_after_the_update(journey):  # §11.5.5
    journey.register()
    journey.deregister()
    end = HOME_AGENT_END
    journey.port.send(ns(HOME, source=end.link_local, from_mac=end.mac, lladdr=end.mac))
    answer = expect(journey.port, ICMPv6ND_NA, tgt=HOME, S=1)
    assert answer.dst == HOME_AGENT_END.mac and options_of(answer, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


def test_acknowledged_return_is_advertised_to_all_nodes(journey):  # §11.5.5
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    came = journey.port.run(3.0)  # the link-local address is tested on this link first
    told = {find(packet, ICMPv6ND_NA).tgt: packet for packet in came if find(packet, ICMPv6ND_NA)}
    assert {HOME, NODE.link_local} <= set(told), "for each of its addresses, its link-local address too"
    for packet in told.values():
        fields = packet[ICMPv6ND_NA]
        assert packet[IPv6].dst == ALL_NODES and (fields.R, fields.S, fields.O) == (0, 0, 1)
        assert options_of(packet, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


def test_unanswered_deregistration_is_repeated(journey):  # §11.8
    journey.register()
    first = journey.deregister()
    again = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert again.time - first.time == pytest.approx(1.0, abs=0.01), "INITIAL_BINDACK_TIMEOUT"
    assert again[MIP6MH_BU].mhtime == 0 and again[MIP6MH_BU].seq == first[MIP6MH_BU].seq + 1 & 0xFFFF


def test_packets_go_natively_after_the_return(journey):  # §11.5.5
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (HOME, CORRESPONDENT) and home_address_of(request) is None and inner(request) is None


def test_correspondents_delete_their_bindings_on_return(journey):  # §11.7.2, §5.2.5
    journey.register()
    journey.bind_correspondent()
    journey.settle(211.0)  # the home token is too old now (MAX_TOKEN_LIFETIME)
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    init = message(journey.port, MIP6MH_HoTI, within=3.0, to=CORRESPONDENT)
    assert ends(init) == (HOME, CORRESPONDENT) and inner(init) is None
    journey.send(CORRESPONDENT, home_test(init))
    deletion = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert ends(deletion) == (HOME, CORRESPONDENT) and deletion[MIP6MH_BU].mhtime == 0
    assert option(deletion, MIP6OptNonceIndices).hni == HOME_NONCE
    assert is_signed(deletion, binding_key(HOME_TOKEN), HOME, CORRESPONDENT)
