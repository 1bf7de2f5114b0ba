"""The guard against regressions: each of its workloads, and what it says when something grew."""

import os
import warnings
from pathlib import Path

import guard
import pytest
from guard import Count, GuardFailed

BINARIES = Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], "tests/benchmarks")


@pytest.mark.parametrize("name", guard.WORKLOADS)
def test_instructions_have_not_grown(name):
    line = guard.compare(name, guard.stored()[name], guard.count(guard.WORKLOADS[name], BINARIES))
    if "renewed" in line:
        warnings.warn(line, stacklevel=1)


WAS = Count("hop", 100.0, 0.0, {"input": 60.0, "forward": 40.0})


@pytest.mark.parametrize("instructions, says", [(104.9, "+4.9%"), (95.1, "-4.9%")])
def test_within_the_bound(instructions, says):
    line = guard.compare("chain", WAS, Count("hop", instructions, 0.0, {}))
    assert says in line and "renewed" not in line


def test_growth_names_the_functions_that_grew_and_those_that_are_new():
    now = Count("hop", 110.0, 0.0, {"input": 58.0, "forward": 43.0, "frobnicate": 9.0})
    with pytest.raises(GuardFailed) as failure:
        guard.compare("chain", WAS, now)
    first, *functions = str(failure.value).splitlines()
    assert "110.0 instructions a hop, stored 100.0 (+10.0%)" in first
    assert [line.split()[:2] for line in functions] == [["+9.0", "frobnicate:"], ["+3.0", "forward:"]]


def test_less_is_told_and_does_not_fail():
    assert "--store-guard" in guard.compare("chain", WAS, Count("hop", 90.0, 0.0, {}))


def test_an_allocation_on_the_hot_path_fails_whatever_it_costs():
    with pytest.raises(GuardFailed, match="0.500 allocations a hop, stored 0.000"):
        guard.compare("chain", WAS, Count("hop", 100.0, 0.5, {}))
    guard.compare("chain", WAS, Count("hop", 100.0, 0.005, {}))


def test_every_workload_is_stored_with_its_unit():
    assert {name: count.unit for name, count in guard.stored().items()} == {
        name: workload.unit for name, workload in guard.WORKLOADS.items()
    }
