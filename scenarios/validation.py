#!/usr/bin/env python3
"""Hand-offs beside formulas and published figures: makes docs/validation.md.

The formulas are those of RFC 6275's phases and constants; the published sets are of Linux test beds and other
simulators. Parameters are taken from where they were published, nothing is tuned. Results are kept in a file; the page
is written with --page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fmip6_handoff
import handoff_bed as bed
import hmip6_handoff
import mcoa_handoff
import nemo_handoff
import pmip6_handoff
import validation_studies as studies
from kamesim import Error, experiment, handoff
from validation_sets import FAST, MIDDLE, SET_A, SET_B, SET_C, SLOW, case, estimate, set_a, set_b, set_c, unsolicited

PACKETS_PER_SECOND = 200.0
SMALL_FRAME = 150  # bytes: about a Binding Update, or a test message
# What the names of their cases begin with.
PROXY, HIERARCHICAL, FAST_HANDOVERS, NETWORK, RADIOS = "PMIPv6", "HMIPv6", "FMIPv6", "NEMO", "MCoA"
WAIT = "movement detection"


def scenario(
    *, seed: int, case: str, ra_interval: tuple[float, float], dad: str, l2_delay: tuple[float, float],
    link_delay: float, correspondent_delay: float, route_optimization: bool, home_delay: float | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Two hand-offs: from home (the home agent tests the home address) and from one foreign cell to another.

    Of Proxy Mobile IPv6: from the first cell to the second, and to the third. Of Hierarchical Mobile IPv6: from home into
    the domain, and within it. With two radios there is one.
    """
    if case.startswith(studies.WALK):
        return studies.walk(case, seed)
    if case == studies.STANDING:
        return studies.standing_pair(seed)
    if case.startswith(RADIOS):
        step = mcoa_handoff.step("two radios", seed=seed, l2_delay=l2_delay, link_delay=link_delay)
        return [{"hand_off": 2} | bed.phases(mcoa_handoff.measure_step(step, packets_per_second=PACKETS_PER_SECOND))]
    if case.startswith(PROXY):
        proxy = pmip6_handoff.build(
            seed=seed, l2_delay=l2_delay, link_delay=link_delay, correspondent_delay=correspondent_delay
        )
        proxied = pmip6_handoff.measure(proxy, packets_per_second=PACKETS_PER_SECOND)
        return [{"hand_off": h.number} | bed.phases(h) for h in proxied]
    common = {"seed": seed, "ra_interval": ra_interval, "dad": dad, "l2_delay": l2_delay, "link_delay": link_delay,
              "route_optimization": route_optimization}  # fmt: skip
    if case.startswith(HIERARCHICAL):
        domain = hmip6_handoff.build(**common)
        handoffs, _, _ = bed.measure(domain, packets_per_second=PACKETS_PER_SECOND)
        return [{"hand_off": h.number} | bed.phases(h) for h in handoffs]
    if case.startswith(NETWORK):
        del common["route_optimization"]
        carried = nemo_handoff.build(**common)
        behind = nemo_handoff.measure(carried, packets_per_second=PACKETS_PER_SECOND)
        return [{"hand_off": h.number} | bed.phases(h) for h in behind]
    if case.startswith(FAST_HANDOVERS):
        mode = mode_of(case)
        if home_delay is not None:
            common["home_delay"] = home_delay
        fast = fmip6_handoff.build(mode=mode, hierarchical=HIERARCHICAL in case, **common)
        handed = fmip6_handoff.measure(fast, mode, packets_per_second=PACKETS_PER_SECOND)
        return [{"hand_off": h.number} | bed.phases(h) for h in handed]
    if case.startswith(WAIT):
        alone = bed.build(seed=seed, ra_interval=ra_interval, dad=dad, route_optimization=False)
        alone.net.run(until=alone.end, progress=False)
        return [{"hand_off": h.number} | bed.phases(h) for h in handoff.analyse(alone.mobile)]
    made = bed.build(
        seed=seed, ra_interval=ra_interval, dad=dad, l2_delay=l2_delay, link_delay=link_delay,
        correspondent_delay=correspondent_delay, route_optimization=route_optimization,
    )  # fmt: skip
    handoffs, _, _ = bed.measure(made, packets_per_second=PACKETS_PER_SECOND)
    return [{"hand_off": h.number} | bed.phases(h) for h in handoffs][: len(made.moves)]


