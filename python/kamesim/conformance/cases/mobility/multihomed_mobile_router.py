"""A mobile router with two egress interfaces (RFC 3963 §5 with RFC 5648 §7, RFC 6089)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_RA, MIP6OptAltCoA

from kamesim.conformance.cases.mobility._mobile_router import CORRESPONDENT, HOME, INSIDER, NETWORK, told_prefixes
from kamesim.conformance.cases.mobility._multihomed_node import HOME_AGENT, LEFT, RIGHT
from kamesim.conformance.cases.mobility._multihomed_router import TUNNELS, TwoLinkBus, bus
from kamesim.conformance.cases.mobility._multiple_bindings import PROHIBITED, bids_of, flows_of, overwrites
from kamesim.conformance.exchange import (
    NODE,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    find,
    ip,
    may,
    must,
    should,
    stack,
)
from kamesim.conformance.mobility import ends, home_address_of, inner, option

ROLE = "router"


def told(update) -> dict[int, str | None]:
    return {b.bid: b.care_of for b in bids_of(update)}


def is_of_mobile_router(update) -> bool:
    flags = str(update[MIP6MH_BU].flags)
    return "R" in flags and "H" in flags and "A" in flags


# --- Registration: RFC 3963 §5.2, RFC 5648 §5 -------------------------------------------------------------------------


@case(must("RFC 3963 §5.2", "RFC 5648 §5.1"))
def each_link_is_registered_with_the_r_bit_and_a_bid(bus):
    first, second = bus.register()
    assert is_of_mobile_router(first) and is_of_mobile_router(second)
    assert (told(first), told(second)) == ({1: LEFT}, {2: RIGHT})
    assert overwrites(first) and not overwrites(second)
    assert home_address_of(first) == home_address_of(second) == HOME and option(first, MIP6OptAltCoA) is None


@case(must("RFC 3963 §5.2"))
@pytest.mark.parametrize("mode", ["implicit", "explicit"])
def prefixes_are_told_with_each_binding_in_explicit_mode_only(lab, mode):
    bus = TwoLinkBus(lab, mode=mode)
    expected = [(NETWORK, 64)] if mode == "explicit" else []
    assert [told_prefixes(update) for update in bus.register()] == [expected, expected]
    bus.settle(300.0)
    assert told_prefixes(bus.update(within=20.0)) == expected, "refreshes too"


@case(must("RFC 5648 §5.3", "RFC 3963 §5.2"))
def bulk_registration_has_the_prefixes_once(lab):
    bus = TwoLinkBus(lab, mode="explicit")
    bus.advertise("left")
    bus.advertise("right")
    update = bus.update()
    while len(told(update)) < 2:
        update = bus.update()
    assert is_of_mobile_router(update) and told_prefixes(update) == [(NETWORK, 64)]
    bus.acknowledge(update)
    assert bus.node.mobile_ip.mobile_network_forwarded and len(bus.node.mobile_ip.ways) == 2


@case(must("RFC 5648 §5.4", "RFC 3963 §5.8"))
def deregistration_of_a_binding_has_the_r_bit_and_no_prefixes(lab):
    bus = TwoLinkBus(lab, mode="explicit")
    bus.register()
    bus.unplug(0)
    update = bus.update(within=0.5)
    assert update.link == "right" and update[MIP6MH_BU].mhtime == 0 and set(told(update)) == {1}
    assert is_of_mobile_router(update) and told_prefixes(update) == []


@case(must("RFC 5648 §5.7", "RFC 3963 §5.2"))
@pytest.mark.parametrize("mode", ["implicit", "explicit"])
def home_agent_without_several_bindings_serves_one(lab, mode):
    bus = TwoLinkBus(lab, mode=mode)
    bus.advertise("left")
    bus.acknowledge(bus.update(), status=PROHIBITED)
    update = bus.update(within=2.0)
    assert told(update) == {} and is_of_mobile_router(update)
    assert told_prefixes(update) == ([(NETWORK, 64)] if mode == "explicit" else [])
    bus.acknowledge(update, options=False)
    bus.from_inside()
    assert [(name, outer) for name, outer, _ in bus.outward()] == [("left", TUNNELS["left"])]


@case(must("RFC 3963 §5.6"))
def no_advertisements_on_any_visited_link(bus):
    bus.register()
    for name in ("left", "right"):
        expect_none(bus.ports[name], ICMPv6ND_RA, within=20.0)


# --- Refusals: RFC 3963 §5.3, §5.4 --------------------------------------------------------------------------------------


@case(must("RFC 3963 §5.3"))
def home_agent_without_support_is_left(bus):
    bus.advertise("left")
    bus.acknowledge(bus.update(), flags="")
    withdrawal = bus.update(within=2.0)
    assert withdrawal[MIP6MH_BU].mhtime == 0 and ends(withdrawal) == (LEFT, HOME_AGENT) and told(withdrawal) == {}
    assert home_address_of(withdrawal) == HOME
    bus.acknowledge(withdrawal, options=False, flags="")
    bus.advertise("right")
    bus.no_update(100.0)
    assert not bus.node.mobile_ip.mobile_network_forwarded and bus.node.mobile_ip.mobile_router_mode == "given up"


@case(must("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(
    ["mode", "status"],
    [(mode, status) for mode in ("implicit", "explicit") for status in (140, 141, 142, 143)],
)
def refusal_ends_the_registrations_of_all_links(lab, mode, status):
    bus = TwoLinkBus(lab, mode=mode)
    bus.advertise("left")
    bus.acknowledge(bus.update(), status=status, flags="" if status == 140 else "R")
    bus.advertise("right")
    bus.no_update(200.0)
    assert bus.node.mobile_ip.mobile_router_mode == "given up"
    trace = bus.node.trace
    assert list(trace[trace.kind == "nemo.gave_up"].status) == [status]


@case(may("RFC 3963 §5.4.1", "RFC 3963 §5.4.2"))
@pytest.mark.parametrize(["mode", "status"], [("implicit", 143), ("explicit", 141), ("explicit", 142)])
def other_mode_is_tried_once_if_it_may(lab, mode, status):
    bus = TwoLinkBus(lab, mode=mode, try_other_mode=True)
    bus.advertise("left")
    bus.acknowledge(bus.update(), status=status)
    other = bus.update(within=2.0)
    assert is_of_mobile_router(other) and told(other) == {1: LEFT}
    assert told_prefixes(other) == ([] if mode == "explicit" else [(NETWORK, 64)])
    bus.acknowledge(other)
    assert bus.node.mobile_ip.mobile_network_forwarded
    assert bus.node.mobile_ip.mobile_router_mode == ("implicit" if mode == "explicit" else "explicit")


# --- The Mobile Network by the bindings: RFC 3963 §5.5, RFC 5648 §3 ---------------------------------------------------


@case(must("RFC 3963 §5.3"))
def traffic_waits_for_the_first_acknowledgement(bus):
    bus.advertise("left")
    update = bus.update()
    bus.from_inside()
    assert bus.outward() == []
    expect_dropped(bus.node, "nemo.no_tunnel")
    bus.acknowledge(update)
    bus.from_inside()
    assert [(name, outer) for name, outer, _ in bus.outward()] == [("left", TUNNELS["left"])]


@case(must("RFC 3963 §5.5"))
def packets_of_the_network_go_by_the_preferred_link(bus):
    bus.register()
    bus.from_inside(hlim=64)
    ((name, outer, packet),) = bus.outward()
    assert (name, outer) == ("left", TUNNELS["left"])
    assert (packet.src, packet.dst, packet.hlim) == (INSIDER.address, CORRESPONDENT, 63)


@case(must("RFC 3963 §5.5"))
def priorities_decide_which_link_is_preferred(lab):
    bus = TwoLinkBus(lab, interfaces={"eth0": 30, "eth1": 5})
    bus.register()
    bus.from_inside()
    assert [(name, outer) for name, outer, _ in bus.outward()] == [("right", TUNNELS["right"])]


@case(must("RFC 3963 §3", "RFC 5648 §6.5"))
@pytest.mark.parametrize("name", ["left", "right"])
def packets_for_the_network_come_by_either_tunnel(bus, name):
    bus.register()
    bus.inward(name, hlim=20)
    packet = expect(bus.inside, ICMPv6EchoRequest, data=b"inwards")
    assert ends(packet) == (CORRESPONDENT, INSIDER.address) and packet.hlim == 19 and inner(packet) is None


@case(must("RFC 3963 §3"))
@pytest.mark.parametrize("name", ["left", "right"])
@pytest.mark.parametrize("destination", ["2001:db8:d::77", "2001:db8:b::77"])
def inner_destination_beyond_the_network_is_discarded(bus, name, destination):
    bus.register()
    bus.inward(name, dst=destination)
    assert bus.outward() == []
    expect_dropped(bus.node, "nemo.destination_not_in_mobile_network")


@case(must("RFC 3963 §3"))
@pytest.mark.parametrize("name", ["left", "right"])
def tunnel_packet_of_another_than_the_home_agent_is_discarded(bus, name):
    bus.register()
    bus.inward(name, outer=CORRESPONDENT)
    expect_none(bus.inside, ICMPv6EchoRequest)
    expect_dropped(bus.node, "tunnel.unknown_peer")


@case(must("RFC 3963 §5.5", "RFC 3963 §5.6"))
@pytest.mark.parametrize("name", ["left", "right"])
def packet_that_comes_without_a_tunnel_is_discarded(bus, name):
    bus.register()
    mac = bus.node.interfaces[0 if name == "left" else 1].mac
    direct = ip(INSIDER.address, source=CORRESPONDENT, from_mac=bus.ends[name].mac, to_mac=mac)
    bus.ports[name].send(stack(direct, echo()))
    expect_none(bus.inside, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.not_by_tunnel")


@case(must("RFC 3963 §5.6"))
def nothing_is_forwarded_from_one_visited_link_to_the_other(bus):
    bus.register()
    transit = ip("2001:db8:c::5", source=CORRESPONDENT, from_mac=bus.ends["left"].mac, to_mac=NODE.mac)
    bus.ports["left"].send(stack(transit, echo()))
    assert bus.outward() == []
    expect_dropped(bus.node, "nemo.not_by_tunnel")


@case(should("RFC 3963 §9"))
@pytest.mark.parametrize("source", ["2001:db8:d::77", HOME])
def source_beyond_the_network_is_discarded(bus, source):
    bus.register()
    bus.from_inside(source=source)
    assert bus.outward() == []
    expect_dropped(bus.node, "nemo.source_not_in_mobile_network")


@case(must("RFC 3963 §5.5"))
def mobile_router_answers_as_its_home_address_by_the_preferred_link(bus):
    bus.register()
    bus.send_down("right", CORRESPONDENT, echo(b"to the router"))
    replies = [(name, p) for name, p in bus.came(0.5) if find(p, ICMPv6EchoReply)]
    assert [name for name, _ in replies] == ["left"] and inner(replies[0][1]).src == HOME


# --- Make before break: RFC 5648 §5.4 ----------------------------------------------------------------------------------


@case(must("RFC 5648 §5.4", "RFC 3963 §5.5"))
def network_goes_by_the_other_link_at_once(bus):
    bus.register()
    bus.unplug(0)
    bus.from_inside()
    assert [(name, outer) for name, outer, _ in bus.outward()] == [("right", TUNNELS["right"])]
    bus.inward("right")
    expect(bus.inside, ICMPv6EchoRequest, data=b"inwards")


@case(must("RFC 5648 §5.1", "RFC 3963 §5.5"))
def network_goes_by_the_preferred_link_once_it_is_back(bus):
    bus.register()
    bus.unplug(0)
    bus.acknowledge(bus.update())
    bus.node.interfaces[0].enabled = True
    bus.settle(0.5)
    bus.advertise("left")
    update = bus.update()
    bus.from_inside()
    assert [name for name, _, _ in bus.outward()] == ["right"], "not before it is acknowledged"
    bus.acknowledge(update)
    bus.from_inside()
    assert [name for name, _, _ in bus.outward()] == ["left"]


@case(must("RFC 3963 §5.3"))
def network_rests_while_there_is_no_link(bus):
    bus.register()
    bus.unplug(0)
    bus.unplug(1)
    assert not bus.node.mobile_ip.mobile_network_forwarded
    bus.from_inside()
    assert bus.outward() == []
    expect_dropped(bus.node, "nemo.no_tunnel")


# --- Flows of the Mobile Network: RFC 6089 §5.2, §5.3.6 ------------------------------------------------------------------


@case(must("RFC 6089 §5.2"))
def flow_of_an_insider_goes_by_the_link_it_is_bound_to(bus):
    bus.register()
    bus.node.mobile_ip.bind_flow(bus.names[1], destination=INSIDER.address)
    update = bus.update(within=1.0)
    assert is_of_mobile_router(update) and len(flows_of(update)) == 1
    bus.acknowledge(update)
    bus.from_inside()
    bus.from_inside(source="2001:db8:e::98")
    went = {packet.src: name for name, _, packet in bus.outward()}
    assert went == {INSIDER.address: "right", "2001:db8:e::98": "left"}


# --- Home: RFC 3963 §5.8, RFC 5648 §5.5.1 ----------------------------------------------------------------------------------


def at_home(bus) -> None:
    bus.node.move("home", interface=bus.names[0])
    bus.settle(0.5)
    bus.advertise("home")


@case(must("RFC 5648 §5.5.1", "RFC 3963 §5.8"))
def returning_home_by_one_link_deletes_all_without_prefixes(lab):
    bus = TwoLinkBus(lab, mode="explicit")
    bus.register()
    at_home(bus)
    update = bus.update()
    assert update.link == "home" and ends(update) == (HOME, HOME_AGENT) and update[MIP6MH_BU].mhtime == 0
    assert told(update) == {} and told_prefixes(update) == [] and "R" in str(update[MIP6MH_BU].flags)


@case(must("RFC 3963 §5.8", "RFC 5648 §5.5.1"))
def at_home_packets_pass_the_home_link_alone(bus):
    bus.register()
    at_home(bus)
    bus.acknowledge(bus.update(), options=False)
    bus.settle(2.0)
    bus.advertise("right")  # a default router, too
    bus.from_inside()
    assert [(name, outer) for name, outer, _ in bus.outward()] == [("home", (INSIDER.address, CORRESPONDENT))]
    here = ip(INSIDER.address, source=CORRESPONDENT, from_mac=bus.ends["home"].mac, to_mac=NODE.mac)
    bus.ports["home"].send(stack(here, echo(b"inwards")))
    expect(bus.inside, ICMPv6EchoRequest, data=b"inwards")


@case(must("RFC 3963 §5.6", "RFC 5648 §5.5.1"))
def at_home_the_visited_link_is_no_way_in(bus):
    bus.register()
    at_home(bus)
    bus.acknowledge(bus.update(), options=False)
    bus.settle(2.0)
    mac = bus.node.interfaces[1].mac
    direct = ip(INSIDER.address, source=CORRESPONDENT, from_mac=bus.ends["right"].mac, to_mac=mac)
    bus.ports["right"].send(stack(direct, echo()))
    expect_none(bus.inside, ICMPv6EchoRequest)
    expect_dropped(bus.node, "nemo.not_by_tunnel")
