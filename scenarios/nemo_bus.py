#!/usr/bin/env python3
"""A bus with passengers, driving through radio cells: one mobile router for all, or each passenger alone.

    correspondent -- core -- home agent -- home LAN
                      |`---- router 0   ))) cell 0      o=o=  the bus:  egress ))) mobile router -- LAN -- passengers
                      `----- router n   ))) cell n

With NEMO (RFC 3963) the bus is a mobile router, and passengers are hosts on its LAN that know nothing of mobility.
Without, each passenger is a mobile node (RFC 6275) with a radio of its own, and route optimization if asked for. The
bus drives from the first cell to the last while the correspondent sends UDP to everybody.

It prints, for each way: hand-offs, the outage of a passenger in a hand-off, packets lost, and the signalling: Binding
Updates sent by the bus or its passengers, and all mobility messages that went over the air.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import kamesim as ks

PREFIX = "2001:db8:b05::/64"  # of the bus
SPACING = 400.0  # metres between neighbouring access points
RADIUS = 260.0  # metres
SETTLE = 20.0  # seconds before the bus sets off: everybody has addresses and is registered
LINK_DELAY = 0.01  # seconds, of each link of the core
PAYLOAD = 160  # bytes
SIGNALLING = ("Binding", "Home Test", "Care-of Test")  # what the names of mobility messages begin with
WAYS = ("nemo", "mobile nodes", "mobile nodes, optimized")


@dataclass
class Figures:
    """What came of one drive."""

    way: str
    handoffs: int
    sent: int
    lost: int
    outages: list[float]  # seconds, of each passenger in each hand-off
    updates: int  # Binding Updates sent
    messages: int  # mobility messages by radio, either way
    trace_hash: str

    @property
    def mean_outage(self) -> float:
        """Seconds; 0 if there was none."""
        return sum(self.outages) / len(self.outages) if self.outages else 0.0


def drive(way: str, options: argparse.Namespace) -> Figures:
    """Makes the network, lets the bus drive, and looks at what was measured."""
    net = ks.Network(seed=options.seed, name=f"bus, {way}", trace_hash=True)
    core, home_agent, correspondent = net.router("core"), net.router("ha"), net.host("cn")
    net.link(core, home_agent, delay=LINK_DELAY, rate=100e6)
    net.link(core, correspondent, delay=LINK_DELAY, rate=100e6)
    home = net.lan("home")
    home.attach(home_agent)
    stops = [(SPACING * i, 0.0) for i in range(options.cells)]
    advertised = {"min_interval": options.ra_interval[0], "max_interval": options.ra_interval[1]}
    for i, stop in enumerate(stops):
        router = net.router(f"ar{i}")
        net.link(core, router, delay=LINK_DELAY, rate=100e6)
        net.cell(f"cell{i}", stop, router=router, radius=RADIUS, advertise=advertised)
    prefix = home.prefixes[0].split("::/")[0]
    agent = home.address_of(home_agent)
    radio = {"handoff_delay": options.l2_delay}

    if way == "nemo":
        home_agent.enable(ks.HomeAgent(mobile_networks={f"{prefix}::b05": [PREFIX]}))
        bus = net.mobile_router(
            "bus", home_address=f"{prefix}::b05", home_agent=agent, prefixes=PREFIX, position=stops[0], roam=radio,
            discover_home_agents=False,
        )  # fmt: skip
        inside = bus.interface("ingress").medium
        passengers = [net.host(f"passenger{i}") for i in range(options.passengers)]
        for passenger in passengers:
            inside.attach(passenger)
        addresses: list[str | None] = [None] * len(passengers)
        movers: list[ks.Host | ks.Router] = [bus]
    else:
        home_agent.enable(ks.HomeAgent())
        correspondent.enable(ks.Correspondent())
        passengers = [net.host(f"passenger{i}", position=stops[0]) for i in range(options.passengers)]
        addresses = [f"{prefix}::b05:{i + 1:x}" for i in range(options.passengers)]
        for passenger, address in zip(passengers, addresses):
            passenger.roam("egress", **radio)
            optimized = way == WAYS[2]
            passenger.enable(ks.MobileNode(home_address=address, home_agent=agent, route_optimization=optimized))
        movers = list(passengers)
    net.shortest_path_routes()

    arrival = max(m.path([stops[0], stops[-1]], speed=options.speed, start=SETTLE) for m in movers)
    end = arrival + 5.0
    flows = [
        net.udp_flow(
            correspondent, passenger, destination_address=address, rate=options.rate, size=PAYLOAD,
            start=SETTLE - 5.0, stop=end - 2.0, pattern="poisson", name=f"to {passenger.name}",
        )
        for passenger, address in zip(passengers, addresses)
    ]  # fmt: skip
    log = net.watch(movers)
    net.run(until=end, progress=False)
    return measure(way, net, movers, flows, log)


def measure(
    way: str, net: ks.Network, movers: list[ks.Host | ks.Router], flows: list[ks.Flow], log: ks.SignallingLog
) -> Figures:
    """What the drive's traces and packets tell."""
    moved = [m.trace.query("kind == 'mip6.moved'").time_s for m in movers]
    handoffs = [float(t) for t in moved[0] if t > SETTLE]
    outages = []
    for flow in flows:
        packets = flow.frame()
        received = packets[packets.delay_s.notna()].time_s
        for moment in handoffs:
            before, after = received[received < moment], received[received >= moment]
            if len(before) and len(after):
                outages.append(float(after.iloc[0] - before.iloc[-1]))
    seen = [s for s in log.sightings if s.label.startswith(SIGNALLING)]
    return Figures(
        way=way,
        handoffs=sum(int((times > SETTLE).sum()) for times in moved),
        sent=sum(flow.sent for flow in flows),
        lost=sum(flow.lost for flow in flows),
        outages=outages,
        updates=sum(s.sent and s.label == "Binding Update" for s in seen),
        messages=len(seen),
        trace_hash=net.trace_hash,
    )


