"""The scenario scenarios/wide_mobile_nodes.py, as a user runs it, with fewer nodes and for a shorter time."""

import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import wide_mobile_nodes


def test_all_register_and_move_and_are_reached(capsys):
    assert wide_mobile_nodes.main(["--nodes", "40", "--duration", "60"]) == 0
    out = capsys.readouterr().out
    rows = re.findall(r"^ha-\w+ +(\d+) .*? (\d+) in 0 out .* ([\d.]+)$", out, re.M)
    assert [int(nodes) for nodes, *_ in rows] == [10] * 4
    updates = sum(int(count) for _, count, _ in rows)
    assert 40 * 60 / 40 < updates < 40 * 60 / 10, "a hand-off each 10 to 40 s"
    assert "40 of 40 mobile nodes are registered" in out
    sent, received = map(int, re.search(r"UDP: (\d+) packets sent, (\d+) received", out).groups())
    assert sent == pytest.approx(40 * 60 * 10, rel=0.01) and received > 0.85 * sent


def test_way_goes_back_and_forth():
    way = [(5.0, (0.0, 0.0)), (15.0, (100.0, 0.0)), (25.0, (100.0, 50.0))]
    driven = wide_mobile_nodes.shuttle(way, 12.0, 100.0)
    assert driven[0] == (0.0, (100.0, 10.0))
    assert driven[1:4] == [(8.0, (100.0, 50.0)), (18.0, (100.0, 0.0)), (28.0, (0.0, 0.0))]
    assert all(later[0] > earlier[0] for earlier, later in pairwise(driven)) and driven[-1][0] >= 100.0


def test_seconds_without_a_node_are_refused(capsys):
    assert wide_mobile_nodes.main(["--nodes", "1", "--rate", "-1"]) == 2
    assert "rate" in capsys.readouterr().err
