"""The Proxy Mobile IPv6 scenario as a user runs it, its capture in tshark, and the comparison of methods."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import handoff_comparison  # noqa: E402
import pmip6_handoff  # noqa: E402
import tshark_check  # noqa: E402

from kamesim import experiment  # noqa: E402


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that a run wrote."""
    out = tmp_path_factory.mktemp("pmip6") / "out"
    assert pmip6_handoff.main(["--rate", "50", "--out", str(out)]) == 0
    return out


def test_it_prints_a_row_for_each_handoff(capsys):
    assert pmip6_handoff.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("the host's address: 2001:db8:ff00:")
    rows = [line.split() for line in lines[2:]]
    assert [row[1:3] for row in rows] == [["a", "b"], ["b", "c"]]
    for row in rows:
        l2, registration, outage, formula = (float(text) for text in row[4:8])
        assert l2 == 50.0 and registration == pytest.approx(40, abs=0.5)
        assert outage == pytest.approx(formula, abs=5.1)  # an interval between packets


def test_the_outage_follows_the_formula(tmp_path):
    results = experiment.run(
        handoff_comparison.scenario,
        grid={"method": ["PMIPv6"], "l2_delay": [0.02, 0.1], "link_delay": [0.005, 0.02]},
        seeds=12,
        file=tmp_path / "r.jsonl",
        progress=False,
    )
    assert results.failed == 0
    for row in results.summary("outage_down_s").itertuples():
        expected = handoff_comparison.expected_of_pmip6(handoff_comparison.Setting(1, row.l2_delay, row.link_delay))
        assert row.mean == pytest.approx(expected, abs=0.0035)


def test_the_capture_is_clean_and_names_every_message(written):
    capture = written / "pmip6.pcapng"
    tshark_check.assert_clean(capture)
    types = {row[0] for row in tshark_check.fields(capture, "mip6.mhtype", display_filter="mipv6")}
    assert types == {"5", "6"}
    names = ["mip6.bu.p_flag", "mip6.bu.a_flag", "mip6.mnid.identifier", "mip6.hi", "mip6.att"]
    updates = tshark_check.fields(capture, *names, display_filter="mip6.mhtype == 5")
    assert {tuple(row[:3]) for row in updates} == {("1", "1", "mn@example.net")}
    assert {row[3] for row in updates} == {"1", "3", "4"}, "attached, handed off, left"
    assert {row[4] for row in updates} == {"4"}, "wireless LAN"
    answers = tshark_check.fields(capture, "mip6.ba.p_flag", "mip6.ba.status", display_filter="mip6.mhtype == 6")
    assert {row[0] for row in answers} == {"1"}
    assert "0" in {row[1] for row in answers}


def test_the_table_is_written(written):
    table = pd.read_csv(written / "handoffs.csv")
    assert table["to"].tolist() == ["b", "c"]
    assert table["dad_s"].isna().all(), "no Duplicate Address Detection"


def test_the_comparison_has_a_row_and_a_box_for_each_method(tmp_path, capsys):
    arguments = ["--seeds", "2", "--file", str(tmp_path / "r.jsonl"), "--out", str(tmp_path / "out")]
    assert handoff_comparison.main(arguments) == 0
    out = capsys.readouterr().out
    rows = {name: float(next(line for line in out.splitlines() if line.startswith(name + "  "))[30:].split()[1])
            for name in handoff_comparison.METHODS}  # fmt: skip
    assert rows["PMIPv6"] < rows["MIPv6, no RR, optimistic DAD"] < rows["MIPv6, no RR"] < rows["MIPv6"]
    assert rows["MCoA, flow by both"] == 0 < rows["MCoA, two radios"] < rows["FMIPv6, predictive"] < rows["PMIPv6"]
    assert rows["NEMO, optimistic DAD"] == pytest.approx(rows["MIPv6, no RR, optimistic DAD"], abs=0.06)
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {f"{n}.{suffix}" for n in ("handoff_comparison", "handoff_outages") for suffix in ("svg", "png")}
    assert (tmp_path / "out" / "handoff_comparison.png").read_bytes().startswith(b"\x89PNG")
    assert "PMIPv6" in (tmp_path / "out" / "handoff_comparison.svg").read_text()


@pytest.mark.parametrize(
    "main, arguments, named",
    [
        (pmip6_handoff.main, ["--l2-delay", "-1"], ["handoff_delay", "-1"]),
        (pmip6_handoff.main, ["--seed", "-1"], ["seed", "-1"]),
        (handoff_comparison.main, ["--seeds", "0"], ["seeds", "one seed or more"]),
    ],
)
def test_bad_options_are_answered_clearly(capsys, tmp_path, monkeypatch, main, arguments, named):
    monkeypatch.chdir(tmp_path)
    status = main(arguments)
    err = capsys.readouterr().err
    assert status == 2
    for word in named:
        assert word in err
