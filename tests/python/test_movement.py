"""kamesim.movement: random models against their formulas, files of ns-2 and SUMO, riding along."""

import gzip
import math
import pathlib
import statistics

import hypothesis
import pytest
from hypothesis import strategies

import kamesim as ks
from kamesim import movement
from kamesim._core import RandomStream

TOWN = pathlib.Path(__file__).absolute().parents[2] / "scenarios" / "data" / "sumo" / "town.fcd.xml"
AREA = (0.0, 0.0, 1000.0, 600.0)


def ways(model, count=200, until=600.0):
    return [model.way(RandomStream(1, f"node{i}", "movement"), 0.0, until) for i in range(count)]


def legs(way):
    return [((b[0] - a[0]), math.dist(a[1], b[1])) for a, b in zip(way, way[1:])]


def place_at(way, time):
    for a, b in zip(way, way[1:]):
        if a[0] <= time <= b[0]:
            part = (time - a[0]) / (b[0] - a[0])
            return tuple(p + part * (q - p) for p, q in zip(a[1], b[1]))
    return way[-1][1]


MODELS = [
    movement.RandomWaypoint(AREA, speed=(1, 15), pause=(0, 30)),
    movement.RandomWaypoint(AREA, speed=5, steady=False),
    movement.GaussMarkov(AREA, speed=10),
    movement.ManhattanGrid(AREA, blocks=(5, 3), speed=(5, 15), stop=0.3, pause=(0, 20)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_way_fills_its_time_within_its_area(model):
    for way in ways(model, 30):
        times = [time for time, _ in way]
        assert times[0] == 0 and times[-1] == pytest.approx(600, abs=1e-5)
        assert all(b - a >= 1e-7 for a, b in zip(times, times[1:]))
        assert all(-1e-6 <= x <= 1000 + 1e-6 and -1e-6 <= y <= 600 + 1e-6 for _, (x, y) in way)
    net = ks.Network()
    host = net.host("h", position=(0, 0))
    host.wander(model, until=600)
    assert host.movement[0][0] == 0 and len(host.movement) > 3


def test_a_way_depends_on_seed_and_name_only():
    def way(seed, name, others=0):
        net = ks.Network(seed=seed)
        for i in range(others):
            net.host(f"other{i}", position=(0, 0)).wander(MODELS[0], until=100)
        host = net.host(name, position=(0, 0))
        host.wander(MODELS[0], until=100)
        return host.movement

    assert way(1, "a") == way(1, "a", others=3)
    assert way(1, "a") != way(2, "a") and way(1, "a") != way(1, "b")


# --- Random waypoint ------------------------------------------------------------------------------------------


def mean_speed(way, begin, end):
    steps = [place_at(way, begin + (end - begin) * i / 50) for i in range(51)]
    return sum(math.dist(a, b) for a, b in zip(steps, steps[1:])) / (end - begin)


def test_random_waypoint_keeps_its_mean_speed_when_it_begins_in_the_steady_state():
    """Without pauses the mean over time is (most - least) / ln(most / least): Yoon, Liu, Noble 2003."""
    expected = (15 - 1) / math.log(15)
    steady = ways(movement.RandomWaypoint(AREA, speed=(1, 15)), 600, 500.0)
    early = [math.dist(place_at(way, 0.0), place_at(way, 0.1)) / 0.1 for way in steady]
    assert statistics.mean(early) == pytest.approx(expected, abs=0.55)
    assert statistics.mean(mean_speed(way, 450, 500) for way in steady) == pytest.approx(expected, abs=0.65)
    # From a walk's begin it is (least + most) / 2 at first.
    cold = ways(movement.RandomWaypoint(AREA, speed=(1, 15), steady=False), 600, 500.0)
    assert statistics.mean(legs(way)[0][1] / legs(way)[0][0] for way in cold) == pytest.approx(8, abs=0.7)


def test_random_waypoint_pauses_its_share_of_the_time_from_the_begin():
    """pause / (pause + mean distance / speed); the mean distance in a unit square is 0.5214."""
    model = movement.RandomWaypoint((0, 0, 1000, 1000), speed=10, pause=(20, 60))
    share = 40 / (40 + 521.4 / 10)
    for time in (0.0, 300.0):
        resting = [math.dist(place_at(w, time), place_at(w, time + 0.01)) < 1e-6 for w in ways(model, 1500, 400.0)]
        assert statistics.mean(resting) == pytest.approx(share, abs=0.04)


def test_random_waypoint_is_met_in_the_middle_more_than_at_the_edge():
    """The density of the steady state vanishes at the edge: Navidi and Camp 2004, figure 1."""
    for time in (0.0, 200.0):
        places = [place_at(way, time) for way in ways(movement.RandomWaypoint((0, 0, 1, 1), speed=0.01), 1500, 201.0)]
        middle = statistics.mean(0.25 < x < 0.75 and 0.25 < y < 0.75 for x, y in places)
        assert 0.40 < middle < 0.52  # uniform would be 0.25


# --- Gauss-Markov and Manhattan -------------------------------------------------------------------------------


def test_gauss_markov_has_its_mean_speed_its_deviation_and_its_memory():
    model = movement.GaussMarkov((0, 0, 1e6, 1e6), speed=10, speed_deviation=2, memory=0.8)
    speeds = [[length / time for time, length in legs(way)[20:]] for way in ways(model, 100, 300.0)]
    every = [s for way in speeds for s in way]
    assert statistics.mean(every) == pytest.approx(10, abs=0.15)
    assert statistics.stdev(every) == pytest.approx(2, abs=0.1)
    pairs = [(a - 10) * (b - 10) for way in speeds for a, b in zip(way, way[1:])]
    assert statistics.mean(pairs) / statistics.variance(every) == pytest.approx(0.8, abs=0.03)


def test_gauss_markov_without_randomness_goes_straight_on():
    way = ways(movement.GaussMarkov((0, 0, 1e6, 1e6), speed=10, memory=1, speed_deviation=0), 1, 100.0)[0]
    assert math.dist(way[0][1], way[-1][1]) == pytest.approx(1000, rel=1e-6)


def test_manhattan_stays_on_the_streets_and_turns_as_often_as_it_says():
    model = movement.ManhattanGrid((0, 0, 10_000, 10_000), blocks=(100, 100), speed=(5, 15), turn=0.4)
    straight = turned = back = 0
    for way in ways(model, 60, 400.0):
        for (_, a), (_, b) in zip(way, way[1:]):
            on_street = [abs(p[i] / 100 - round(p[i] / 100)) < 1e-6 for i in (0, 1) for p in (a, b)]
            assert (on_street[0] and on_street[1]) or (on_street[2] and on_street[3])
            assert a[0] == pytest.approx(b[0]) or a[1] == pytest.approx(b[1])
        inner = way[1:-1]
        for (_, a), (_, b), (_, c) in zip(inner, inner[1:], inner[2:]):
            first, second = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
            product = first[0] * second[0] + first[1] * second[1]
            straight += product > 1
            turned += abs(product) <= 1
            back += product < -1
    assert back == 0
    assert turned / (turned + straight) == pytest.approx(0.4, abs=0.04)


def test_manhattan_turns_back_only_where_a_single_street_ends():
    model = movement.ManhattanGrid((0, 0, 300, 300), blocks=(1, 1), speed=10, turn=0.0)
    way = ways(model, 1, 200.0)[0]
    corners = {(round(x), round(y)) for _, (x, y) in way[1:-1]}
    assert corners == {(0, 0), (300, 0), (0, 300), (300, 300)}


# --- ns-2 movement files --------------------------------------------------------------------------------------

NS2 = """
# nodes: 2, max x = 670, max y: 670
$node_(0) set X_ 100.0
$node_(0) set Y_ 200.0
$node_(0) set Z_ 0.000000000000
$node_(1) set X_ 5
$node_(1) set Y_ 6
$god_ set-dist 0 1 1
$ns_ at 10.0 "$node_(0) setdest 200.0 200.0 10.0"
$ns_ at 15.0 "$god_ set-dist 0 1 2"
$ns_ at 15.0 "$node_(0) setdest 150.0 300.0 20.0"
$ns_ at 40.0 "$node_(0) setdest 150.0 100.0 0.0"
$ns_ at 50.0 "$node_(0) setdest 150.0 100.0 50.0"
$ns_ at 60.0 "$node_(1) set X_ 500"
"""


def test_ns2_files_are_read_as_ns2_moves_nodes(tmp_path):
    file = tmp_path / "scenario.tcl"
    file.write_text(NS2)
    found = movement.read_ns2(file)
    assert list(found) == ["0", "1"]
    # Half way at 15 s it turns off; at 20 s it is there; at 40 s an order of speed 0 leaves it there.
    assert found["0"] == [
        (0.0, (100, 200)), (10.0, (100, 200)), (15.0, (150, 200)), (20.0, (150, 300)), (40.0, (150, 300)),
        (50.0, (150, 300)), (54.0, (150, 100)),
    ]  # fmt: skip
    assert [p for _, p in found["1"]] == [(5, 6), (5, 6), (500, 6)]
    net = ks.Network()
    host = net.host("h", position=(0, 0))
    host.waypoints(found["0"])
    net.run(until=12.5)
    assert host.position == pytest.approx((125, 200))


def test_what_an_ns2_script_says_beside_movement_is_left_out(tmp_path):
    file = tmp_path / "script.tcl"
    file.write_text(
        """set node_(0) [$ns_ node]
$node_(0) random-motion 0
$node_(0) set X_ 1.0 ;# metres
$node_(0) set Y_ 2.0;
$ns_ initial_node_pos $node_(0) 20
$ns_ at 1.0 "$node_(0) setdest 1.0 4.0 1.0";# two metres
$ns_ at 150.0 "$node_(0) reset";
"""
    )
    assert movement.read_ns2(file) == {"0": [(0.0, (1.0, 2.0)), (1.0, (1.0, 2.0)), (3.0, (1.0, 4.0))]}


def test_a_walk_that_outlives_virtual_time_is_cut_off(tmp_path):
    file = tmp_path / "slow.tcl"
    file.write_text('$ns_ at 0 "$node_(0) setdest 100 0 1e-9"\n')
    way = movement.read_ns2(file)["0"]
    assert way[-1][0] == 9e9 and way[-1][1] == pytest.approx((9.0, 0.0))
    ks.Network().host("h", position=(0, 0)).waypoints(way)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "it moves no node"),
        ("$node_(0) set X_ a", "line 1: this is neither"),
        ('\n$ns_ at 3 "$node_(0) setdest 1 2"', "line 2: this is neither"),
        ('$ns_ at -3 "$node_(0) setdest 1 2 3"', "line 1: the time is not 0 to 9e"),
        ('$ns_ at 1e10 "$node_(0) setdest 1 2 3"', "line 1: the time is not 0 to 9e"),
        ("$node_(0) set X_ 1e308", "line 1: a number is too large"),
        ('$ns_ at 3 "$node_(0) setdest 1 2 -3"', "line 1: the speed is negative"),
        ("$node_(0) set X_ 1e999", "line 1: a number is too large"),
    ],
)
def test_an_ns2_file_that_is_none_says_where(tmp_path, text, message):
    (tmp_path / "f.tcl").write_text(text)
    with pytest.raises(ks.Error, match=message):
        movement.read_ns2(tmp_path / "f.tcl")
    with pytest.raises(ks.Error, match="cannot read|No such file"):
        movement.read_ns2(tmp_path / "missing.tcl")


