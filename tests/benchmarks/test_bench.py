"""The command line of `./kamesim bench`, what it reads and what it writes, with stand-ins for the programs."""

import json
import statistics

import measure
import pytest
import programs
import records
import run
import workloads
from measure import Result
from workloads import Goal, Micro, Ratio, Workload


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """Programs that answer with the next of the figures they were given."""

    def make(name, figure, values, folder=tmp_path):
        left = folder / f"{name}.left"
        left.write_text("\n".join(str(value) for value in values) + "\n")
        script = folder / name
        script.write_text(
            f"#!/bin/bash\nhead -n1 {left} | sed 's/.*/{{\"{figure}\": &}}/'; sed -i 1d {left}\n"
            f'echo "{name} $*" >>{tmp_path}/calls\n'
        )
        script.chmod(0o755)

    def make_ns3(name, figure, values):
        folder = tmp_path / "ns3"
        folder.mkdir()
        make(name, figure, values, folder)

    monkeypatch.setattr(programs, "BINARIES", tmp_path)
    monkeypatch.setattr(programs, "build_ns3", lambda program: str(tmp_path / "ns3" / program))
    make.ns3 = make_ns3
    make.calls = lambda: [line.split()[0] for line in (tmp_path / "calls").read_text().splitlines()]
    return make


def test_alternates_with_the_peer_and_takes_the_median_of_the_pairs(stand_ins, tmp_path, capsys):
    stand_ins("chain", "hops_per_cpu_s", [400, 900, 500])
    stand_ins.ns3("chain", "hops_per_cpu_s", [10, 30, 10])
    out = tmp_path / "out.json"
    assert run.main(["chain", "--against", "ns3", "--runs", "3", "--json", str(out)]) == 0
    assert json.loads(out.read_text()) == [
        {"name": "chain", "ours": 500, "peer": 10, "ratio": 40, "unit": "packet-hops per CPU second"}
    ]
    printed = capsys.readouterr().out
    assert "ratio 40.00 (30.00 to 50.00); goal 40 times: met" in printed


def test_without_a_peer_there_is_no_ratio_and_no_goal(stand_ins, tmp_path, capsys):
    stand_ins("chain", "hops_per_cpu_s", [400, 500])
    out = tmp_path / "out.json"
    assert run.main(["chain", "--runs", "2", "--json", str(out)]) == 0
    (record,) = json.loads(out.read_text())
    assert record == {"name": "chain", "ours": 450, "peer": None, "ratio": None, "unit": "packet-hops per CPU second"}
    assert "goal" not in capsys.readouterr().out


def test_a_workload_that_is_compared_with_another_of_ours_needs_no_peer(stand_ins, capsys):
    stand_ins("chain", "ns_per_hop", [300, 100, 200, 100])  # with a capture, without, with, without
    assert run.main(["capture", "--runs", "2"]) == 0
    assert "ratio 2.50 (2.00 to 3.00); goal at most 2.5 times: met" in capsys.readouterr().out
    assert stand_ins.calls() == ["chain"] * 4


@pytest.mark.parametrize("ratio, ours, theirs, expected", [
    (Ratio.MORE, 40, 10, 4),
    (Ratio.LESS, 10, 40, 4),
    (Ratio.GROWTH, 40, 10, 4),
])  # fmt: skip
def test_ratios(ratio, ours, theirs, expected):
    assert Result("x", "s", [ours], [theirs], ratio=ratio).ratios() == [expected]
    assert Result("x", "s", [ours], [], ratio=ratio).ratios() == []


@pytest.mark.parametrize("goal, ours, ratio, met", [
    (Goal(ratio_at_least=3), 1, 3.0, True),
    (Goal(ratio_at_least=3), 1, 2.9, False),
    (Goal(ratio_at_least=3), 1, None, None),
    (Goal(ratio_at_most=2.5), 1, 2.6, False),
    (Goal(ratio_at_most=2.5), 1, 2.5, True),
    (Goal(ours_at_most=200), 200, None, True),
    (Goal(ours_at_most=200), 201, None, False),
])  # fmt: skip
def test_goals(goal, ours, ratio, met):
    assert goal.met(ours, ratio) is met


@pytest.mark.parametrize("words, complaint", [
    (["frobnicate"], "unknown benchmark 'frobnicate'; there are hold-1e3, "),
    (["chain", "nodes/11"], "unknown benchmark 'nodes/11'"),
    (["chain", "--runs", "0"], "--runs is 0; it must be at least 1"),
    (["chain", "--runs", "many"], "invalid int value: 'many'"),
    (["chain", "--against", "opnet"], "invalid choice: 'opnet'"),
])  # fmt: skip
def test_wrong_words(words, complaint, capsys):
    for plan in ([], ["--plan"]):  # the launcher hears of it before anything is built
        with pytest.raises(SystemExit) as stopped:
            run.main(words + plan)
        assert stopped.value.code == 2
        assert complaint in capsys.readouterr().err


