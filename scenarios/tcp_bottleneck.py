#!/usr/bin/env python3
"""TCP transfers that share a bottleneck.

    client 1 --.                         .-- server 1
    client 2 ---- left ==== right ----------- server 2
    client n --'       the bottleneck    '-- server n

Each client sends to its server as fast as TCP lets it. The flows' congestion controls are taken in turn from --control.
It prints one row a flow: goodput, share, retransmissions, timeouts; with --out it writes the rows and the goodput over
time as CSV, and a picture of congestion windows and goodput.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

import kamesim as ks
from kamesim.tcp import CONGESTION_CONTROLS

ACCESS_RATE = 1e9  # bits a second
ACCESS_DELAY = 0.001  # seconds
SETTLE = 5.0  # seconds before the first flow: everybody has addresses


def build(options: argparse.Namespace) -> tuple[ks.Network, list[ks.TcpFlow]]:
    """The network, and the flows."""
    net = ks.Network(seed=options.seed, name="bottleneck")
    left, right = net.router("left"), net.router("right")
    net.link(
        left, right, rate=options.rate, delay=options.delay, queue=options.queue, loss=options.loss, name="bottleneck"
    )
    ends = []
    for number in range(1, options.flows + 1):
        client, server = net.host(f"client{number}"), net.host(f"server{number}")
        net.link(client, left, rate=ACCESS_RATE, delay=ACCESS_DELAY)
        net.link(right, server, rate=ACCESS_RATE, delay=ACCESS_DELAY)
        ends.append((client, server))
    net.shortest_path_routes()
    flows = []
    for number, (client, server) in enumerate(ends):
        flows.append(
            net.tcp_flow(
                client,
                server,
                start=SETTLE + number * options.stagger,
                stop=SETTLE + options.duration,
                options=ks.TcpOptions(
                    congestion_control=options.control[number % len(options.control)],
                    sack=not options.no_sack,
                    pacing=options.pacing,
                    ecn="request" if options.ecn else "accept",
                    send_buffer=16 << 20,
                    receive_buffer=16 << 20,
                ),
                sample_interval=0.05,
            )
        )
    return net, flows


def table(flows: list[ks.TcpFlow]) -> pd.DataFrame:
    """One row a flow."""
    total = sum(flow.received for flow in flows) or 1
    return pd.DataFrame(
        {
            "flow": [flow.name for flow in flows],
            "control": [flow.options.congestion_control for flow in flows],
            "goodput_mbps": [flow.goodput / 1e6 for flow in flows],
            "share": [flow.received / total for flow in flows],
            "retransmissions": [flow.retransmissions for flow in flows],
            "timeouts": [flow.timeouts for flow in flows],
            "smoothed_rtt_ms": [flow.smoothed_rtt * 1e3 for flow in flows],
        }
    )


def jain(flows: list[ks.TcpFlow]) -> float:
    """Jain's fairness index of what the flows got: 1 is equal shares."""
    shares = [flow.received for flow in flows]
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


def plot(flows: list[ks.TcpFlow], path: Path) -> None:
    """Congestion windows above, goodput below, over time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (windows, goodput) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6), layout="constrained")
    for flow in flows:
        label = f"{flow.name} ({flow.options.congestion_control})"
        samples, series = flow.samples(), flow.goodput_series()
        windows.plot(samples["time_s"], samples["congestion_window"] / 1e3, linewidth=0.8, label=label)
        smooth = series["goodput"].rolling(10, min_periods=1).mean() / 1e6
        goodput.plot(series["time_s"], smooth, linewidth=0.8, label=label)
    windows.set_ylabel("congestion window, kB")
    goodput.set_ylabel("goodput, Mbit/s (mean of 1 s)")
    goodput.set_xlabel("time, s")
    goodput.set_xlim(left=SETTLE)
    windows.legend(loc="upper right", fontsize="small")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=2, help="number of flows (default: 2)")
    parser.add_argument("--control", nargs="+", choices=CONGESTION_CONTROLS, default=["cubic"], help="taken in turn")
    parser.add_argument("--rate", type=float, default=20e6, help="of the bottleneck, bits a second (default: 20e6)")
    parser.add_argument("--delay", type=float, default=0.02, help="of the bottleneck, seconds (default: 0.02)")
    parser.add_argument("--queue", type=int, default=100, help="of the bottleneck, packets (default: 100)")
    parser.add_argument("--loss", type=float, default=0.0, help="random loss at the bottleneck (default: 0)")
    parser.add_argument("--stagger", type=float, default=0.0, help="seconds between the starts of flows (default: 0)")
    parser.add_argument("--duration", type=float, default=60.0, help="virtual seconds (default: 60)")
    parser.add_argument("--no-sack", action="store_true", help="without selective acknowledgments")
    parser.add_argument("--pacing", action="store_true", help="spread segments over the round trip")
    parser.add_argument("--ecn", action="store_true", help="ask for ECN")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same run (default: 1)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write flows.csv, goodput.csv and windows.png there")
    options = parser.parse_args(arguments)
    if options.flows < 1:
        parser.error(f"--flows is {options.flows}; it must be 1 or more")
    if options.duration <= 0 or options.stagger < 0 or options.stagger * (options.flows - 1) >= options.duration:
        parser.error("--duration must be more than 0, and every flow must start before it is over")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Runs the experiment."""
    options = parse(arguments)
    try:
        net, flows = build(options)
        net.run(until=SETTLE + options.duration + 1)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            table(flows).to_csv(options.out / "flows.csv", index=False)
            series = [flow.goodput_series().assign(flow=flow.name) for flow in flows]
            pd.concat(series).to_csv(options.out / "goodput.csv", index=False)
            plot(flows, options.out / "windows.png")
    except (ks.Error, OSError) as error:
        print(f"tcp_bottleneck: {error}", file=sys.stderr)
        return 2
    print(table(flows).to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    total = sum(flow.goodput for flow in flows) / 1e6
    print(f"\ntogether {total:.2f} Mbit/s of {options.rate / 1e6:g}; fairness (Jain) {jain(flows):.3f}")
    if options.out is not None:
        print(f"written to {options.out}: flows.csv, goodput.csv, windows.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
