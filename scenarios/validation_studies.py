"""Published studies beside ours, beyond hand-offs between two cells: a whole walk, and the signalling of a standing pair.

`validation.py` runs their cases and writes them into docs/validation.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from scapy.layers.inet6 import IPv6
from scapy.utils import PcapNgReader

import handoff_bed as bed
import hmip6_walk
from kamesim import experiment
from validation_sets import case, estimate, value

WALK, STANDING = "walk: ", "standing pair"
WALKS = [case(f"{WALK}{way}") for way in hmip6_walk.WAYS]
PAIR = [case(STANDING)]
PUBLISHED_WALKS = dict(
    zip(hmip6_walk.WAYS, [(7200, 379, "40.46 / 98.83 / 142.2"), (7200, 178, "40.46 / 99.02 / 103.9"),
                          (7200, 169, "40.46 / 60.48 / 102.4")])
)  # fmt: skip
PERIOD = 420.0  # seconds: MAX_RR_BINDING_LIFETIME (RFC 6275 section 12)
PERIODS = 5


def walk(name: str, seed: int) -> list[dict[str, Any]]:
    """One walk of set G."""
    o = hmip6_walk.walk(name.removeprefix(WALK), seed=seed)
    return [{"hand_off": 0, "sent": o.sent, "lost": o.lost, "least_s": o.least, "mean_s": o.mean, "most_s": o.most}]


def standing_pair(seed: int) -> list[dict[str, Any]]:
    """A mobile node away from home that does not move, and its correspondent, with a packet a second: bit/s of the
    messages between them, as they are on the correspondent's link and, with tunnels, on the mobile node's."""
    made = bed.build(seed=seed, dad="none", moves=1)
    start = made.end
    stop = start + PERIODS * PERIOD
    made.net.udp_flow(
        made.correspondent, made.mobile, destination_address=made.home_address, rate=1.0, size=100,
        start=made.moves[0] + 10, stop=stop,
    )  # fmt: skip
    made.net.run(until=start, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        ends = {"correspondent": made.correspondent, "mobile": made.mobile}
        files = {which: Path(folder) / f"{which}.pcapng" for which in ends}
        captures = [made.net.capture(files[which], interfaces=node.interfaces) for which, node in ends.items()]
        made.net.run(until=stop, progress=False)
        for capture in captures:
            capture.close()
        octets = {which: signalling(file, made.correspondent.address or "") for which, file in files.items()}
    return [{"hand_off": 0} | {f"{which}_bit_s": 8 * n / (PERIODS * PERIOD) for which, n in octets.items()}]


def signalling(capture: Path, correspondent: str) -> int:
    """Octets of IPv6 packets with mobility messages from or to the correspondent."""
    octets = 0
    with PcapNgReader(str(capture)) as reader:
        for frame in reader:
            packet = inner = frame.getlayer(IPv6)
            if packet is None:
                continue
            while inner.payload.getlayer(IPv6) is not None:
                inner = inner.payload.getlayer(IPv6)
            mobility = any(layer.__name__.startswith("MIP6MH") for layer in inner.layers())
            if mobility and correspondent in (inner.src, inner.dst):
                octets += 40 + packet.plen
    return octets


def set_g(results: experiment.Results) -> str:
    """The walk past access points."""
    text = """
## Set G: HMIPv6 beside MIPv6 on a walk

IPv6Suite (Monash, 2004), one seed; `scenarios/hmip6_walk.py` has the network. Requests of 7,200, one each 50 ms, and their
round-trip times in ms.

| way | who | lost | RTT min / avg / max |
|---|---|--:|---|
"""
    for way, (_, lost, times) in PUBLISHED_WALKS.items():
        name = f"{WALK}{way}"
        ours = [estimate(results, name, 0, c).mean * 1e3 for c in ("least_s", "mean_s", "most_s")]
        shown = f"{ours[0]:.2f} / {ours[1]:.2f} / {ours[2]:.1f}"
        text += f"| {way} | IPv6Suite | {lost} | {times} |\n"
        text += f"| | kamesim | {value(estimate(results, name, 0, 'lost'), 1, 0)} | {shown} |\n"
    return text + """
- Round-trip times: two links of 10 ms each way at home; 100 ms by tunnel, 60 ms with route optimization away from it. Means
  agree within 2 %; both hold the same share of time at home, since the walk begins at 0 s. IPv6Suite's least is 0.4 ms
  above ours: bits on the links and the air, whose rates there were lower, or are not known.
- HMIPv6's losses, by our formulas: four hand-offs of L2, movement detection, DAD and RTT(MN, MAP); in the first one the MAP
  tests the regional address for 1 s and then the home agent the home address for 1 s. When a cell's network is visited for
  the second time the address is there already and is tested without the random delay: 1.0 s and not 1.5 s. IPv6Suite's
  178 and 169 are 20 and 14 packets, 0.2 s a hand-off, more than ours.
- MIPv6: ours loses a second less than with the MAP, which has no address to test in it; the round trips that the MAP saves
  are 60 ms each, in three hand-offs. IPv6Suite's 379 are 12 s more than ours, and 10 s more than its own HMIPv6, 3.4 s for
  each of three hand-offs. No phase of RFC 6275 takes that long: retransmitted Binding Updates (1.5 s, then 3 s) would. Its
  greatest round-trip time, 142 ms, is the tunnel and 40 ms, the way to another access router and back: forwarding from the
  former router, which drafts before RFC 3775 had.
"""


def others(results: experiment.Results, outages: dict[str, experiment.Estimate]) -> str:
    """Single figures."""
    bits = [estimate(results, STANDING, 0, f"{which}_bit_s").mean for which in ("correspondent", "mobile")]
    plain, optimistic = outages["MIPv6, tunnel"], outages["MIPv6, tunnel, optimistic DAD"]
    radios = outages["MCoA, two radios"]
    return f"""
## Single figures

| what | published | kamesim |
|---|---|---|
| signalling of a standing pair (RFC 4651 section 2.1) | 7.16 bit/s | {bits[0]:.2f} bit/s at the correspondent, {bits[1]:.2f} at the mobile node |
| loss with two interfaces beside one (Shima et al., JNW 1(3), 2006: NEMO) | 1/3 to 1/10 | \
1/{plain.mean / radios.mean:.0f}, with optimistic DAD 1/{optimistic.mean / radios.mean:.1f} |
| hand-off on 802.11, mean (Cabellos-Aparicio 2005) | 2.1 s, of which 1.84 s in IPv6 | {plain.mean:.2f} s, of which \
{plain.mean - 0.05:.2f} s in IPv6 |

- A standing pair: 7.16 bit/s is 376 octets each 420 s, the longest lifetime. Ours takes 432 octets a refresh: inits of 56
  each, tests of 64, an update and its acknowledgement of 96; without the acknowledgement, which is optional, 336. And it
  refreshes after three quarters of the lifetime, which is no longer than what is left of the home registration: each
  300 s. At the mobile node the tunnel of the home test adds 40 octets twice.
- Two interfaces: one of ours is a mobile node, theirs a mobile router. What is left of the outage is a round trip to the
  home agent; what it is compared with is mostly DAD, so that the ratio tells of DAD and of where the home agent is.
- The 802.11 test bed scans for a cell (0.26 s); its 1.84 s are DAD's 1.5 s on the average, registration, and 0.3 s of
  movement detection, what routers that advertise about each second give.
"""
