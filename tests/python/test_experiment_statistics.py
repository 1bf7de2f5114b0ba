"""Confidence intervals, and the pictures of an experiment's results."""

import math
import random
import xml.etree.ElementTree

import pytest

import kamesim as ks
from kamesim import experiment
from kamesim.experiment.statistics import t_quantile
from kamesim.plots import BoxPlot, Cdf, MeanPlot, PhaseBars

SVG = "{http://www.w3.org/2000/svg}"


# --- Student's t ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "degrees, t",  # 97.5 %: the table that every textbook has
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (10, 2.228), (29, 2.045), (30, 2.042),
     (100, 1.984), (400, 1.966), (401, 1.966), (1000, 1.962), (100_000, 1.960)],
)  # fmt: skip
def test_quantiles_are_those_of_the_table(degrees, t):
    assert t_quantile(0.975, degrees) == pytest.approx(t, abs=5.1e-4)


def test_the_series_and_the_expansion_meet():
    from kamesim.experiment.statistics import _t_by_expansion

    for p in (0.6, 0.95, 0.975, 0.995):
        assert _t_by_expansion(p, 400) == pytest.approx(t_quantile(p, 400), abs=1e-8)


def test_a_small_sample_by_hand():
    # 4.9, 5.1, 5.3: mean 5.1, deviation 0.2; t(2) = 4.303; half = 4.303 * 0.2 / sqrt(3) = 0.4968
    e = experiment.confidence([4.9, 5.1, 5.3, math.nan])
    assert (e.n, e.mean, e.deviation) == (3, pytest.approx(5.1), pytest.approx(0.2))
    assert (e.low, e.high, e.half_width) == (
        pytest.approx(4.6032, abs=1e-4), pytest.approx(5.5968, abs=1e-4), pytest.approx(0.4968, abs=1e-4)
    )  # fmt: skip
    assert 5.0 in e and 4.5 not in e


def test_one_value_and_none():
    assert math.isnan(experiment.confidence([3.0]).low) and experiment.confidence([3.0]).mean == 3.0
    assert experiment.confidence([]).n == 0


@pytest.mark.parametrize("method", ["t", "bootstrap"])
def test_the_interval_holds_the_mean_as_often_as_it_says(method):
    generator = random.Random(1)
    held = 0
    for _ in range(400):
        sample = [generator.gauss(10, 2) for _ in range(30)]
        held += 10 in experiment.confidence(sample, method=method, level=0.9, resamples=500)
    assert 0.84 <= held / 400 <= 0.95


def test_the_bootstrap_repeats_and_leans_with_a_skewed_sample():
    sample = [random.Random(3).expovariate(1.0) ** 2 for _ in range(1)] + [0.1] * 30 + [9.0, 12.0]
    first, again = (experiment.confidence(sample, method="bootstrap") for _ in range(2))
    assert first == again
    assert first.high - first.mean > 1.1 * (first.mean - first.low)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"method": "z"}, "method is 'z'; it must be 't' or 'bootstrap'"),
        ({"level": 1}, "level is 1"),
        ({"resamples": 3}, "resamples is 3"),
        ({"values": ["a"]}, "values is"),
    ],
)
def test_bad_input_says_what_would_be_right(options, message):
    with pytest.raises(ks.Error, match=message):
        experiment.confidence(**{"values": [1, 2]} | options)


# --- Pictures -------------------------------------------------------------------------------------------------


def noisy(*, seed, ra_interval, speed):
    generator = random.Random(f"{seed} {ra_interval} {speed}")
    return {"outage_s": sum(ra_interval) + generator.random(), "lost": generator.random() * speed}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return experiment.run(
        noisy, grid={"ra_interval": [(0.03, 0.07), (1.0, 3.0)], "speed": [1.0, 10.0]}, seeds=20,
        file=tmp_path_factory.mktemp("results") / "r.jsonl", workers=1, progress=False,
    )  # fmt: skip


def texts(path):
    return {"".join(element.itertext()) for element in xml.etree.ElementTree.parse(path).iter(f"{SVG}text")}


def test_one_call_draws_the_distribution(results, tmp_path):
    plot = results.plot_cdf("outage_s", by="ra_interval", label="outage, s", marks={"formula": 4.5}, title="All <runs>")
    plot.save(tmp_path / "cdf.svg", tmp_path / "cdf.png")
    found = texts(tmp_path / "cdf.svg")
    assert {"outage, s", "cumulative share", "ra_interval 1 to 3", "formula", "All <runs>"} <= found
    assert (tmp_path / "cdf.png").read_bytes().startswith(b"\x89PNG")
    values = plot.series["ra_interval 1 to 3"]
    assert len(values) == 40 and (values[:-1] <= values[1:]).all()


def test_one_call_draws_boxes(results, tmp_path):
    plot = results.plot_boxes("outage_s", by="ra_interval", hue="speed", label="outage, s", by_label="RA interval, s")
    plot.save(tmp_path / "boxes.svg", tmp_path / "boxes.png")
    found = texts(tmp_path / "boxes.svg")
    assert {"RA interval, s", "outage, s", "0.03\u20130.07", "1\u20133", "speed 1", "speed 10"} <= found
    assert [len(v) for v in plot.series["speed 1"].values()] == [20, 20]


