#!/usr/bin/env python3
"""A dual stack mobile node (RFC 5555) among networks of IPv6 and of IPv4.

    correspondent -- core -- home agent    home: IPv4 and IPv6
                      |`---- router 6      IPv6 alone
                      |`---- router 4      IPv4 alone
                      `----- router 46     both

The mobile node goes from home to the network of IPv6 alone, to that of IPv4 alone, to the one with both, and home again,
while it and the correspondent exchange packets by its IPv4 home address and by its IPv6 home address. Addresses in the
networks of IPv4 are of a pool for visitors: that stands in for DHCP.

A row a hand-off is printed: how the mobile node is reached afterwards, when its home agent has acknowledged that, and for
each of the two versions the packets lost and the longest time without one, to the mobile node. With --out a capture of
all interfaces and the table as CSV are written.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import kamesim as ks

WAY = ("v6", "v4", "both", "home")  # where it goes, from home on
STAY = 20.0  # seconds in each network
START = 15.0  # seconds, of the first hand-off
HOME, HOME4 = "2001:db8:ffff::100", "192.0.2.10"
HOME_AGENT4, CORRESPONDENT4 = "192.0.2.1", "198.51.100.2"
VISITED4 = {"v4": "203.0.113.0/26", "both": "203.0.113.64/26"}


@dataclass
class Journey:
    """The network, and who is who."""

    net: ks.Network
    mobile: ks.Host
    home_agent: ks.Router
    correspondent: ks.Host
    end: float  # seconds


@dataclass(frozen=True)
class Handoff:
    """One movement and what the packets to the mobile node met with."""

    target: str
    start: float  # seconds
    care_of: str  # "-": at home
    registered: float  # seconds after the start
    lost4: int
    outage4: float  # seconds, the longest between two packets that arrived
    lost6: int
    outage6: float

    def row(self) -> str:
        """For the table."""
        return (
            f"{self.target:6} {self.start:6.1f}  {self.care_of:24}  {self.registered * 1e3:12.1f}"
            f"  {self.lost4:7}  {self.outage4 * 1e3:9.1f}  {self.lost6:7}  {self.outage6 * 1e3:9.1f}"
        )


def build(*, seed: int = 1, l2_delay: float = 0.05, link_delay: float = 0.01, force_udp: bool = False) -> Journey:
    """Makes the network. l2_delay: seconds without a link in a hand-off. link_delay: between the core and the others."""
    net = ks.Network(seed=seed, name="dual stack hand-offs", trace_hash=True)
    core, home_agent = net.router("core"), net.router("ha")
    routers = {name: net.router(f"router-{name}") for name in ("v6", "v4", "both")}
    correspondent = net.host("cn")
    for node in (home_agent, *routers.values(), correspondent):
        net.link(core, node, delay=link_delay, rate=100e6)
    lans = {
        "home": net.lan("home", "2001:db8:ffff::/64"),
        "v6": net.lan("v6", "2001:db8:6::/64"),
        "v4": net.lan("v4", False),
        "both": net.lan("both", "2001:db8:46::/64"),
    }
    advertising = {"min_interval": 0.3, "max_interval": 0.7}
    lans["home"].attach(home_agent, advertise=advertising)
    for name, router in routers.items():
        lans[name].attach(router, advertise=advertising if name != "v4" else False)
    mobile = net.host("mn")
    lans["home"].attach(mobile)
    net.shortest_path_routes()
    pools = route_ipv4(net, core, home_agent, routers, correspondent)

    home_agent.enable(ks.HomeAgent(interface=home_agent.interfaces[1], ipv4_home_addresses={HOME: HOME4}))
    correspondent.enable(ks.Correspondent())
    mobile.enable(
        ks.MobileNode(
            HOME,
            lans["home"].address_of(home_agent),
            route_optimization=False,
            home_agent_ipv4=HOME_AGENT4,
            ipv4_home_address=f"{HOME4}/24",
            ipv4_home_gateway=HOME_AGENT4,
            ipv4_networks=[pool.take() for pool in pools],
            force_udp=force_udp,
        )
    )
    for number, name in enumerate(WAY):
        net.at(START + number * STAY, mobile.move, lans[name], l2_delay=l2_delay)
    return Journey(net, mobile, home_agent, correspondent, START + len(WAY) * STAY)


def route_ipv4(
    net: ks.Network, core: ks.Router, home_agent: ks.Router, routers: dict[str, ks.Router], correspondent: ks.Host
) -> list[ks.Ipv4Pool]:
    """Addresses and routes of IPv4, by hand; returns the pools of the networks for visitors."""
    home_agent.add_address(f"{HOME_AGENT4}/24", interface=home_agent.interfaces[1])
    edges = [(home_agent, "192.0.2.0/24"), (routers["v4"], VISITED4["v4"]), (routers["both"], VISITED4["both"])]
    for number, (router, prefix) in enumerate(edges):
        here, there = f"10.0.0.{4 * number + 1}", f"10.0.0.{4 * number + 2}"
        core.add_address(f"{here}/30", interface=towards(core, router))
        router.add_address(f"{there}/30", interface=router.interfaces[0])
        router.add_route("0.0.0.0/0", via=here)
        core.add_route(prefix, via=there)
    core.add_address("198.51.100.1/30", interface=towards(core, correspondent))
    correspondent.add_address(f"{CORRESPONDENT4}/30")
    correspondent.add_route("0.0.0.0/0", via="198.51.100.1")
    pools = []
    for name, prefix in VISITED4.items():
        gateway = ks.Ipv4Pool(prefix, gateway="0.0.0.0", first=1).take().address
        routers[name].add_address(gateway, interface=routers[name].interfaces[1])
        pools.append(ks.Ipv4Pool(prefix, gateway=gateway.split("/")[0], first=20))
    return pools


def towards(node: ks.Router, other: ks.Node) -> ks.Interface:
    """The interface of a node on the link to another."""
    return next(i for i in node.interfaces if i.medium is not None and other in i.medium.nodes)


def greet(journey: Journey) -> None:
    """Has the routers speak with the home agent once: their neighbours' link-layer addresses are known then."""
    net, home_agent = journey.net, journey.home_agent
    for name in ("v4", "both"):
        net.at(START - 10.0, net.node(f"router-{name}").ping, HOME_AGENT4, count=1)
    for name in ("v6", "both"):
        router = net.node(f"router-{name}")
        here = net.medium(name).address_of(router)
        net.at(START - 10.0, router.ping, home_agent, source=here, count=1)
    net.at(START - 10.0, journey.correspondent.ping, home_agent, count=1)


