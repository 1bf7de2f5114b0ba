"""Shared by the cases on mobile nodes with IPv4 (RFC 5555): the tester plays the home agent, and the routers of networks of
IPv6, of IPv4, and of both."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import MIP6MH_BU, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import HOME, HOME_AGENT, Journey
from kamesim.conformance.dual_stack import (
    Carried,
    acknowledgement,
    arp,
    carrying,
    in_udp,
    look_for,
    nat_detection,
)
from kamesim.conformance.exchange import NODE, Lab
from kamesim.conformance.mobility import binding_ack, type2_route

HOME_AGENT4, HOME4, HOME_GATEWAY4 = "192.0.2.1", "192.0.2.10", "192.0.2.254"
GATEWAY4, CARE_OF4 = "203.0.113.1", "203.0.113.100"  # of "visited"
OTHER_GATEWAY4, OTHER_CARE_OF4 = "198.51.100.1", "198.51.100.100"  # of "other"
CORRESPONDENT4 = "203.0.113.200"


class DualJourney(Journey):
    """A mobile node with IPv4 that has been at home for a while."""

    def __init__(self, lab: Lab, **role: Any) -> None:
        networks = [ks.Ipv4Access(f"{CARE_OF4}/24", GATEWAY4), ks.Ipv4Access(f"{OTHER_CARE_OF4}/24", OTHER_GATEWAY4)]
        given = {"home_agent_ipv4": HOME_AGENT4, "ipv4_home_address": f"{HOME4}/24", "ipv4_networks": networks}
        super().__init__(lab, **{**given, **role})
        for port in self.ports.values():
            port.every_protocol = True
        self.care_of4 = CARE_OF4

    def answer_arp(self, gateway: str, within: float = 1.0) -> Packet:
        """The router of the network of IPv4 answers; returns the request."""
        asked = look_for(self.port, f"ARP request for {gateway}", lambda f: arp(f, op=1, pdst=gateway), within)
        mac = self.mac()
        reply = ARP(op=2, hwsrc=mac, psrc=gateway, hwdst=NODE.mac, pdst=asked[ARP].psrc)
        self.port.send(Ether(src=mac, dst=NODE.mac) / reply)
        return asked

    def mac(self) -> str:
        return next(self.ends[name].mac for name, port in self.ports.items() if port is self.port)

    def move4(self, name: str = "visited") -> Packet:
        """Plugs it into a network of IPv4 alone; returns the ARP request for the router."""
        self.port = self.ports[name]
        self.node.move(name)
        self.care_of4 = CARE_OF4 if name == "visited" else OTHER_CARE_OF4
        return self.answer_arp(GATEWAY4 if name == "visited" else OTHER_GATEWAY4)

    def leave4(self, name: str = "visited") -> Carried:
        """Moves to a network of IPv4 alone; returns the first Binding Update."""
        self.settle()
        self.move4(name)
        return carrying(self.port, MIP6MH_BU, 4.0)

    def outer(self, **fields: Any) -> Packet:
        """From the home agent to the IPv4 care-of address, by way of the router."""
        frame = Ether(src=self.mac(), dst=NODE.mac)
        return frame / IP(**{"src": HOME_AGENT4, "dst": self.care_of4, **fields})

    def send_in_udp(self, inner: Packet, **fields: Any) -> None:
        self.port.send(in_udp(self.outer(**fields), inner))

    def send_plainly(self, inner: Packet, **fields: Any) -> None:
        self.port.send(self.outer(**fields) / inner)

    def acknowledge4(self, update: Carried, *options: Packet, status: int = 0, lifetime: int = 420) -> None:
        """Answers a Binding Update in UDP; with an IPv4 Address Acknowledgement and a NAT Detection option if no others
        are given."""
        options = options or (acknowledgement(HOME4), nat_detection())
        ack = binding_ack(update.inner[MIP6MH_BU].seq, *options, status=status, lifetime=lifetime)
        self.send_in_udp(IPv6(src=HOME_AGENT, dst=HOME) / ack)

    def register4(self, name: str = "visited", *options: Packet, **fields: Any) -> Carried:
        """Moves to a network of IPv4 alone, and is registered; returns the Binding Update."""
        update = self.leave4(name)
        self.acknowledge4(update, *options, **fields)
        return update

    def register6(self, *options: Packet, name: str = "visited") -> Packet:
        """Moves to a network of IPv6, and is registered; with an IPv4 Address Acknowledgement if no options are given."""
        update = self.leave(name)
        options = options or (acknowledgement(HOME4),)
        self.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, *options))
        return update


@pytest.fixture
def journey(lab: Lab) -> DualJourney:
    return DualJourney(lab)
