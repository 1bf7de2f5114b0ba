#!/usr/bin/env python3
"""Ways to keep a host's connections over a hand-off, side by side: the outage of each beside its formula.

Every method goes through one hand-off between two foreign networks, on a network with the same delays: a core router,
with what anchors the host behind one link, its access routers and its correspondent behind one each. It prints a row a
method: formula, mean and 95 % confidence interval of the downlink's outage, packets lost; --out has a box plot of all,
as SVG and PNG. Results go to a file; a run that was interrupted goes on with what it lacks.

A method is an entry of METHODS: what runs one hand-off, and the mean outage that is expected of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fmip6_handoff
import handoff_bed
import hmip6_handoff
import pmip6_handoff
from kamesim import Error, experiment, handoff

PACKETS_PER_SECOND = 200.0
RA_INTERVAL = (0.03, 0.07)  # seconds: the fastest that RFC 6275 section 7.5 allows
MIP6_FRAME = 270  # bytes: of data in a tunnel, or signalling


@dataclass(frozen=True)
class Setting:
    """What all methods have in common; seconds."""

    seed: int
    l2_delay: float
    link_delay: float


@dataclass(frozen=True)
class Method:
    """One way of doing it."""

    name: str
    hand_off: Callable[[Setting], handoff.Handoff]  #: runs it; the hand-off that counts
    expected: Callable[[Setting], float]  #: the mean outage of the downlink, seconds


def transmission(octets: int) -> float:
    """Seconds that a message's bits take there and back: two links of 100 Mb/s and the cell of 54 Mb/s each way."""
    return 2 * octets * 8 * (2 / 100e6 + 1 / 54e6)


def mip6(**options: Any) -> Callable[[Setting], handoff.Handoff]:
    """Mobile IPv6: the hand-off between the two foreign cells."""

    def run(s: Setting) -> handoff.Handoff:
        bed = handoff_bed.build(
            seed=s.seed, l2_delay=s.l2_delay, link_delay=s.link_delay, ra_interval=RA_INTERVAL, **options
        )
        handoffs, _, _ = handoff_bed.measure(bed, packets_per_second=PACKETS_PER_SECOND)
        return handoffs[1]

    return run


def expected_of_mip6(dad: str, round_trips: int) -> Callable[[Setting], float]:
    """L2 + movement detection + address configuration + round trips over two links each way."""

    def outage(s: Setting) -> float:
        before = s.l2_delay + handoff_bed.movement_detection(RA_INTERVAL) + handoff_bed.address_configuration(dad)
        return before + round_trips * (4 * s.link_delay + transmission(MIP6_FRAME)) + 1 / PACKETS_PER_SECOND

    return outage


def pmip6(s: Setting) -> handoff.Handoff:
    """Proxy Mobile IPv6: from the second cell to the third."""
    bed = pmip6_handoff.build(seed=s.seed, l2_delay=s.l2_delay, link_delay=s.link_delay)
    return pmip6_handoff.measure(bed, packets_per_second=PACKETS_PER_SECOND)[1]


def expected_of_pmip6(s: Setting) -> float:
    """L2 + RTT(MAG, LMA)."""
    return pmip6_handoff.expected_outage(s.l2_delay, s.link_delay, PACKETS_PER_SECOND)


def hmip6(dad: str) -> Callable[[Setting], handoff.Handoff]:
    """Hierarchical Mobile IPv6: within the domain of a Mobility Anchor Point, from one of its cells to the other."""

    def run(s: Setting) -> handoff.Handoff:
        bed = hmip6_handoff.build(
            seed=s.seed, l2_delay=s.l2_delay, link_delay=s.link_delay, ra_interval=RA_INTERVAL, dad=dad
        )
        handoffs, _, _ = handoff_bed.measure(bed, packets_per_second=PACKETS_PER_SECOND)
        return handoffs[1]

    return run


def expected_of_hmip6(dad: str) -> Callable[[Setting], float]:
    """L2 + movement detection + address configuration + RTT(MN, MAP)."""

    def outage(s: Setting) -> float:
        return hmip6_handoff.expected_outage(
            ra_interval=RA_INTERVAL, dad=dad, l2_delay=s.l2_delay, link_delay=s.link_delay,
            packets_per_second=PACKETS_PER_SECOND,
        )  # fmt: skip

    return outage