# --- SUMO -----------------------------------------------------------------------------------------------------


def raw_places():
    """The town's trace by another reader: (vehicle, time) -> place."""
    import re

    places, time = {}, None
    for line in TOWN.read_text().splitlines():
        if step := re.search(r'timestep time="([\d.]+)"', line):
            time = float(step[1])
        elif vehicle := re.search(r'vehicle id="([\w.]+)" x="([\d.]+)" y="([\d.]+)"', line):
            places[vehicle[1], time] = (float(vehicle[2]), float(vehicle[3]))
    return places


def test_the_town_of_sumo_moves_a_bus_and_cars_as_its_trace_says():
    found, raw = movement.read_sumo(TOWN), raw_places()
    assert len(found) == 25 and "bus" in found
    assert sum(len(way) for way in found.values()) < 0.9 * len(raw)
    for (name, time), place in raw.items():
        assert math.dist(place_at(found[name], time), place) <= 0.05 + 1e-9
    bus = found["bus"]
    assert max(length / time for time, length in legs(bus)) < 11.2  # its greatest speed, in the trips


def test_sumo_files_may_be_compressed_and_have_persons(tmp_path):
    text = """<fcd-export><timestep time="0.00"><vehicle id="v" x="1" y="2"/><person id="p" x="0" y="0"/></timestep>
    <timestep time="1.00"><vehicle id="v" x="2" y="2"/></timestep>
    <timestep time="2.00"><vehicle id="v" x="3" y="2"/></timestep></fcd-export>"""
    file = tmp_path / "fcd.xml.gz"
    file.write_bytes(gzip.compress(text.encode()))
    assert movement.read_sumo(file) == {"v": [(0, (1, 2)), (2, (3, 2))], "p": [(0, (0, 0))]}
    assert list(movement.read_sumo(file, persons=False)) == ["v"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "no element found"),
        ("<fcd-export>", "no element found"),
        ("<routes/>", "its root is <routes>, not <fcd-export>"),
        ("<fcd-export/>", "there is no vehicle in it"),
        ('<fcd-export><vehicle id="a"/></fcd-export>', "<vehicle> outside of <timestep>"),
        ('<fcd-export><timestep time="0"><vehicle id="a" x="1"/></timestep></fcd-export>', "y is None"),
        ('<fcd-export><timestep time="0"><vehicle id="a" x="1" y="nan"/></timestep></fcd-export>', "y is 'nan'"),
        ('<fcd-export><timestep time="0"><vehicle x="1" y="2"/></timestep></fcd-export>', "has no id"),
        ('<fcd-export><timestep time="1"/><timestep time="1"/></fcd-export>', "times must ascend"),
    ],
)
def test_a_sumo_file_that_is_none_says_why(tmp_path, text, message):
    (tmp_path / "fcd.xml").write_text(text)
    with pytest.raises(ks.Error, match=message):
        movement.read_sumo(tmp_path / "fcd.xml")


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(cut=strategies.integers(0, 900), noise=strategies.binary(max_size=12), sumo=strategies.booleans())
def test_damaged_files_give_ways_or_errors_and_nothing_else(tmp_path_factory, cut, noise, sumo):
    good = TOWN.read_bytes()[:900] if sumo else NS2.encode()
    file = tmp_path_factory.mktemp("damaged") / "file"
    file.write_bytes(good[:cut] + noise + good[cut + len(noise) :])
    try:
        found = (movement.read_sumo if sumo else movement.read_ns2)(file)
    except ks.Error:
        return
    net = ks.Network()
    for name, way in found.items():
        net.host(f"h{name}", position=(0, 0)).waypoints(way)


