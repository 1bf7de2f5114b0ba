#!/usr/bin/env python3
"""A walk past nine access points, with and without a Mobility Anchor Point: the network of IPv6Suite's study of 2004.

    server --10 ms-- MAP --10 ms-- home agent  ))) home
                      |`---20 ms-- router 1    ))) four access points, y = 436
                      `----20 ms-- router 2    ))) four access points, y = 286

The mobile node goes zigzag between the two routers' access points at 3 m/s, and from 40 s to 400 s it pings the server
every 50 ms. Three ways: Mobile IPv6 by tunnel, Hierarchical Mobile IPv6 (RFC 5380), and that with route optimization. It prints
a row a way: requests sent and lost, and their round-trip times.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import kamesim as ks
from kamesim import handoff

WAYS = ("MIPv6", "HMIPv6", "HMIPv6, route optimization")
POINTS = [(32.0, 316.0), (250.0, 436.0), (400.0, 286.0), (550.0, 436.0), (700.0, 286.0)]
ROWS = {"ar": 436.0, "ar2": 286.0}  # the y of a router's access points, metres
PLACES = (250.0, 400.0, 550.0, 700.0)  # their x
HOME = (100.0, 286.0)  # its y was not published
SPEED = 3.0  # metres a second
START, STOP, INTERVAL = 40.0, 400.0, 0.05  # of the pings, seconds
REGION = "2001:db8:5::/64"


@dataclass(frozen=True)
class Outcome:
    """What one walk met with; round-trip times in seconds."""

    sent: int
    lost: int
    least: float
    mean: float
    most: float
    handoffs: list[handoff.Handoff]


def walk(
    way: str, *, seed: int, ra_interval: tuple[float, float] = (0.03, 0.07), l2_delay: float | tuple[float, float] = 0.05
) -> Outcome:
    """One walk. ra_interval, l2_delay: seconds."""
    net = ks.Network(seed=seed, name=f"walk, {way}")
    anchor, home_agent, server = net.router("map"), net.router("ha"), net.host("server")
    net.link(server, anchor, delay=0.01, rate=100e6)
    net.link(anchor, home_agent, delay=0.01, rate=100e6)
    region = net.lan("region", REGION)
    region.attach(anchor)
    advertised = {"min_interval": ra_interval[0], "max_interval": ra_interval[1]}
    net.cell("home", HOME, router=home_agent, advertise=advertised)
    hierarchical = way != WAYS[0]
    maps = [ks.AdvertisedMap(address=region.address_of(anchor), distance=1)]
    told = {"mobility_anchor_points": maps} if hierarchical else {}
    for name, y in ROWS.items():
        router = net.router(name)
        net.link(anchor, router, delay=0.02, rate=100e6)
        lan = net.lan(f"{name}.lan")
        lan.attach(router, advertise=advertised | told)
        for x in PLACES:
            net.cell(f"{name} {x:g}", (x, y), lan=lan)
    mobile = net.host("mn", position=POINTS[0])
    mobile.roam(handoff_delay=l2_delay)
    net.shortest_path_routes()

    home = net.medium("home")
    home_address = f"{home.prefixes[0].split('::/')[0]}::4:1"
    home_agent.enable(ks.HomeAgent(interface=next(i for i in home_agent.interfaces if i.medium is home.lan)))
    server.enable(ks.Correspondent())
    mobile.enable(
        ks.MobileNode(
            home_address=home_address, home_agent=home.address_of(home_agent), route_optimization=way == WAYS[2]
        )
    )
    if hierarchical:
        anchor.enable(ks.MobilityAnchorPoint(interface=anchor.interface("region")))
        mobile.enable(ks.HierarchicalMobileNode())
    mobile.path(POINTS, speed=SPEED, start=0)
    net.run(until=START, progress=False)
    ping = mobile.ping(server, count=round((STOP - START) / INTERVAL), interval=INTERVAL, source=home_address)
    net.run(until=STOP + 1, progress=False)
    times = [t for t in ping.rtts if t is not None]
    return Outcome(ping.sent, ping.lost, min(times), sum(times) / len(times), max(times), handoff.analyse(mobile))


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random streams (default: 1)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument("--handoffs", action="store_true", help="print each hand-off's phases too")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Walks each way and prints the table; 2 if the options are no good."""
    options = parse(argv)
    try:
        outcomes = {way: walk(way, seed=options.seed, l2_delay=options.l2_delay) for way in WAYS}
    except ks.Error as error:
        print(f"hmip6_walk: {error}", file=sys.stderr)
        return 2
    print(f"{'way':<28}  sent  lost  RTT min / avg / max, ms  hand-offs")
    for way, o in outcomes.items():
        times = f"{o.least * 1e3:.2f} / {o.mean * 1e3:.2f} / {o.most * 1e3:.1f}"
        print(f"{way:<28}  {o.sent:4}  {o.lost:4}  {times:<23}  {len(o.handoffs):9}")
    if options.handoffs:
        for way, o in outcomes.items():
            print(f"\n{way}\n{handoff.table(o.handoffs).to_string(index=False, float_format='{:.3f}'.format)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
