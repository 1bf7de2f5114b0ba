"""IPv4 prefixes of a mobile router, and its registrations from networks of IPv4 (RFC 5555 §3.1.1, §4.4.2, with RFC 3963)."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_router import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    INGRESS,
    INSIDER,
    Bus,
    accepted,
)
from kamesim.conformance.dual_stack import (
    acknowledgement,
    arp,
    care_of_of,
    carrying,
    carrying_none,
    home_addresses_of,
    in_udp,
    introduce,
    look_for,
    look_for_none,
    nat_detection,
    ping4,
)
from kamesim.conformance.exchange import NODE, Lab, case, expect_dropped, may, must, should, stack
from kamesim.conformance.mobility import type2_route

ROLE = "router"
HOME_AGENT4, HOME4, HOME_GATEWAY4 = "192.0.2.1", "192.0.2.10", "192.0.2.254"
GATEWAY4, CARE_OF4 = "203.0.113.1", "203.0.113.100"  # of "visited"
NETWORK4, INGRESS4, INSIDER4 = "198.51.100.0", "198.51.100.1", "198.51.100.2"  # /28
CORRESPONDENT4 = "203.0.114.7"
ADDRESS, PREFIX = (HOME4, 32, False), (NETWORK4, 28, True)  # the options of a first Binding Update


class DualBus(Bus):
    """A mobile router with an IPv4 prefix, that has been at home for a while."""

    def __init__(self, lab: Lab, **role: Any) -> None:
        given = {
            "home_agent_ipv4": HOME_AGENT4,
            "ipv4_home_address": f"{HOME4}/24",
            "ipv4_home_gateway": HOME_GATEWAY4,
            "ipv4_networks": [ks.Ipv4Access(f"{CARE_OF4}/24", GATEWAY4)],
            "ipv4_prefixes": f"{NETWORK4}/28",
        }
        super().__init__(lab, **{**given, **role})
        for port in (*self.ports.values(), self.inside):
            port.every_protocol = True
        self.node.add_address(f"{INGRESS4}/28", interface="ingress")
        introduce(self.inside, INSIDER.mac, INSIDER4, INGRESS4)

    def answer(self, update: Packet, *options: Packet, **fields: Any) -> None:
        """Accepts the Binding Update; for its address and its prefix if no options are given."""
        ack = accepted(update, **fields)
        ack.options = list(options or (acknowledgement(HOME4), acknowledgement(NETWORK4, length=28)))
        self.send(HOME_AGENT, type2_route(HOME), ack)

    def register6(self, *options: Packet, name: str = "visited", **fields: Any) -> Packet:
        update = self.leave(name)
        self.answer(update, *options, **fields)
        return update

    def from_inside4(self, source: str = INSIDER4, destination: str = CORRESPONDENT4) -> None:
        """An IPv4 echo request of a node in the Mobile Network."""
        self.inside.send(Ether(src=INSIDER.mac, dst=INGRESS.mac) / ping4(destination, source))

    def inward4(self, destination: str = INSIDER4) -> None:
        """An IPv4 echo request of a correspondent, that the home agent tunnels in IPv6."""
        self.send(HOME_AGENT, ping4(destination, CORRESPONDENT4, b"inwards"))

    def reaches_inside(self) -> bool:
        frames = self.inside.frames(0.5)
        return any(IP in f and f[IP].dst == INSIDER4 and f.dst == INSIDER.mac for f in frames)


@pytest.fixture
def bus(lab: Lab) -> DualBus:
    return DualBus(lab)


# --- Binding Updates: §3.1.1, §4.4.2 ----------------------------------------------------------------------------------


@case(may("RFC 5555 §4.4.2", "RFC 5555 §3.1.1"))
def update_has_an_option_for_the_address_and_one_for_each_prefix(lab):
    bus = DualBus(lab, ipv4_prefixes=[f"{NETWORK4}/28", "198.51.100.64/26"])
    update = bus.leave()
    assert home_addresses_of(update) == [ADDRESS, PREFIX, ("198.51.100.64", 26, True)]
    assert "R" in str(update[MIP6MH_BU].flags)


@case(must("RFC 5555 §3.1.1"))
def prefix_is_asked_for_by_all_zeroes_its_length_and_p(lab):
    bus = DualBus(lab, ipv4_home_address=None, ipv4_prefixes="request/28")
    assert home_addresses_of(bus.leave()) == [("0.0.0.0", 28, True)]


@case(must("RFC 5555 §3.1.1"))
@pytest.mark.parametrize("length", [28, 30])
def prefix_that_was_handed_out_is_refreshed_with_its_length(lab, length):
    bus = DualBus(lab, ipv4_prefixes="request/28")
    bus.register6(acknowledgement(HOME4), acknowledgement(NETWORK4, length=length))
    assert bus.node.mobile_ip.ipv4_mobile_networks == [f"{NETWORK4}/{length}"]
    assert home_addresses_of(bus.update(within=419.0)) == [ADDRESS, (NETWORK4, length, False)]


@case(must("RFC 5555 §4.4.2.1"))
def deregistration_asks_for_no_prefixes(bus):
    bus.register6()
    bus.move("home")
    update = bus.update()
    assert update[MIP6MH_BU].mhtime == 0 and home_addresses_of(update) == []


@case(should("RFC 5555 §2.3.1"))
def nothing_is_asked_for_where_it_is_not_supported(bus):
    update = bus.leave()
    bus.send(HOME_AGENT, type2_route(HOME), accepted(update))
    assert home_addresses_of(bus.update(within=419.0)) == []
    assert bus.node.mobile_ip.ipv4_mobile_networks == []


# --- Acknowledgements: §3.2.1, §4.4.2 ---------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.2"))
@pytest.mark.parametrize("status", [128, 129, 130, 133])
def prefix_that_is_refused_is_not_forwarded_for(bus, status):
    bus.register6(acknowledgement(HOME4), acknowledgement(NETWORK4, status=status, length=0))
    assert bus.node.mobile_ip.ipv4_mobile_networks == [] and bus.node.mobile_ip.ipv4_home_address == HOME4
    bus.from_inside4()
    carrying_none(bus.port, ICMP)
    expect_dropped(bus.node, "nemo.source_not_in_mobile_network")


@case(must("RFC 5555 §4.4.2"))
def address_that_is_refused_does_not_keep_the_prefix_away(bus):
    bus.register6(acknowledgement(HOME4, status=130, length=0), acknowledgement(NETWORK4, length=28))
    assert bus.node.mobile_ip.ipv4_home_address is None
    bus.from_inside4()
    assert carrying(bus.port, ICMP, how="ipv6").inner_ends == (INSIDER4, CORRESPONDENT4)


@case(may("RFC 5555 §4.4.2"))
def refused_prefix_is_asked_for_again_with_the_next_update(bus):
    bus.register6(acknowledgement(HOME4), acknowledgement(NETWORK4, status=133, length=0))
    assert home_addresses_of(bus.update(within=419.0)) == [ADDRESS, PREFIX]


@case(must("RFC 5555 §3.2.1"))
def answers_are_told_apart_though_one_is_missing(bus):
    bus.register6(acknowledgement(NETWORK4, length=28))
    assert bus.node.mobile_ip.ipv4_mobile_networks == [f"{NETWORK4}/28"]
    assert bus.node.mobile_ip.ipv4_home_address is None


# --- Packets: §4.4.3, RFC 3963 §5.5, §9 -------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.3", "RFC 3963 §5.5"))
def packet_of_the_network_is_tunnelled_in_ipv6(bus):
    bus.register6()
    bus.from_inside4()
    packet = carrying(bus.port, ICMP, how="ipv6")
    assert packet.ends == (CARE_OF, HOME_AGENT) and packet.inner_ends == (INSIDER4, CORRESPONDENT4)
    assert packet.inner.ttl == 63


@case(must("RFC 5555 §4.4.3", "RFC 3963 §3"))
def packet_out_of_the_tunnel_is_forwarded_into_the_network(bus):
    bus.register6()
    bus.inward4()
    assert bus.reaches_inside()


@case(must("RFC 3963 §3"))
@pytest.mark.parametrize("destination", [CORRESPONDENT4, "198.51.100.17"])
def inner_destination_beyond_the_network_is_discarded(bus, destination):
    bus.register6()
    bus.inward4(destination)
    assert not bus.reaches_inside()
    expect_dropped(bus.node, "nemo.destination_not_in_mobile_network")


@case(should("RFC 3963 §9"))
@pytest.mark.parametrize("source", [CORRESPONDENT4, "198.51.100.17", INGRESS4])
def source_beyond_the_network_is_discarded(bus, source):
    bus.register6()
    bus.from_inside4(source, destination="203.0.114.8")
    carrying_none(bus.port, ICMP)
    expect_dropped(bus.node, "nemo.source_not_in_mobile_network")


@case(must("RFC 3963 §5.3"))
def packets_wait_for_the_acknowledgement(bus):
    update = bus.leave()
    bus.from_inside4()
    carrying_none(bus.port, ICMP)
    bus.answer(update)
    bus.from_inside4()
    carrying(bus.port, ICMP, how="ipv6")


@case(must("RFC 3963 §5.5", "RFC 3963 §5.6"))
def packet_that_comes_without_a_tunnel_is_discarded(bus):
    bus.register6()
    bus.port.send(Ether(src=bus.ends["visited"].mac, dst=NODE.mac) / ping4(INSIDER4, CORRESPONDENT4))
    assert not bus.reaches_inside()
    expect_dropped(bus.node, "nemo.not_by_tunnel")


# --- Networks of IPv4 alone: §4.4.2, §4.4.3 ---------------------------------------------------------------------------


def move4(bus) -> Any:
    """Plugs it into a network of IPv4, whose router answers; returns the Binding Update in UDP."""
    bus.port = bus.ports["visited"]
    bus.node.move("visited")
    look_for(bus.port, "ARP request for the router", lambda f: arp(f, op=1, pdst=GATEWAY4), 1.5)
    mac = bus.ends["visited"].mac
    bus.port.send(Ether(src=mac, dst=NODE.mac) / ARP(op=2, hwsrc=mac, psrc=GATEWAY4, hwdst=NODE.mac, pdst="0.0.0.0"))
    return carrying(bus.port, MIP6MH_BU, 4.0)


def register4(bus) -> Any:
    update = move4(bus)
    ack = accepted(update.inner)
    ack.options = [acknowledgement(HOME4), acknowledgement(NETWORK4, length=28), nat_detection()]
    bus.port.send(in_udp(outer4(bus) / IP(src=HOME_AGENT4, dst=CARE_OF4), IPv6(src=HOME_AGENT, dst=HOME) / ack))
    bus.port.run(0.1)
    return update


def outer4(bus) -> Packet:
    return Ether(src=bus.ends["visited"].mac, dst=NODE.mac)


@case(must("RFC 5555 §4.4.2"))
def update_from_a_network_of_ipv4_is_in_udp_with_the_prefix(bus):
    update = move4(bus)
    assert (update.how, update.ends, update.inner_ends) == ("udp", (CARE_OF4, HOME_AGENT4), (HOME, HOME_AGENT))
    assert "R" in str(update.inner[MIP6MH_BU].flags) and care_of_of(update.inner) == CARE_OF4
    assert home_addresses_of(update.inner) == [ADDRESS, PREFIX]


@case(must("RFC 5555 §4.4.3", "RFC 3963 §5.5"))
def packets_of_the_network_of_either_version_are_tunnelled_in_ipv4(bus):
    register4(bus)
    bus.from_inside4()
    packet = carrying(bus.port, ICMP, how="ip")
    assert packet.ends == (CARE_OF4, HOME_AGENT4) and packet.inner_ends == (INSIDER4, CORRESPONDENT4)
    bus.from_inside()
    packet = carrying(bus.port, ICMPv6EchoRequest, how="ip")
    assert packet.ends == (CARE_OF4, HOME_AGENT4) and packet.inner_ends == (INSIDER.address, CORRESPONDENT)


@case(must("RFC 5555 §4.4.3", "RFC 3963 §3"))
def packets_out_of_the_tunnel_of_ipv4_are_forwarded_into_the_network(bus):
    register4(bus)
    bus.port.send(outer4(bus) / IP(src=HOME_AGENT4, dst=CARE_OF4) / ping4(INSIDER4, CORRESPONDENT4))
    assert bus.reaches_inside()


# --- Home: RFC 3963 §5.8 ----------------------------------------------------------------------------------------------


@case(must("RFC 3963 §5.8", "RFC 5555 §4.4.4"))
def at_home_packets_of_the_network_pass_without_a_tunnel(bus):
    bus.from_inside4()
    look_for(bus.port, "ARP request for the gateway", lambda f: arp(f, op=1, pdst=HOME_GATEWAY4))
    mac = bus.ends["home"].mac
    bus.port.send(Ether(src=mac, dst=NODE.mac) / ARP(op=2, hwsrc=mac, psrc=HOME_GATEWAY4, hwdst=NODE.mac, pdst=HOME4))
    plain = look_for(bus.port, "the packet", lambda f: f if IP in f and f[IP].src == INSIDER4 else None)
    assert plain[IP].dst == CORRESPONDENT4 and isinstance(plain.payload, IP)
    bus.port.send(Ether(src=mac, dst=NODE.mac) / ping4(INSIDER4, CORRESPONDENT4))
    assert bus.reaches_inside()


@case(must("RFC 3963 §5.8"))
def prefix_that_was_handed_out_ends_at_home(lab):
    bus = DualBus(lab, ipv4_prefixes="request/28")
    bus.register6()
    bus.move("home")
    bus.acknowledge(bus.update())
    bus.port.run(1.0)
    assert bus.node.mobile_ip.ipv4_mobile_networks == []
    bus.from_inside4()
    look_for_none(bus.port, "packet", lambda f: IP in f and f[IP].src == INSIDER4)
