"""The mutations keep up with the stack and with the suite: each still applies, and the cases that it names exist."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from catalogue import MUTATIONS
from mutation import Mutation, survivors

from kamesim.conformance.runner import listed

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ids() -> set[str]:
    all_ids = {case.id for case in listed()}
    return all_ids | {id.split("/")[0] for id in all_ids}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_mutation_applies_and_its_cases_exist(mutation: Mutation, ids: set[str]) -> None:
    text = (ROOT / mutation.file).read_text()
    assert mutation.applied(text) != text
    assert mutation.cases, "names no case that has to fail"
    assert set(mutation.cases) <= ids


def test_mutations_have_names_of_their_own() -> None:
    names = [mutation.id for mutation in MUTATIONS]
    assert len(names) == len(set(names)) >= 30


def test_a_case_that_passes_survives() -> None:
    mutation = dataclasses.replace(MUTATIONS[0], cases=("one.case", "other.case", "third.case/parameter"))
    assert survivors(mutation, {"one.case/1/host", "third.case/parameter"}) == ["other.case"]
    assert survivors(mutation, {"one.case/1/host", "other.case", "third.case"}) == ["third.case/parameter"]


def test_text_that_is_not_there_once_does_not_apply() -> None:
    mutation = dataclasses.replace(MUTATIONS[0], old="b")
    for text in ("a", "bb"):
        with pytest.raises(ValueError, match="not once"):
            mutation.applied(text)
