#!/usr/bin/env python3
"""A thousand mobile nodes on WIDE's network of 2007, and what their signalling costs each home agent.

    ./kamesim run scenarios/wide_mobile_nodes.py                                # 10 minutes of 1,000 nodes
    ./kamesim run scenarios/wide_mobile_nodes.py --nodes 50 --duration 60      # some seconds

The map's nodes are routers, coordinates give the delays. Radio cells cover a town, in rows side by side; their access
routers are sites of the map, one after the other. The mobile nodes drive through the town by the ways that SUMO's
vehicles took (scenarios/data/sumo), each from a moment of its own on, back and forth, and change cells every 20 s or
so. Home agents stand at four sites, each for its share of the mobile nodes, which are away from the start.
Correspondents at other sites send 10 UDP packets a second to each home address.

It prints for each home agent how many signalling messages and octets of them it received and sent, then what the mobile
nodes had of it, and what the run took.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import kamesim as ks
from kamesim import movement

DATA = Path(__file__).resolve().parent / "data"
MAP = DATA / "WideJpn.gml"
TRACE = DATA / "sumo" / "town.fcd.xml"

HOME_SITES = {"fujisawa": "21", "otemachi": "0", "hiyoshi": "3", "tsukuba": "7"}
CORRESPONDENT_SITES = ("29", "5", "10", "15")  # 29 is San Francisco
TOWN = 1700.0  # metres, each way
SETTLE = 10.0  # seconds until routers have their addresses and the nodes have registered for the first time
SIGNALLING = ("Binding", "Home Test")  # what the labels of a home agent's messages begin with


@dataclass
class Experiment:
    """The network and what is measured on it."""

    net: ks.Network
    home_agents: dict[str, ks.Router]
    mobiles: list[ks.Host]
    homes: dict[str, str]  # the home agent's name, by home address
    flows: list[ks.Flow]
    signalling: ks.SignallingLog
    end: float  # seconds


def shuttle(way: movement.Way, begin: float, until: float) -> movement.Way:
    """The way as driven from time 0 on: from `begin` seconds after its first place to its end, back, and so on."""
    there = [(t - way[0][0], place) for t, place in way]
    length = there[-1][0]
    back = [(length - t, place) for t, place in reversed(there)]
    begin %= length
    points = [(0.0, _at(there, begin))] + [(t - begin, place) for t, place in there if t > begin]
    now, turn = length - begin, back
    while now < until:
        points += [(now + t, place) for t, place in turn[1:]]
        now += length
        turn = there if turn is back else back
    return points


def _at(way: movement.Way, when: float) -> tuple[float, float]:
    for (t0, (x0, y0)), (t1, (x1, y1)) in zip(way, way[1:]):
        if t0 <= when <= t1:
            part = (when - t0) / (t1 - t0)
            return x0 + part * (x1 - x0), y0 + part * (y1 - y0)
    return way[-1][1]


def build(options: argparse.Namespace) -> Experiment:
    """Makes the network: the map, the cells, the home agents, the mobile nodes and their traffic."""
    net = ks.Network.from_gml(MAP, routes=False, seed=options.seed, name="WIDE")
    sites = [node.name for node in net.nodes]
    side = options.cells_per_side
    spacing = TOWN / side
    ra = {"min_interval": options.ra_interval[0], "max_interval": options.ra_interval[1]}
    for number in range(side * side):
        place = ((number % side + 0.5) * spacing, (number // side + 0.5) * spacing)
        net.cell(f"cell{number}", position=place, router=sites[number % len(sites)], radius=2 * spacing, advertise=ra)

    home_agents = {}
    for name, site in HOME_SITES.items():
        home_agents[name] = net.router(f"ha-{name}")
        net.link(home_agents[name], site, delay=1e-4, rate=1e10)
        net.lan(f"home-{name}").attach(home_agents[name])
    correspondents = []
    for number, site in enumerate(CORRESPONDENT_SITES):
        correspondents.append(net.host(f"cn{number}"))
        net.link(correspondents[-1], site, delay=5e-4, rate=1e10)
    net.shortest_path_routes()
    for correspondent in correspondents:
        correspondent.enable(ks.Correspondent())
    agents = {}
    for name, router in home_agents.items():
        lan = net.medium(f"home-{name}")
        router.enable(ks.HomeAgent(interface=router.interfaces[-1]))
        agents[name] = (lan.address_of(router), lan.prefixes[0].split("::/")[0])

    end = SETTLE + options.duration
    ways = list(movement.read_sumo(TRACE).values())
    mobiles, homes, flows = [], {}, []
    for number in range(options.nodes):
        name = list(HOME_SITES)[number % len(HOME_SITES)]
        home_agent, prefix = agents[name]
        home_address = f"{prefix}::a:{number + 1:x}"
        mobile = net.host(f"mn{number}", dup_addr_detect_transmits=0 if options.no_dad else 1)
        way = ways[number % len(ways)]
        mobile.waypoints(shuttle(way, 17.3 * (number // len(ways)), end))
        mobile.roam(beacon_interval=options.beacon_interval, handoff_delay=options.l2_delay)
        mobile.enable(
            ks.MobileNode(
                home_address=home_address,
                home_agent=home_agent,
                route_optimization=not options.no_route_optimization,
            )
        )
        mobiles.append(mobile)
        homes[home_address] = name
        flows.append(
            net.udp_flow(
                correspondents[number // len(HOME_SITES) % len(correspondents)], mobile,
                destination_address=home_address, rate=options.rate, size=options.size,
                start=SETTLE + number / options.nodes / options.rate, stop=end,
            )  # fmt: skip
        )
    return Experiment(net, home_agents, mobiles, homes, flows, net.watch(home_agents.values()), end)


def report(experiment: Experiment, duration: float) -> None:
    """Prints the signalling of each home agent, and what the mobile nodes had of it."""
    seen = Counter()
    for sighting in experiment.signalling.sightings:
        if sighting.label.startswith(SIGNALLING):
            seen[sighting.node, sighting.label, sighting.sent] += 1
    labels = sorted({label for _, label, _ in seen})
    share = Counter(experiment.homes.values())
    print(f"{'home agent':14}{'nodes':>6}  " + "  ".join(f"{label:>23}" for label in labels) + "   a second")
    for name, router in experiment.home_agents.items():
        cells = []
        for label in labels:
            received, sent = (seen[router.name, label, way] for way in (False, True))
            cells.append(f"{f'{received} in {sent} out':>23}")
        total = sum(count for (node, _, _), count in seen.items() if node == router.name)
        print(f"{router.name:14}{share[name]:>6}  " + "  ".join(cells) + f"  {total / duration:9.1f}")
    sent = sum(flow.sent for flow in experiment.flows)
    received = sum(flow.received for flow in experiment.flows)
    registered = sum(mobile.mobile_ip.registered for mobile in experiment.mobiles)
    print(f"\n{registered} of {len(experiment.mobiles)} mobile nodes are registered at the end")
    print(f"UDP: {sent} packets sent, {received} received, {(sent - received) / max(sent, 1):.2%} lost")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000, help="mobile nodes (default: 1000)")
    parser.add_argument("--duration", type=float, default=600.0, metavar="S", help="seconds of traffic (default: 600)")
    parser.add_argument("--rate", type=float, default=10.0, help="UDP packets a second to each node (default: 10)")
    parser.add_argument("--size", type=int, default=100, help="octets of each (default: 100)")
    parser.add_argument("--cells-per-side", type=int, default=8, metavar="N", help="N x N cells (default: 8)")
    interval = {"type": float, "nargs": 2, "metavar": ("MIN", "MAX")}
    parser.add_argument("--ra-interval", **interval, default=(0.5, 1.5), help="seconds")
    parser.add_argument("--beacon-interval", type=float, default=0.2, metavar="S", help="(default: 0.2)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="layer 2 hand-off (default: 0.05)")
    parser.add_argument("--no-dad", action="store_true", help="no Duplicate Address Detection at the mobile nodes")
    parser.add_argument("--no-route-optimization", action="store_true", help="all goes through the home agents")
    parser.add_argument("--seed", type=int, default=1, help="(default: 1)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs it; 2 if the options are no good."""
    options = parse(argv)
    try:
        started = time.process_time()
        experiment = build(options)
        built = time.process_time()
        experiment.net.run(until=experiment.end)
        ran = time.process_time()
    except (ks.Error, OSError) as error:
        print(f"wide_mobile_nodes: {error}", file=sys.stderr)
        return 2
    report(experiment, options.duration)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"CPU: {built - started:.1f} s to build, {ran - built:.1f} s to run; {memory:.0f} MiB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