def mode_of(case: str) -> str:
    """Of fast handovers, by the case's name."""
    return "reactive" if "reactive" in case else "predictive"


ANALYTIC = [
    case("MIPv6, tunnel", route_optimization=False),
    case("MIPv6, tunnel, optimistic DAD", route_optimization=False, dad="optimistic"),
    case("MIPv6, tunnel, no DAD", route_optimization=False, dad="none"),
    case("MIPv6, tunnel, no DAD, RA 1-3 s", route_optimization=False, dad="none", ra_interval=SLOW),
    case("MIPv6, tunnel, RA 0.05-1.5 s", route_optimization=False, ra_interval=MIDDLE),
    case("MIPv6, tunnel, RA 3-7 s", route_optimization=False, ra_interval=(3.0, 7.0)),
    case("MIPv6, route optimization"),
    case("MIPv6, route optimization, no DAD", dad="none"),
    case(HIERARCHICAL, route_optimization=False),
    case(f"{HIERARCHICAL}, no DAD", route_optimization=False, dad="none"),
    case(f"{HIERARCHICAL}, no DAD, links of 20 ms", route_optimization=False, dad="none", link_delay=0.02),
    case(f"{FAST_HANDOVERS}, reactive", route_optimization=False),
    case(f"{FAST_HANDOVERS}, reactive, home agent at 40 ms", route_optimization=False, home_delay=0.04),
    case(
        f"{FAST_HANDOVERS}, reactive, links of 20 ms, home agent at 80 ms", route_optimization=False, link_delay=0.02,
        home_delay=0.08,
    ),
    case(f"{FAST_HANDOVERS}, predictive", route_optimization=False),
    case(f"{FAST_HANDOVERS}, predictive, L2 0.05-0.15 s", route_optimization=False, l2_delay=(0.05, 0.15)),
    case(f"{FAST_HANDOVERS} over {HIERARCHICAL}, predictive", route_optimization=False),
    case(NETWORK),
    case(f"{NETWORK}, no DAD", dad="none"),
    case(f"{NETWORK}, no DAD, links of 20 ms", dad="none", link_delay=0.02),
    case(PROXY),
    case(f"{PROXY}, links of 20 ms", link_delay=0.02),
    case(f"{PROXY}, L2 0.05-0.15 s", l2_delay=(0.05, 0.15)),
    case(f"{RADIOS}, two radios"),
    case(f"{RADIOS}, two radios, links of 20 ms", link_delay=0.02),
]  # fmt: skip
# A wait for an advertisement each 1 to 3 s has a deviation of 0.36 s, beside a mean outage of 0.57 s: with so many times the
# runs the 95 % interval is 1.2 % of it to each side, and 1.2 to 1.7 % of the waits alone.
MORE_RUNS = {"MIPv6, tunnel, no DAD, RA 1-3 s": 50}
RUNS_OF_SETS, RUNS_OF_WAITS = 3, 50
WAITS = [
    case(f"{WAIT}, RA {ra[0]:g}-{ra[1]:g} s", ra_interval=ra, dad="none") for ra in (FAST, MIDDLE, SLOW, (3.0, 7.0))
]


@dataclass
class Comparison:
    """A figure of ours beside others: seconds."""

    what: str
    formula: float
    ours: experiment.Estimate

    @property
    def holds(self) -> bool:
        """Within the 95 % confidence interval, or within 2 %."""
        return self.formula in self.ours or abs(self.ours.mean / self.formula - 1) <= 0.02

    def row(self) -> str:
        off = 100 * (self.ours.mean / self.formula - 1)
        interval = f"[{self.ours.low:.3f}, {self.ours.high:.3f}]"
        holds = "yes" if self.holds else "no"
        mean = f"{self.ours.mean:.3f} | {interval} | {off:+.1f} %"
        return f"| {self.what} | {self.formula:.3f} | {mean} | {self.ours.n} | {holds} |"


def transmission(hops: int, octets: int = SMALL_FRAME) -> float:
    """Seconds that one message's bits take over so many links of the core and the cell."""
    return octets * 8 * (hops / 100e6 + 1 / 54e6)


