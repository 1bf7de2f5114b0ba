"""The published figures that docs/validation.md has beside ours: what was published, with the settings and the words.

`validation.py` runs the cases of SET_A, SET_B and SET_C.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import handoff_bed as bed
from kamesim import experiment


def case(name: str, **changes: Any) -> dict[str, Any]:
    """A point of the design."""
    plain = {
        "ra_interval": (0.03, 0.07), "dad": "full", "l2_delay": (0.05, 0.05), "link_delay": bed.LINK_DELAY,
        "correspondent_delay": bed.LINK_DELAY, "route_optimization": True,
    }  # fmt: skip
    return {"case": name} | plain | changes


FAST, MIDDLE, SLOW = (0.03, 0.07), (0.05, 1.5), (1.0, 3.0)

# Rana's ns-3 set-up: 2 ms links of 100 Mb/s; beacons each 100 ms, so that up to that goes by before one is heard.
NS3 = {"link_delay": 0.002, "correspondent_delay": 0.0, "l2_delay": (0.0, 0.1)}
SET_A = [case("A 0.05-1.5", ra_interval=MIDDLE, **NS3), case("A 1-3", ra_interval=SLOW, **NS3)]
SET_B = [case(f"B {r[0]:g}-{r[1]:g}", ra_interval=r, **NS3) for r in (SLOW, MIDDLE, FAST)]
# Virtual machines: links take a fraction of a millisecond, the change of VLAN nothing.
UMIP = {"link_delay": 0.0002, "correspondent_delay": 0.0002, "l2_delay": (0.0, 0.0), "route_optimization": False}
SET_C = [case("C", ra_interval=SLOW, **UMIP), case("C fast", ra_interval=FAST, dad="none", **UMIP)]


def estimate(results: experiment.Results, name: str, hand_off: int, column: str | Callable[[Any], Any]) -> Any:
    """The mean of a column (or what a function makes of the rows) over the seeds, with its interval."""
    frame = results.frame()
    rows = frame[(frame["case"] == name) & (frame["hand_off"] == hand_off)]
    return experiment.confidence(rows[column] if isinstance(column, str) else column(rows))


def unsolicited(ra_interval: tuple[float, float]) -> float:
    """The mean wait for an advertisement that nobody asked for: (b^3 - a^3) / (3 (b^2 - a^2)), in seconds."""
    a, b = ra_interval
    return (b**3 - a**3) / (3 * (b**2 - a**2))


UNASKED, ASKED = "unsolicited", "solicited"


def value(e: experiment.Estimate, unit: float = 1.0, digits: int = 3) -> str:
    return f"{e.mean * unit:.{digits}f} [{e.low * unit:.{digits}f}, {e.high * unit:.{digits}f}]"


MIPL, RANA = "Linux MIPL 1.0 test bed, 30 runs", "Rana's ns-3 model, 100 runs"
PUBLISHED_A = {
    MIDDLE: [(MIPL, 398, 1498, 1896), (RANA, 583, 1487, 2070)],
    SLOW: [(MIPL, 936, 1533, 2469), (RANA, 1100, 1472, 2572)],
}

PUBLISHED_B = {
    SLOW: [("CNI-MIPv6", 3.288, 1.040, 0.005, 0.003, 4.336), ("xMIPv6", 2.643, 1.003, 0.009, 0.004, 3.659),
           ("ns-3 model", 2.600, 1.022, 0.009, 0.004, 3.635)],
    MIDDLE: [("CNI-MIPv6", 2.041, 1.040, 0.005, 0.002, 3.088), ("xMIPv6", 2.131, 1.003, 0.009, 0.004, 3.147),
             ("ns-3 model", 2.083, 1.022, 0.009, 0.004, 3.118)],
    FAST: [("CNI-MIPv6", 1.558, 1.041, 0.005, 0.002, 2.606), ("xMIPv6", 1.680, 1.003, 0.009, 0.004, 2.696),
           ("ns-3 model", 1.539, 1.022, 0.009, 0.004, 2.574)],
}  # fmt: skip


def set_a(results: experiment.Results) -> str:
    """Movement detection and address configuration."""
    text = """
## Set A: movement detection and address configuration

Linux MIPL 1.0 and an ns-3 model, as Rana has them; milliseconds. The home registration is not counted.

| RA interval | who | movement detection | address configuration | total |
|---|---|--:|--:|--:|
"""
    for ra, others in PUBLISHED_A.items():
        name = f"A {ra[0]:g}-{ra[1]:g}"
        head = f"{ra[0]:g}-{ra[1]:g} s"
        for who, *figures in others:
            text += f"| {head} | {who} | " + " | ".join(f"{f}" for f in figures) + " |\n"
        for wait, kind in ((unsolicited(ra), UNASKED), (bed.movement_detection(ra), ASKED)):
            text += f"| | formula, {kind} | {wait * 1e3:.0f} | 1500 | {wait * 1e3 + 1500:.0f} |\n"
        columns = ["movement_detection_s", "dad_s", lambda r: r["movement_detection_s"] + r["dad_s"]]
        ours = [value(estimate(results, name, 1, c), 1e3, 0) for c in columns]
        text += f"| | kamesim | {' | '.join(ours)} |\n"
    return text + """
Address configuration is the same sample of delays in all rows, as the seeds are the same. The others' lie within one
standard error of 1500 ms, of 30 and of 100 runs.

