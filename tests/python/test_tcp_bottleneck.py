"""The scenario scenarios/tcp_bottleneck.py, as a user runs it."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import tcp_bottleneck


def test_prints_a_row_a_flow(capsys, tmp_path):
    arguments = ["--flows", "3", "--control", "cubic", "newreno", "--duration", "20", "--out", str(tmp_path / "out")]
    assert tcp_bottleneck.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == list(pd.read_csv(tmp_path / "out" / "flows.csv").columns)
    assert [line.split()[1] for line in lines[1:4]] == ["cubic", "newreno", "cubic"]
    assert "fairness (Jain)" in lines[5]
    assert (tmp_path / "out" / "windows.png").read_bytes().startswith(b"\x89PNG")


def test_flows_fill_the_bottleneck_and_share_it():
    net, flows = tcp_bottleneck.build(tcp_bottleneck.parse(["--flows", "4", "--duration", "60", "--control", "newreno"]))
    net.run(until=70)
    assert sum(flow.goodput for flow in flows) == pytest.approx(20e6 * 1428 / 1514, rel=0.05)
    assert tcp_bottleneck.jain(flows) > 0.85


@pytest.mark.parametrize("wrong", [["--flows", "0"], ["--duration", "-1"], ["--control", "vegas"]])
def test_wrong_options_are_refused(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        tcp_bottleneck.main(wrong)
    assert stopped.value.code == 2
    assert wrong[1] in capsys.readouterr().err or "duration" in wrong[0]


def test_wrong_rate_is_told(capsys):
    assert tcp_bottleneck.main(["--rate", "-1"]) == 2
    assert "rate is -1.0" in capsys.readouterr().err