# --- Riding along ---------------------------------------------------------------------------------------------


def test_passengers_ride_with_a_bus_whatever_it_does():
    net = ks.Network()
    bus, near, far = (net.host(name, position=(0, 0)) for name in ("bus", "near", "far"))
    bus.path([(0, 0), (100, 0)], speed=10)
    near.ride(bus, offset=(1, 2))
    far.ride(near, offset=(0, 3))
    net.run(until=5)
    assert near.position == (51, 2) and far.position == (51, 5) and far.carrier is near
    bus.path([(50, 0), (50, 100)], speed=10)  # it turns off, and they with it
    net.run(until=7)
    assert bus.position == (50, 20) and near.position == (51, 22) and far.position == (51, 25)
    near.alight()
    net.run(until=10)
    assert bus.position == (50, 50) and near.position == (51, 22) and far.position == (51, 25) and near.carrier is None
    near.ride(bus)
    net.run(until=11)
    assert near.position == (50, 60) and far.position == (50, 63)
    near.position = (0, 0)  # a place of its own
    bus.position = (9, 9)
    assert near.position == (0, 0) and far.position == (0, 3)


def test_passengers_hand_off_with_their_bus():
    net = ks.Network(seed=1)
    lan = net.lan("lan")
    for number in range(3):
        net.cell(f"cell{number}", (200 * number, 0), lan=lan, radius=150)
    bus = net.host("bus", position=(0, 0))
    passengers = [net.host(f"p{i}", position=(0, 0)) for i in range(5)]
    for number, passenger in enumerate(passengers):
        passenger.ride(bus, offset=(number, 0))
        passenger.roam()
    net.at(2, bus.path, [(0, 0), (400, 0)], speed=20)
    net.run(until=30)
    for passenger in passengers:
        events = passenger.trace
        assert list(events[events["kind"] == "l2.associated"]["cell"]) == ["cell0", "cell1", "cell2"]


