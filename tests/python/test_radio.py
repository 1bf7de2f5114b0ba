"""Path loss, shadowing, 802.11's retries, scans and hand-off delays, as Python sees them."""

import math
import statistics

import pytest

import kamesim as ks


def cell_of(**options):
    net = ks.Network(seed=1)
    return net.cell("cell", (0, 0), lan=net.lan("lan"), **options)


def test_two_ray_falls_as_free_space_and_then_by_the_fourth_power():
    ground = ks.TwoRay(antenna_height=1.5, station_height=1.5, frequency=914e6)
    cell = cell_of(two_ray=ground)
    assert ground.crossover_distance == pytest.approx(86.2, abs=0.1)
    assert cell.signal((10, 0)) - cell.signal((20, 0)) == pytest.approx(20 * math.log10(2))
    assert cell.signal((0, 200)) - cell.signal((0, 400)) == pytest.approx(40 * math.log10(2))
    assert cell.signal((300, 0)) == pytest.approx(20 - ground.loss(300))


@pytest.mark.parametrize("radius", [50, 400])
def test_a_radius_is_reached_by_either_law(radius):
    for options in ({}, {"two_ray": ks.TwoRay(1.5, 1.5, 914e6)}):
        cell = cell_of(radius=radius, **options)
        assert cell.radius == pytest.approx(radius)
        assert cell.signal((radius, 0)) == pytest.approx(cell.radio.sensitivity)


def test_shadowing_is_of_the_place_and_the_seed():
    def signals(seed):
        net = ks.Network(seed=seed)
        lan = net.lan("lan")
        cell = net.cell("cell", (0, 0), lan=lan, shadowing=ks.Shadowing(6, 20))
        plain = net.cell("plain", (0, 0), lan=lan)
        return [cell.signal((x, 30)) - plain.signal((x, 30)) for x in range(10, 4010, 40)]

    first = signals(1)
    assert signals(1) == first != signals(2)
    assert statistics.stdev(first) == pytest.approx(6, abs=1.5)
    assert abs(statistics.mean(first)) < 2


def stay(distance, **options):
    """A host that stands so far from an access point of 100 m of reach, with 200 packets from a server."""
    net = ks.Network(seed=1)
    router, server = net.router("router"), net.host("server")
    net.link(router, server)
    net.cell("cell", (0, 0), router=router, radius=100, prefix="2001:db8:9::/64", **options)
    host = net.host("host", position=(distance, 0))
    host.roam()
    net.shortest_path_routes()
    net.run(until=10)
    flow = net.udp_flow(server, host, rate=20, size=1000, stop=20)
    net.run(until=21)
    return flow, host


def test_near_the_edge_frames_are_sent_again_and_take_longer():
    near, _ = stay(50, retry_limit=7)
    edge, host = stay(99.9, retry_limit=7)
    once, single = stay(99.9, retry_limit=1)
    assert near.lost == 0 and edge.lost <= 1
    assert once.lost == pytest.approx(0.1 * once.sent, abs=0.05 * once.sent)  # 10 % at the sensitivity
    assert single.drops["radio.retry_limit"] >= once.lost
    assert statistics.mean(edge.delay) > statistics.mean(near.delay)
    assert host.drops["radio.retry_limit"] <= 1


def test_without_a_retry_limit_nothing_changes():
    plain, _ = stay(99.9)
    assert plain.lost == 0
    assert statistics.pstdev(plain.delay[1:]) < 1e-9  # the first waits for a MAC address


def handoffs(**options):
    """The layer 2 delays of a host that goes to and fro between two cells."""
    net = ks.Network(seed=1)
    lan = net.lan("lan")
    net.cell("one", (0, 0), lan=lan, radius=150)
    net.cell("two", (200, 0), lan=lan, radius=150, channel_number=6)
    host = net.host("host", position=(0, 0))
    host.roam(**options)
    host.path([(0, 0), (200, 0)] * 100, speed=50, start=1)
    net.run(until=800)
    trace = host.trace
    left = trace[trace["kind"] == "l2.disassociated"]["time_s"].to_numpy()
    joined = trace[trace["kind"] == "l2.associated"]["time_s"].to_numpy()[1:]
    return joined - left, trace


