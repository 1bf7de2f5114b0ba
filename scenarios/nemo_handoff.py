#!/usr/bin/env python3
"""NEMO hand-offs (RFC 3963): a passenger behind a mobile router that is carried from cell to cell.

    correspondent -- core -- home agent  ))) home cell
                      |`---- router a    ))) cell a        mobile router -- LAN -- passenger
                      `----- router b    ))) cell b

The mobile router is carried from home to cell a, and on to cell b, at moments that the seed draws, while the passenger,
which knows nothing of it, exchanges UDP packets with the correspondent. The outage of the passenger is that of a mobile
node that uses the tunnel: L2 + movement detection + address configuration + RTT(MR, HA).

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

PACKETS_PER_SECOND = 200.0
PREFIX = "2001:db8:b05::/64"  # of the mobile network
SMALL_FRAME = 150  # bytes: about a Binding Update, or its acknowledgement


def build(
    *,
    seed: int,
    ra_interval: tuple[float, float] = (0.03, 0.07),
    dad: str = "full",
    l2_delay: float | tuple[float, float] = 0.05,
    link_delay: float = bed.LINK_DELAY,
    mode: str = "implicit",
) -> bed.Bed:
    """Makes the network; `mobile` is the passenger's mobile router. mode: how that registers. The rest as in
    `handoff_bed.build`."""
    net = ks.Network(seed=seed, name="NEMO hand-off bed")
    core = net.router("core")
    advertised: dict[str, Any] = {"min_interval": ra_interval[0], "max_interval": ra_interval[1]}
    for name, position in bed.CELLS.items():
        router = net.router("ha" if name == "home" else f"router-{name}")
        net.link(core, router, delay=link_delay, rate=100e6)
        net.cell(name, position, router=router, radius=bed.RADIUS, advertise=advertised)
    correspondent = net.host("cn")
    net.link(correspondent, core, delay=link_delay, rate=100e6)

    home_agent, home = net.router_named("ha"), net.medium("home")
    home_address = f"{home.prefixes[0].split('::/')[0]}::4:1"
    home_agent.enable(ks.HomeAgent(mobile_networks={home_address: [PREFIX]}))
    mobile = net.mobile_router(
        "mr", home_address=home_address, home_agent=home.address_of(home_agent), prefixes=PREFIX, mode=mode,
        position=bed.CELLS["home"], roam={"handoff_delay": l2_delay}, route_optimization=False,
        dup_addr_detect_transmits=0 if dad == "none" else 1, optimistic_dad=dad == "optimistic",
    )  # fmt: skip
    passenger = net.host("passenger")
    mobile.interface("ingress").medium.attach(passenger)
    net.shortest_path_routes()
    # As in handoff_bed: links of the core have carried traffic before.
    for name in bed.CELLS:
        gateway = net.medium(name).address_of(net.access_router(name))
        net.at(10, correspondent.ping, gateway, count=2)
        net.at(10, home_agent.ping, gateway, count=2)
    draw = random.Random(seed)
    times = [bed.FIRST_MOVE + i * bed.STAY + draw.uniform(0, 5) for i in range(2)]
    for when, position in zip(times, list(bed.CELLS.values())[1:]):
        net.at(when, setattr, mobile, "position", position)
    return bed.Bed(net, mobile, home_agent, correspondent, home_address, times)


def measure(
    made: bed.Bed, *, packets_per_second: float = PACKETS_PER_SECOND, size: int = 160
) -> list[handoff.Handoff]:
    """Runs it with UDP both ways between correspondent and passenger; the hand-offs of the mobile router."""
    net, passenger = made.net, made.net.node("passenger")
    start = bed.FIRST_MOVE - 10
    net.run(until=start, progress=False)  # the passenger has its address
    traffic: dict[str, Any] = {"rate": packets_per_second, "size": size, "start": start, "stop": made.end - 1}
    down = net.udp_flow(made.correspondent, passenger, name="down", **traffic)
    up = net.udp_flow(passenger, made.correspondent, name="up", **traffic)
    net.run(until=made.end, progress=False)
    return handoff.analyse(made.mobile, downlink=[down], uplink=[up])


def expected_outage(
    *,
    ra_interval: tuple[float, float] = (0.03, 0.07),
    dad: str = "full",
    l2_delay: float = 0.05,
    link_delay: float = bed.LINK_DELAY,
    packets_per_second: float = PACKETS_PER_SECOND,
) -> float:
    """The mean outage of the downlink between two foreign cells, seconds: L2 + MD + DAD + RTT(MR, HA)."""
    bits = SMALL_FRAME * 8
    round_trip = 2 * (2 * link_delay + bits * (2 / 100e6 + 1 / 54e6))
    wait = bed.movement_detection(ra_interval) + bed.address_configuration(dad)
    return l2_delay + wait + round_trip + 1 / packets_per_second


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random streams (default: 1)")
    parser.add_argument("--mode", choices=("implicit", "explicit"), default="implicit", help="(default: implicit)")
    parser.add_argument(
        "--ra-interval", type=float, nargs=2, default=(0.03, 0.07), metavar=("MIN", "MAX"),
        help="between unsolicited Router Advertisements, seconds (default: 0.03 0.07)",
    )  # fmt: skip
    parser.add_argument("--dad", choices=bed.DAD_MODES, default="full", help="of care-of addresses (default: full)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a capture there")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs it and prints the table; 2 if the options are no good."""
    options = parse(argv)
    common = {"ra_interval": tuple(options.ra_interval), "dad": options.dad, "l2_delay": options.l2_delay}
    try:
        made = build(seed=options.seed, mode=options.mode, **common)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            made.net.capture(options.out / "nemo.pcapng")
        handoffs = measure(made)
    except (ks.Error, OSError) as error:
        print(f"nemo_handoff: {error}", file=sys.stderr)
        return 2
    print(handoff.table(handoffs).to_string(index=False, float_format=lambda x: "-" if math.isnan(x) else f"{x:.3f}"))
    between = handoffs[1]
    print(f"\nbetween foreign cells: outage {between.downlink.outage:.3f} s, {between.downlink.lost} packets lost", end="")
    print(f"; mean by the formula {expected_outage(**common):.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
