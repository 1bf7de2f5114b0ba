"""The main scenario as a user runs it: what it prints and what it writes."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import mip6_handoff  # noqa: E402
import tshark_check  # noqa: E402

from kamesim import results_pb2  # noqa: E402


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that a run wrote."""
    out = tmp_path_factory.mktemp("handoff") / "out"
    assert mip6_handoff.main(["--speed", "40", "--out", str(out)]) == 0
    return out


def run(capsys, *arguments):
    """Status, output and error output of the scenario."""
    status = mip6_handoff.main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_it_prints_a_row_for_each_handoff(capsys):
    status, out, _ = run(capsys, "--speed", "40")
    assert status == 0
    rows = [line.split() for line in out.splitlines()[1:5]]
    assert [row[1:3] for row in rows] == [
        ["home", "hiyoshi"], ["hiyoshi", "otemachi"], ["otemachi", "tsukuba"], ["tsukuba", "home"],
    ]  # fmt: skip
    assert "4 hand-offs, outage" in out


def test_the_same_seed_gives_the_same_trace_hash(capsys):
    def hash_of(seed):
        out = run(capsys, "--speed", "40", "--seed", seed)[1]
        return out.splitlines()[-1]

    first = hash_of("7")
    assert first.startswith("trace hash ")
    assert hash_of("7") == first
    assert hash_of("8") != first


def test_results_hold_each_handoff_with_its_phases(written):
    results = results_pb2.Results.FromString((written / "results.pb").read_bytes())
    assert results.seed == 1
    assert results.parameters["speed"] == "40.0"
    assert [h.to for h in results.handoffs] == ["hiyoshi", "otemachi", "tsukuba", "home"]
    first, last = results.handoffs[0], results.handoffs[-1]
    assert first.l2_ns == 50_000_000
    assert 1_000_000_000 <= first.dad_ns <= 2_010_000_000
    assert not last.HasField("dad_ns")
    assert {flow.name: flow.sent for flow in results.flows}["downlink"] > 3000


def test_csv_files_agree_with_the_results(written):
    table = pd.read_csv(written / "handoffs.csv")
    results = results_pb2.Results.FromString((written / "results.pb").read_bytes())
    assert list(table["to"]) == [h.to for h in results.handoffs]
    assert table["lost_down"].tolist() == [h.downlink_lost for h in results.handoffs]
    packets = pd.read_csv(written / "flow_downlink.csv")
    flow = next(f for f in results.flows if f.name == "downlink")
    assert packets["delay_s"].isna().sum() == flow.lost


def test_the_capture_is_clean_and_names_its_interfaces(written):
    capture = written / "handoff.pcapng"
    tshark_check.assert_clean(capture)
    names = {row[0] for row in tshark_check.fields(capture, "frame.interface_name", display_filter="mipv6")}
    assert any(name.startswith("mn:") for name in names)
    types = {row[0] for row in tshark_check.fields(capture, "mip6.mhtype", display_filter="mipv6")}
    assert {"1", "2", "3", "4", "5", "6"} <= types  # HoTI, CoTI, HoT, CoT, BU, BA (RFC 6275 section 6.1)


def test_the_ladder_shows_the_signalling(written):
    text = "".join(ElementTree.parse(written / "ladder.svg").getroot().itertext())
    for message in ("Router Advertisement", "Binding Update", "Home Test Init", "Care-of Test", "return routability"):
        assert message in text


def test_the_timeline_is_a_picture(written):
    assert (written / "timeline.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_without_route_optimization_there_is_no_return_routability(capsys):
    out = run(capsys, "--speed", "40", "--no-route-optimization")[1]
    assert [line.split()[8] for line in out.splitlines()[1:4]] == ["-", "-", "-"]


def test_optimistic_dad_takes_the_wait_out_of_the_outage(capsys):
    def outages(*options):
        out = run(capsys, "--speed", "40", *options)[1]
        return [float(line.split()[9]) for line in out.splitlines()[1:5]]

    waiting, optimistic = outages(), outages("--optimistic-dad")
    for number in range(3):  # RFC 4429: the second of DAD and its random delay
        assert waiting[number] - optimistic[number] >= 1000


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--speed", "0"], ["speed", "0"]),
        (["--l2-delay", "-1"], ["handoff_delay", "-1"]),
        (["--ra-interval", "5", "1"], ["min_interval", "5"]),
        (["--duration", "3"], ["--duration", "3"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--out", "/proc/no/such/folder"], ["--out", "/proc/no/such/folder"]),
    ],
)
def test_bad_options_are_answered_clearly(capsys, arguments, named):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert "Traceback" not in out + err
    for word in named:
        assert word in err