def test_the_plan_is_what_has_to_be_built(capsys):
    def planned(*words):
        run.main([*words, "--plan"])
        return capsys.readouterr().out.split()

    assert planned("grid") == ["//tests/benchmarks:tree"]
    assert planned("python-setup", "hop") == ["//python/kamesim:_core.so", "//tests/benchmarks:chain"]
    assert planned("micro/headers") == ["//tests/benchmarks/micro:headers"]
    assert planned("--list") == []
    assert planned("--guard") == [f"//tests/benchmarks:{name}" for name in ("chain", "hold", "idle", "lan", "tcp")]


def test_names_are_groups_too():
    def selected(*names):
        return [one.name for one in workloads.select(list(names))]

    assert selected("flows") == ["flows/1", "flows/10", "flows/100", "flows/1000", "flows/10000"]
    assert set(selected("series")) == {one.name for one in workloads.SERIES}
    assert selected("tree", "chain", "tree") == ["chain", "tree"]  # once, in the table's order
    assert not any("/" in name and not name.startswith("micro/") for name in selected())
    for name in workloads.names():
        assert selected(name)


def test_the_list_names_everything_with_its_goal(capsys):
    assert run.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [one.name for one in workloads.WORKLOADS]
    assert "(goal: 60 times)" in next(line for line in lines if line.startswith("tree "))


def test_every_goal_can_be_measured():
    for one in workloads.WORKLOADS:
        if isinstance(one, Workload) and one.goal is not None and one.goal.ours_at_most is None:
            assert one.ns3 is not None or one.baseline is not None, one.name


@pytest.mark.parametrize("output", ["", "no JSON", '{"hops": 1}', '{"hops_per_cpu_s": null}'])
def test_a_program_that_prints_no_figure_is_an_error(tmp_path, monkeypatch, output, capsys):
    (tmp_path / "chain").write_text(f"#!/bin/bash\necho '{output}'\n")
    (tmp_path / "chain").chmod(0o755)
    monkeypatch.setattr(programs, "BINARIES", tmp_path)
    assert run.main(["chain", "--runs", "1"]) == 1
    assert "printed no 'hops_per_cpu_s'" in capsys.readouterr().err


def test_a_program_that_fails_is_an_error(tmp_path, monkeypatch, capsys):
    (tmp_path / "chain").write_text("#!/bin/bash\necho 'no route' >&2; exit 3\n")
    (tmp_path / "chain").chmod(0o755)
    monkeypatch.setattr(programs, "BINARIES", tmp_path)
    assert run.main(["chain", "--runs", "1"]) == 1
    assert "failed with status 3" in (complaint := capsys.readouterr().err) and "no route" in complaint


def test_reads_google_benchmark():
    def line(name, time, kind="iteration", unit="ns", **more):
        return {"name": name, "run_name": name, "run_type": kind, "cpu_time": time, "time_unit": unit, **more}

    output = json.dumps({"benchmarks": [
        line("lookup/10", 2.0), line("lookup/10", 3.0), line("lookup/10", 2.5, "aggregate"),
        line("fill", 1.5, unit="ms", bytes_per_item=40.0),
    ]})  # fmt: skip
    results = measure.micro_results(Micro("micro/tables", "", "micro/tables"), output)
    assert [(r.name, r.ours, r.unit) for r in results] == [
        ("micro/tables/lookup/10", [2.0, 3.0], "ns"),
        ("micro/tables/fill", [1.5e6], "ns"),
        ("micro/tables/fill/bytes", [40.0], "bytes"),
    ]


def test_a_benchmark_that_gave_up_is_an_error():
    line = {"name": "a", "run_name": "a", "run_type": "iteration", "error_occurred": True, "error_message": "no route"}
    with pytest.raises(programs.ProgramFailed, match="micro/tables: a: no route"):
        measure.micro_results(Micro("micro/tables", "", "micro/tables"), json.dumps({"benchmarks": [line]}))


def test_records_take_up_results_and_replace_those_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_git", lambda *words: "abc1234" if "rev-parse" in words else "2026-01-02T03:04:05Z")
    path = tmp_path / "performance" / "one.json"
    records.add(path, [Result("chain", "hops", [1.0, 3.0], [1.0, 2.0]), Result("tcp", "hops", [5.0])])
    records.add(path, [Result("tcp", "hops", [7.0, 9.0])])
    (record,) = records.load(path.parent)
    assert record["commit"] == "abc1234"
    chain, tcp = record["results"]
    assert chain["ratio"] == statistics.median([1.0, 1.5]) and chain["ratio_spread"] == [1.0, 1.5]
    assert (tcp["ours"], tcp["ours_spread"], tcp["ratio_spread"], tcp["runs"]) == (8.0, [7.0, 9.0], None, 2)
