#!/usr/bin/env python3
"""Make before break: a mobile node with two radios (RFC 5648), beside the same walk with one.

    correspondent -- core -- home agent
                      |`---- router ))) cell a
                      |`---- router ))) cell b
                      `----- router ))) cell c

The mobile node walks through three overlapping cells while it exchanges UDP packets with the correspondent by its home
agent. One radio changes early, as soon as the next cell is a little stronger, the other late, when it is much stronger;
so one of them always has a link, and the packets of the one that changes go by the other. Four ways are compared:

    one radio         Mobile IPv6
    two radios        each a binding; what goes by the radio that changes is lost until the home agent has heard
    late preferred    the same, with the radio preferred that changes late
    copied            the flow is bound to both radios (RFC 6089): a copy goes by each

A row a way is printed: packets lost and the longest time without one, in each direction. With --out captures of all
interfaces and the table as CSV are written.
"""

from __future__ import annotations

import argparse
import random
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import kamesim as ks
from kamesim import handoff

CELLS = {"a": (0.0, 0.0), "b": (400.0, 0.0), "c": (800.0, 0.0)}
RADIUS = 300.0  # metres: the cells overlap
EARLY, LATE = 1.0, 10.0  # dB, by which another cell has to be stronger
START = 30.0  # seconds: everybody has addresses and is registered
LINK_DELAY = 0.01  # seconds, between the core and each of the others
BETWEEN = (230.0, 0.0)  # nearer to b: the early radio changes, the late one stays with a
STAY = 10.0  # seconds, there and in cell b
SMALL_FRAME = 190  # bytes: about a de-registration of one Binding Identifier, or data in the tunnel
WAYS = ("one radio", "two radios", "late preferred", "copied")


@dataclass
class Walk:
    """The network, and who is who."""

    net: ks.Network
    mobile: ks.Host
    home_agent: ks.Router
    correspondent: ks.Host
    home_address: str
    end: float  # seconds


@dataclass(frozen=True)
class Outcome:
    """What the packets of one way met with; down is to the mobile node."""

    way: str
    lost_down: int
    lost_up: int
    gap_down: float  # seconds, the longest between two packets
    gap_up: float
    duplicates: int

    def row(self) -> str:
        """For the table."""
        return (
            f"{self.way:15}  {self.lost_down:7}  {self.lost_up:7}  {self.gap_down * 1e3:11.1f}  {self.gap_up * 1e3:9.1f}"
            f"  {self.duplicates:10}"
        )


def build(way: str, *, seed: int = 1, speed: float = 20.0, l2_delay: float = 0.05, link_delay: float = LINK_DELAY) -> Walk:
    """Makes the network for one of WAYS, and the walk. speed: metres a second. l2_delay: seconds without a link."""
    walk = stand(way, seed=seed, l2_delay=l2_delay, link_delay=link_delay)
    walk.end = walk.mobile.path(list(CELLS.values()), speed=speed, start=START)
    return walk


def step(way: str, *, seed: int, l2_delay: float = 0.05, link_delay: float = LINK_DELAY) -> Walk:
    """The same with one hand-off, from cell a to cell b, at a moment that the seed draws: the mobile node is carried to
    where both are heard, and on to where b alone is."""
    walk = stand(way, seed=seed, l2_delay=l2_delay, link_delay=link_delay)
    moment = START + random.Random(seed).uniform(0, 5)
    for when, position in ((moment, BETWEEN), (moment + STAY, CELLS["b"])):
        walk.net.at(when, setattr, walk.mobile, "position", position)
    walk.end = moment + 2 * STAY
    return walk


def stand(way: str, *, seed: int, l2_delay: float, link_delay: float) -> Walk:
    """The network for one of WAYS; the mobile node stands in cell a."""
    net = ks.Network(seed=seed, name=f"make before break: {way}")
    core, home_agent = net.router("core"), net.router("ha")
    net.link(core, home_agent, delay=link_delay, rate=100e6)
    home = net.lan("home", "2001:db8:ffff::/64")
    home.attach(home_agent)
    for name, position in CELLS.items():
        router = net.router(f"router-{name}")
        net.link(core, router, delay=link_delay, rate=100e6)
        net.cell(name, position, router=router, radius=RADIUS, advertise={"min_interval": 0.03, "max_interval": 0.07})
    correspondent = net.host("cn")
    net.link(correspondent, core, delay=link_delay, rate=100e6)
    mobile = net.host("mn", position=CELLS["a"])
    early = mobile.roam(hysteresis=EARLY, handoff_delay=l2_delay)
    late = None if way == "one radio" else mobile.roam(hysteresis=LATE, handoff_delay=l2_delay)
    net.shortest_path_routes()

    address, home_address = home.address_of(home_agent), "2001:db8:ffff::100"
    home_agent.enable(ks.HomeAgent(interface=home_agent.interfaces[1]))
    correspondent.enable(ks.Correspondent())
    if late is None:
        mobile.enable(ks.MobileNode(home_address, address, route_optimization=False))
    else:
        radios = [late, early] if way == "late preferred" else [early, late]
        role = mobile.enable(ks.MultihomedMobileNode(home_address, address, interfaces=radios))
        if way == "copied":
            role.bind_flow(early, late, protocol="udp")
    return Walk(net, mobile, home_agent, correspondent, home_address, START)