def test_bad_movements_say_what_would_be_right():
    net = ks.Network()
    a, b = net.host("a", position=(0, 0)), net.host("b", position=(0, 0))
    b.ride(a)
    for call, message in [
        (lambda: a.ride(b), "carrier 'b' is carried by it"),
        (lambda: a.ride(a), "or is itself"),
        (lambda: a.ride("b"), "carrier is 'b'; it must be a node"),
        (lambda: a.ride(net.host("c")), "carrier 'c' has no place"),
        (lambda: a.ride(ks.Network().host("x", position=(0, 0))), "is in another network"),
        (lambda: a.alight(), "it rides on nothing"),
        (lambda: a.wander("about", until=5), "model is 'about'; it must be a model of kamesim.movement"),
        (lambda: a.wander(MODELS[0], until=0), "until is 0; it must be later than the start"),
        (lambda: movement.RandomWaypoint((0, 0, 0, 1), speed=1), "area is"),
        (lambda: movement.RandomWaypoint(AREA, speed=0), "speed is 0"),
        (lambda: movement.RandomWaypoint(AREA, speed=(5, 1)), "speed is (5, 1); it must be a pair whose first"),
        (lambda: movement.GaussMarkov(AREA, speed=1, memory=2), "memory is 2"),
        (lambda: movement.ManhattanGrid(AREA, blocks=3, speed=1), "blocks is 3; it must be a pair"),
    ]:
        with pytest.raises(ks.Error) as caught:
            call()
        assert message in str(caught.value)
