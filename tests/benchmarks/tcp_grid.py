#!/usr/bin/env python3
"""TCP's goodput over grids of loss, delay and buffer: kamesim's, ns-3's, and what formulas say.

    ./kamesim python tests/benchmarks/tcp_grid.py --out docs/images            without the peer
    ./kamesim python tests/benchmarks/tcp_grid.py --out docs/images --ns3 FOLDER   builds ns-3's program there

One transfer between two hosts on one link, segments of 1428 octets, an acknowledgment each, SACK, an initial window of
10 segments. It writes tcp_grid.csv, a row a point, and tcp_grid.svg.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import kamesim as ks

sys.path.insert(0, str(Path(__file__).parent))
from programs import build_ns3  # noqa: E402 (beside this file)

MSS = 1428  # octets
FRAME = MSS + 12 + 20 + 40 + 14  # with timestamps, TCP, IPv6 and Ethernet
CONTROLS = {"newreno": "TcpNewReno", "cubic": "TcpCubic"}
SETTLE = 5.0  # seconds until both hosts have addresses
RTT = 0.05  # seconds, where it is not what varies
LOSS = 0.001  # where it is not what varies
LOSSES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02)
RTTS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4)  # seconds
BUFFERS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # bandwidth-delay products
NARROW_RATE, NARROW_RTT = 10e6, 0.1  # bits a second and seconds, of the grid of buffers


class Point(NamedTuple):
    """One transfer."""

    grid: str  # "loss", "delay" or "buffer"
    control: str
    value: float  # of what varies
    rate: float | None  # bits a second; None: no limit
    rtt: float  # seconds
    queue: int  # packets
    loss: float


def points() -> list[Point]:
    """All of them."""
    product = NARROW_RATE * NARROW_RTT / 8 / FRAME
    found = []
    for control in CONTROLS:
        found += [Point("loss", control, p, None, RTT, 100_000, p) for p in LOSSES]
        found += [Point("delay", control, rtt, None, rtt, 100_000, LOSS) for rtt in RTTS]
        for b in BUFFERS:
            found.append(Point("buffer", control, b, NARROW_RATE, NARROW_RTT, max(1, round(b * product)), 0.0))
    return found


def ours(point: Point, seconds: float) -> float:
    """Goodput in bits a second."""
    net = ks.Network(seed=1)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, rate=point.rate, delay=point.rtt / 2, queue=point.queue, loss=point.loss)
    options = ks.TcpOptions(
        congestion_control=point.control, delayed_ack=0, send_buffer=64 << 20, receive_buffer=64 << 20
    )
    flow = net.tcp_flow(a, b, start=SETTLE, stop=SETTLE + seconds, options=options)
    net.run(until=SETTLE + seconds)
    return flow.received * 8 / seconds


def theirs(point: Point, seconds: float, binary: str) -> float:
    """ns-3's goodput in bits a second."""
    words = {
        "seconds": round(seconds),
        "rate_mbps": round((point.rate or 10e9) / 1e6),
        "delay_us": round(point.rtt / 2 * 1e6),
        "queue": point.queue,
        "loss": point.loss,
        "cc": CONTROLS[point.control],
    }
    done = subprocess.run(
        [binary, *(f"{k}={v}" for k, v in words.items())], capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)["goodput_mbps"]) * 1e6


def expected(point: Point) -> float:
    """What the formulas say, in bits a second; NaN: there is none."""
    if point.grid == "buffer":
        if point.control != "newreno":
            return math.nan
        # A saw-tooth between half of pipe and buffer and all of it: with b buffers for each bandwidth-delay product,
        # the link is used to 3/4 (1 + b)^2 / (1 + b + b^2), and whole from b = 1 on.
        b = min(point.value, 1.0)
        return NARROW_RATE * MSS / FRAME * 0.75 * (1 + b) ** 2 / (1 + b + b * b)
    reno = math.sqrt(1.5 / point.loss)  # Mathis et al., CCR 27(3), 1997; in segments
    cubic = 1.054 * point.rtt**0.75 / point.loss**0.75  # RFC 9438 section 5.1
    window = reno if point.control == "newreno" else max(cubic, 1.2 / math.sqrt(point.loss))
    return window * MSS * 8 / point.rtt


def plot(frame: pd.DataFrame, path: Path) -> None:
    """Points, and formulas as lines: a column a grid, a row a control."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "tcp_grid"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(11, 6.5), layout="constrained")
    labels = {
        "loss": f"probability of loss, RTT {RTT * 1e3:g} ms",
        "delay": f"RTT in s, loss {LOSS:g}",
        "buffer": f"buffer in bandwidth-delay products (of {NARROW_RATE * NARROW_RTT / 8e3:g} kB)",
    }
    for row, control in enumerate(CONTROLS):
        for column, (grid, label) in enumerate(labels.items()):
            part, axis = frame[(frame["grid"] == grid) & (frame["control"] == control)], axes[row, column]
            axis.plot(part["value"], part["formula_mbps"], color="0.6", label="formula")
            axis.plot(part["value"], part["kamesim_mbps"], "o", label="kamesim")
            if "ns3_mbps" in part:
                axis.plot(part["value"], part["ns3_mbps"], "x", label="ns-3.37")
            axis.set_xscale("log")
            axis.set_title(control)
            axis.set_xlabel(label, fontsize="small")
            if grid == "buffer":
                axis.set_ylim(0, 1.1 * NARROW_RATE / 1e6)
            else:
                axis.set_yscale("log")
        axes[row, 0].set_ylabel("goodput, Mbit/s")
    axes[0, 0].legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


def main() -> int:
    """Parses the command line, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path, help="folder for tcp_grid.csv and tcp_grid.svg")
    parser.add_argument("--ns3", metavar="FOLDER", help="also measure ns-3's program, built in this folder")
    parser.add_argument("--seconds", type=float, default=300.0, help="of virtual time, each (default: 300)")
    arguments = parser.parse_args()
    binary = build_ns3("tcp_path", Path(arguments.ns3)) if arguments.ns3 else None
    rows = []
    for point in points():
        row = {"grid": point.grid, "control": point.control, "value": point.value}
        row["kamesim_mbps"] = round(ours(point, arguments.seconds) / 1e6, 4)
        if binary is not None:
            row["ns3_mbps"] = round(theirs(point, arguments.seconds, binary) / 1e6, 4)
        row["formula_mbps"] = round(expected(point) / 1e6, 4)
        rows.append(row)
        print(*(f"{k}={v}" for k, v in row.items()), flush=True)
    frame = pd.DataFrame(rows)
    frame.to_csv(arguments.out / "tcp_grid.csv", index=False)
    plot(frame, arguments.out / "tcp_grid.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
