#!/usr/bin/env python3
"""Hierarchical Mobile IPv6 (RFC 5380) beside plain Mobile IPv6: hand-offs within the domain of a Mobility Anchor Point.

    correspondent -- core ---------- home agent  ))) home cell
                      |
                     MAP ------- router a        ))) cell a
                      `--------- router b        ))) cell b

A mobile node is carried from home to cell a, where it binds with the MAP and tells its home agent the regional care-of
address, and on to cell b, which the home agent need not know of: the outage is L2 + movement detection + address
configuration + RTT(MN, MAP). Without the MAP (--plain) the last term is RTT(MN, HA).

It prints a row a hand-off, and that of the second one beside the formula. With --out it writes a capture of all
interfaces.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from pathlib import Path
from typing import Any

import handoff_bed as bed
import kamesim as ks
from kamesim import handoff

HOME_DELAY = 0.04  # seconds, from the core to the home agent: a continent away
PACKETS_PER_SECOND = 200.0
SMALL_FRAME = 190  # bytes: about a local Binding Update, or its acknowledgement
PREFIX = "2001:db8:5::/64"  # of regional care-of addresses


def build(
    *,
    seed: int,
    hierarchical: bool = True,
    ra_interval: tuple[float, float] = (0.03, 0.07),
    dad: str = "full",
    l2_delay: float | tuple[float, float] = 0.05,
    link_delay: float = bed.LINK_DELAY,
    home_delay: float = HOME_DELAY,
    route_optimization: bool = False,
    router_address: bool = False,
) -> bed.Bed:
    """Makes the network; the mobile node is carried as time passes.

    hierarchical: whether the MAP is advertised and the mobile node knows of it. The rest as in `handoff_bed.build`;
    home_delay: of the link to the home agent, seconds.
    """
    net = ks.Network(seed=seed, name="HMIPv6 domain")
    core, anchor = net.router("core"), net.router("map")
    advertised: dict[str, Any] = {"min_interval": ra_interval[0], "max_interval": ra_interval[1]}
    if router_address:
        advertised["router_address"] = True
    net.link(core, anchor, delay=link_delay, rate=100e6)
    region = net.lan("region", PREFIX)
    region.attach(anchor)
    for name, position in bed.CELLS.items():
        router = net.router("ha" if name == "home" else f"router-{name}")
        net.link(core if name == "home" else anchor, router, delay=home_delay if name == "home" else link_delay, rate=100e6)
        maps = [ks.AdvertisedMap(address=region.address_of(anchor), distance=2)]
        told = {} if name == "home" or not hierarchical else {"mobility_anchor_points": maps}
        net.cell(name, position, router=router, radius=bed.RADIUS, advertise=advertised | told)
    correspondent = net.host("cn")
    net.link(correspondent, core, delay=link_delay, rate=100e6)
    mobile = net.host(
        "mn",
        position=bed.CELLS["home"],
        dup_addr_detect_transmits=0 if dad == "none" else 1,
        optimistic_dad=dad == "optimistic",
    )
    mobile.roam(handoff_delay=l2_delay)
    net.shortest_path_routes()

    home_agent, home = net.router_named("ha"), net.medium("home")
    home_address = f"{home.prefixes[0].split('::/')[0]}::4:1"
    home_agent.enable(ks.HomeAgent())
    anchor.enable(ks.MobilityAnchorPoint(interface=anchor.interface("region")))
    correspondent.enable(ks.Correspondent())
    mobile.enable(
        ks.MobileNode(
            home_address=home_address,
            home_agent=home.address_of(home_agent),
            route_optimization=route_optimization,
        )
    )
    if hierarchical:
        mobile.enable(ks.HierarchicalMobileNode())
    # As in handoff_bed: links of the core have carried traffic before.
    for name in bed.CELLS:
        gateway = net.medium(name).address_of(net.access_router(name))
        for node in (correspondent, home_agent, anchor):
            net.at(10, node.ping, gateway, count=2)
    draw = random.Random(seed)
    times = [bed.FIRST_MOVE + i * bed.STAY + draw.uniform(0, 5) for i in range(2)]
    for when, position in zip(times, list(bed.CELLS.values())[1:]):
        net.at(when, setattr, mobile, "position", position)
    return bed.Bed(net, mobile, home_agent, correspondent, home_address, times)


def expected_outage(
    *,
    hierarchical: bool = True,
    ra_interval: tuple[float, float] = (0.03, 0.07),
    dad: str = "full",
    l2_delay: float = 0.05,
    link_delay: float = bed.LINK_DELAY,
    home_delay: float = HOME_DELAY,
    packets_per_second: float = PACKETS_PER_SECOND,
) -> float:
    """The mean outage of the downlink between the two cells of the domain, by tunnel; seconds."""
    way = link_delay if hierarchical else 2 * link_delay + home_delay
    hops = 1 if hierarchical else 3
    bits = SMALL_FRAME * 8
    round_trip = 2 * (way + bits * (hops / 100e6 + 1 / 54e6))
    wait = bed.movement_detection(ra_interval) + bed.address_configuration(dad)
    return l2_delay + wait + round_trip + 1 / packets_per_second


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random streams (default: 1)")
    parser.add_argument("--plain", action="store_true", help="Mobile IPv6 without the MAP")
    parser.add_argument(
        "--ra-interval", type=float, nargs=2, default=(0.03, 0.07), metavar=("MIN", "MAX"),
        help="between unsolicited Router Advertisements, seconds (default: 0.03 0.07)",
    )  # fmt: skip
    parser.add_argument("--dad", choices=bed.DAD_MODES, default="full", help="of care-of addresses (default: full)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument("--home-delay", type=float, default=HOME_DELAY, metavar="S",
                        help=f"of the link to the home agent, seconds (default: {HOME_DELAY})")  # fmt: skip
    parser.add_argument("--route-optimization", action="store_true", help="with the correspondent")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a capture there")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs it and prints the table; 2 if the options are no good."""
    options = parse(argv)
    common = {"ra_interval": tuple(options.ra_interval), "dad": options.dad, "l2_delay": options.l2_delay,
              "home_delay": options.home_delay, "hierarchical": not options.plain}  # fmt: skip
    try:
        made = build(seed=options.seed, route_optimization=options.route_optimization, **common)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            made.net.capture(options.out / "hmip6.pcapng")
        handoffs, _, _ = bed.measure(made, packets_per_second=PACKETS_PER_SECOND)
    except (ks.Error, OSError) as error:
        print(f"hmip6_handoff: {error}", file=sys.stderr)
        return 2
    print(handoff.table(handoffs).to_string(index=False, float_format=lambda x: "-" if math.isnan(x) else f"{x:.3f}"))
    within = handoffs[1]
    print(f"\nwithin the domain: outage {within.downlink.outage:.3f} s, {within.downlink.lost} packets lost", end="")
    print(f"; mean by the formula {expected_outage(**common):.3f} s" if not options.route_optimization else "")
    if made.mobile.mobile_ip is not None and made.mobile.mobile_ip.region is not None:
        region = made.mobile.mobile_ip.region
        print(f"MAP {region.map}, RCoA {region.rcoa}, LCoA {region.lcoa}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
