"""Shared by the cases on HMIPv6-aware mobile nodes: the tester plays home agent, access routers, Mobility Anchor Points
and correspondents."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6ND_RS, ICMPv6NDOptMAP, IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_ACCESS,
    OTHER_CARE_OF,
    Journey,
)
from kamesim.conformance.exchange import Lab, expect, prefix_information, ra
from kamesim.conformance.mobility import binding_ack, message, type2_route


MAP, OTHER_MAP = "2001:db8:f::1", "2001:db8:e::1"

# The prefixes of the MAPs with the modified EUI-64 identifier of NODE.mac.
RCOA, OTHER_RCOA = "2001:db8:f::ff:fe00:1", "2001:db8:e::ff:fe00:1"
LCOA, OTHER_LCOA = CARE_OF, OTHER_CARE_OF


def map_option(address: str = MAP, *, distance: int = 2, preference: int = 10, lifetime: int = 9000, r: int = 0) -> Packet:
    return ICMPv6NDOptMAP(dist=distance, pref=preference, R=r, validlifetime=lifetime, addr=address)


class Tour(Journey):
    """A journey of a mobile node that is HMIPv6-aware. Each link has MAP options of its own."""

    def __init__(self, lab: Lab, home: bool = True, **role: Any) -> None:
        self.maps: dict[str, list[Packet]] = {"home": [], "visited": [map_option()], "other": [map_option()]}
        self._home = home
        super().__init__(lab) if home else self._without_home(lab)
        self.node.enable(ks.HierarchicalMobileNode(**role))

    def _without_home(self, lab: Lab) -> None:
        self.ends, self.ports = {}, {}
        for name, end in (("visited", ACCESS), ("other", OTHER_ACCESS)):
            self.ends[name] = end
            _lan, self.ports[name] = lab.link(name, end)
        self.node = lab.net.host("mobile")
        lab.attach(lab.net.medium("visited"), self.node, address=False)
        self.port = self.ports["visited"]
        self.care_of = LCOA

    def advertise(self, name: str) -> None:
        end = self.ends[name]
        prefix = prefix_information(end.address.removesuffix("1"))
        self.ports[name].send(ra(prefix, *self.maps[name], source=end.link_local, lladdr=end.mac))

    def arrive(self, name: str = "visited", to: str = MAP) -> Packet:
        """Moves; returns the local Binding Update to that MAP."""
        self.move(name)
        return message(self.port, MIP6MH_BU, within=4.0, to=to)

    def acknowledge_local(self, update: Packet, *, map: str = MAP, rcoa: str = RCOA, **fields: Any) -> None:
        self.send(map, type2_route(rcoa), binding_ack(update[MIP6MH_BU].seq, **fields))

    def bind(self, name: str = "visited", **fields: Any) -> Packet:
        """Moves, and is bound by the MAP; returns the Binding Update that follows, to the home agent."""
        self.settle()
        self.acknowledge_local(self.arrive(name), **fields)
        return message(self.port, MIP6MH_BU, to=HOME_AGENT)

    def register_all(self, name: str = "visited") -> None:
        """Moves, and is bound by the MAP and by the home agent."""
        update = self.bind(name)
        self.through_map(IPv6(src=HOME_AGENT, dst=RCOA), type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))

    def through_map(self, *layers: Packet, map: str = MAP) -> None:
        """A packet to the RCoA, in the MAP's tunnel."""
        self.send(map, *layers)

    def start_visiting(self) -> Packet:
        """Without a home: the router of the link where it is answers; returns the local Binding Update."""
        expect(self.port, ICMPv6ND_RS, within=5.0)
        self.advertise("visited")
        return message(self.port, MIP6MH_BU, within=4.0, to=MAP)


@pytest.fixture
def tour(lab: Lab) -> Tour:
    return Tour(lab)


__all__ = [
    "CORRESPONDENT", "HOME", "HOME_AGENT", "LCOA", "MAP", "OTHER_LCOA", "OTHER_MAP", "OTHER_RCOA", "RCOA", "Tour",
    "map_option", "tour",
]  # fmt: skip
