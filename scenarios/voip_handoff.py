#!/usr/bin/env python3
"""Speech through Mobile IPv6 hand-offs, by the E-model (ITU-T G.107, simplified: see kamesim.voip).

A mobile node on the phone is carried from its home to a foreign cell and on to another one (handoff_bed.py). Both
directions carry G.711, a packet each 20 ms. It prints a row for each mode of Duplicate Address Detection, with and
without route optimization: R factor and MOS of the whole call (the worse of both directions), the worst stretch, and
how long speech was bad (R below 60, "nearly all users dissatisfied"). With --out it writes a picture of R over time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import handoff_bed as bed
from kamesim import Error, experiment, voip

PACKETS_PER_SECOND = 50.0
PAYLOAD = 172  # bytes: 160 of G.711 and 12 of RTP
BAD = 60.0
_STYLES = ["-", "-", (0, (3, 2))]  # of the lines for DAD_MODES: some lie upon each other
CODECS = {"g711": voip.G711, "g711-plc": voip.G711_PLC, "g729a": voip.G729A}


def scenario(
    *, seed: int, dad: str, route_optimization: bool, ra_interval: tuple[float, float], l2_delay: float, codec: str,
    buffer: float, window: float,
) -> list[dict[str, Any]]:  # fmt: skip
    """A record for each stretch of the call, with what the whole call has in each."""
    made = bed.build(
        seed=seed, dad=dad, route_optimization=route_optimization, ra_interval=ra_interval, l2_delay=l2_delay
    )
    handoffs, down, up = bed.measure(made, packets_per_second=PACKETS_PER_SECOND, size=PAYLOAD)
    options = {"codec": CODECS[codec], "buffer": buffer}
    whole = [voip.quality(flow.frame(), **options) for flow in (down, up)]
    worse = min(whole, key=lambda q: q.r_factor)
    parts = [voip.windows(flow.frame(), length=window, **options) for flow in (down, up)]
    outages = sum(h.outage for h in handoffs)
    return [
        {
            "time_s": a.time_s, "r": min(a.r_factor, b.r_factor), "call_r": worse.r_factor, "call_mos": worse.mos,
            "call_loss": worse.loss, "outages_s": outages,
        }
        for a, b in zip(parts[0].itertuples(), parts[1].itertuples())
    ]  # fmt: skip


def report(results: experiment.Results, window: float) -> None:
    """Prints the table."""
    frame = results.frame()
    print("DAD         route opt.  R of the call       MOS   lost %  worst R  bad, s  outages, s")
    for (dad, optimized), part in frame.groupby(["dad", "route_optimization"], sort=False):
        runs = part.groupby("seed")
        r = experiment.confidence(runs["call_r"].first())
        interval = f"[{r.low:.1f}, {r.high:.1f}]" if r.n > 1 else ""
        bad = runs["r"].apply(lambda values: (values < BAD).sum() * window).mean()
        print(
            f"{dad:<10}  {'yes' if optimized else 'no':<10}  {r.mean:>4.1f} {interval:<13}  "
            f"{runs['call_mos'].first().mean():>4.2f}  {100 * runs['call_loss'].first().mean():>6.2f}  "
            f"{runs['r'].min().mean():>7.1f}  {bad:>6.1f}  {runs['outages_s'].first().mean():>10.2f}"
        )
    if results.failed:
        print(f"{results.failed} runs failed: see Results.failures()")


def plot(results: experiment.Results, seed: int, *paths: Path) -> None:
    """R over time of one seed, a line for each DAD mode, with route optimization."""
    from matplotlib.figure import Figure

    from kamesim.plots._figure import COLORS, save_figure

    frame = results.frame()
    frame = frame[(frame["seed"] == seed) & frame["route_optimization"]]
    figure = Figure(figsize=(7.2, 3.0), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for low, high, name in ((90, 100, "very satisfied"), (80, 90, "satisfied"), (70, 80, "some dissatisfied"),
                            (60, 70, "many dissatisfied"), (50, 60, "nearly all dissatisfied")):  # fmt: skip
        axes.axhspan(low, high, color="#000000", alpha=0.02 + 0.0018 * (100 - low), lw=0)
        axes.text(1.005, (low + high) / 2, name, transform=axes.get_yaxis_transform(), size=6.5, va="center")
    for number, (dad, part) in enumerate(frame.groupby("dad", sort=False)):
        look = {"lw": 1.4, "ls": _STYLES[number], "color": COLORS[number], "label": f"DAD: {dad}"}
        axes.step(part["time_s"], part["r"], where="post", **look)
    axes.set_ylim(-2, 100)
    axes.set_xlim(frame["time_s"].min(), frame["time_s"].max())
    axes.set_xlabel("time, s", size=9)
    axes.set_ylabel("R factor", size=9)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for path in paths:
        save_figure(figure, path)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the first one (default: 1)")
    parser.add_argument("--seeds", type=int, default=10, help="calls of each kind (default: 10)")
    parser.add_argument("--codec", choices=list(CODECS), default="g711-plc", help="(default: g711-plc)")
    parser.add_argument("--buffer", type=float, default=0.06, metavar="S", help="playout delay (default: 0.06)")
    parser.add_argument("--window", type=float, default=2.0, metavar="S", help="of R over time (default: 2)")
    parser.add_argument(
        "--ra-interval", type=float, nargs=2, default=[0.03, 0.07], metavar=("MIN", "MAX"),
        help="seconds between the routers' advertisements (default: 0.03 0.07)",
    )  # fmt: skip
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument("--file", type=Path, default=Path("voip_handoff.jsonl"), help="(default: %(default)s)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a picture here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the experiment; 2 if the options are no good."""
    options = parse(argv)
    try:
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
        results = experiment.run(
            scenario,
            grid={
                "dad": bed.DAD_MODES, "route_optimization": [False, True], "ra_interval": [tuple(options.ra_interval)],
                "l2_delay": [options.l2_delay], "codec": [options.codec], "buffer": [options.buffer],
                "window": [options.window],
            },
            seeds=range(options.seed, options.seed + options.seeds),
            file=options.file,
            workers=options.workers,
        )  # fmt: skip
        report(results, options.window)
        if options.out is not None:
            plot(results, options.seed, options.out / "voip_handoff.svg", options.out / "voip_handoff.png")
            print(f"picture is in {options.out}")
    except (Error, OSError) as error:
        print(f"voip_handoff: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
