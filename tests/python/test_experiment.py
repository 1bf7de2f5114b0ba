"""kamesim.experiment: grids and seeds, the file and what a kill leaves of it, failures, Ctrl-C, Dask."""

import functools
import json
import linecache
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import types

import pytest

import kamesim as ks
from kamesim import experiment
from kamesim.experiment.fingerprint import fingerprint

HERE = pathlib.Path(__file__).absolute().parent
sys.path.insert(0, str(HERE))

import experiment_scenarios as scenarios  # noqa: E402


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results.jsonl"


def run(scenario, file, **options):
    options = {"grid": {}, "seeds": 3, "workers": 2, "progress": False} | options
    return experiment.run(scenario, file=file, **options)


# --- Runs and results -----------------------------------------------------------------------------------------


def test_every_combination_runs_with_every_seed(file):
    results = run(scenarios.ping, file, grid={"delay": [0.01, 0.02], "loss": [0.0]}, seeds=[1, 7])
    frame = results.frame()
    assert list(frame.columns) == ["delay", "loss", "seed", "record", "rtt_s", "lost"]
    assert sorted(zip(frame["delay"], frame["seed"])) == [(0.01, 1), (0.01, 7), (0.02, 1), (0.02, 7)]
    assert (frame["rtt_s"] - 2 * frame["delay"]).abs().max() < 1e-6
    assert len(results) == 4 and results.failed == 0 and results.parameters == ["delay", "loss"]


def test_the_outcome_does_not_depend_on_the_number_of_workers(tmp_path):
    grid = {"mean": [0.0, 5.0]}
    one = run(scenarios.draws, tmp_path / "one", grid=grid, seeds=5, workers=1).frame()
    three = run(scenarios.draws, tmp_path / "three", grid=grid, seeds=5, workers=3).frame()
    assert one.equals(three)


def test_several_records_of_a_run_are_rows_and_averaged_before_they_count(file):
    results = run(scenarios.draws, file, grid={"mean": [3.0]}, seeds=10)
    frame = results.frame()
    assert len(frame) == 20 and sorted(frame["record"].unique()) == [0, 1]
    assert results.summary("value").loc[0, "n"] == 10
    assert results.summary("value", per_seed=False).loc[0, "n"] == 20


def test_a_list_of_points_a_closure_and_pairs_as_values(file):
    factor = 10

    def scenario(seed, interval):
        return {"sum": factor * sum(interval) + seed}

    results = run(scenario, file, grid=[{"interval": (1, 2)}, {"interval": (3, 4)}], seeds=[1])
    assert dict(zip(results.frame()["interval"], results.frame()["sum"])) == {(1, 2): 31, (3, 4): 71}
    assert set(results.summary("sum")["interval"]) == {(1, 2), (3, 4)}


def test_values_that_are_not_finite_come_back_from_a_file_of_standard_json(file):
    def scenario(seed):
        return {"nan": math.nan, "inf": -math.inf, "list": [1, math.inf], "none": None}

    run(scenario, file, seeds=1)
    for line in file.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    row = experiment.load(file).frame().iloc[0]
    assert math.isnan(row["nan"]) and row["inf"] == -math.inf and row["list"] == [1, math.inf] and row["none"] is None


def test_numpy_values_and_dataframes_are_taken(file):
    import numpy as np
    import pandas as pd

    def scenario(seed, scale):
        return pd.DataFrame({"x": np.arange(3) * scale, "flag": np.array([True, False, True])})

    frame = run(scenario, file, grid={"scale": np.array([2.0])}, seeds=np.arange(1, 3)).frame()
    assert frame["x"].tolist() == [0.0, 2.0, 4.0] * 2 and frame["flag"].sum() == 4


# --- Going on -------------------------------------------------------------------------------------------------


def executions(log):
    return sorted(log.read_text().split("\n")[:-1]) if log.exists() else []