def measure(journey: Journey, *, packets_per_second: float = 100.0, size: int = 160) -> list[Handoff]:
    """Goes the way, with UDP to the mobile node by both versions and from it by both."""
    net, mobile, correspondent = journey.net, journey.mobile, journey.correspondent
    traffic: dict[str, Any] = {"rate": packets_per_second, "size": size, "start": START - 5.0, "stop": journey.end - 1.0}
    down4 = net.udp_flow(correspondent, mobile, destination_address=HOME4, name="down4", **traffic)
    down6 = net.udp_flow(correspondent, mobile, destination_address=HOME, name="down6", **traffic)
    net.udp_flow(mobile, correspondent, source_address=HOME4, destination_address=CORRESPONDENT4, name="up4", **traffic)
    net.udp_flow(mobile, correspondent, source_address=HOME, name="up6", **traffic)
    greet(journey)
    log = net.watch([mobile])
    role, reached = mobile.mobile_ip, []
    assert role is not None
    for number in range(len(WAY)):
        net.run(until=START + (number + 1) * STAY - 0.5, progress=False)
        reached.append(role.care_of or "-")
    net.run(until=journey.end, progress=False)
    messages = log.frame()
    acknowledged = messages[(messages["label"] == "Binding Acknowledgement") & ~messages["sent"]]["time"].to_numpy()
    handoffs = []
    for number, (name, care_of) in enumerate(zip(WAY, reached)):
        begin = START + number * STAY
        after = acknowledged[acknowledged > begin]
        lost4, outage4 = loss(down4, begin)
        lost6, outage6 = loss(down6, begin)
        registered = float(after[0]) - begin if len(after) else float("nan")
        handoffs.append(Handoff(name, begin, care_of, registered, lost4, outage4, lost6, outage6))
    return handoffs


def loss(flow: ks.Flow, begin: float) -> tuple[int, float]:
    """Packets lost, and the longest time between two that arrived, of those sent within a stay."""
    sent, delay = np.asarray(flow.send_time), np.asarray(flow.delay)
    here = (sent >= begin - 0.5) & (sent < begin + STAY - 1.0)
    arrived = np.sort((sent + delay)[here & ~np.isnan(delay)])
    longest = float(np.max(np.diff(arrived))) if len(arrived) > 1 else float("inf")
    return int(np.count_nonzero(here & np.isnan(delay))), longest


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random draws (default: 1)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05 s)")
    parser.add_argument("--link-delay", type=float, default=0.01, metavar="S", help="of each link of the core (0.01 s)")
    parser.add_argument("--rate", type=float, default=100.0, help="packets a second of each flow (default: 100)")
    parser.add_argument("--force-udp", action="store_true", help="in networks of IPv4 everything in UDP")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the capture and the table here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Goes the way and prints the table; 2 if the options are no good."""
    options = parse(argv)
    try:
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
        journey = build(
            seed=options.seed, l2_delay=options.l2_delay, link_delay=options.link_delay, force_udp=options.force_udp
        )
        with nullcontext() if options.out is None else journey.net.capture(options.out / "dsmip6.pcapng"):
            handoffs = measure(journey, packets_per_second=options.rate)
    except (ks.Error, OSError) as error:
        print(f"dsmip6_handoff: {error}", file=sys.stderr)
        return 2
    if options.out is not None:
        rows = [tuple(vars(h).values()) for h in handoffs]
        ks.tables.frame(rows, list(vars(handoffs[0]))).to_csv(options.out / "handoffs.csv", index=False)
    print("to       at s  care-of address           registered ms  lost v4  outage ms  lost v6  outage ms")
    for handoff in handoffs:
        print(handoff.row())
    return 0


if __name__ == "__main__":
    sys.exit(main())
