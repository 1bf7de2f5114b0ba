#!/usr/bin/env python3
"""Ways to keep a host's connections over a hand-off, side by side: the outage of each beside its formula.

Every method goes through one hand-off between two foreign networks, on a network with the same delays: a core router,
with what anchors the host behind one link, its access routers and its correspondent behind one each. It prints a row a
method: formula, mean and 95 % confidence interval of the downlink's outage, packets lost, and the phases. --out has two
figures, as SVG and PNG: the phases of all with their outages (handoff_comparison), and the outages as boxes
(handoff_outages). Results go to a file; a run that was interrupted goes on with what it lacks.

A method is an entry of METHODS: what runs one hand-off, and the mean outage that is expected of it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fmip6_handoff
import handoff_bed
import hmip6_handoff
import mcoa_handoff
import nemo_handoff
import pmip6_handoff
from kamesim import Error, experiment, handoff, plots

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
    h = pmip6_handoff.measure(bed, packets_per_second=PACKETS_PER_SECOND)[1]
    h.movement_detection = h.dad = handoff.Phase()  # an advertisement tells the host nothing new
    h.home_registration = handoff.Phase(h.l2.end, h.l2.end + pmip6_handoff.registrations(bed)[1])
    return h


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
        handoffs[1].home_registration = handoffs[1].local_registration
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
        h = fmip6_handoff.measure(bed, mode, packets_per_second=PACKETS_PER_SECOND)[1]
        h.home_registration = h.local_registration if hierarchical else h.home_registration
        return h

    return run


def expected_of_fmip6(mode: str) -> Callable[[Setting], float]:
    """L2 and, if reactive, until the first of home agent and former router redirects."""

    def outage(s: Setting) -> float:
        return fmip6_handoff.expected_outage(
            mode, l2_delay=s.l2_delay, link_delay=s.link_delay, packets_per_second=PACKETS_PER_SECOND
        )

    return outage


def nemo(dad: str) -> Callable[[Setting], handoff.Handoff]:
    """A passenger behind a mobile router that goes from one foreign cell to the other."""

    def run(s: Setting) -> handoff.Handoff:
        bed = nemo_handoff.build(
            seed=s.seed, l2_delay=s.l2_delay, link_delay=s.link_delay, ra_interval=RA_INTERVAL, dad=dad
        )
        return nemo_handoff.measure(bed, packets_per_second=PACKETS_PER_SECOND)[1]

    return run


def expected_of_nemo(dad: str) -> Callable[[Setting], float]:
    """L2 + movement detection + address configuration + RTT(MR, HA)."""

    def outage(s: Setting) -> float:
        return nemo_handoff.expected_outage(
            ra_interval=RA_INTERVAL, dad=dad, l2_delay=s.l2_delay, link_delay=s.link_delay,
            packets_per_second=PACKETS_PER_SECOND,
        )  # fmt: skip

    return outage


def mcoa(way: str) -> Callable[[Setting], handoff.Handoff]:
    """Make before break with two radios, from one cell to the next, which overlap."""

    def run(s: Setting) -> handoff.Handoff:
        walk = mcoa_handoff.step(way, seed=s.seed, l2_delay=s.l2_delay, link_delay=s.link_delay)
        return mcoa_handoff.measure_step(walk, packets_per_second=PACKETS_PER_SECOND)

    return run


def expected_of_mcoa(way: str) -> Callable[[Setting], float]:
    """Until the home agent has been told by the other radio, and what is under way; nothing of a flow bound to both."""

    def outage(s: Setting) -> float:
        return mcoa_handoff.expected_outage(way, s.link_delay, PACKETS_PER_SECOND)

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
        Method("NEMO", nemo("full"), expected_of_nemo("full")),
        Method("NEMO, optimistic DAD", nemo("optimistic"), expected_of_nemo("optimistic")),
        Method("PMIPv6", pmip6, expected_of_pmip6),
        Method("FMIPv6, reactive", fmip6("reactive"), expected_of_fmip6("reactive")),
        Method("FMIPv6, predictive", fmip6("predictive"), expected_of_fmip6("predictive")),
        Method("FMIPv6 over HMIPv6, predictive", fmip6("predictive", hierarchical=True), expected_of_fmip6("predictive")),
        Method("MCoA, two radios", mcoa("two radios"), expected_of_mcoa("two radios")),
        Method("MCoA, flow by both", mcoa("copied"), expected_of_mcoa("copied")),
    ]
}


PHASES = {
    "l2_s": "L2",
    "movement_detection_s": "movement detection",
    "dad_s": "DAD",
    "home_registration_s": "registration",
    "return_routability_s": "return routability",
    "correspondent_s": "correspondent",
}


def scenario(*, seed: int, method: str, l2_delay: float, link_delay: float) -> dict[str, float]:
    """One hand-off by one method."""
    h = METHODS[method].hand_off(Setting(seed, l2_delay, link_delay))
    phases = handoff_bed.phases(h)
    return {phase: phases[phase] for phase in PHASES} | {
        "outage_down_s": h.downlink.outage,
        "outage_up_s": h.uplink.outage,
        "lost_down": float(h.downlink.lost),
        "lost_up": float(h.uplink.lost),
    }


def means(results: experiment.Results, column: str) -> dict[str, experiment.Estimate]:
    """Of a column, by method, over the runs that have a value."""
    frame = results.frame()
    found = {name: frame[frame["method"] == name][column].dropna() for name in METHODS}
    return {name: experiment.confidence(values) for name, values in found.items() if len(values)}


def report(results: experiment.Results, setting: Setting) -> None:
    """Prints the table."""
    outages, lost = means(results, "outage_down_s"), means(results, "lost_down")
    phases = {title: means(results, column) for column, title in PHASES.items()}
    heads = ["L2", "MD", "DAD", "registr.", "RR", "CN"]
    print(f"{'method':<30}  formula    mean  95 % interval   lost" + "".join(f"  {h:>8}" for h in heads))
    for method in METHODS.values():
        outage = outages[method.name]
        took = [e[method.name].mean if method.name in e else math.nan for e in phases.values()]
        print(
            f"{method.name:<30}  {method.expected(setting):7.3f}  {outage.mean:6.3f}  "
            f"[{outage.low:.3f}, {outage.high:.3f}]  {lost[method.name].mean:5.1f}"
            + "".join(f"  {'-' if math.isnan(s) else format(s, '.3f'):>8}" for s in took)
        )
    print(f"\nseconds of outage of the downlink, packets lost of {PACKETS_PER_SECOND:g} a second; then the phases, in seconds:")
    print("layer 2, movement detection, address configuration, registration, return routability, correspondent")


def draw(results: experiment.Results, setting: Setting, folder: Path) -> None:
    """Writes both figures."""
    folder.mkdir(parents=True, exist_ok=True)
    phases = {title: means(results, column) for column, title in PHASES.items()}
    expected = {m.name: m.expected(setting) for m in METHODS.values()}
    bars = plots.PhaseBars(
        {name: {title: e[name].mean for title, e in phases.items() if name in e} for name in METHODS},
        outage=means(results, "outage_down_s"), expected=expected, label="phases, and outage of the downlink, s",
    )  # fmt: skip
    bars.save(folder / "handoff_comparison.svg", folder / "handoff_comparison.png")
    boxes = results.plot_boxes(
        "outage_down_s", by="method", horizontal=True, label="outage of the downlink, s", by_label="", expected={"": expected}
    )
    boxes.save(folder / "handoff_outages.svg", folder / "handoff_outages.png")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30, help="runs of each method (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="the first one (default: 1)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05 s)")
    parser.add_argument("--link-delay", type=float, default=0.01, metavar="S", help="of each link (default: 0.01 s)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--file", type=Path, default=Path("handoff_comparison.jsonl"), help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the figures here")
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
            draw(results, setting, options.out)
    except (Error, OSError) as error:
        print(f"handoff_comparison: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