def expected_outage(point: dict[str, Any]) -> float:
    """The mean outage of the downlink between two foreign cells, seconds.

    By tunnel: L2 + MD + DAD + RTT(MN, HA). With route optimization data comes by the old care-of address until the
    correspondent has the new one: + RTT(MN, HA) for the home registration, then the longer of both tests, the home
    test's RTT(MN, HA) + RTT(HA, CN) and the care-of test's RTT(MN, CN); with a home keygen token that still lives
    (RFC 6275 §5.2.7) the care-of test alone; then RTT(MN, CN). Sampled by packets: + one interval.
    Proxy Mobile IPv6: L2 + RTT(MAG, LMA). Hierarchical Mobile IPv6: L2 + MD + DAD + RTT(MN, MAP). Fast handovers: L2 and,
    if reactive, until the former router or the home agent redirects. NEMO: as by tunnel. Two radios: RTT(MN, HA).
    """
    low, high = point["l2_delay"]
    if point["case"].startswith(HIERARCHICAL):
        return hmip6_handoff.expected_outage(
            ra_interval=point["ra_interval"], dad=point["dad"], l2_delay=(low + high) / 2,
            link_delay=point["link_delay"], packets_per_second=PACKETS_PER_SECOND,
        )  # fmt: skip
    if point["case"].startswith(FAST_HANDOVERS):
        return fmip6_handoff.expected_outage(
            mode_of(point["case"]), l2_delay=(low + high) / 2, link_delay=point["link_delay"],
            home_delay=point.get("home_delay"), packets_per_second=PACKETS_PER_SECOND,
        )  # fmt: skip
    if point["case"].startswith(NETWORK):
        return nemo_handoff.expected_outage(
            ra_interval=point["ra_interval"], dad=point["dad"], l2_delay=(low + high) / 2,
            link_delay=point["link_delay"], packets_per_second=PACKETS_PER_SECOND,
        )  # fmt: skip
    if point["case"].startswith(RADIOS):
        return mcoa_handoff.expected_outage("two radios", point["link_delay"], PACKETS_PER_SECOND)
    if point["case"].startswith(PROXY):
        return pmip6_handoff.expected_outage((low + high) / 2, point["link_delay"], PACKETS_PER_SECOND)
    base = (low + high) / 2 + bed.movement_detection(point["ra_interval"])
    base += bed.address_configuration(point["dad"]) + 1 / PACKETS_PER_SECOND
    d, c = point["link_delay"], point["correspondent_delay"]
    to_agent = 4 * d + 2 * transmission(2)
    to_correspondent = 2 * (d + c) + 2 * transmission(2)
    if not point["route_optimization"]:
        return base + to_agent
    return base + to_agent + to_correspondent + to_correspondent


def analytic(results: experiment.Results) -> list[Comparison]:
    """Formulas beside simulated means, for the hand-off between foreign cells."""
    outages = [
        Comparison(p["case"], expected_outage(p), estimate(results, p["case"], 2, "outage_down_s")) for p in ANALYTIC
    ]
    waits = [
        Comparison(
            p["case"], bed.movement_detection(p["ra_interval"]), estimate(results, p["case"], 2, "movement_detection_s")
        )
        for p in WAITS
    ]
    return outages + waits


def page(results: experiment.Results, seeds: int) -> str:
    """The page as Markdown."""
    rows = analytic(results)
    text = HEAD.format(seeds=seeds, sets=RUNS_OF_SETS * seeds)
    text += "\n".join(c.row() for c in rows)
    text += f"\n\n{sum(c.holds for c in rows)} of {len(rows)} hold. {CHANCE}\n"
    text += set_a(results) + set_b(results) + set_c(results) + studies.set_g(results)
    return text + studies.others(results, {c.what: c.ours for c in rows})


CHANCE = """Rows that share seeds miss together, and seeds can be unlucky. Of seeds 1 to 4,000 the second
hand-off's wait with RA 1-3 s is 4 % below the formula, 3.4 standard errors, most of it in seeds 2,001 to 4,000 (0.444 s, by
formula 0.470 s). That is no defect of the model or the formula: the same 2,000 networks with other moments of the hand-offs
gave 0.467 s, the same moments in other networks 0.472 s, and 40,000 other seeds 0.4717 s in the first hand-off and 0.4736 s
in the second, with standard errors of 0.0018 s."""

