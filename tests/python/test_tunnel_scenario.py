"""The scenario scenarios/tunnels.py, as a user runs it."""

import re
import sys
from pathlib import Path

import pytest
from tshark_check import fields

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import tunnels


@pytest.mark.parametrize(("limit", "headers"), [("recommended", 48), ("none", 40)])
def test_mtu_is_found_out_and_the_core_is_full(capsys, limit, headers):
    assert tunnels.main(["--core-mtu", "1400", "--size", "5000000", "--limit", limit]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"packets of up to {1500 - headers} bytes")
    assert lines[1] == f"ping of 1280 bytes: 3 of 3 answered; the tunnel takes {1500 - headers}"
    # The first request is too long for the link behind the core, which tells the entry point (RFC 2473 section 8.2);
    # the first answer is too long for the tunnel back.
    assert lines[2] == f"ping of {1500 - headers} bytes: 1 of 3 answered; the tunnel takes {1400 - headers}"
    goodput = float(re.search(r"([0-9.]+) Mbit/s", lines[3])[1])
    mss = 1400 - headers - 40 - 20 - 12  # TCP with time stamps
    assert goodput == pytest.approx(20 * mss / (1400 + 14), rel=0.08)


def test_capture_shows_packets_inside_packets(tmp_path):
    path = tmp_path / "tunnel.pcapng"
    tunnels.main(["--size", "100000", "--capture", str(path)])
    protocols = {row[0] for row in fields(path, "frame.protocols", display_filter="tcp")}
    assert protocols and all(p.count("ipv6:") == 2 for p in protocols), protocols