def report(options: argparse.Namespace, ways: list[Figures]) -> None:
    """Prints the table."""
    rows = [("", "hand-offs", "outage ms", "at most", "sent", "lost", "lost %", "updates", "messages")]
    for f in ways:
        worst = max(f.outages, default=0.0)
        rows.append(
            (
                f.way, str(f.handoffs), f"{f.mean_outage * 1e3:.0f}", f"{worst * 1e3:.0f}", str(f.sent), str(f.lost),
                f"{100 * f.lost / max(1, f.sent):.2f}", str(f.updates), str(f.messages),
            )  # fmt: skip
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(w) if i == 0 else text.rjust(w) for i, (text, w) in enumerate(zip(row, widths))))
    print()
    drive = f"{options.cells} cells, {options.speed:g} m/s"
    print(f"{options.passengers} passengers, {drive}, {options.rate:g} packets/s to each.")
    print("hand-offs: of all that roam. outage: of a passenger, from the last packet before a movement to the first after.")
    print("updates, messages: Binding Updates, and mobility messages either way, by radio.")
    for f in ways:
        print(f"trace hash {f.trace_hash}  {f.way}")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of all random draws (default: 1)")
    parser.add_argument("--passengers", type=int, default=50, help="(default: 50)")
    parser.add_argument("--cells", type=int, default=4, help="along the road (default: 4)")
    parser.add_argument("--speed", type=float, default=20.0, help="metres per second (default: 20)")
    parser.add_argument("--rate", type=float, default=20.0, help="packets per second to each passenger (default: 20)")
    parser.add_argument("--l2-delay", type=float, default=0.05, metavar="S", help="without a link (default: 0.05)")
    parser.add_argument(
        "--ra-interval", type=float, nargs=2, default=[0.3, 0.7], metavar=("MIN", "MAX"),
        help="seconds between the routers' advertisements (default: 0.3 0.7)",
    )  # fmt: skip
    parser.add_argument("--way", choices=WAYS, action="append", help="only this one; may be repeated (default: all)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Drives each way; 2 if the options are no good."""
    options = parse(argv)
    try:
        report(options, [drive(way, options) for way in options.way or WAYS])
    except ks.Error as error:
        print(f"nemo_bus: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
