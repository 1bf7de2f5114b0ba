"""A mobile node returns home (RFC 6275 §11.5.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoRequest,
    ICMPv6NDOptDstLLAddr,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    IPv6,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptNonceIndices,
)

from kamesim.conformance.cases.mobility._mobile_node import (
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    HOME_NONCE,
    HOME_TOKEN,
    home_test,
    journey,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    Unmet,
    case,
    expect,
    expect_none,
    find,
    must,
    ns,
    options_of,
    prefix_information,
    ra,
)
from kamesim.conformance.mobility import (
    binding_ack,
    binding_key,
    ends,
    home_address_of,
    inner,
    is_signed,
    message,
    option,
)

ROLE = "host"


@case(must("RFC 6275 §11.5.5"))
def return_home_deregisters_from_the_home_address(journey):
    away = journey.register()
    update = journey.deregister()
    assert ends(update) == (HOME, HOME_AGENT) and home_address_of(update) is None and inner(update) is None
    assert update.dst == HOME_AGENT_END.mac
    fields = update[MIP6MH_BU]
    assert fields.mhtime == 0 and fields.flags.H and fields.flags.A
    assert fields.seq == away[MIP6MH_BU].seq + 1 & 0xFFFF
    care_of = option(update, MIP6OptAltCoA)
    assert care_of is None or care_of.acoa == HOME


@case(must("RFC 6275 §11.5.5", "RFC 6275 §7.2"))
def home_agent_is_known_from_its_router_advertisement(journey):
    # By the R bit.
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
    raise Unmet("no Binding Update")


@case(must("RFC 6275 §11.5.5"))
def home_agents_defence_makes_no_duplicate_of_the_home_address(journey):
    # No DAD with a binding.
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    expect_none(journey.port, ICMPv6ND_NS, within=3.0, tgt=HOME)
    addresses = journey.node.addresses()
    assert list(addresses[addresses.address == HOME].state) == ["preferred"]


@case(must("RFC 6275 §11.5.5"))
def solicitations_for_the_home_address_are_answered_after_the_update(journey):
    journey.register()
    journey.deregister()
    end = HOME_AGENT_END
    journey.port.send(ns(HOME, source=end.link_local, from_mac=end.mac, lladdr=end.mac))
    answer = expect(journey.port, ICMPv6ND_NA, tgt=HOME, S=1)
    assert answer.dst == HOME_AGENT_END.mac and options_of(answer, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


@case(must("RFC 6275 §11.5.5"))
def acknowledged_return_is_advertised_to_all_nodes(journey):
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


@case(must("RFC 6275 §11.8"))
def unanswered_deregistration_is_repeated(journey):
    journey.register()
    first = journey.deregister()
    again = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert again.time - first.time == pytest.approx(1.0, abs=0.01), "INITIAL_BINDACK_TIMEOUT"
    assert again[MIP6MH_BU].mhtime == 0 and again[MIP6MH_BU].seq == first[MIP6MH_BU].seq + 1 & 0xFFFF


@case(must("RFC 6275 §11.5.5"))
def packets_go_natively_after_the_return(journey):
    journey.register()
    update = journey.deregister()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (HOME, CORRESPONDENT) and home_address_of(request) is None and inner(request) is None


@case(must("RFC 6275 §11.7.2", "RFC 6275 §5.2.5"))
def correspondents_delete_their_bindings_on_return(journey):
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