Movement detection of the others is the wait for an unsolicited advertisement: their routers answer no solicitation
within 3 s of the last advertisement (RFC 4861's MIN_DELAY_BETWEEN_RAS), and with intervals of at most 3 s the next one
comes first. Ours answer sooner: with such intervals RFC 6275 section 7.5 has MinDelayBetweenRAs lowered to
MinRtrAdvInterval, without which RFC 4861 section 6.2.6 would not let them advertise so often at all. So ours is
shorter, and agrees with the formula for that. The test bed's 398 and 936 ms lie 1.5 standard errors and 1.2 below the
formula of the wait (30 runs with deviations of 0.37 and 0.65 s).
"""


def set_b(results: experiment.Results) -> str:
    """The whole hand-off from home."""
    text = """
## Set B: a hand-off from home, whole

CNI-MIPv6, xMIPv6 and an ns-3 model, as Rana has them; seconds. T_md includes the layer 2 hand-off and DAD, T_hr the
home agent's DAD for the home address, T_rr is return routability, T_cr the binding at the correspondent.

| RA interval | who | T_md | T_hr | T_rr | T_cr | total |
|---|---|--:|--:|--:|--:|--:|
"""
    for ra, others in PUBLISHED_B.items():
        name = f"B {ra[0]:g}-{ra[1]:g}"
        for who, *figures in others:
            text += f"| {ra[0]:g}-{ra[1]:g} s | {who} | " + " | ".join(f"{f:.3f}" for f in figures) + " |\n"
        for wait, kind in ((unsolicited(ra), UNASKED), (bed.movement_detection(ra), ASKED)):
            formula = [wait + 1.55, 1.008, 0.012, 0.004, wait + 1.55 + 1.024]
            text += f"| | formula, {kind} | " + " | ".join(f"{f:.3f}" for f in formula) + " |\n"
        parts: list[Any] = [
            lambda r: r["l2_s"] + r["movement_detection_s"] + r["dad_s"],
            "home_registration_s", "return_routability_s", "correspondent_s",
            lambda r: r["l2_s"] + r["movement_detection_s"] + r["dad_s"] + r["home_registration_s"]
            + r["return_routability_s"] + r["correspondent_s"],
        ]  # fmt: skip
        ours = [estimate(results, name, 1, part) for part in parts]
        shown = [value(ours[0]), *(f"{e.mean:.3f}" for e in ours[1:4]), value(ours[4])]
        text += f"| | kamesim | {' | '.join(shown)} |\n"
    return text + """
Formula: T_md = 0.05 s until a beacon is heard (each 0.1 s) + movement detection + 1.5 s. T_hr = 1 s + RTT(MN, HA), 8 ms
here over two links of 2 ms each way. T_rr is the home test's way by the home agent, RTT(MN, HA) + RTT(HA, CN), with the
correspondent at the core router: 12 ms. T_cr = RTT(MN, CN), the update and its acknowledgment.

- T_md: ours is shorter by what the answer to the solicitation saves (set A). The ns-3 model and xMIPv6 agree with the
  formula of the unsolicited wait within 0.1 s: their layer 2 hand-off lies between 0 and 0.15 s. CNI-MIPv6's 3.288 s
  for 1-3 s is 0.6 s above all the others and the formula; it was published without the number of runs, and a single
  run's standard deviation is 0.7 s.
- T_hr differs by how far the home agent is: 3 ms, 8 ms, 22 ms, 40 ms. The ns-3 model's 22 ms holds 14 ms that its two
  links of 2 ms do not account for, address resolution for instance; ours has resolved its neighbours before.
- T_rr: the published 5 and 9 ms belong to correspondents nearer the home agent, or to a shorter way. Where the
  correspondent was is not known; it makes up to 7 ms of 3 s.
"""


def set_c(results: experiment.Results) -> str:
    """UMIP on virtual machines."""
    parts: list[Any] = [
        lambda r: r["l2_s"] + r["movement_detection_s"], "dad_s", "home_registration_s",
        lambda r: r["l2_s"] + r["movement_detection_s"] + r["dad_s"] + r["home_registration_s"],
    ]  # fmt: skip
    ours = [value(estimate(results, "C", 1, part), 1e3, 0) for part in parts]
    fast = [value(estimate(results, "C fast", 1, part), 1e3, 0) for part in parts]
    formulas = ""
    for wait, kind in ((unsolicited(SLOW), UNASKED), (bed.movement_detection(SLOW), ASKED)):
        figures = [wait * 1e3, 1500, 1001, wait * 1e3 + 2501]
        formulas += f"| formula, {kind} | " + " | ".join(f"{f:.0f}" for f in figures) + " |\n"
    return (
        """
## Set C: UMIP 0.4 on Linux, virtual machines, by tunnel

A thesis of about 2009; milliseconds. The move is a change of VLAN. Its RA interval is not known: 1-3 s here.

| who | last packet to first RA | RA to BU | BU to BA | total |
|---|--:|--:|--:|--:|
| UMIP | 721 | 1371 | 1029 | 3121 |
"""
        + formulas
        + f"| kamesim | {' | '.join(ours)} |\n"
        + "| UMIP, DAD off, RA 0.03 s | | | | about 1000 |\n"
        + f"| kamesim, DAD off, RA 0.03-0.07 s | {' | '.join(fast)} |\n"
        + """
721 ms lies between the two formulas' means, 1371 ms within the range of 1 to 2 s that DAD and its random delay take. BU
to BA is the home agent's second of DAD and 29 ms, of which ours has the way alone, 1 ms; the rest would be the daemons'
own time on virtual machines, which takes none here. Without DAD and with fast advertisements the home agent's second
remains, as published.
"""
    )