def test_nothing_is_run_twice_and_more_of_the_grid_is_added(file, tmp_path):
    log = tmp_path / "log"
    run(scenarios.draws, file, grid={"mean": [1], "log": [str(log)]}, seeds=2)
    results = run(scenarios.draws, file, grid={"mean": [1, 2], "log": [str(log)]}, seeds=3)
    assert executions(log) == ["1 1", "1 2", "1 3", "2 1", "2 2", "2 3"]
    assert len(results) == 6
    assert len(run(scenarios.draws, file, grid={"mean": [2], "log": [str(log)]}, seeds=[3])) == 1
    assert len(executions(log)) == 6
    assert len(experiment.load(file)) == 6


SCRIPT = """
    import sys
    sys.path.insert(0, {here!r})
    from kamesim import experiment
    import experiment_scenarios as scenarios

    if __name__ == "__main__":
        experiment.run(scenarios.draws, grid={{"mean": [1, 2], "log": [{log!r}], "wait": [0.05]}}, seeds=20,
                       file={file!r}, workers=2, progress=False)
"""


def start(tmp_path, file, log):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).format(here=str(HERE), log=str(log), file=str(file)))
    return subprocess.Popen([sys.executable, str(script)], start_new_session=True, stderr=subprocess.PIPE, text=True)


