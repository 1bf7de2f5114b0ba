"""The scenario scenarios/million_hosts.py, as a user runs it, with fewer hosts."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import million_hosts


@pytest.mark.parametrize("hosts", [1000, 2345])
def test_all_configure_themselves_and_what_is_sent_arrives(capsys, hosts):
    assert million_hosts.main(["--hosts", str(hosts), "--active", "0.02", "--until", "20"]) == 0
    out = capsys.readouterr().out
    found = re.search(r"(\d+) of (\d+) packets arrived", out)
    talkers = int(hosts * 0.02)
    assert int(found[2]) == pytest.approx(talkers * 10, abs=talkers) and found[1] == found[2]
    assert f"global address: {min(hosts, 1000)} of {min(hosts, 1000)} hosts" in out


def test_a_seed_gives_one_run():
    hashes = set()
    for seed in (1, 1, 2):
        net, _ = million_hosts.build(300, seed)
        net._core.enable_trace_hash()
        net.run(until=6)
        hashes.add(net._core.trace_hash)
    assert len(hashes) == 2
