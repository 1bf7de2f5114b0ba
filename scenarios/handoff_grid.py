#!/usr/bin/env python3
"""Mobile IPv6 hand-offs over RA interval, DAD mode and layer 2 delay: the outage, beside the formula.

Each run hands off from one foreign cell to another (handoff_bed.py), everything through the home agent. The outage of
the downlink is, on the average,

    T = L2 + movement detection + DAD + RTT(MN, HA) + 1 / packet rate

It prints a row a combination: formula, mean, 95 % confidence interval; --out has pictures, as SVG and PNG. Results go
to a file; a run that was interrupted goes on with what it lacks.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import handoff_bed as bed
from kamesim import Error, experiment

RA_INTERVALS = [(0.03, 0.07), (0.05, 1.5), (1.0, 3.0), (3.0, 7.0)]
L2_DELAYS = [0.0, 0.05, 0.2]
PACKETS_PER_SECOND = 200.0

# What transmission adds to propagation on the way of a Binding Update and of data: four hops of the core at 100 Mb/s,
# two of the cell at 54 Mb/s, frames of up to 270 bytes.
TRANSMISSION = 2 * 270 * 8 * (2 / 100e6 + 1 / 54e6)


def scenario(*, seed: int, ra_interval: tuple[float, float], dad: str, l2_delay: float) -> dict[str, Any]:
    """The second hand-off, from one foreign cell to the other: the home agent knows the node, it tests nothing."""
    made = bed.build(
        seed=seed, ra_interval=ra_interval, dad=dad, l2_delay=l2_delay, route_optimization=False
    )
    handoffs, _, _ = bed.measure(made, packets_per_second=PACKETS_PER_SECOND)
    return bed.phases(handoffs[1])


def formula(ra_interval: tuple[float, float], dad: str, l2_delay: float) -> float:
    """The mean outage, in seconds."""
    detection = bed.movement_detection(ra_interval)
    round_trip = 4 * bed.LINK_DELAY + TRANSMISSION
    return l2_delay + detection + bed.address_configuration(dad) + round_trip + 1 / PACKETS_PER_SECOND


def report(results: experiment.Results) -> None:
    """Prints the table."""
    summary = results.summary("outage_down_s", by=["ra_interval", "dad", "l2_delay"])
    print(f"{'RA interval':>12}  {'DAD':<10}  {'L2':>5}  {'formula':>8}  {'mean':>7}  95 % interval     n")
    inside = 0
    for row in summary.itertuples():
        expected = formula(row.ra_interval, row.dad, row.l2_delay)
        holds = row.low <= expected <= row.high
        inside += holds
        low, high = row.ra_interval
        print(
            f"{low:>5g}-{high:<4g} s  {row.dad:<10}  {row.l2_delay:>5g}  {expected:>8.3f}  {row.mean:>7.3f}  "
            f"[{row.low:.3f}, {row.high:.3f}]  {row.n:>3}{'' if holds else '  formula outside'}"
        )
    print(f"\n{inside} of {len(summary)} formulas lie in the 95 % interval; seconds of outage of the downlink")
    if results.failed:
        print(f"{results.failed} runs failed: see Results.failures()")


def pictures(results: experiment.Results, out: Path, l2_delays: list[float]) -> None:
    """Box plots by RA interval, the distribution by DAD mode."""
    expected = {
        f"dad {dad}": {ra: formula(ra, dad, sum(l2_delays) / len(l2_delays)) for ra in RA_INTERVALS}
        for dad in bed.DAD_MODES
    }
    results.plot_boxes(
        "outage_down_s", by="ra_interval", hue="dad", label="outage of the downlink, s", by_label="RA interval, s",
        expected=expected,
    ).save(out / "outage_boxes.svg", out / "outage_boxes.png")  # fmt: skip
    results.plot_cdf("outage_down_s", by="dad", label="outage of the downlink, s").save(
        out / "outage_cdf.svg", out / "outage_cdf.png"
    )


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30, help="runs of each combination (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="the first one (default: 1)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--file", type=Path, default=Path("handoff_grid.jsonl"), help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write pictures here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the experiment; 2 if the options are no good."""
    options = parse(argv)
    try:
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
        results = experiment.run(
            scenario,
            grid={"ra_interval": RA_INTERVALS, "dad": bed.DAD_MODES, "l2_delay": L2_DELAYS},
            seeds=range(options.seed, options.seed + options.seeds),
            file=options.file,
            workers=options.workers,
        )
        report(results)
        if options.out is not None:
            pictures(results, options.out, L2_DELAYS)
            print(f"pictures are in {options.out}")
    except (Error, OSError) as error:
        print(f"handoff_grid: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
