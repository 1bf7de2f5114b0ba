"""kamesim.voip: the E-model against values that are published, and made-up calls."""

import math

import numpy as np
import pandas as pd
import pytest

import kamesim as ks
from kamesim import voip


def call(delays, interval=0.02):
    return pd.DataFrame({"time_s": np.arange(len(delays)) * interval, "delay_s": delays})


@pytest.mark.parametrize("delay, r", [(0.05, 93.2), (0.1, 93.2), (0.15, 93), (0.3, 78.5), (0.4, 69)])  # G.114's figure
def test_delay_impairs_as_the_curve_says(delay, r):
    assert voip.DEFAULT_R - voip.delay_impairment(delay) == pytest.approx(r, abs=0.5)


def test_delay_impairment_by_hand():
    """Ta = 200 ms: X = 1; 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) = 3.0444..."""
    assert voip.delay_impairment(0.2) == pytest.approx(25 * (2 ** (1 / 6) - 3 * (1 + 1 / 729) ** (1 / 6) + 2))
    assert voip.delay_impairment(0.2) == pytest.approx(3.045, abs=0.005)


@pytest.mark.parametrize(
    "r, mos", [(-5, 1.0), (0, 1.0), (50, 2.58), (60, 3.10), (70, 3.60), (80, 4.03), (90, 4.34), (100, 4.5)]
)
def test_mos_is_that_of_annex_b(r, mos):  # G.107 Annex B, Table B.1
    assert voip.mean_opinion_score(r) == pytest.approx(mos, abs=0.01)


def test_loss_impairs_by_the_codec():
    """Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl)."""
    assert voip.loss_impairment(voip.G711, 0.0) == 0
    assert voip.loss_impairment(voip.G729A, 0.0) == 11
    assert voip.loss_impairment(voip.G711, 0.01) == pytest.approx(95 / 5.3)
    assert voip.loss_impairment(voip.G711_PLC, 0.05) == pytest.approx(95 * 5 / 30.1)
    assert voip.loss_impairment(voip.G729A, 0.02, burst_ratio=2) == pytest.approx(11 + 84 * 2 / 20)


@pytest.mark.parametrize(
    "codec, delay, loss, r",  # by hand
    [
        (voip.G711_PLC, 0.0, 0.0, 94.2),
        (voip.G711_PLC, 0.1, 0.0, 94.2 - 2.4),
        (voip.G711_PLC, 0.2, 0.02, 94.2 - 4.8 - 0.11 * 22.7 - 30 * math.log(1.3)),
        (voip.G729A, 0.15, 0.01, 94.2 - 3.6 - 11 - 40 * math.log(1.1)),
        (voip.G729A, 5.0, 1.0, 0.0),
    ],
)
def test_the_fit_of_cole_and_rosenbluth(codec, delay, loss, r):
    assert voip.fitted_r_factor(codec, delay, loss) == pytest.approx(r)


def test_the_fit_lies_near_the_recommendation():
    """Within what the echo of G.107's default values costs, which the fit has and `quality` has not."""
    for delay in (0.05, 0.1, 0.15, 0.2, 0.25):
        for loss in (0.0, 0.01, 0.03):
            ours = voip.DEFAULT_R - voip.delay_impairment(delay) - voip.loss_impairment(voip.G711_PLC, loss)
            assert abs(ours - voip.fitted_r_factor(voip.G711_PLC, delay, loss)) < 6
    with pytest.raises(ks.Error, match="of no other there is a fit"):
        voip.fitted_r_factor(voip.G711, 0.1, 0.0)


def test_a_perfect_call():
    q = voip.quality(call([0.03] * 500))
    assert (q.r_factor, q.loss, q.late, q.burst_ratio) == (pytest.approx(93.2 - voip.delay_impairment(0.11)), 0, 0, 1)
    assert q.delay == pytest.approx(0.02 + 0.03 + 0.06) and q.mos == pytest.approx(4.4, abs=0.02)


def test_late_packets_are_missed_and_a_longer_buffer_hears_them():
    delays = [0.03] * 90 + [0.13] * 10
    short, long = voip.quality(call(delays), buffer=0.05), voip.quality(call(delays), buffer=0.1)
    assert (short.loss, short.late, long.loss) == (0.1, 0.1, 0)
    assert long.r_factor > short.r_factor and long.delay == pytest.approx(short.delay + 0.05)


def test_the_burst_ratio_is_one_for_random_loss_and_grows_with_a_gap():
    lost = np.random.default_rng(1).random(200_000) < 0.05
    assert voip.burst_ratio(lost) == pytest.approx(1.0, abs=0.02)
    gap = np.zeros(1000, bool)
    gap[100:150] = True
    assert voip.burst_ratio(gap) == pytest.approx(50 * 0.95)
    assert voip.burst_ratio([True] * 3) == voip.burst_ratio([False] * 3) == 1


def test_a_hand_off_shows_in_its_window_only():
    delays = np.full(1500, 0.03)  # 30 s
    delays[600:650] = math.nan  # 1 s from 12 s on
    rows = voip.windows(call(delays), length=5.0)
    assert rows["time_s"].tolist() == [0, 5, 10, 15, 20, 25]
    assert rows["loss"].tolist() == [0, 0, 0.2, 0, 0, 0]
    assert rows["r_factor"][2] < 60 < 90 < rows["r_factor"][0]


def test_silence_is_the_worst():
    q = voip.quality(call([math.nan] * 5))
    assert (q.r_factor, q.mos, q.loss) == (0, 1, 1)


def test_a_simulated_call():
    net = ks.Network(seed=1)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=0.04, loss=0.02)
    flow = net.udp_flow(a, b, rate=50, size=172, start=3, stop=63)
    net.run(until=65)
    q = voip.quality(flow.frame(), codec=voip.G711)
    assert q.loss == pytest.approx(0.02, abs=0.006)
    assert q.r_factor == pytest.approx(93.2 - voip.delay_impairment(0.12) - 95 * 2 / 6.3, abs=6)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"packets": [1, 2]}, "packets is 'list'; it must be a DataFrame with a column delay_s"),
        ({"packets": call([])}, "packets is 'empty'"),
        ({"codec": "G.711"}, "codec is 'G.711'; it must be a kamesim.voip.Codec"),
        ({"buffer": -1}, "buffer is -1"),
        ({"advantage": 30}, "advantage is 30"),
    ],
)
def test_bad_input_says_what_would_be_right(options, message):
    good = {"packets": call([0.1])}
    with pytest.raises(ks.Error, match=message):
        voip.quality(**good | options)