def fmip6(mode: str, *, hierarchical: bool = False) -> Callable[[Setting], handoff.Handoff]:
    """Fast handovers between the two foreign cells; the home agent is told by tunnel."""

    def run(s: Setting) -> handoff.Handoff:
        bed = fmip6_handoff.build(
            seed=s.seed, mode=mode, l2_delay=s.l2_delay, link_delay=s.link_delay, ra_interval=RA_INTERVAL,
            route_optimization=False, hierarchical=hierarchical,
        )  # fmt: skip
        return fmip6_handoff.measure(bed, mode, packets_per_second=PACKETS_PER_SECOND)[1]

    return run


def expected_of_fmip6(mode: str) -> Callable[[Setting], float]:
    """L2, and until the former router redirects; RFC 5380's anchor takes no part."""

    def outage(s: Setting) -> float:
        return fmip6_handoff.expected_outage(
            mode, l2_delay=s.l2_delay, link_delay=s.link_delay, packets_per_second=PACKETS_PER_SECOND
        )

    return outage


METHODS = {
    method.name: method
    for method in [
        # Return routability with a home token that still lives is the care-of test, then comes the correspondent's
        # registration: two round trips to it beside the one to the home agent.
        Method("MIPv6", mip6(), expected_of_mip6("full", 3)),
        Method("MIPv6, optimistic DAD", mip6(dad="optimistic"), expected_of_mip6("optimistic", 3)),
        Method("MIPv6, no RR", mip6(route_optimization=False), expected_of_mip6("full", 1)),
        Method(
            "MIPv6, no RR, optimistic DAD",
            mip6(route_optimization=False, dad="optimistic"),
            expected_of_mip6("optimistic", 1),
        ),
        Method("HMIPv6", hmip6("full"), expected_of_hmip6("full")),
        Method("HMIPv6, optimistic DAD", hmip6("optimistic"), expected_of_hmip6("optimistic")),
        Method("PMIPv6", pmip6, expected_of_pmip6),
        Method("FMIPv6, reactive", fmip6("reactive"), expected_of_fmip6("reactive")),
        Method("FMIPv6, predictive", fmip6("predictive"), expected_of_fmip6("predictive")),
        Method("FMIPv6 over HMIPv6, predictive", fmip6("predictive", hierarchical=True), expected_of_fmip6("predictive")),
    ]
}


def scenario(*, seed: int, method: str, l2_delay: float, link_delay: float) -> dict[str, float]:
    """One hand-off by one method."""
    h = METHODS[method].hand_off(Setting(seed, l2_delay, link_delay))
    return {
        "outage_down_s": h.downlink.outage,
        "outage_up_s": h.uplink.outage,
        "lost_down": float(h.downlink.lost),
        "lost_up": float(h.uplink.lost),
    }


def report(results: experiment.Results, setting: Setting) -> None:
    """Prints the table."""
    summary = results.summary(["outage_down_s", "lost_down"], by=["method"]).set_index(["method", "value"])
    print(f"{'method':<30}  formula    mean  95 % interval   lost    n")
    for method in METHODS.values():
        outage = summary.loc[(method.name, "outage_down_s")]
        lost = summary.loc[(method.name, "lost_down")]
        print(
            f"{method.name:<30}  {method.expected(setting):7.3f}  {outage['mean']:6.3f}  "
            f"[{outage['low']:.3f}, {outage['high']:.3f}]  {lost['mean']:5.1f}  {outage['n']:3.0f}"
        )
    print(f"\nseconds of outage of the downlink, packets lost of {PACKETS_PER_SECOND:g} a second")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30, help="runs of each method (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="the first one (default: 1)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05 s)")
    parser.add_argument("--link-delay", type=float, default=0.01, metavar="S", help="of each link (default: 0.01 s)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--file", type=Path, default=Path("handoff_comparison.jsonl"), help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the figure here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the experiment; 2 if the options are no good."""
    options = parse(argv)
    try:
        results = experiment.run(
            scenario,
            grid={"method": list(METHODS), "l2_delay": [options.l2_delay], "link_delay": [options.link_delay]},
            seeds=range(options.seed, options.seed + options.seeds),
            file=options.file,
            workers=options.workers,
        )
        if results.failed:
            first = results.failures().iloc[0]
            raise Error(f"{results.failed} runs failed; seed {first['seed']} of {first['method']}: {first['error']}")
        setting = Setting(options.seed, options.l2_delay, options.link_delay)
        report(results, setting)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            plot = results.plot_boxes(
                "outage_down_s", by="l2_delay", hue="method", label="outage of the downlink, s",
                by_label="layer 2 hand-off, s",
                expected={f"method {m.name}": {setting.l2_delay: m.expected(setting)} for m in METHODS.values()},
            )  # fmt: skip
            plot.save(options.out / "handoff_comparison.svg", options.out / "handoff_comparison.png")
    except (Error, OSError) as error:
        print(f"handoff_comparison: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
