#!/usr/bin/env python3
"""Fast handovers (RFC 5568) on the bed of handoff_bed.py: predictive, reactive, and none.

A mobile node is carried from home to cell a and on to cell b. Predictive: its link layer says a moment before (--lead)
which cell comes next, it updates its access router, and the next one keeps its packets: the outage is that of the link
layer, and nothing is lost. Reactive: it updates its former router from the new link: the outage is L2 + RTT by the former
router. With --plain there are no fast handovers. With --hierarchical a Mobility Anchor Point stands before the cells (RFC
5380), and fast handovers go on within its domain.

It prints a row a hand-off. With --out it writes a capture of all interfaces.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import handoff_bed as bed
import hmip6_handoff
import kamesim as ks
from kamesim import handoff

PACKETS_PER_SECOND = 200.0
MODES = ("predictive", "reactive", "none")
MARGIN = 0.01  # seconds from the acknowledgement of a Fast Binding Update to the move
SIGNALLING_FRAME = 150  # bytes: about a Fast Binding Update, or a Handover Initiate


def build(
    *,
    seed: int,
    mode: str = "predictive",
    lead: float | None = None,
    link_delay: float = bed.LINK_DELAY,
    hierarchical: bool = False,
    **options: Any,
) -> bed.Bed:
    """Makes the network. mode: one of MODES. lead: how long before a move the link layer foresees it, seconds; None: as
    long as the handover takes to be arranged, and MARGIN. The rest as in `handoff_bed.build`, or `hmip6_handoff.build` if
    hierarchical."""
    options = options | {"link_delay": link_delay}
    lead = shortest_lead(link_delay) if lead is None else lead
    options = options | {"seed": seed, "router_address": True}
    made: bed.Bed = hmip6_handoff.build(**options) if hierarchical else bed.build(**options)
    net = made.net
    if mode == "none":
        return made
    for name in bed.CELLS:
        neighbors = [other for other in bed.CELLS if other != name]
        net.access_router(name).enable(ks.FastHandoverRouter(neighbors=neighbors, interface=_interface(net, name)))
    made.mobile.enable(ks.FastMobileNode(predictive=mode == "predictive", anticipation=None))
    if mode == "predictive":
        for when, cell in zip(made.moves, list(bed.CELLS)[1:]):
            net.at(when - lead, made.mobile.mobile_ip.anticipate, cell)
    return made


def _interface(net: ks.Network, cell: str) -> ks.Interface:
    lan = getattr(net.medium(cell), "lan", None)
    return next(i for i in net.access_router(cell).interfaces if i.medium is lan)


def arrangement(link_delay: float) -> float:
    """Seconds from a Fast Binding Update at the old link to the redirection: HI and HAck, over two links each way."""
    bits = SIGNALLING_FRAME * 8
    return 4 * link_delay + bits * (4 / 100e6 + 1 / 54e6)


def shortest_lead(link_delay: float) -> float:
    """How long before a move it has to be foreseen, so that the acknowledgement still comes; seconds."""
    return arrangement(link_delay) + MARGIN


def expected_outage(
    mode: str,
    *,
    lead: float | None = None,
    l2_delay: float = 0.05,
    link_delay: float = bed.LINK_DELAY,
    home_delay: float | None = None,
    packets_per_second: float = PACKETS_PER_SECOND,
) -> float:
    """The mean time for which nothing arrives at the mobile node between cells a and b, seconds, by tunnel.

    Predictive: L2, and what is left of the lead once the handover is arranged, as packets go to the new router from then
    on; they wait there, and none is lost. Reactive: L2, the way of the Fast Binding Update by the new router to the former
    one, and the arrangement; what comes before the former router redirects is lost. The new care-of address was learnt
    before, so that the home agent is told at once too: if it is so near that RTT(MN, HA) is shorter, that ends the outage.
    home_delay: of the link from the core to the home agent; None: as others. Sampled by packets: + half an interval before
    the first of those that wait, one interval where packets are lost.
    """
    if mode == "predictive":
        early = (shortest_lead(link_delay) if lead is None else lead) - arrangement(link_delay)
        return l2_delay + early + 0.5 / packets_per_second
    bits = SIGNALLING_FRAME * 8
    sending = bits * (2 / 100e6 + 1 / 54e6)
    by_former_router = 2 * link_delay + sending + arrangement(link_delay)
    by_home_agent = 2 * (link_delay + (link_delay if home_delay is None else home_delay) + sending)
    return l2_delay + min(by_former_router, by_home_agent) + 1 / packets_per_second


def measure(made: bed.Bed, mode: str, *, packets_per_second: float = PACKETS_PER_SECOND) -> list[handoff.Handoff]:
    """The hand-offs, as `handoff_bed.measure` has them; predictive ones, which lose no packets, with the time for which
    nothing arrived as the outage of the downlink."""
    handoffs, down, _ = bed.measure(made, packets_per_second=packets_per_second)
    if mode == "predictive":
        for h, until in zip(handoffs, [*(h.start for h in handoffs[1:]), made.end]):
            h.downlink.outage = silence(down, h, until)
    return handoffs


def silence(flow: ks.Flow, h: handoff.Handoff, until: float) -> float:
    """The longest time without an arrival around a hand-off, seconds."""
    frame = flow.frame()
    arrived = (frame["time_s"] + frame["delay_s"]).dropna().sort_values().to_numpy()
    near = arrived[(arrived > h.start - 1) & (arrived < until)]
    return float(max((b - a for a, b in zip(near, near[1:])), default=0.0))


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random streams (default: 1)")
    parser.add_argument("--mode", choices=MODES, default="predictive", help="(default: predictive)")
    parser.add_argument("--lead", type=float, metavar="S", help="of the trigger (default: as long as it takes, + 0.01 s)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument("--hierarchical", action="store_true", help="with a Mobility Anchor Point")
    parser.add_argument("--route-optimization", action="store_true", help="with the correspondent")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a capture there")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs it and prints the table; 2 if the options are no good."""
    options = parse(argv)
    try:
        made = build(
            seed=options.seed, mode=options.mode, lead=options.lead, hierarchical=options.hierarchical,
            l2_delay=options.l2_delay, route_optimization=options.route_optimization,
        )  # fmt: skip
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            made.net.capture(options.out / "fmip6.pcapng")
        handoffs, down, _ = bed.measure(made, packets_per_second=PACKETS_PER_SECOND)
    except (ks.Error, OSError) as error:
        print(f"fmip6_handoff: {error}", file=sys.stderr)
        return 2
    print(handoff.table(handoffs).to_string(index=False, float_format=lambda x: "-" if math.isnan(x) else f"{x:.3f}"))
    ends = [*(h.start for h in handoffs[1:]), made.end]
    for h, until in zip(handoffs, ends):
        quiet = silence(down, h, until)
        print(f"{h.origin} to {h.target}: {h.downlink.lost} packets lost, nothing arrived for {quiet * 1e3:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
