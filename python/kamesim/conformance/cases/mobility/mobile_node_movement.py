"""A mobile node at home, and moving (RFC 6275 §11.5)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BU, ICMPv6EchoReply, ICMPv6ND_NS, ICMPv6ND_RS, MIP6OptAltCoA, MIP6OptNonceIndices

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    Journey,
    journey,
)
from kamesim.conformance.exchange import NODE, case, echo, expect, ip, must, prefix_information, ra, solicited_node
from kamesim.conformance.mobility import ends, home_address_of, message, no_message, option

ROLE = "host"


@case(must("RFC 6275 §11.3.1"))
def at_home_nothing_is_registered(journey):
    # "no special Mobile IPv6 processing is required".
    journey.settle()
    journey.port.send(ip(HOME, source=CORRESPONDENT, from_mac=HOME_AGENT_END.mac) / echo())
    reply = expect(journey.port, ICMPv6EchoReply)
    assert ends(reply) == (HOME, CORRESPONDENT) and home_address_of(reply) is None
    no_message(journey.port, MIP6MH_BU, 10.0)


@case(must("RFC 4862 §5.4"))
def home_address_is_tested_at_home_without_a_binding(journey):
    probe = expect(journey.port, ICMPv6ND_NS, tgt=HOME)
    assert ends(probe) == ("::", solicited_node(HOME))


@case(must("RFC 6275 §11.5.1", "RFC 6275 §11.7.1"))
def movement_ends_in_a_binding_update(journey):
    journey.settle()
    journey.move("visited")
    probe = expect(journey.port, ICMPv6ND_NS, tgt=CARE_OF, within=2.0)
    update = message(journey.port, MIP6MH_BU, within=3.0, to=HOME_AGENT)
    assert update.time - probe.time >= 1.0 - 1e-6, "the care-of address is tested first"
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == HOME
    fields = update[MIP6MH_BU]
    assert str(fields.flags) in ("HA", "AH") and fields.mhtime == 420 // 4
    assert option(update, MIP6OptAltCoA).acoa == CARE_OF
    assert option(update, MIP6OptNonceIndices) is None


@case(must("RFC 6275 §11.5.1", "RFC 6275 §11.7.1"))
def host_that_is_enabled_on_a_visited_link_registers_what_it_has(lab):
    # It has had its address for long, and the router's next periodic advertisement is far away.
    _lan, port = lab.link("visited", ACCESS)
    prefix = prefix_information(ACCESS.address.removesuffix("1"))
    advertisement = ra(prefix, source=ACCESS.link_local, lladdr=ACCESS.mac)
    node = lab.net.host("mobile")
    lab.attach(lab.net.medium("visited"), node, address=False)
    port.send(advertisement)
    port.run(30.0)
    node.enable(ks.MobileNode(home_address=HOME, home_agent=HOME_AGENT))
    expect(port, ICMPv6ND_RS, within=1.0)
    port.send(advertisement)
    assert ends(message(port, MIP6MH_BU, within=1.0, to=HOME_AGENT)) == (CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §11.5.1"))
def link_local_address_is_tested_on_every_link(journey):
    journey.settle()
    journey.move("visited")
    assert ends(expect(journey.port, ICMPv6ND_NS, within=2.0, tgt=NODE.link_local))[0] == "::"


@case(must("RFC 6275 §11.7.1"))
def lifetime_of_the_role_is_asked_for(lab):
    assert Journey(lab, lifetime=1000.0).leave()[MIP6MH_BU].mhtime == 250


@case(must("RFC 6275 §11.7.1"))
def lifetime_is_not_beyond_that_of_the_care_of_address(journey):
    journey.settle()
    journey.port = journey.ports["visited"]
    journey.node.move("visited")
    expect(journey.port, ICMPv6ND_RS, within=2.0)
    prefix = prefix_information("2001:db8:b::", valid=100, preferred=100)
    journey.port.send(ra(prefix, source=ACCESS.link_local, lladdr=ACCESS.mac))
    update = message(journey.port, MIP6MH_BU, within=4.0)
    assert 0 < update[MIP6MH_BU].mhtime * 4 <= 100
