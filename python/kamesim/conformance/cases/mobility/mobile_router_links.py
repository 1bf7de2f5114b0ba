"""The egress interface of a mobile router: a host on visited links, a router at home (RFC 3963 §5.6, §5.7, §5.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    IPv6,
)

from kamesim.conformance.cases.mobility._mobile_router import CARE_OF, HOME, INGRESS, INSIDER, NETWORK, Bus, bus
from kamesim.conformance.exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE,
    case,
    echo_request,
    expect,
    expect_none,
    may,
    must,
    ns,
    prefix_information,
    ra,
    rs,
    should,
)

ROLE = "router"


def advertising(lab) -> Bus:
    """A mobile router that is told to advertise itself on its egress interface, and does so inside."""
    bus = Bus(lab)
    bus.node.advertise("home", min_interval=3.0, max_interval=4.0)
    bus.node.advertise("inside", prefixes=[f"{NETWORK}/64"], min_interval=3.0, max_interval=4.0)
    return bus


def all_routers_groups(bus: Bus) -> set[str]:
    table = bus.node.groups()
    joined = set(table[table.interface == "egress"].group)
    return joined & {"ff01::2", "ff02::2", "ff05::2"}


def router_flag(bus: Bus, target: str) -> int:
    """The R bit of the answer to a solicitation of the target."""
    end = next(bus.ends[name] for name, port in bus.ports.items() if port is bus.port)
    bus.port.send(ns(target, source=end.link_local, lladdr=end.mac, from_mac=end.mac))
    return expect(bus.port, ICMPv6ND_NA, tgt=target)[ICMPv6ND_NA].R


@case(must("RFC 3963 §5.6"))
def advertisements_on_the_egress_interface_are_heeded(bus):
    bus.register()
    assert CARE_OF in bus.node.interface("egress").addresses
    assert bus.node.mobile_ip.care_of == CARE_OF


@case(must("RFC 3963 §5.6"))
def default_router_is_taken_from_advertisements(bus):
    bus.register()
    bus.node.ping("2001:db8:5::5", source=CARE_OF, count=1)
    assert expect(bus.port, ICMPv6EchoRequest).dst == bus.ends["visited"].mac


@case(must("RFC 4861 §6.2.6"))
def advertisements_inside_are_not_heeded(bus):
    bus.inside.send(ra(prefix_information("2001:db8:77::"), source=INSIDER.link_local, lladdr=INSIDER.mac))
    bus.inside.run(3.0)
    assert not any(a.startswith("2001:db8:77:") for a in bus.node.interface("ingress").addresses)


@case(should("RFC 3963 §5.6"))
def no_advertisements_on_a_visited_link(lab):
    bus = advertising(lab)
    bus.register()
    expect_none(bus.port, ICMPv6ND_RA, within=20.0)


@case(should("RFC 3963 §5.6"))
def solicitations_on_a_visited_link_are_not_answered(lab):
    bus = advertising(lab)
    bus.register()
    bus.port.send(rs(source="fe80::77", lladdr="02:00:00:00:00:77"))
    expect_none(bus.port, ICMPv6ND_RA, within=3.0)


@case(must("RFC 3963 §5.6"))
def advertisements_in_the_mobile_network_go_on(lab):
    bus = advertising(lab)
    bus.register()
    found = expect(bus.inside, ICMPv6ND_RA, within=5.0)
    assert found[ICMPv6ND_RA].routerlifetime > 0


@case(may("RFC 3963 §5.6"), should("RFC 3963 §5.6"))
def advertisements_at_home_have_router_lifetime_zero(lab):
    bus = advertising(lab)
    bus.port.inbox.clear()
    assert expect(bus.port, ICMPv6ND_RA, within=5.0)[ICMPv6ND_RA].routerlifetime == 0


@case(may("RFC 3963 §5.8"), should("RFC 3963 §5.8"))
def advertisements_begin_again_after_the_return_home(lab):
    bus = advertising(lab)
    bus.register()
    bus.move("home")
    assert expect(bus.port, ICMPv6ND_RA, within=20.0, routerlifetime=0)[IPv6].dst == ALL_NODES


@case(should("RFC 3963 §5.6"))
def solicitation_for_the_care_of_address_is_answered(bus):
    bus.register()
    end = bus.ends["visited"]
    bus.port.send(ns(CARE_OF, source=end.link_local, lladdr=end.mac, from_mac=end.mac))
    answer = expect(bus.port, ICMPv6ND_NA, tgt=CARE_OF)
    assert answer[ICMPv6ND_NA].S == 1


@case(must("RFC 3963 §5.6", "RFC 4861 §7.2.4"))
@pytest.mark.parametrize("target", [CARE_OF, NODE.link_local])
def answers_on_a_visited_link_are_those_of_a_host(bus, target):
    bus.register()
    assert router_flag(bus, target) == 0


@case(must("RFC 4861 §7.2.4", "RFC 3963 §5.8"))
@pytest.mark.parametrize("target", [HOME, NODE.link_local])
def answers_at_home_are_those_of_a_router(bus, target):
    assert router_flag(bus, target) == 1


@case(must("RFC 4861 §7.2.4"))
def answers_in_the_mobile_network_are_those_of_a_router(bus):
    bus.register()
    bus.inside.send(ns(INGRESS.address, source=INSIDER.link_local, lladdr=INSIDER.mac, from_mac=INSIDER.mac))
    assert expect(bus.inside, ICMPv6ND_NA, tgt=INGRESS.address)[ICMPv6ND_NA].R == 1


@case(must("RFC 3963 §5.7"))
def all_routers_groups_at_home(bus):
    assert {"ff01::2", "ff02::2"} <= all_routers_groups(bus)


@case(must("RFC 3963 §5.7"))
def no_all_routers_groups_on_a_visited_link(bus):
    bus.register()
    assert all_routers_groups(bus) == set()


@case(must("RFC 3963 §5.7"))
def no_all_routers_groups_before_the_link_is_known(bus):
    bus.node.move("visited")
    bus.ports["visited"].run(1.0)
    assert all_routers_groups(bus) == set()


@case(may("RFC 3963 §5.8"))
def all_routers_groups_again_after_the_return_home(bus):
    bus.register()
    bus.move("home")
    bus.port.run(3.0)
    assert {"ff01::2", "ff02::2"} <= all_routers_groups(bus)


@case(must("RFC 3963 §5.7"))
def packet_to_all_routers_is_not_taken_on_a_visited_link(bus):
    bus.register()
    end = bus.ends["visited"]
    bus.port.send(echo_request(ALL_ROUTERS, source=end.link_local, from_mac=end.mac))
    expect_none(bus.port, ICMPv6EchoReply)


@case(must("RFC 6275 §11.5.1"))
def routers_are_solicited_after_a_movement(bus):
    bus.node.move("visited")
    expect(bus.ports["visited"], ICMPv6ND_RS, within=2.0)


@case(must("RFC 3963 §5.6", "RFC 4862 §5.4"))
def care_of_address_is_tested(bus):
    bus.move("visited")
    assert expect(bus.port, ICMPv6ND_NS, within=3.0, tgt=CARE_OF)[IPv6].src == "::"
