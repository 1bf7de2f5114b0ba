"""Hand-off phases agree with what the RFCs' constants and the topology's delays give, over many seeds.

The expectations are computed here from the map and the RFCs, not by kamesim.
"""

from __future__ import annotations

import math
import statistics
import sys
from pathlib import Path

import networkx as nx
import pytest

SCENARIOS = Path(__file__).absolute().parents[2] / "scenarios"
sys.path.insert(0, str(SCENARIOS))

import mip6_handoff  # noqa: E402

SEEDS = range(1, 101)
RA_INTERVAL = (0.03, 0.07)  # RFC 6275 section 7.5
L2_DELAY = 0.05

# What transmission adds to propagation: at most so many bytes on each of at most so many hops, the slowest of them the
# cell. The map's slowest link has 10 Mbit/s.
LARGEST_SIGNALLING_FRAME = 200  # bytes
MARGIN = 0.006  # seconds: serialisation on all hops of a round trip, address resolution apart


@pytest.fixture(scope="module")
def runs():
    """The hand-offs of each seed: home to three cells and back."""
    results = {}
    for seed in SEEDS:
        options = mip6_handoff.parse(["--seed", str(seed), "--speed", "40", "--l2-delay", str(L2_DELAY)])
        experiment = mip6_handoff.build(options)
        experiment.net.run(until=experiment.end, progress=False)
        results[seed] = mip6_handoff.handoff.analyse(
            experiment.mobile, downlink=[experiment.downlink], uplink=[experiment.uplink]
        )
    return results


@pytest.fixture(scope="module")
def one_way():
    """One-way delays in seconds between the sites of the map, by its coordinates."""
    graph = nx.read_gml(mip6_handoff.MAP, label="id")
    simple = nx.Graph()
    for a, b in graph.edges():
        ends = [graph.nodes[a], graph.nodes[b]]
        if any("Longitude" not in end for end in ends):
            delay = 1e-3
        else:
            delay = haversine_km(*ends) * 5e-6
        simple.add_edge(a, b, delay=min(delay, simple.edges[a, b]["delay"] if simple.has_edge(a, b) else math.inf))
    delays = dict(nx.all_pairs_dijkstra_path_length(simple, weight="delay"))
    return lambda a, b: delays[int(a)][int(b)]


def haversine_km(a, b):
    """Great-circle distance on a sphere of the Earth's mean radius, 6371.0088 km."""
    la1, lo1, la2, lo2 = (math.radians(x[key]) for x in (a, b) for key in ("Latitude", "Longitude"))
    h = math.sin((la2 - la1) / 2) ** 2 + math.cos(la1) * math.cos(la2) * math.sin((lo2 - lo1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def of_all(runs, number, phase):
    """The durations of a phase in the hand-offs with this number, over the seeds that had it."""
    durations = [getattr(handoffs[number - 1], phase).duration for handoffs in runs.values()]
    return [d for d in durations if d is not None]


def test_every_seed_passes_the_three_cells_and_returns(runs):
    for seed, handoffs in runs.items():
        assert [h.target for h in handoffs] == [*mip6_handoff.CELLS, "home"], seed


def test_the_link_is_away_for_the_layer_2_delay(runs):
    for number in range(1, 5):
        for duration in of_all(runs, number, "l2"):
            assert duration == pytest.approx(L2_DELAY, abs=1e-9)


def test_movement_detection_follows_from_the_advertisement_interval(runs):
    """RFC 6275 section 11.5.1: the wait for the next advertisement, whose intervals are uniform in [a, b]."""
    low, high = RA_INTERVAL
    mean = (high**3 - low**3) / (3 * (high**2 - low**2))
    waits = [d for number in range(1, 5) for d in of_all(runs, number, "movement_detection")]
    assert len(waits) == 4 * len(SEEDS)
    assert max(waits) <= high + MARGIN
    deviation = statistics.stdev(waits) / math.sqrt(len(waits))
    assert statistics.mean(waits) == pytest.approx(mean, abs=4 * deviation + MARGIN / 10)


def test_address_configuration_takes_one_second_and_a_random_delay(runs):
    """RFC 4862 sections 5.4.2 and 5.1: 0 to MAX_RTR_SOLICITATION_DELAY, then RetransTimer once: 1 s to 2 s."""
    for number in range(1, 4):
        waits = of_all(runs, number, "dad")
        assert len(waits) == len(SEEDS)
        assert min(waits) >= 1.0
        assert max(waits) <= 2.0 + MARGIN
        deviation = 1 / math.sqrt(12 * len(waits))
        assert statistics.mean(waits) == pytest.approx(1.5, abs=4 * deviation)


@pytest.mark.parametrize("number, site", enumerate(mip6_handoff.CELLS.values(), start=1))
def test_home_registration_takes_a_round_trip_and_the_home_agents_dad_at_first(runs, one_way, number, site):
    """RFC 6275 section 10.3.1: the first registration waits for Duplicate Address Detection, RetransTimer of 1 s."""
    round_trip = 2 * one_way(site, mip6_handoff.HOME)
    expected = round_trip + (1.0 if number == 1 else 0.0)
    # The first packet on a path waits at each router for the address resolution of the next: a round trip of each link.
    resolution = round_trip if number == 1 else 0.0
    for duration in of_all(runs, number, "home_registration"):
        assert expected <= duration <= expected + resolution + MARGIN


@pytest.mark.parametrize("number, site", enumerate(mip6_handoff.CELLS.values(), start=1))
def test_return_routability_takes_the_longer_of_its_two_exchanges(runs, one_way, number, site):
    """RFC 6275 section 5.2.5: home test by the home agent, care-of test directly. The home keygen token of the move
    before is still good within MAX_TOKEN_LIFETIME, so later moves need the care-of test only (section 5.2.7)."""
    access_link = 0.0005  # of the correspondent
    home, correspondent = mip6_handoff.HOME, mip6_handoff.CORRESPONDENT
    direct = 2 * (one_way(site, correspondent) + access_link)
    by_home = 2 * (one_way(site, home) + one_way(home, correspondent) + access_link)
    expected = max(direct, by_home) if number == 1 else direct
    durations = of_all(runs, number, "return_routability")
    assert len(durations) == len(SEEDS)
    for duration in durations:
        assert expected <= duration <= expected + MARGIN


def test_the_outage_is_the_sum_of_its_phases(runs, one_way):
    """Layer 2, movement detection and DAD, then until the home agent has the care-of address; sending is in steps."""
    step = 1 / mip6_handoff.PACKETS_PER_SECOND
    for handoffs in runs.values():
        for number, site in enumerate(mip6_handoff.CELLS.values(), start=1):
            h = handoffs[number - 1]
            phases = h.l2.duration + h.movement_detection.duration + h.dad.duration + h.home_registration.duration
            round_trips = 4 * one_way(site, mip6_handoff.HOME) + 4 * one_way(site, mip6_handoff.CORRESPONDENT)
            assert phases - round_trips - step <= h.outage <= phases + round_trips + 2 * step
