"""On-off sources against what their distributions say, and the series of a flow."""

import numpy as np
import pytest

import kamesim as ks


def pair(seed=1, **link):
    net = ks.Network(seed=seed)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, **link)
    net.run(for_=3)
    return net, a, b


def bursts(times, gap):
    """The times at which periods began and ended."""
    breaks = np.flatnonzero(np.diff(times) > gap)
    return times[np.r_[0, breaks + 1]], times[np.r_[breaks, len(times) - 1]]


def test_constant_periods_are_exact():
    net, a, b = pair()
    flow = net.udp_flow(a, b, rate=100, periods=ks.OnOff(on=0.1, off=0.4, lengths="constant"), stop=13.0)
    net.run(until=13.1)
    begins, ends = bursts(flow.send_time, 0.2)
    assert np.diff(begins) == pytest.approx(0.5)
    assert ends - begins == pytest.approx(0.09)
    assert flow.sent == 20 * 10


@pytest.mark.parametrize("lengths", ["exponential", "pareto"])
def test_periods_have_the_mean_that_was_asked_for(lengths):
    """Means over 4,000 periods. Of exponential lengths 5 standard errors are 8 %; Pareto's have no variance: 25 %."""
    net, a, b = pair(seed=4)
    flow = net.udp_flow(a, b, rate=1000, periods=ks.OnOff(on=0.05, off=0.05, lengths=lengths), stop=403.0)
    net.run(until=403.1)
    begins, ends = bursts(flow.send_time, 0.00101)
    # A packet goes every millisecond of a period: up to one is not seen at each end of it, half on average.
    bound = 0.08 if lengths == "exponential" else 0.25
    assert np.mean(ends - begins) + 0.001 == pytest.approx(0.05, rel=bound)
    assert flow.sent / 400 == pytest.approx(500, rel=bound)


@pytest.mark.parametrize("on", [1.0, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("pattern", ["constant", "poisson"])
def test_the_rate_is_that_of_the_time_that_is_on(pattern, on):
    """20 packets a second, half of the time: 10, however short the periods are; 5 standard errors are 16 %."""
    net, a, b = pair(seed=2)
    flow = net.udp_flow(a, b, rate=20, pattern=pattern, periods=ks.OnOff(on=on, off=on), stop=103.0)
    net.run(until=103.1)
    assert flow.sent == pytest.approx(1000, rel=0.16 if on < 1 else 0.8)


def test_pareto_periods_have_the_heavier_tail():
    """P(X > 20 times the mean): of Pareto's with shape 1.5 (1/60)**1.5, of exponential ones e**-20."""
    longest = {}
    for lengths in ("exponential", "pareto"):
        net, a, b = pair(seed=9)
        flow = net.udp_flow(a, b, rate=1000, periods=ks.OnOff(on=0.02, off=0.02, lengths=lengths), stop=203.0)
        net.run(until=203.1)
        begins, ends = bursts(flow.send_time, 0.00101)
        longest[lengths] = np.max(ends - begins)
    assert longest["exponential"] < 0.4 < longest["pareto"]


def test_jitter_is_rfc_3550s():
    """Section 6.4.1, on delays that are known: a queue of two packets at 1 Mbit/s."""
    net, a, b = pair(rate=1e6, delay=0.01)
    a.ping(b, count=1)  # the addresses are resolved
    net.run(until=4.0)
    one = net.udp_flow(a, b, rate=10, size=1000, stop=5.0)
    net.run(until=5.1)
    assert one.jitter == pytest.approx(np.zeros(10), abs=1e-9)
    net.udp_flow(a, b, rate=5, size=1000, start=6.0, stop=8.0)
    two = net.udp_flow(a, b, rate=10, size=1000, start=6.0, stop=8.0)
    net.run(until=8.1)
    expected, j = [0.0], 0.0
    for difference in np.abs(np.diff(two.delay)):
        j += (difference - j) / 16
        expected.append(j)
    assert max(expected) > 0.0004
    assert two.jitter == pytest.approx(expected)


def test_goodput_is_what_arrived():
    net, a, b = pair()
    flow = net.udp_flow(a, b, rate=100, size=500, start=4.0, stop=7.0)
    net.run(until=8.0)
    series = flow.goodput(1.0).set_index("time_s")["bits_per_s"]
    assert [series.get(t, 0) for t in (3.0, 4.0, 5.0, 6.0, 7.0)] == pytest.approx([0, 4e5, 4e5, 4e5, 0], abs=4000)
    assert flow.goodput(0.5)["bits_per_s"].sum() * 0.5 == 300 * 500 * 8


def test_scenario_files_keep_periods(tmp_path):
    net = ks.Network()
    a, b = net.host("a"), net.host("b")
    net.link(a, b)
    net.udp_flow(a, b, start=3.0, periods=ks.OnOff(on=0.1, off=0.4, lengths="pareto"), name="f")
    net.save_scenario(tmp_path / "f.pb")
    assert ks.Network.load_scenario(tmp_path / "f.pb").flows[0].settings.periods == ks.OnOff(0.1, 0.4, "pareto")


@pytest.mark.parametrize(
    ("periods", "message"),
    [
        (ks.OnOff(on=0, off=1), "periods.on is 0"),
        (ks.OnOff(on=1e-10, off=0, lengths="constant"), "a thousandth of the interval"),
        (ks.OnOff(on=1, off=-1), "periods.off is -1"),
        (ks.OnOff(on=1, off=1, lengths="normal"), "'exponential' or 'pareto' or 'constant'"),
        (1.0, "kamesim.OnOff"),
    ],
)
def test_periods_that_cannot_be(periods, message):
    net, a, b = pair()
    with pytest.raises(ks.Error, match=message):
        net.udp_flow(a, b, periods=periods)
