"""A test bed for hand-offs that other scenarios share: one mobile node, three cells, known delays.

    correspondent -- core -- home agent  ))) home cell
                      |`---- router a    ))) cell a
                      `----- router b    ))) cell b

The mobile node is carried from home to cell a, and from there to cell b, at moments that the seed draws, so that they
fall anywhere between two Router Advertisements. Each cell is out of reach of the others: the layer 2 hand-off takes the
time that is asked for, neither more nor less.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import kamesim as ks
from kamesim import handoff

CELLS = {"home": (0.0, 0.0), "a": (1000.0, 0.0), "b": (2000.0, 0.0)}
RADIUS = 300.0  # metres
LINK_DELAY = 0.01  # seconds, between the core and each of the others
FIRST_MOVE = 40.0  # seconds: everybody has addresses, the routers' first advertisements are over
STAY = 20.0  # seconds in each cell
DAD_MODES = ("full", "optimistic", "none")


@dataclass
class Bed:
    """The network, and who is who."""

    net: ks.Network
    mobile: ks.Host
    home_agent: ks.Router
    correspondent: ks.Host
    home_address: str
    moves: list[float]  # seconds

    @property
    def end(self) -> float:
        """When the last stay is over, in seconds."""
        return self.moves[-1] + STAY


def build(
    *,
    seed: int,
    ra_interval: tuple[float, float] = (0.03, 0.07),
    dad: str = "full",
    l2_delay: float | tuple[float, float] = 0.05,
    link_delay: float = LINK_DELAY,
    correspondent_delay: float | None = None,
    home_delay: float | None = None,
    route_optimization: bool = True,
    min_delay_between_ras: float | None = None,
    moves: int = 2,
    router_address: bool = False,
) -> Bed:
    """Makes the network; the mobile node is carried as time passes.

    ra_interval: seconds, of the routers' unsolicited advertisements. dad: one of DAD_MODES. l2_delay: seconds without a
    link, or a pair. link_delay: of each link of the core, seconds; correspondent_delay, home_delay: of the
    correspondent's and the home agent's; None: the same. min_delay_between_ras: None: the daemon's, min(3 s, the least interval). moves: from cell to cell, 1 or 2.
    router_address: whether routers advertise their addresses whole (RFC 6275 section 7.2).
    """
    net = ks.Network(seed=seed, name="hand-off bed")
    core = net.router("core")
    advertised: dict[str, Any] = {"min_interval": ra_interval[0], "max_interval": ra_interval[1]}
    if router_address:
        advertised["router_address"] = True
    if min_delay_between_ras is not None:
        advertised["min_delay_between_ras"] = min_delay_between_ras
    for name, position in CELLS.items():
        router = net.router("ha" if name == "home" else f"router-{name}")
        delay = home_delay if name == "home" and home_delay is not None else link_delay
        net.link(core, router, delay=delay, rate=100e6)
        net.cell(name, position, router=router, radius=RADIUS, advertise=advertised)
    correspondent = net.host("cn")
    net.link(correspondent, core, delay=link_delay if correspondent_delay is None else correspondent_delay, rate=100e6)
    mobile = net.host(
        "mn",
        position=CELLS["home"],
        dup_addr_detect_transmits=0 if dad == "none" else 1,
        optimistic_dad=dad == "optimistic",
    )
    mobile.roam(handoff_delay=l2_delay)
    net.shortest_path_routes()

    home_agent, home = net.router_named("ha"), net.medium("home")
    prefix = home.prefixes[0].split("::/")[0]
    home_address = f"{prefix}::4:1"
    home_agent.enable(ks.HomeAgent())
    correspondent.enable(ks.Correspondent())
    mobile.enable(
        ks.MobileNode(
            home_address=home_address,
            home_agent=home.address_of(home_agent),
            route_optimization=route_optimization,
        )
    )
    # Links of the core that have carried traffic before: Binding Updates and Acknowledgements do not wait, and get
    # lost, behind data in the short queue for a neighbour that is still being resolved (RFC 4861 §7.2.2).
    for name in CELLS:
        gateway = net.medium(name).address_of(net.access_router(name))
        net.at(10, correspondent.ping, gateway, count=2)
        net.at(10, home_agent.ping, gateway, count=2)
    draw = random.Random(seed)
    times = [FIRST_MOVE + i * STAY + draw.uniform(0, 5) for i in range(moves)]
    for when, position in zip(times, list(CELLS.values())[1:]):
        net.at(when, setattr, mobile, "position", position)
    return Bed(net, mobile, home_agent, correspondent, home_address, times)


def measure(
    bed: Bed, *, packets_per_second: float = 200.0, size: int = 160
) -> tuple[list[handoff.Handoff], ks.Flow, ks.Flow]:
    """Runs the bed with UDP both ways; the hand-offs, and the flows to the mobile node and from it."""
    traffic = {"rate": packets_per_second, "size": size, "start": FIRST_MOVE - 10, "stop": bed.end - 1}
    down = bed.net.udp_flow(bed.correspondent, bed.mobile, destination_address=bed.home_address, name="down", **traffic)
    up = bed.net.udp_flow(bed.mobile, bed.correspondent, source_address=bed.home_address, name="up", **traffic)
    bed.net.run(until=bed.end, progress=False)
    return handoff.analyse(bed.mobile, downlink=[down], uplink=[up]), down, up


def phases(h: handoff.Handoff) -> dict[str, float]:
    """A hand-off as numbers: seconds, NaN for phases that did not happen, and packets lost."""
    named = {
        "l2_s": h.l2,
        "movement_detection_s": h.movement_detection,
        "dad_s": h.dad,
        "home_registration_s": h.home_registration,
        "return_routability_s": h.return_routability,
        "correspondent_s": h.correspondent,
    }
    seconds = {name: math.nan if p.duration is None else p.duration for name, p in named.items()}
    return seconds | {
        "outage_down_s": h.downlink.outage,
        "outage_up_s": h.uplink.outage,
        "lost_down": h.downlink.lost,
        "lost_up": h.uplink.lost,
    }


def movement_detection(ra_interval: tuple[float, float], min_delay_between_ras: float | None = None) -> float:
    """The mean time from the new link to a Router Advertisement, in seconds.

    The moment falls into an interval between two unsolicited advertisements, which is the likelier the longer it is.
    The mobile node solicits at once, and the router answers after 0 to 0.5 s or, if its last advertisement was sent
    less than MinDelayBetweenRAs ago (RFC 6275 §7.5), so long after the end of that time (RFC 4861 §6.2.6); what comes
    first counts. Where the answer always comes later, this is (b^3 - a^3) / (3 (b^2 - a^2)).
    """
    least, most = ra_interval
    quiet = min(3.0, least) if min_delay_between_ras is None else min_delay_between_ras
    total = weight = 0.0
    steps = 60
    for i in range(steps):
        length = least + (most - least) * (i + 0.5) / steps
        for j in range(steps):
            since = length * (j + 0.5) / steps
            for k in range(steps):
                answer = 0.5 * (k + 0.5) / steps + max(0.0, quiet - since)
                total += length * min(length - since, answer)
                weight += length
    return total / weight


def address_configuration(dad: str) -> float:
    """The mean time until the care-of address may be used: RFC 4862 §5.4.2 and RetransTimer, or nothing."""
    return 0.5 + 1.0 if dad == "full" else 0.0