def wait_for_lines(file, count):
    until = time.monotonic() + 60
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def members(group):
    """Processes of a session that still run."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_a_killed_experiment_goes_on_without_repeating_or_losing_runs(file, tmp_path):
    log = tmp_path / "log"
    process = start(tmp_path, file, log)
    wait_for_lines(file, 8)
    process.kill()
    process.communicate()
    until = time.monotonic() + 10
    while members(process.pid):  # the workers die with their parent
        assert time.monotonic() < until
        time.sleep(0.02)
    kept = file.read_bytes()
    done = kept.count(b"\n") - 1
    file.write_bytes(kept + b'{"key": "half a li')  # what a write that was cut short leaves
    again = start(tmp_path, file, log)
    assert again.wait(60) == 0, again.stderr.read()
    results = experiment.load(file)
    assert len(results) == 40 and len({(line.parameters["mean"], line.seed) for line in results.lines}) == 40
    assert file.read_bytes().startswith(kept)
    # Only what was under way when it was killed ran twice.
    assert done >= 7 and len(executions(log)) <= 40 + 2
    assert len(set(executions(log))) == 40


def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(file, tmp_path):
    log = tmp_path / "log"
    process = start(tmp_path, file, log)
    wait_for_lines(file, 8)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said = process.communicate(timeout=30)[1]
    assert process.returncode == -signal.SIGINT and said.count("Traceback") == 1 and "KeyboardInterrupt" in said
    assert not members(process.pid)
    assert file.read_bytes().endswith(b"\n") and len(experiment.load(file)) >= 7


def test_a_file_is_written_by_one_experiment_at_a_time(file, tmp_path):
    process = start(tmp_path, file, tmp_path / "log")
    wait_for_lines(file, 2)
    with pytest.raises(ks.Error, match="is being written by another experiment"):
        run(scenarios.draws, file, grid={"mean": [1]})
    process.kill()
    process.communicate()


def test_a_broken_file_is_refused_and_left_alone(file):
    run(scenarios.draws, file, grid={"mean": [1]})
    broken = file.read_text().replace('"seed":2', '"seed":')
    file.write_text(broken)
    with pytest.raises(ks.Error, match=r"line \d is not a JSON object"):
        run(scenarios.draws, file, grid={"mean": [1]})
    assert file.read_text() == broken
    file.write_text('{"other": 1}\n')
    with pytest.raises(ks.Error, match="is not of an experiment"):
        experiment.load(file)


# --- The fingerprint ------------------------------------------------------------------------------------------

MODEL = '''
import math
STEP = {step}
def helper(x):
    """Documented."""
    return math.floor(x) {sign} STEP
def scenario(seed):
    {comment}
    return {{"value": helper(seed)}}
def plot(results):
    return {plot}
'''


def print_of(tmp_path, name, *, version="", **changes):
    text = MODEL.format(**{"step": 1, "sign": "+", "comment": "# as it is", "plot": 1} | changes)
    (tmp_path / f"{name}.py").write_text(text)
    sys.path.insert(0, str(tmp_path))
    try:
        return fingerprint(__import__(name).scenario, version)
    finally:
        sys.path.remove(str(tmp_path))


def test_the_fingerprint_changes_with_the_model_and_with_nothing_else(tmp_path):
    first = print_of(tmp_path, "model_a")
    assert print_of(tmp_path, "model_b") == first
    assert print_of(tmp_path, "model_c", comment="# told better") == first
    assert print_of(tmp_path, "model_d", comment='"""Documented."""') == first
    assert print_of(tmp_path, "model_e", plot=2) == first
    assert print_of(tmp_path, "model_f", step=2) != first
    assert print_of(tmp_path, "model_g", sign="-") != first
    assert print_of(tmp_path, "model_h", version="other data") != first


def test_modules_beside_the_scenario_are_part_of_it(tmp_path):
    def fingerprint_with(name, step, unused=0):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}_constants.py").write_text(f"STEP = {step}\n")
        moving = "def move(x):\n    return x + STEP\n"
        (folder / f"{name}_helper.py").write_text(f"from {name}_constants import STEP\n{moving}")
        (folder / f"{name}_other.py").write_text(f"UNUSED = {unused}\n")
        uses = "def scenario(seed):\n    return helper.move(seed)\n"
        (folder / f"{name}.py").write_text(f"import {name}_helper as helper\nimport {name}_other\n{uses}")
        sys.path.insert(0, str(folder))
        try:
            module = __import__(name)
            return fingerprint(module.scenario, "")
        finally:
            sys.path.remove(str(folder))
            for loaded in [m for m in sys.modules if m.startswith(name)]:
                del sys.modules[loaded]
            shutil.rmtree(folder)
            linecache.clearcache()

    first = fingerprint_with("beside", 1)
    assert fingerprint_with("beside", 1) == first
    assert fingerprint_with("beside", 1, unused=2) == first
    assert fingerprint_with("beside", 2) != first  # two imports away


def test_a_changed_scenario_runs_again(file):
    def scenario(seed):
        return {"value": seed}

    run(scenario, file)
    results = run(scenario, file, version="2")
    assert len(results) == 3 and file.read_text().count("\n") == 7
    assert len(experiment.load(file)) == 3


def of(factor):
    def scenario(*, seed):
        return {"value": factor * seed}

    return scenario


class Model:
    def __init__(self, factor):
        self.parts = {"factors": [factor], "where": pathlib.Path("/somewhere")}

    def __call__(self, *, seed):
        return {"value": self.parts["factors"][0] * seed}

    def method(self, *, seed):
        return self(seed=seed)


def from_default(factor):
    def scenario(*, seed, factor=factor):
        return {"value": factor * seed}

    return scenario


FACTOR = 1


def from_global(factor):
    global FACTOR
    FACTOR = factor
    return lambda *, seed: {"value": FACTOR * seed}


@pytest.mark.parametrize(
    "make",
    [of, Model, lambda factor: Model(factor).method, lambda factor: functools.partial(of_both, factor=factor),
     lambda factor: functools.partial(applied, function=of(factor)), from_default, from_global,
     lambda factor: functools.partial(applied, function=(lambda *, seed: {"value": seed}) if factor == 1 else twice)],
    ids=["closure", "object", "method", "partial", "closure in a partial", "default", "global", "function in a partial"],
)  # fmt: skip
def test_what_a_scenario_carries_with_it_tells_it_from_others(file, make):
    for factor in (1, 2, 1):
        assert run(make(factor), file, seeds=2).frame()["value"].tolist() == [factor, 2 * factor]
    assert file.read_text().count("\n") == 1 + 4, "the third time there was nothing to run"


@pytest.mark.parametrize("has_text", [True, False], ids=["notebook", "typed in"])
def test_a_function_of_another_cell_is_part_of_the_scenario(file, has_text):
    module = types.ModuleType("cells")

    def cell(number, text):
        name = f"<cell {number} of {text!r}>"
        if has_text:
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), vars(module))

    cell(3, "def scenario(*, seed):\n    return {'value': helper(seed)}\n")
    for factor in (1, 2, 1):
        cell(1, f"def inner(x):\n    return {factor} * x\n")
        cell(2, "def helper(x):\n    return inner(x)\n")
        assert run(module.scenario, file, seeds=2).frame()["value"].tolist() == [factor, 2 * factor]
    assert file.read_text().count("\n") == 1 + 4


def twice(*, seed):
    return {"value": 2 * seed}


def of_both(*, seed, factor):
    return {"value": factor * seed}


def applied(*, seed, function):
    return function(seed=seed)


def test_several_scenarios_in_a_file_are_loaded_by_name(file):
    run(of(3), file, seeds=1)
    run(scenarios.draws, file, grid={"mean": [1.0]}, seeds=1)
    with pytest.raises(ks.Error, match="scenario is None; it must be one of 'scenario', 'draws'"):
        experiment.load(file)
    assert experiment.load(file, scenario="scenario").frame()["value"].tolist() == [3]
    assert experiment.load(file, scenario="draws").parameters == ["mean"]
    with pytest.raises(ks.Error, match="scenario is 'drawn'"):
        experiment.load(file, scenario="drawn")


# --- Failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, error",
    [
        ("raise", "RuntimeError: no binding"),
        ("crash", "killed by signal SIGKILL"),
        ("exit", "ended with exit status 3"),
        ("sys.exit", "SystemExit: gave up"),
        ("object", r"what the scenario returned\['value'\] is <object"),
        ("text", "it must be a dict of numbers and strings"),
        ("large", "a whole number of 64 bits"),
        ("interrupt", "KeyboardInterrupt"),
        ("wordless", "Wordless: its text cannot be had"),
        ("signal", "killed by signal 35"),
        ("name", "it must be other than a parameter's, seed and record"),
    ],
)
def test_a_run_that_fails_is_recorded_and_the_rest_goes_on(file, kind, error):
    results = run(scenarios.troubled, file, grid={"kind": [kind]}, seeds=6)
    assert results.frame()["value"].tolist() == [1, 3, 4, 5, 6]
    failures = results.failures()
    assert failures[["kind", "seed"]].values.tolist() == [[kind, 2]]
    assert failures["error"].str.contains(error).all()
    if kind == "raise":
        assert 'raise RuntimeError("no binding")' in failures.loc[0, "traceback"]


def test_a_run_that_takes_too_long_is_killed(file):
    began = time.monotonic()
    results = run(scenarios.troubled, file, grid={"kind": ["hang"]}, seeds=5, timeout=0.5)
    assert time.monotonic() - began < 20
    assert results.failures()["error"].tolist() == ["TimeoutError: it took longer than the 0.5 s allowed"]
    assert len(results.frame()) == 4


def test_failed_runs_are_tried_again_only_if_asked_to(file, tmp_path):
    repaired = tmp_path / "repaired"

    def scenario(seed, log):
        with open(log, "a", encoding="ascii") as ran:
            ran.write(f"{seed}\n")
        if seed == 2 and not repaired.exists():
            raise RuntimeError("not yet")
        return {"value": seed}

    options = {"grid": {"log": [str(tmp_path / "log")]}}
    assert run(scenario, file, **options).failed == 1
    repaired.touch()
    assert run(scenario, file, **options).failed == 1
    assert run(scenario, file, retry_failed=True, **options).failed == 0
    assert executions(tmp_path / "log") == ["1", "2", "2", "3"]
    assert experiment.load(file).failed == 0


# --- Bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, message",
    [
        ({"scenario": 3}, "scenario is 3; it must be a function"),
        ({"grid": {"mean": 3}}, r"grid\['mean'\] is 3; it must be a list of values"),
        ({"grid": {"mean": "abc"}}, r"grid\['mean'\] is 'abc'; it must be a list of values"),
        ({"grid": {"mean": []}}, r"grid\['mean'\] is \[\]; it must be one value or more"),
        ({"grid": {"mean": [object()]}}, "parameter mean is <object"),
        ({"grid": {"maen": [1]}}, r"scenario draws\(.*\) cannot be called with the keywords maen, seed"),
        ({"grid": {"seed": [1]}}, "the name of a parameter is 'seed'"),
        ({"grid": [3]}, r"grid\[0\] is 3; it must be a dict"),
        ({"grid": []}, "grid is \\[\\]"),
        ({"grid": {"mean": [1, 1]}}, "the run mean=1, seed=1 is there twice"),
        ({"grid": {"mean": [1, 1.0]}}, "the run mean=1, seed=1 is there twice"),
        ({"grid": {"mean": [[1, 2], (1.0, 2)]}}, r"the run mean=\[1, 2\], seed=1 is there twice"),
        ({"seeds": 0}, "seeds is 0; it must be a whole number, 1 or more"),
        ({"seeds": []}, r"seeds is \[\]; it must be one seed or more"),
        ({"seeds": [1, -1]}, r"seeds\[1\] is -1"),
        ({"seeds": [1, 1]}, "is there twice"),
        ({"seeds": 1.5}, "seeds is 1.5; it must be how many"),
        ({"file": "/no/such/folder/x"}, "there is no '/no/such/folder'"),
        ({"workers": 0}, "workers is 0; it must be a whole number of processes"),
        ({"progress": "yes"}, "progress is 'yes'; it must be True or False"),
        ({"client": 5}, "client is 5; it must be a distributed.Client"),
        ({"timeout": 0}, "timeout is 0; it must be a number of seconds, above 0"),
        ({"version": 2}, "version is 2; it must be a string"),
    ],
)
def test_bad_input_says_what_would_be_right(file, options, message):
    good = {"scenario": scenarios.draws, "grid": {"mean": [1]}, "seeds": 1, "file": file, "progress": False}
    with pytest.raises(ks.Error, match=message):
        experiment.run(**good | options)


# --- Progress -------------------------------------------------------------------------------------------------


def test_the_bar_counts_runs_and_tells_failures(file, capfd):
    run(scenarios.troubled, file, grid={"kind": ["raise"]}, seeds=3, progress=True)
    said = capfd.readouterr().err
    assert "troubled: 100%" in said and "3/3" in said
    assert "failed: kind='raise', seed=2: RuntimeError: no binding" in said
    run(scenarios.troubled, file, grid={"kind": ["raise"]}, seeds=3, progress=False)
    assert capfd.readouterr().err == ""


# --- A Dask cluster -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def test_a_cluster_gives_the_same_results(tmp_path, client):
    grid = {"delay": [0.01, 0.02], "loss": [0.0, 0.3]}
    here = run(scenarios.ping, tmp_path / "here", grid=grid, seeds=4)
    there = experiment.run(
        scenarios.ping, grid=grid, seeds=4, file=tmp_path / "there", client=client, progress=False
    )
    assert there.frame().equals(here.frame()) and there.failed == 0


def test_a_cluster_goes_on_where_processes_stopped_and_records_failures(file, client):
    run(scenarios.troubled, file, grid={"kind": ["raise"]}, seeds=[1, 3])
    results = experiment.run(
        scenarios.troubled, grid={"kind": ["raise"]}, seeds=4, file=file, client=client, progress=False
    )
    assert results.frame()["value"].tolist() == [1, 3, 4]
    assert "no binding" in results.failures().loc[0, "traceback"]
    assert file.read_text().count("\n") == 5


def test_a_cluster_takes_neither_workers_nor_a_timeout(file, client):
    for options in ({"workers": 2}, {"timeout": 3.0}):
        with pytest.raises(ks.Error, match="and client is given"):
            experiment.run(
                scenarios.draws, grid={"mean": [1]}, seeds=1, file=file, client=client, progress=False, **options
            )