def test_hand_off_delays_are_drawn_from_distributions():
    delays, _ = handoffs(handoff_delay=ks.Exponential(0.05, minimum=0.01))
    assert len(delays) > 150 and min(delays) >= 0.01
    assert statistics.mean(delays) == pytest.approx(0.06, abs=0.012)
    delays, _ = handoffs(handoff_delay=ks.LogNormal(0.1, sigma=0.3))
    assert statistics.median(delays) == pytest.approx(0.1, abs=0.012)
    assert statistics.stdev(math.log(d) for d in delays) == pytest.approx(0.3, abs=0.06)


def test_a_scan_takes_its_time_by_channels():
    delays, trace = handoffs(handoff_delay=0.0, scan=ks.Scan(channels=11))
    # 11 switches of 5 ms; 40 ms on channels 1 and 6, where cells are heard, 20 ms on the others.
    assert delays.min() == pytest.approx(0.315) == delays.max()
    scans = trace[trace["kind"] == "l2.scan"]
    assert len(scans) == len(delays) and set(scans["cells_heard"]) == {2}
    passive, _ = handoffs(handoff_delay=0.0, scan=ks.Scan(3, 0.11, 0.11))
    assert passive.min() == pytest.approx(0.345) == passive.max()


def test_a_scenario_file_keeps_it_all(tmp_path):
    net = ks.Network(seed=1)
    lan = net.lan("lan")
    net.cell(
        "a", (0, 0), lan=lan, two_ray=ks.TwoRay(20, 2, 2.4e9), shadowing=ks.Shadowing(6, 30), retry_limit=5,
        channel_number=6,
    )  # fmt: skip
    net.host("h", position=(1, 1)).roam(handoff_delay=ks.LogNormal(0.1, 0.4, 0.02), scan=ks.Scan(13, 0.01, 0.03, 0.002))
    net.host("i", position=(1, 1)).roam(handoff_delay=ks.Exponential(0.1))
    net.host("j", position=(1, 1)).roam(handoff_delay=(0.1, 0.2))
    net.save_scenario(tmp_path / "net.pb")
    again = ks.Network.load_scenario(tmp_path / "net.pb")
    assert again["a"].radio == net["a"].radio
    for name in "hij":
        assert again[name].interface("wlan0").roaming == net[name].interface("wlan0").roaming
    again.save_scenario(tmp_path / "again.pb")
    assert (tmp_path / "again.pb").read_bytes() == (tmp_path / "net.pb").read_bytes()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: cell_of(two_ray=3), "two_ray is 3; it must be kamesim.TwoRay"),
        (lambda: cell_of(two_ray=ks.TwoRay(antenna_height=0)), "two_ray.antenna_height is 0"),
        (lambda: cell_of(shadowing=6), "shadowing is 6; it must be kamesim.Shadowing"),
        (lambda: cell_of(shadowing=ks.Shadowing(6, 0)), "shadowing.decorrelation_distance is 0"),
        (lambda: cell_of(retry_limit=0), "retry_limit is 0; it must be a whole number of attempts from 1 to 255"),
        (lambda: cell_of(channel_number=0), "channel_number is 0"),
        (lambda: handoffs(scan=11), "scan is 11; it must be kamesim.Scan"),
        (lambda: handoffs(scan=ks.Scan(max_channel_time=0.01)), "scan.max_channel_time is 0.01"),
        (lambda: handoffs(handoff_delay=ks.LogNormal(-1)), "handoff_delay.median is -1"),
        (lambda: handoffs(handoff_delay=(0.2, 0.1)), "a pair whose first is the lesser"),
    ],
)
def test_bad_input_says_what_would_be_right(call, message):
    with pytest.raises(ks.Error, match=message):
        call()
