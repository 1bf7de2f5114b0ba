"""Shared by the cases on mobile nodes with two interfaces: the tester plays the routers of both links, behind which are
the home agent and correspondents."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BU, IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    OTHER_ACCESS,
)
from kamesim.conformance.cases.mobility._multiple_bindings import bid, bids_of, multiple_ack
from kamesim.conformance.exchange import NODE, NODE_RIGHT, End, Lab, Unmet, find, ip, prefix_information, ra, stack
from kamesim.conformance.mobility import type2_route


# The prefixes with the modified EUI-64 identifiers of NODE.mac and NODE_RIGHT.mac.
LEFT, RIGHT = CARE_OF, "2001:db8:c::ff:fe00:2"


class TwoLinks:
    """A mobile node on two visited links, whose routers have not said anything yet."""

    def __init__(self, lab: Lab, **role: Any) -> None:
        self.ends: dict[str, End] = {"left": ACCESS, "right": OTHER_ACCESS, "home": HOME_AGENT_END}
        links = {name: lab.link(name, end) for name, end in self.ends.items()}
        self.ports = {name: port for name, (_lan, port) in links.items()}
        self.node = self._make(lab)
        lab.attach(links["left"][0], self.node, NODE, address=False)
        lab.attach(links["right"][0], self.node, NODE_RIGHT, address=False)
        self.names = [interface.name for interface in self.node.interfaces]
        self._inhabit(lab)
        self.node.enable(ks.MultihomedMobileNode(HOME, HOME_AGENT, **role))

    def _make(self, lab: Lab) -> ks.Host | ks.Router:
        return lab.net.host("mobile")

    def _inhabit(self, lab: Lab) -> None:
        """Adds what else there is at the node."""

    def advertise(self, name: str) -> None:
        end = self.ends[name]
        prefix = prefix_information(end.address.removesuffix("1"))
        self.ports[name].send(ra(prefix, source=end.link_local, lladdr=end.mac))

    def settle(self, seconds: float) -> None:
        """Lets time pass, and forgets what came."""
        self.ports["left"].run(seconds)
        for port in self.ports.values():
            port.inbox.clear()

    def came(self, within: float) -> list[tuple[str, Packet]]:
        """What comes on all links, each with the link's name."""
        at_home = self.ports["home"].run(within)
        elsewhere = [(name, packet) for name in ("left", "right") for packet in self.ports[name].run(0.0)]
        return [*elsewhere, *(("home", packet) for packet in at_home)]

    def update(self, within: float = 4.0, wait: float = 0.02) -> Packet:
        """The next Binding Update to the home agent, on whatever link; its `link` tells which."""
        deadline = self.ports["left"].now + within
        step = 0.0
        while self.ports["left"].now <= deadline:
            for name, packet in self.came(step):
                if find(packet, MIP6MH_BU) is not None and packet[IPv6].dst == HOME_AGENT:
                    packet.link = name
                    return packet
            step = wait
        raise Unmet(f"no Binding Update within {within:g} s")

    def no_update(self, within: float) -> None:
        for name, packet in self.came(within):
            if find(packet, MIP6MH_BU) is not None:
                raise Unmet(f"unexpected on {name} at {packet.time:.6f} s: {packet[IPv6].summary()}")

    def acknowledge(
        self, update: Packet, *, status: int = 0, of: dict[int, int] | None = None, options: bool = True,
        flows: list[Packet] | None = None, lifetime: int | None = None, flags: str = "",
    ) -> None:  # fmt: skip
        """The home agent's answer, with the options of the update; `of`: the Status in the option of a BID."""
        header = update[MIP6MH_BU]
        copied = [bid(b.bid, priority=b.priority, status=(of or {}).get(b.bid, 0)) for b in bids_of(update)]
        if flows is None:
            flows = [o for o in header.options if getattr(o, "otype", None) == 45]
        seconds = lifetime if lifetime is not None else header.mhtime * 4 if status < 128 else 0
        ack = multiple_ack(header.seq, *(copied + flows if options else []), status=status, lifetime=seconds, flags=flags)
        end = self.ends[update.link]
        to_mac = NODE_RIGHT.mac if update.link == "right" else NODE.mac
        source = update[IPv6].src
        route = [] if source == HOME else [type2_route(HOME)]
        self.ports[update.link].send(stack(ip(source, source=HOME_AGENT, from_mac=end.mac, to_mac=to_mac), *route, ack))

    def register(self) -> list[Packet]:
        """Both links are advertised, both bindings accepted; the Binding Updates."""
        updates = []
        for name in ("left", "right"):
            self.advertise(name)
            updates.append(self.update())
            self.acknowledge(updates[-1])
        self.settle(2.0)
        return updates

    def send_down(self, name: str, source: str, *layers: Packet) -> None:
        """A packet to the home address by the tunnel to the care-of address on that link."""
        end, to_mac = self.ends[name], NODE.mac if name == "left" else NODE_RIGHT.mac
        outer = ip(LEFT if name == "left" else RIGHT, source=HOME_AGENT, from_mac=end.mac, to_mac=to_mac)
        self.ports[name].send(stack(outer, IPv6(src=source, dst=HOME), *layers))

    def unplug(self, number: int) -> None:
        """An interface loses its link."""
        self.node.interfaces[number].enabled = False


@pytest.fixture
def links(lab: Lab) -> TwoLinks:
    return TwoLinks(lab)
