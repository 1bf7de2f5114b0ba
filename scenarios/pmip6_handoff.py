#!/usr/bin/env python3
"""Proxy Mobile IPv6 hand-offs: a host without mobility support goes through three cells, each with a gateway.

    correspondent -- core -- local mobility anchor
                      |`---- gateway ))) cell a
                      |`---- gateway ))) cell b
                      `----- gateway ))) cell c

The anchor hands out the host's home network prefix; the gateways show it the same router everywhere. It is carried
from cell to cell at moments that the seed draws, while it exchanges UDP packets with the correspondent. One row a
hand-off is printed: the layer 2 gap, the registration, and the outage beside the formula L2 + RTT(MAG, LMA). With --out
a capture of all interfaces and the table as CSV are written.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kamesim as ks
from kamesim import handoff

CELLS = {"a": (0.0, 0.0), "b": (1000.0, 0.0), "c": (2000.0, 0.0)}
RADIUS = 300.0  # metres: out of reach of each other
POOL = "2001:db8:ff00::/48"
IDENTIFIER = "mn@example.net"
LINK_DELAY = 0.01  # seconds, between the core and each of the others
FIRST_MOVE = 40.0  # seconds
STAY = 20.0  # seconds in each cell
SMALL_FRAME = 175  # bytes: about a Proxy Binding Update


@dataclass
class Bed:
    """The network, and who is who."""

    net: ks.Network
    mobile: ks.Host
    anchor: ks.Router
    gateways: list[ks.Router]
    correspondent: ks.Host
    moves: list[float]  # seconds

    @property
    def end(self) -> float:
        """When the last stay is over, in seconds."""
        return self.moves[-1] + STAY


def build(
    *,
    seed: int,
    l2_delay: float | tuple[float, float] = 0.05,
    link_delay: float = LINK_DELAY,
    correspondent_delay: float | None = None,
    moves: int = 2,
) -> Bed:
    """Makes the network. Delays in seconds; l2_delay: without a link, or a pair; correspondent_delay: None: as others."""
    net = ks.Network(seed=seed, name="proxy hand-off bed")
    core, anchor = net.router("core"), net.router("lma")
    to_anchor = net.link(anchor, core, delay=link_delay, rate=100e6)
    correspondent = net.host("cn")
    net.link(correspondent, core, delay=link_delay if correspondent_delay is None else correspondent_delay, rate=100e6)
    gateways = []
    for name, position in CELLS.items():
        gateways.append(net.router(f"mag-{name}"))
        net.link(gateways[-1], core, delay=link_delay, rate=100e6)
        net.cell(name, position, router=gateways[-1], radius=RADIUS, advertise=False)
    mobile = net.host("mn", position=CELLS["a"])
    mobile.roam(handoff_delay=l2_delay)
    anchor.local_mobility_anchor(POOL)
    address = to_anchor.address_of(anchor)
    for gateway in gateways:
        gateway.mobile_access_gateway(address, {mobile: IDENTIFIER})
        net.at(10, gateway.ping, address, count=2)  # neighbours on the way have been resolved before
    net.at(10, correspondent.ping, address, count=2)
    net.shortest_path_routes()
    draw = random.Random(seed)
    times = [FIRST_MOVE + i * STAY + draw.uniform(0, 5) for i in range(moves)]
    for when, position in zip(times, list(CELLS.values())[1:]):
        net.at(when, setattr, mobile, "position", position)
    return Bed(net, mobile, anchor, gateways, correspondent, times)


def measure(bed: Bed, *, packets_per_second: float = 200.0, size: int = 160) -> list[handoff.Handoff]:
    """Runs the bed with UDP both ways; the hand-offs."""
    start = FIRST_MOVE - 10
    bed.net.run(until=start, progress=False)
    traffic: dict[str, Any] = {"rate": packets_per_second, "size": size, "start": start, "stop": bed.end - 1}
    down = bed.net.udp_flow(bed.correspondent, bed.mobile, name="down", **traffic)
    up = bed.net.udp_flow(bed.mobile, bed.correspondent, name="up", **traffic)
    bed.net.run(until=bed.end, progress=False)
    return handoff.analyse(bed.mobile, downlink=[down], uplink=[up])


def registrations(bed: Bed) -> list[float]:
    """Seconds from each first Proxy Binding Update of a gateway to its acknowledgement, those of hand-offs only."""
    took = []
    for gateway in bed.gateways[1 : 1 + len(bed.moves)]:
        trace = gateway.trace
        sent = trace[(trace["kind"] == "pmip6.binding_update_sent") & (trace["lifetime_s"] > 0)]["time_s"].iloc[0]
        answered = trace[(trace["kind"] == "pmip6.binding_ack_received") & (trace["time_s"] > sent)]["time_s"].iloc[0]
        took.append(answered - sent)
    return took


def expected_outage(l2: float, link_delay: float, packets_per_second: float) -> float:
    """L2 + RTT(MAG, LMA) in seconds: two links each way and the bits of two messages; sampled by packets."""
    return l2 + 4 * link_delay + 2 * 2 * SMALL_FRAME * 8 / 100e6 + 1 / packets_per_second


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random draws (default: 1)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05 s)")
    parser.add_argument("--link-delay", type=float, default=LINK_DELAY, metavar="S", help="of links (default: 0.01 s)")
    parser.add_argument("--rate", type=float, default=200.0, help="packets a second, each way (default: 200)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write a capture and the table here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs it and prints the table; 2 if the options are no good."""
    options = parse(argv)
    try:
        bed = build(seed=options.seed, l2_delay=options.l2_delay, link_delay=options.link_delay)
        if options.out is None:
            handoffs = measure(bed, packets_per_second=options.rate)
        else:
            options.out.mkdir(parents=True, exist_ok=True)
            with bed.net.capture(options.out / "pmip6.pcapng"):
                handoffs = measure(bed, packets_per_second=options.rate)
            handoff.table(handoffs).to_csv(options.out / "handoffs.csv", index=False)
    except (ks.Error, OSError) as error:
        print(f"pmip6_handoff: {error}", file=sys.stderr)
        return 2
    formula = expected_outage(options.l2_delay, options.link_delay, options.rate)
    print(f"the host's address: {bed.mobile.address}")
    print("#  from  to  at s    L2 ms  registration ms  outage ms  formula ms  lost dn  lost up")
    for h, registration in zip(handoffs, registrations(bed)):
        l2 = math.nan if h.l2.duration is None else h.l2.duration
        print(
            f"{h.number}  {h.origin:4}  {h.target:2}  {h.start:6.2f}  {l2 * 1e3:5.1f}  {registration * 1e3:15.1f}  "
            f"{h.downlink.outage * 1e3:9.1f}  {formula * 1e3:10.1f}  {h.downlink.lost:7}  {h.uplink.lost:7}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
