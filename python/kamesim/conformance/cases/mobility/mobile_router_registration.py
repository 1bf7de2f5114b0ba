"""Registration of a mobile router (RFC 3963 §4, §5.1 to §5.3, §5.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6EchoRequest, MIP6OptAltCoA
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._mobile_node import Journey
from kamesim.conformance.cases.mobility._mobile_router import (
    CARE_OF,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    MNP,
    NETWORK,
    OTHER_CARE_OF,
    SECOND_NETWORK,
    Bus,
    accepted,
    bus,
    explicit,
    told_prefixes,
)
from kamesim.conformance.exchange import case, expect_none, ip, must, should
from kamesim.conformance.mobility import ends, home_address_of, no_message, option

ROLE = "router"
BOTH = [(NETWORK, 64), (SECOND_NETWORK, 64)]


class RouterJourney(Journey):
    """Return routability, as the cases on mobile nodes have it, of a mobile router that is registered."""

    def __init__(self, lab) -> None:
        bus = Bus(lab, mode="explicit")
        self.ends, self.ports, self.node = bus.ends, bus.ports, bus.node
        bus.register()
        self.care_of, self.port = bus.care_of, bus.port


def accepted_at_home(update: Packet) -> Packet:
    """The acknowledgement of a de-registration, on the home link."""
    return ip(HOME, source=HOME_AGENT, from_mac=HOME_AGENT_END.mac) / accepted(update, lifetime=0)


@case(must("RFC 3963 §5.2", "RFC 3963 §4.1"))
def update_has_the_r_and_the_h_bit(bus):
    update = bus.leave()
    assert {"R", "H", "A"} <= set(str(update[MIP6MH_BU].flags))
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == HOME
    assert option(update, MIP6OptAltCoA).acoa == CARE_OF


@case(must("RFC 3963 §5.2"))
def implicit_mode_tells_no_prefixes(bus):
    assert told_prefixes(bus.leave()) == []


@case(must("RFC 3963 §5.2", "RFC 3963 §4.3"))
def explicit_mode_tells_all_prefixes(explicit):
    assert told_prefixes(explicit.leave()) == BOTH


@case(must("RFC 3963 §4.3"))
def prefix_option_has_its_length_and_alignment(explicit):
    update = explicit.leave()
    for found in update[MIP6MH_BU].options:
        if isinstance(found, MNP):
            assert (found.olen, found.reserved) == (18, 0)
    header = bytes(update[MIP6MH_BU])
    assert header.find(bytes([6, 18])) % 8 == 4, "8n+4"
    assert len(header) == 8 * (header[1] + 1)


@case(must("RFC 3963 §5.2"))
def retransmitted_update_tells_the_prefixes(explicit):
    explicit.leave()
    again = explicit.update()
    assert told_prefixes(again) == BOTH and "R" in str(again[MIP6MH_BU].flags)


@case(must("RFC 3963 §5.2"))
def refresh_tells_the_prefixes_and_the_r_bit(explicit):
    explicit.register(lifetime=60)
    refresh = explicit.update(within=60.0)
    assert told_prefixes(refresh) == BOTH and "R" in str(refresh[MIP6MH_BU].flags)


@case(must("RFC 3963 §5.2"))
def refresh_in_implicit_mode_has_the_r_bit(bus):
    bus.register(lifetime=60)
    refresh = bus.update(within=60.0)
    assert told_prefixes(refresh) == [] and "R" in str(refresh[MIP6MH_BU].flags)


@case(must("RFC 3963 §5.2"))
def update_from_the_next_link_tells_the_prefixes(explicit):
    explicit.register()
    update = explicit.leave("other")
    assert told_prefixes(update) == BOTH and ends(update) == (OTHER_CARE_OF, HOME_AGENT)


@case(must("RFC 3963 §5.2"))
def update_to_a_correspondent_has_no_r_bit(lab):
    """RFC 3963 §6.2, note: prefixes are not for correspondent nodes."""
    journey = RouterJourney(lab)
    update = journey.update_correspondent()
    assert not {"R", "H"} & set(str(update[MIP6MH_BU].flags)) and told_prefixes(update) == []


@case(must("RFC 3963 §5.3"))
def traffic_waits_for_the_acknowledgement(bus):
    bus.leave()
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)
    assert bus.node.drops["nemo.no_tunnel"] == 1


@case(must("RFC 3963 §5.3"))
def traffic_is_tunnelled_after_the_acknowledgement(bus):
    bus.register()
    bus.from_inside()
    bus.tunnels()


@case(must("RFC 3963 §5.3"))
@pytest.mark.parametrize("status", [0, 1])
def both_statuses_of_acceptance_count(bus, status):
    bus.register(status=status)
    bus.from_inside()
    bus.tunnels()


@case(must("RFC 6275 §11.7.3", "RFC 3963 §5.3"))
def acknowledgement_of_another_sequence_number_sets_nothing_up(bus):
    update = bus.leave()
    update[MIP6MH_BU].seq = update[MIP6MH_BU].seq + 9 & 0xFFFF
    bus.acknowledge(update)
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 3963 §5.3"))
def lapsed_binding_stops_the_tunnel(bus):
    bus.register(lifetime=20)
    bus.port.run(25.0)
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 3963 §5.8"))
def returning_home_deregisters(bus):
    bus.register()
    bus.move("home")
    update = bus.update()
    assert update[MIP6MH_BU].mhtime == 0 and ends(update) == (HOME, HOME_AGENT)
    assert home_address_of(update) is None


@case(should("RFC 3963 §5.8"))
def deregistration_tells_no_prefixes(explicit):
    explicit.register()
    explicit.move("home")
    update = explicit.update()
    assert update[MIP6MH_BU].mhtime == 0 and told_prefixes(update) == []


@case(must("RFC 3963 §5.8", "RFC 6275 §11.5.5"))
def deregistration_is_repeated_until_it_is_acknowledged(bus):
    bus.register()
    bus.move("home")
    first, _second, third = bus.update(), bus.update(), bus.update()  # two may have waited for its link-layer address
    assert third[MIP6MH_BU].mhtime == 0 and third.time > first.time
    bus.port.send(accepted_at_home(third))
    no_message(bus.port, MIP6MH_BU, 40.0)


@case(must("RFC 3963 §3", "RFC 3963 §5.2"))
def home_address_may_be_of_the_mobile_network(lab):
    bus = Bus(lab, home_address="2001:db8:e::100", home_link="2001:db8:a::/64")
    update = bus.leave()
    assert home_address_of(update) == "2001:db8:e::100" and ends(update) == (CARE_OF, HOME_AGENT)


@case(must("RFC 3963 §5.2", "RFC 6275 §11.7.1"))
def nothing_is_registered_at_home(bus):
    no_message(bus.port, MIP6MH_BU, 30.0)


@case(must("RFC 3963 §5", "RFC 6275 §8.5"))
@pytest.mark.parametrize("status", [129, 130, 132])
def other_rejections_are_those_of_a_mobile_node(bus, status):
    bus.acknowledge(bus.leave(), status=status, lifetime=0)
    no_message(bus.port, MIP6MH_BU, 20.0)
    bus.from_inside()
    expect_none(bus.port, ICMPv6EchoRequest)


@case(must("RFC 3963 §5.4", "RFC 6275 §11.7.3"))
def sequence_number_out_of_window_is_taken_over(explicit):
    update = explicit.leave()
    update[MIP6MH_BU].seq = last = update[MIP6MH_BU].seq + 1000 & 0xFFFF
    explicit.acknowledge(update, status=135, lifetime=0)
    again = explicit.update(within=1.4)
    assert again[MIP6MH_BU].seq == last + 1 & 0xFFFF and told_prefixes(again) == BOTH
