#!/usr/bin/env python3
"""TCP through Mobile IPv6 hand-offs: goodput, stalls, and the sender's state.

A mobile node is carried from its home to a foreign cell and on to another one (handoff_bed.py) while it receives a file
by TCP, or sends one with --up. A thin UDP flow beside it shows how long the network was away; TCP is away for longer,
as it learns of the network's return only when its retransmission timer, doubled each time, runs out (RFC 6298,
section 5).

It prints a row a hand-off: outage of the network, stall of TCP, retransmissions, the threshold that it went on with,
and how long it took to be back at the goodput before. With --out it writes CSV and a picture.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import handoff_bed as bed
import kamesim as ks
from kamesim import handoff
from kamesim.tcp import CONGESTION_CONTROLS

PROBES_PER_SECOND = 200.0
SAMPLE_INTERVAL = 0.02  # seconds
WINDOW = 0.5  # seconds that goodput is averaged over
RECOVERED = 0.9  # of the goodput before


@dataclass
class Transfer:
    """What was run and measured."""

    flow: ks.TcpFlow
    handoffs: list[handoff.Handoff]
    start: float  # seconds
    end: float


@dataclass
class Passage:
    """One hand-off as TCP went through it; seconds, bits a second, bytes."""

    name: str
    start: float
    outage: float
    stall: float
    timeouts_s: float  # from the return of the network to TCP's
    retransmissions: int
    threshold: int
    before: float
    recovery: float | None


def run(options: argparse.Namespace) -> Transfer:
    """Builds the bed and lets time pass."""
    made = bed.build(
        seed=options.seed,
        ra_interval=tuple(options.ra_interval),
        dad=options.dad,
        l2_delay=options.l2_delay,
        route_optimization=not options.no_route_optimization,
    )
    start, end = bed.FIRST_MOVE - 10, made.end
    chosen = ks.TcpOptions(congestion_control=options.control, send_buffer=4 << 20, receive_buffer=4 << 20)
    common = {"start": start, "stop": end, "options": chosen, "sample_interval": SAMPLE_INTERVAL, "name": "transfer"}
    if options.up:
        flow = made.net.tcp_flow(made.mobile, made.correspondent, source_address=made.home_address, **common)
    else:
        flow = made.net.tcp_flow(made.correspondent, made.mobile, destination_address=made.home_address, **common)
    handoffs, _, _ = bed.measure(made, packets_per_second=PROBES_PER_SECOND, size=24)
    return Transfer(flow, handoffs, start, end)


def passages(transfer: Transfer, up: bool) -> list[Passage]:
    """What each hand-off did to the transfer."""
    series, samples = transfer.flow.goodput_series(), transfer.flow.samples()
    found = []
    ends = [h.start for h in transfer.handoffs[1:]] + [transfer.end]
    for h, until in zip(transfer.handoffs, ends):
        near = series[(series["time_s"] >= h.start - 1) & (series["time_s"] < until)]
        silent = near.loc[(near["goodput"] > 0), "time_s"].to_numpy()
        gaps = [(b - a, a, b) for a, b in zip(silent, silent[1:])]
        stall, _, back = max(gaps, default=(0.0, h.start, h.start))
        width = series["time_s"].iloc[1] - series["time_s"].iloc[0]
        before = series[(series["time_s"] >= h.start - 5) & (series["time_s"] < h.start - width)]["goodput"].mean()
        smooth = near.set_index("time_s")["goodput"].rolling(round(WINDOW / width)).mean()
        again = smooth[(smooth.index > back) & (smooth >= RECOVERED * before)]
        within = samples[(samples["time_s"] >= h.start - SAMPLE_INTERVAL) & (samples["time_s"] < back + 1)]
        outage = h.uplink.outage if up else h.downlink.outage
        found.append(
            Passage(
                f"{h.origin} to {h.target}", h.start, outage, max(0.0, stall - width),
                max(0.0, stall - width - outage),
                int(within["retransmissions"].iloc[-1] - within["retransmissions"].iloc[0]),
                int(within["slow_start_threshold"].iloc[-1]), float(before),
                float(again.index[0] - h.start) if len(again) else None,
            )
        )  # fmt: skip
    return found


def report(transfer: Transfer, rows: list[Passage]) -> None:
    """Prints the table."""
    print("hand-off    at s   outage s  stall s  late s  retransmitted  threshold kB  before Mb/s  recovered after s")
    for p in rows:
        recovery = "not" if p.recovery is None else f"{p.recovery:.1f}"
        print(
            f"{p.name:<10}  {p.start:>5.1f}  {p.outage:>8.3f}  {p.stall:>7.1f}  {p.timeouts_s:>6.1f}  "
            f"{p.retransmissions:>13}  {p.threshold / 1e3:>12.0f}  {p.before / 1e6:>11.1f}  {recovery:>17}"
        )
    flow = transfer.flow
    seconds = transfer.end - transfer.start
    print(
        f"\n{flow.received / 1e6:.1f} MB in {seconds:.0f} s, {flow.received * 8 / seconds / 1e6:.1f} Mb/s; "
        f"{flow.timeouts} timeouts, {flow.retransmissions} segments sent again"
    )
    print("outage: of the network, by UDP beside it. stall: no data read. late: of it, after the network was back.")


def plot(transfer: Transfer, title: str, *paths: Path) -> None:
    """Goodput, congestion window and threshold, round-trip time, one over the other."""
    from matplotlib.figure import Figure

    from kamesim.plots._figure import COLORS, save_figure

    series, samples = transfer.flow.goodput_series(), transfer.flow.samples()
    figure = Figure(figsize=(7.2, 5.2), dpi=150, layout="constrained")
    goodput, window, rtt = figure.subplots(3, 1, sharex=True)
    figure.suptitle(title, size=10, weight="bold", x=0.02, ha="left")
    smooth = series["goodput"].rolling(5, center=True, min_periods=1).mean() / 1e6
    goodput.fill_between(series["time_s"], smooth, step="mid", color=COLORS[0], alpha=0.5, lw=0)
    goodput.set_ylabel("goodput, Mb/s", size=8)
    time = samples["time_s"]
    window.fill_between(time, samples["in_flight"] / 1e3, color=COLORS[4], alpha=0.5, lw=0, label="in flight")
    window.plot(time, samples["congestion_window"] / 1e3, color=COLORS[1], lw=0.9, label="congestion window")
    threshold = samples["slow_start_threshold"].where(samples["slow_start_threshold"] < 1 << 30) / 1e3
    window.plot(samples["time_s"], threshold, color=COLORS[6], lw=0.9, ls="--", label="slow-start threshold")
    window.set_ylabel("kB", size=8)
    window.legend(fontsize=7, ncol=3, frameon=False, loc="upper right")
    rtt.plot(samples["time_s"], samples["smoothed_rtt_s"] * 1e3, color=COLORS[2], lw=0.9)
    rtt.set_ylabel("smoothed RTT, ms", size=8)
    rtt.set_xlabel("time, s", size=8)
    for axes in (goodput, window, rtt):
        axes.tick_params(labelsize=7)
        axes.set_xlim(transfer.start, transfer.end)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color="#e4e4e4", lw=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for h in transfer.handoffs:
            axes.axvspan(h.start, h.start + h.outage, color="#f2c14e", alpha=0.6, lw=0)
    for h in transfer.handoffs:
        goodput.annotate(
            f"{h.origin} to {h.target}, {h.outage:.2f} s", (h.start, 1.0), (0, 2), xycoords=("data", "axes fraction"),
            textcoords="offset points", size=7, color="#5a4300",
        )  # fmt: skip
    for path in paths:
        save_figure(figure, path)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random draws (default: 1)")
    parser.add_argument("--control", choices=CONGESTION_CONTROLS, default="cubic", help="congestion control")
    parser.add_argument("--up", action="store_true", help="the mobile node sends; else it receives")
    parser.add_argument(
        "--ra-interval", type=float, nargs=2, default=[0.03, 0.07], metavar=("MIN", "MAX"),
        help="seconds between the routers' advertisements (default: 0.03 0.07)",
    )  # fmt: skip
    parser.add_argument("--dad", choices=bed.DAD_MODES, default="full", help="address tests (default: full)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument("--no-route-optimization", action="store_true", help="everything goes by the home agent")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write CSV and a picture here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the experiment; 2 if the options are no good."""
    options = parse(argv)
    try:
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
        transfer = run(options)
        report(transfer, passages(transfer, options.up))
        if options.out is not None:
            transfer.flow.goodput_series().to_csv(options.out / "goodput.csv", index=False)
            transfer.flow.samples().to_csv(options.out / "sender.csv", index=False)
            title = f"TCP ({options.control}) {'from' if options.up else 'to'} a mobile node"
            plot(transfer, title, options.out / "tcp_handoff.svg", options.out / "tcp_handoff.png")
            print(f"tables and picture are in {options.out}")
    except (ks.Error, OSError) as error:
        print(f"tcp_handoff: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