def measure(walk: Walk, way: str, *, packets_per_second: float = 200.0, size: int = 160) -> Outcome:
    """Walks, with UDP both ways."""
    down, up = run(walk, packets_per_second, size)
    return Outcome(way, down.lost, up.lost, longest_gap(down), longest_gap(up), down.duplicated + up.duplicated)


def run(walk: Walk, packets_per_second: float, size: int) -> tuple[ks.Flow, ks.Flow]:
    """To the end, with UDP both ways; the flows to the mobile node and from it."""
    traffic: dict[str, Any] = {"rate": packets_per_second, "size": size, "start": START - 5, "stop": walk.end + 3}
    net = walk.net
    net.at(START - 10, walk.correspondent.ping, walk.home_agent, count=1)  # its router's link-layer address is known then
    down = net.udp_flow(walk.correspondent, walk.mobile, destination_address=walk.home_address, name="down", **traffic)
    up = net.udp_flow(walk.mobile, walk.correspondent, source_address=walk.home_address, name="up", **traffic)
    net.run(until=walk.end + 5, progress=False)
    return down, up


def measure_step(walk: Walk, *, packets_per_second: float = 200.0, size: int = 160) -> handoff.Handoff:
    """Runs a `step`: what it cost from when the first radio lost its link until all is over."""
    down, up = run(walk, packets_per_second, size)
    whole = handoff.analyse(walk.mobile)[:1]
    handoff.account(whole, down.frame(), lambda h: h.downlink)
    handoff.account(whole, up.frame(), lambda h: h.uplink)
    return whole[0]


def expected_outage(way: str, link_delay: float, packets_per_second: float) -> float:
    """Of the downlink in a `step`, seconds: none of a flow that is bound to both radios. Otherwise packets go where
    the link was until the home agent has heard, and those under way are lost: RTT(MN, HA), over two links each way;
    sampled by packets."""
    bits = SMALL_FRAME * 8
    return 0.0 if way == "copied" else 4 * link_delay + 2 * bits * (2 / 100e6 + 1 / 54e6) + 1 / packets_per_second


def longest_gap(flow: ks.Flow) -> float:
    """Seconds between two packets that arrived one after the other, at the most; infinite if hardly any did."""
    arrived = np.sort((flow.send_time + flow.delay)[~np.isnan(flow.delay)])
    return float(np.max(np.diff(arrived))) if len(arrived) > 1 else float("inf")


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random draws (default: 1)")
    parser.add_argument("--speed", type=float, default=20.0, metavar="M/S", help="of the walk (default: 20 m/s)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05 s)")
    parser.add_argument("--rate", type=float, default=200.0, help="packets a second, each way (default: 200)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write captures and the table here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs all ways and prints the table; 2 if the options are no good."""
    options = parse(argv)
    outcomes = []
    try:
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
        for way in WAYS:
            walk = build(way, seed=options.seed, speed=options.speed, l2_delay=options.l2_delay)
            name = f"{way.replace(' ', '-')}.pcapng"
            with nullcontext() if options.out is None else walk.net.capture(options.out / name):
                outcomes.append(measure(walk, way, packets_per_second=options.rate))
    except (ks.Error, OSError) as error:
        print(f"mcoa_handoff: {error}", file=sys.stderr)
        return 2
    if options.out is not None:
        ks.tables.frame([tuple(vars(o).values()) for o in outcomes], list(vars(outcomes[0]))).to_csv(
            options.out / "ways.csv", index=False
        )
    print("way              lost dn  lost up  gap dn (ms)  up (ms)    duplicates")
    for outcome in outcomes:
        print(outcome.row())
    return 0


if __name__ == "__main__":
    sys.exit(main())
