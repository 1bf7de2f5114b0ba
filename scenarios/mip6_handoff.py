#!/usr/bin/env python3
"""Mobile IPv6 hand-offs on WIDE's network of 2007.

Every node of the map is a router with shortest-path routes; coordinates give the delays, at 5 us/km. The home network
and the home agent are at Fujisawa, where KAME began; three more cells stand side by side along the mobile node's way
and hang on access routers at other sites; the correspondent is in San Francisco. The mobile node leaves home, passes
the cells at a given speed and returns home, while it and the correspondent exchange UDP packets.

It prints one row a hand-off, and with --out writes results (Protobuf and CSV), a capture of all interfaces, the ladder
of one hand-off's signalling and the delay of each packet over time.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import kamesim as ks
from kamesim import handoff

MAP = Path(__file__).resolve().parent / "data" / "WideJpn.gml"
HOME = "21"  # Fujisawa, 35.34 N 139.47 E
CELLS = {"hiyoshi": "3", "otemachi": "0", "tsukuba": "7"}  # sites of the map, by node
CORRESPONDENT = "29"  # San Francisco

CELL_SPACING = 200.0  # metres between neighbouring access points, on a square
CORNERS = [(0.0, 0.0), (CELL_SPACING, 0.0), (CELL_SPACING, CELL_SPACING), (0.0, CELL_SPACING)]
SETTLE = 10.0  # seconds before the mobile node sets off: everybody has addresses and routes
PACKETS_PER_SECOND = 100.0
PAYLOAD = 160  # bytes: 20 ms of G.711 speech


@dataclass
class Experiment:
    """The network and what is measured on it."""

    net: ks.Network
    mobile: ks.Host
    home_agent: ks.Router
    correspondent: ks.Host
    routers: list[ks.Router]
    downlink: ks.Flow
    uplink: ks.Flow
    signalling: ks.SignallingLog
    end: float  # seconds


def build(options: argparse.Namespace) -> Experiment:
    """Makes the network: the map, the cells, the nodes and their traffic."""
    net = ks.Network.from_gml(MAP, routes=False, seed=options.seed, name="WIDE", trace_hash=True)
    home_agent = net.router_named(HOME)
    ra = {"min_interval": options.ra_interval[0], "max_interval": options.ra_interval[1]}
    sites = {"home": HOME, **CELLS}
    for (name, site), corner in zip(sites.items(), CORNERS):
        net.cell(name, position=corner, router=site, advertise=ra)
    home = net.medium("home")
    prefix = home.prefixes[0].split("::/")[0]

    mobile = net.host(
        "mn",
        position=CORNERS[0],
        dup_addr_detect_transmits=0 if options.no_dad else 1,
        optimistic_dad=options.optimistic_dad,
    )
    mobile.roam(handoff_delay=options.l2_delay)
    correspondent = net.host("cn")
    net.link(correspondent, CORRESPONDENT, delay=0.0005, rate=1e9)
    net.shortest_path_routes()

    home_agent.enable(ks.HomeAgent())
    correspondent.enable(ks.Correspondent())
    home_address = f"{prefix}::4:1"
    mobile.enable(
        ks.MobileNode(
            home_address=home_address,
            home_agent=home.address_of(home_agent),
            route_optimization=not options.no_route_optimization,
        )
    )

    arrival = mobile.path([*CORNERS, CORNERS[0]], speed=options.speed, start=SETTLE)
    end = arrival + SETTLE if options.duration is None else options.duration
    traffic = {"rate": PACKETS_PER_SECOND, "size": PAYLOAD, "start": SETTLE / 2, "stop": end - 1.0}
    downlink = net.udp_flow(correspondent, mobile, destination_address=home_address, name="downlink", **traffic)
    uplink = net.udp_flow(mobile, correspondent, source_address=home_address, name="uplink", **traffic)

    routers = [net.router_named(site) for site in sites.values()]
    signalling = net.watch([mobile, *routers, correspondent])
    return Experiment(net, mobile, home_agent, correspondent, routers, downlink, uplink, signalling, end)


def report(experiment: Experiment, handoffs: list[handoff.Handoff]) -> None:
    """Prints the table of hand-offs and the summary."""
    rows = [
        ("#", "from", "to", "at s", "L2 ms", "MD ms", "DAD ms", "HR ms", "RR ms", "outage ms", "lost dn", "lost up", "reord")
    ]
    for h in handoffs:
        phases = (h.l2, h.movement_detection, h.dad, h.home_registration, h.return_routability)
        rows.append(
            (
                str(h.number), h.origin, h.target, f"{h.start:.2f}", *(milliseconds(p.duration) for p in phases),
                milliseconds(h.outage), str(h.downlink.lost), str(h.uplink.lost),
                str(h.downlink.reordered + h.uplink.reordered),
            )  # fmt: skip
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(w) if i in (1, 2) else text.rjust(w) for i, (text, w) in enumerate(zip(row, widths))))
    print()
    print("L2: layer 2 hand-off. MD: movement detection, until a router is heard. DAD: until the new address may be used.")
    print("HR: home registration. RR: return routability. outage: the longer of both directions, by time of sending.")
    print()
    for flow in (experiment.downlink, experiment.uplink):
        print(f"{flow.name}: {flow.sent} packets sent, {flow.received} received, {flow.lost} lost, {flow.reordered} reordered")
    if handoffs:
        mean = sum(h.outage for h in handoffs) / len(handoffs)
        worst = max(h.outage for h in handoffs)
        print(f"{len(handoffs)} hand-offs, outage {mean * 1e3:.0f} ms on average, {worst * 1e3:.0f} ms at most")
    else:
        print("no hand-off happened: see --duration and --speed")
    print(f"trace hash {experiment.net.trace_hash}")


def milliseconds(seconds: float | None) -> str:
    """A duration for the table; a dash where the phase did not happen."""
    return "-" if seconds is None else f"{seconds * 1e3:.1f}"


def write(
    experiment: Experiment, run: ks.Run, handoffs: list[handoff.Handoff], out: Path, parameters: dict[str, object]
) -> None:
    """Writes results, tables and pictures into the folder."""
    import pandas as pd

    from kamesim.plots.timeline import HandoffSpan, Timeline

    run.save(out / "results.pb", parameters=parameters, handoffs=handoffs)
    run.to_csv(out)
    handoff.table(handoffs).to_csv(out / "handoffs.csv", index=False)

    frames = []
    for flow, direction in ((experiment.downlink, "down"), (experiment.uplink, "up")):
        packets = flow.frame()
        packets["direction"] = direction
        frames.append(packets)
    spans = [HandoffSpan(h.start, h.start + h.outage, f"{h.origin} to {h.target}") for h in handoffs]
    Timeline(pd.concat(frames), handoffs=spans, title="One-way delay of each packet").save(out / "timeline.png")

    if handoffs:
        shown = next((h for h in handoffs if h.return_routability.duration is not None), handoffs[0])
        access = {experiment.net.access_router(name).name for name in (shown.origin, shown.target)}
        others = [r.name for r in experiment.routers if r.name in access and r is not experiment.home_agent]
        participants = ["mn", *others, experiment.home_agent.name, "cn"]
        captions = {"mn": "mobile node", experiment.home_agent.name: "home agent", "cn": "correspondent"}
        captions |= {name: "access router" for name in others}
        ks.handoff_ladder(experiment.signalling, shown, participants, captions).save(out / "ladder.svg")


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random draws (default: 1)")
    parser.add_argument("--speed", type=float, default=10.0, metavar="M/S", help="of the mobile node (default: 10)")
    parser.add_argument(
        "--ra-interval", type=float, nargs=2, default=[0.03, 0.07], metavar=("MIN", "MAX"),
        help="seconds between the access routers' unsolicited advertisements (default: 0.03 0.07, RFC 6275's least)",
    )  # fmt: skip
    parser.add_argument(
        "--l2-delay", type=float, default=0.05, metavar="S", help="seconds without a link (default: 0.05)"
    )
    dad = parser.add_mutually_exclusive_group()
    dad.add_argument("--no-dad", action="store_true", help="the mobile node does no Duplicate Address Detection")
    dad.add_argument("--optimistic-dad", action="store_true", help="it uses addresses while they are tested (RFC 4429)")
    parser.add_argument(
        "--no-route-optimization", action="store_true", help="everything goes by the home agent (RFC 6275, 11.3.1)"
    )
    parser.add_argument(
        "--duration", type=float, metavar="S", help="virtual seconds (default: until 10 s after the return home)"
    )
    parser.add_argument("--threads", type=int, default=1, help="that the run is split over; the outcome is the same (default: 1)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write results, capture and pictures here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the experiment; 2 if the options or the folder are no good."""
    options = parse(argv)
    if options.duration is not None and options.duration <= SETTLE:
        print(f"mip6_handoff: --duration is {options.duration:g}; the mobile node sets off at {SETTLE:g} s", file=sys.stderr)
        return 2
    try:
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"mip6_handoff: --out: cannot make the folder {options.out}: {error.strerror}", file=sys.stderr)
        return 2
    try:
        experiment = build(options)
        if options.out is not None:
            with experiment.net.capture(options.out / "handoff.pcapng"):
                run = experiment.net.run(until=experiment.end, threads=options.threads)
        else:
            run = experiment.net.run(until=experiment.end, threads=options.threads)
        handoffs = handoff.analyse(experiment.mobile, downlink=[experiment.downlink], uplink=[experiment.uplink])
        report(experiment, handoffs)
        if options.out is not None:
            parameters = {key: value for key, value in vars(options).items() if key not in ("out", "threads")}
            write(experiment, run, handoffs, options.out, parameters)
            print(f"results, capture and pictures are in {options.out}")
    except (ks.Error, OSError) as error:
        print(f"mip6_handoff: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