def test_boxes_may_lie_one_below_the_other(results, tmp_path):
    plot = results.plot_boxes(
        "outage_s", by="ra_interval", label="outage, s", by_label="RA", horizontal=True, expected={"": {(1.0, 3.0): 1.5}}
    )
    plot.save(tmp_path / "boxes.svg", tmp_path / "boxes.png")
    assert {"RA", "outage, s", "1\u20133", "formula"} <= texts(tmp_path / "boxes.svg")
    axes = plot.figure().axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["0.03\u20130.07", "1\u20133"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first one on top"


def test_words_stay_in_the_order_of_the_grid(tmp_path):
    def scenario(*, seed, dad):
        return {"outage_s": seed}

    done = experiment.run(
        scenario, grid={"dad": ["optimistic", "full", "none"]}, seeds=2, file=tmp_path / "r.jsonl", progress=False
    )
    assert list(done.plot_boxes("outage_s", by="dad").series[""]) == ["optimistic", "full", "none"]


def test_phases_stand_one_after_the_other(tmp_path):
    ways = {"MIPv6": {"L2": 0.05, "DAD": 1.5}, "PMIPv6": {"L2": 0.05, "DAD": math.nan}}
    outage = experiment.confidence([1.4, 1.6])
    plot = PhaseBars(ways, outage={"MIPv6": outage}, expected={"PMIPv6": 0.1}, label="seconds")
    plot.save(tmp_path / "phases.svg", tmp_path / "phases.png")
    assert {"MIPv6", "PMIPv6", "L2", "DAD", "outage", "formula", "seconds"} <= texts(tmp_path / "phases.svg")
    bars = [(b.get_x(), b.get_width()) for b in plot.figure().axes[0].patches]
    assert bars == [(0.0, 0.05), (0.05, 1.5), (0.0, 0.05)]


def test_one_call_draws_means_with_intervals(results, tmp_path):
    plot = results.plot_means("lost", by="speed", hue="ra_interval", label="packets lost", by_label="speed, m/s")
    plot.save(tmp_path / "means.svg", tmp_path / "means.png")
    assert {"speed, m/s", "packets lost", "1", "10"} <= texts(tmp_path / "means.svg")
    estimate = plot.series["ra_interval 1 to 3"][10.0]
    row = results.summary("lost", by=["ra_interval", "speed"]).query("speed == 10").iloc[1]
    assert (estimate.mean, estimate.low) == (row["mean"], row["low"])


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    for name in ("a.svg", "b.svg"):
        results.plot_cdf("outage_s", by="speed").save(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_column_that_is_not_there_is_named(results):
    with pytest.raises(ks.Error, match="column is 'outage'; it must be one of 'ra_interval', 'speed'"):
        results.plot_cdf("outage")
    with pytest.raises(ks.Error, match="by is 'velocity'"):
        results.summary("lost", by="velocity")


def results_of(tmp_path, scenario, **grid):
    return experiment.run(scenario, grid=grid, seeds=3, file=tmp_path / "r.jsonl", workers=1, progress=False)


def test_a_column_without_numbers_is_told(tmp_path):
    def scenario(*, seed):
        return {"word": "yes", "nothing": math.nan}

    results = results_of(tmp_path, scenario)
    for plot in (results.plot_cdf, lambda column: results.plot_means(column, by="seed")):
        with pytest.raises(ks.Error, match="column is 'word'; it must be a column of numbers; it has 'yes'"):
            plot("word")
        with pytest.raises(ks.Error, match="column is 'nothing'; it must be a column with numbers; .* in 3 records"):
            plot("nothing")


def test_a_picture_is_by_one_column_and_goes_somewhere(results):
    with pytest.raises(ks.Error, match="by is .*; it must be the name of one column"):
        results.plot_cdf("lost", by=["ra_interval", "speed"])
    with pytest.raises(ValueError, match="paths is empty"):
        results.plot_cdf("lost").save()


def test_where_all_runs_failed_the_first_failure_is_told(tmp_path):
    def scenario(*, seed):
        raise RuntimeError("no binding")

    with pytest.raises(ks.Error, match=r"there are none, 3 runs failed; see failures\(\): RuntimeError: no binding"):
        results_of(tmp_path, scenario).plot_cdf("outage_s")


def test_a_group_without_values_is_left_out_of_distributions(tmp_path):
    def scenario(*, seed, way):
        return {"dad_s": math.nan if way == "PMIPv6" else 1.0 + seed}

    cdf = results_of(tmp_path, scenario, way=["PMIPv6", "MIPv6"]).plot_cdf("dad_s", by="way")
    assert list(cdf.series) == ["way MIPv6"]


def test_what_never_ended_is_beyond_the_distribution_and_has_no_interval(tmp_path):
    def scenario(*, seed):
        return {"outage_s": math.inf if seed == 1 else float(seed)}

    results = results_of(tmp_path, scenario)
    heights = results.plot_cdf("outage_s").figure().axes[0].lines[0].get_ydata()
    assert list(heights) == pytest.approx([0, 1 / 3, 2 / 3])
    row = results.summary("outage_s").loc[0]
    assert row["n"] == 3 and math.isinf(row["mean"]) and math.isnan(row["low"])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Cdf({}, label="x"), "series is empty"),
        (lambda: Cdf({"a": []}, label="x"), "series 'a' has no values"),
        (lambda: Cdf({"a": [math.nan]}, label="x"), "not finite"),
        (lambda: Cdf({"a": [0.0]}, label="x", log=True), "needs values above 0"),
        (lambda: BoxPlot({}, by="x", label="y"), "series has no values"),
        (lambda: MeanPlot({"a": {}}, by="x", label="y"), "series is empty"),
        (lambda: PhaseBars({}), "phases is empty"),
        (lambda: PhaseBars({"a": {"L2": 1.0}}, expected={"b": 1.0}), "expected has 'b'"),
    ],
)
def test_a_picture_that_cannot_be_says_why(make, message):
    with pytest.raises(ValueError, match=message):
        make()