HEAD = """# Validation of hand-offs

Made by `scenarios/validation.py --page docs/validation.md`, {seeds} seeds for each row or as many as it says, {sets} for the
published sets A to C; nothing is tuned. All times are of the virtual network of `scenarios/handoff_bed.py`: a core router
with the home agent, two access routers and a correspondent around it.

## Formulas

Outage of the downlink in a hand-off between two foreign cells, in seconds, by 200 packets a second. T = L2 + movement
detection + address configuration + RTT(MN, HA), and with route optimization the care-of test and the correspondent's
registration; of Proxy Mobile IPv6, between cells of two access gateways (`scenarios/pmip6_handoff.py`), L2 + RTT(MAG,
LMA): the host configures no address and detects no movement. Hierarchical Mobile IPv6, within the domain of a Mobility
Anchor Point (`scenarios/hmip6_handoff.py`): RTT(MN, MAP) in the place of RTT(MN, HA). Fast handovers
(`scenarios/fmip6_handoff.py`): reactive, L2, the Fast Binding Update's way by the new access router to the former one, and
RTT between these two for HI and HAck, or RTT(MN, HA) if the home agent is so near that this is shorter; predictive,
where no packet is lost, the time for which nothing arrives: L2, and the 10 ms by which the handover is arranged before
the link goes. NEMO, for a passenger behind a mobile router (`scenarios/nemo_handoff.py`): as by tunnel. Multiple care-of
addresses (`scenarios/mcoa_handoff.py`), where another radio has a link: RTT(MN, HA), until the home agent knows and for
what is under way.

Movement detection is the wait for what comes first, the next unsolicited advertisement or the answer to the solicitation;
the last rows have it alone, without traffic. The link comes up at a moment that knows nothing of the router's schedule, so
it falls into an interval of length l, a to b, the likelier the longer that is (density 2 l / (b^2 - a^2)), and the time s
since the last advertisement is uniform from 0 to l. The next one comes after l - s. The answer comes after 0 to 0.5 s,
uniform, and MinDelayBetweenRAs - s more where that is above 0 (RFC 4861 section 6.2.6; RFC 6275 section 7.5: a, at most
3 s). The mean of the lesser, over l, s and the answer's delay, is an integral that `handoff_bed.movement_detection` sums.

Address configuration is 0.5 s of random delay and 1 s of Duplicate Address Detection, on the average (RFC 4862 section
5.4.2). A row holds if the formula lies in the 95 % confidence interval of the mean, or within 2 %. Rows share their seeds,
and so the random delays of the mobile node. A formula that is right misses a 95 % interval one time in twenty; and where the
wait for an advertisement is most of it, its deviation is 0.6 to 0.9 of the mean, so that it takes 10,000 runs for an
interval within those 2 %.

| case | formula | mean | 95 % interval | off by | seeds | holds |
|---|--:|--:|---|--:|--:|---|
"""


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="runs of each case (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="the first one (default: 1)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--file", type=Path, default=Path("validation.jsonl"), help="of results (default: %(default)s)")
    parser.add_argument("--page", type=Path, help="write the page here (docs/validation.md)")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> experiment.Results:
    """All cases, each with its number of seeds."""

    def some(points: list[dict[str, Any]], seeds: int) -> Iterable[Any]:
        chosen = range(options.seed, options.seed + seeds)
        done = experiment.run(scenario, grid=points, seeds=chosen, file=options.file, workers=options.workers)
        return done.lines

    plain = [p for p in ANALYTIC if p["case"] not in MORE_RUNS]
    lines = [*some(plain, options.seeds), *some([*SET_A, *SET_B, *SET_C], RUNS_OF_SETS * options.seeds)]
    for point in ANALYTIC:
        if point["case"] in MORE_RUNS:
            lines += some([point], MORE_RUNS[point["case"]] * options.seeds)
    lines += some(WAITS, RUNS_OF_WAITS * options.seeds)
    lines += some(studies.WALKS, max(2, options.seeds // 5))
    lines += some(studies.PAIR, max(2, options.seeds // 20))
    return experiment.Results(lines)


def main(argv: list[str] | None = None) -> int:
    """Runs all; 1 if a formula does not hold, 2 if the options are no good."""
    options = parse(argv)
    try:
        results = run(options)
        if results.failed:
            failure = results.failures().iloc[0]
            first = f"seed {failure['seed']} of {failure['case']}: {failure['error']}"
            raise Error(f"{results.failed} runs failed; {first}")
        text = page(results, options.seeds)
        if options.page is not None:
            options.page.write_text(text)
        print(text)
    except (Error, OSError) as error:
        print(f"validation: {error}", file=sys.stderr)
        return 2
    return 0 if all(c.holds for c in analytic(results)) else 1


if __name__ == "__main__":
    sys.exit(main())
