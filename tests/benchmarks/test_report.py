"""The performance page: what a record becomes."""

import json

import pytest
import report

PAGE = "# Performance\n\nWords of its own.\n\n" + "\n".join(
    f"<!-- begin {name} -->\nold\n<!-- end {name} -->"
    for name in ("origin", "goals", "growth", "micro", "instructions", "history")
)


def entry(name, ours, peer=None, ratio=None, spread=None, unit="ns"):
    return {"name": name, "ours": ours, "peer": peer, "ratio": ratio, "unit": unit, "ratio_spread": spread,
            "ours_spread": [ours, ours], "runs": 1}  # fmt: skip


def record(commit="abc1234", date="2026-01-02T00:00:00Z", results=()):
    return {"commit": commit, "date": date, "processor": "Z80", "cores": 1, "results": list(results)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "page.md").write_text(PAGE)

    def write(name, made):
        (tmp_path / "records" / f"{name}.json").write_text(json.dumps(made))
        return tmp_path

    return write


def run(folder):
    words = ["--records", folder / "records", "--page", folder / "page.md", "--plots", folder / "plots.svg"]
    assert report.main([str(word) for word in words]) == 0
    return (folder / "page.md").read_text()


def test_goals_stand_beside_what_was_measured(folder):
    tmp = folder("a", record(results=[
        entry("chain", 8e6, 2e5, 39.0, [38.0, 41.5], unit="packet-hops per CPU second"),
        entry("hop", 150.0),
        entry("chain-stock", 8e6, 1.5e5, 53.0, [50.0, 55.0]),
    ]))  # fmt: skip
    lines = [line for line in run(tmp).splitlines() if line.startswith("| `")]
    chain = next(line for line in lines if "`chain`" in line)
    assert "8,000,000 packet-hops per CPU second | 200,000 | 39.00 | 38.00 to 41.50 | 40 times | not met |" in chain
    assert next(line for line in lines if "`hop`" in line).endswith("| 150 ns |  |  |  | at most 200 | met |")
    assert next(line for line in lines if "`chain-stock`" in line).endswith("| 50.00 to 55.00 |  |  |")


def test_growth_is_from_the_first_point_to_the_last(folder):
    tmp = folder("a", record(results=[
        entry("nodes/10000", 300.0, 9000.0, 30.0, [30, 30]),
        entry("nodes/10", 100.0, 3000.0, 30.0, [30, 30]),
        entry("nodes/100", 500.0, 4000.0, 8.0, [8, 8]),
        entry("memory/1000", 2.0, 16.0, 8.0, [8, 8]),
        entry("memory/10000", 2.1, None),
        entry("pending/100", 2e7),
        entry("pending/1000", 1e7),
        entry("threads/1", 4.0, 4.0, 1.0, [1, 1]),
        entry("threads/2", 2.0, 4.0, 2.0, [2, 2]),
    ]))  # fmt: skip
    page = run(tmp)
    assert "10 to 10,000 routers | 100 to 300 ns a packet-hop | 3.00 | 3.00 (to 10,000) |" in page
    assert "1,000 to 10,000 hosts | 2 to 2.1 KiB a node | 1.05 |  |" in page
    assert "1 to 2 threads | 1 to 2 times as fast as one | 2.00 |  |" in page
    assert "100 to 1,000 pending events | 50 to 100 ns an event | 2.00 |  |" in page  # a cost, of events a second
    assert "<svg" in (tmp / "plots.svg").read_text()


def test_the_newest_record_is_shown_and_all_make_the_history(folder):
    folder("a", record("new0000", "2026-02-01T00:00:00Z", [entry("chain", 3.0, 1.0, 3.0, [3, 3])]))
    tmp = folder("b", record("old0000", "2026-01-01T00:00:00Z", [entry("tcp", 2.0, 1.0, 2.0, [2, 2])]))
    page = run(tmp)
    assert "Commit new0000 of 2026-02-01" in page and "Words of its own." in page and "old\n" not in page
    rows = [line for line in page.splitlines() if line.startswith("| 2026")]
    assert rows == ["| 2026-02-01, new0000 |  | 3.0 |  |  |  |  |  |  |", "| 2026-01-01, old0000 |  |  |  |  |  | 2.0 |  |  |"]


def test_the_same_record_makes_the_same_page_and_plots(folder):
    tmp = folder("a", record(results=[entry("nodes/10", 1.0), entry("nodes/100", 2.0), entry("micro/tables/x", 3.0)]))
    first = run(tmp), (tmp / "plots.svg").read_text()
    assert (run(tmp), (tmp / "plots.svg").read_text()) == first
    assert "| `tables/x` | 3 ns |" in first[0]


def test_a_page_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="needs one place for 'goals'"):
        report.filled("<!-- begin goals -->", {"goals": "x"})


def test_no_records_is_an_error(folder, capsys):
    with pytest.raises(SystemExit):
        run(folder("a", record()).joinpath("nowhere"))
    assert "no records in" in capsys.readouterr().err
