"""Finds and runs cases with pytest as its engine: fixtures, parameters, and assertions that tell their values.

The files are imported once; workers are forked from there, and each takes the next case that nobody has taken. When
none is left a worker has tshark judge the frames of its cases.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from kamesim import _core
from kamesim.conformance import fixtures
from kamesim.conformance.case import ROLES, Case, declared, describe, logo_keys
from kamesim.conformance.catalogue import FOLDER, Selection
from kamesim.conformance.lab import Lab, MakeSubject
from kamesim.conformance.subject import Unsupported
from kamesim.conformance.trial import Trial

Run = Callable[[Sequence[Trial]], None]

# What a case is about that uses one of the fixtures, and says nothing else.
ROLE_OF_FIXTURE = {"host": "host", "fresh_host": "host", "router": "router", "advertiser": "router"}

_TRIAL = pytest.StashKey[Trial]()
_OPTIONS = ["-c", os.devnull, "-p", "no:cacheprovider", "-s", "-q", "--tb=short", "--import-mode=prepend"]


def find_cases(selection: Selection, make_subject: MakeSubject, seed: int, run: Run) -> None:
    """Calls `run` with the cases asked for, ready to be tried."""
    # pytest would load every plug-in that is installed on the machine.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugin = _Plugin(selection, make_subject, seed, run)
    folder = ["--rootdir", str(FOLDER)]
    status = pytest.main([*_OPTIONS, *folder, *map(str, selection.paths())], plugins=[plugin, fixtures])
    if plugin.error is not None:
        raise plugin.error
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise _core.Error(f"pytest ended with status {int(status)}")


class _Module(pytest.Module):
    """A file of cases: its cases are the functions that the decorator says are some."""

    def istestfunction(self, obj: object, name: str) -> bool:
        return declared(obj) is not None

    def istestclass(self, obj: object, name: str) -> bool:
        return False


class _Plugin:
    """Holds of one call of pytest what fixtures and hooks need."""

    def __init__(self, selection: Selection, make_subject: MakeSubject, seed: int, run: Run) -> None:
        self._selection = selection
        self._make_subject = make_subject
        self._seed = seed
        self._run = run
        self._trials: list[Trial] = []
        self.error: BaseException | None = None

    @pytest.hookimpl(trylast=True)  # type: ignore[misc]
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.unregister(name="terminalreporter")  # the output is ours

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module:
        return _Module.from_parent(parent, path=module_path)  # type: ignore[no-any-return]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise _Stop(_core.Error(f"cannot load {report.nodeid}:\n{report.longreprtext}"))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        cases: dict[str, tuple[Case, pytest.Item]] = {}
        for case, item in map(_described, items):
            if case.id in cases:
                raise _Stop(_core.Error(f"two cases are called {case.id!r}; give one of them an id of its own"))
            cases[case.id] = case, item
        _check_numbers(item for _case, item in cases.values())
        chosen = self._selection.choose([case for case, _item in cases.values()])
        for index, case in enumerate(chosen):
            case = dataclasses.replace(case, index=index)
            item = cases[case.id][1]
            item.stash[_TRIAL] = Trial(case, item, self._seed)
            self._trials.append(item.stash[_TRIAL])
        items[:] = [trial.item for trial in self._trials]

    @pytest.hookimpl(tryfirst=True)  # type: ignore[misc]
    def pytest_runtestloop(self) -> bool:
        self._run(self._trials)
        return True

    @pytest.hookimpl(hookwrapper=True)  # type: ignore[misc]
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        outcome = yield
        if call.excinfo is not None and call.excinfo.errisinstance(Unsupported):
            report = outcome.get_result()  # type: ignore[attr-defined]
            report.outcome, report.longrepr = "skipped", (str(item.path), None, str(call.excinfo.value))

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest) -> Iterator[Lab]:
        """The node's surroundings, for cases that set up the node themselves: `lab.host(...)`, `lab.router(...)`."""
        trial = request.node.stash[_TRIAL]
        trial.lab = Lab(self._make_subject(trial.seed))
        yield trial.lab
        trial.lab.close()

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Errors of selection and loading are not pytest's: they end the call, and are told the user as they are."""
        error = excinfo.value
        self.error = error.error if isinstance(error, _Stop) else error
        return True


class _Stop(Exception):
    """Ends the call of pytest with an error for the user."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


def _described(item: pytest.Item) -> tuple[Case, pytest.Item]:
    assert isinstance(item, pytest.Function)
    declaration = declared(item.obj)
    assert declaration is not None
    path, module = item.path, item.path.stem
    suite = path.parent.name if path.parent.parent == FOLDER else module
    function = item.originalname
    line = item.function.__code__.co_firstlineno
    case = describe(
        declaration,
        suite=suite,
        module=module,
        function=function,
        parameters=_parameters(item),
        role=_role(item),
        of_both=_role_parameter(item) is not None,
        file=str(path),
        line=line,
    )
    return case, item


def _check_numbers(items: Iterable[pytest.Item]) -> None:
    """Each Ready Logo number of a parametrized case is that of some parameters."""
    left: dict[str, set[str]] = {}
    for item in items:
        assert isinstance(item, pytest.Function)
        declaration = declared(item.obj)
        if declaration is not None and not isinstance(declaration.logo, str):
            numbers = left.setdefault(f"{item.path}: case {item.originalname}", set(declaration.logo))
            numbers.difference_update(logo_keys(_parameters(item), _role(item)))
    for what, names in left.items():
        if names:
            raise _Stop(_core.Error(f"{what}: logo names parameters that it does not have: {', '.join(sorted(names))}"))


def _parameters(item: pytest.Function) -> str:
    """The id of a case's parameters, without that of its role."""
    if not hasattr(item, "callspec"):
        return ""
    role = _role_parameter(item)
    return f"-{item.callspec.id}-".replace(f"-{role}-", "-", 1).strip("-")


def _role(item: pytest.Function) -> str:
    """What the case says, or its module, or else what its fixtures stand for."""
    declaration, fixtures = declared(item.obj), item.fixturenames
    said = (declaration.role if declaration else None) or _role_parameter(item) or getattr(item.module, "ROLE", None)
    role = said or next((role for name, role in ROLE_OF_FIXTURE.items() if name in fixtures), None)
    if role not in ROLES:
        what = f"{item.path}: case {item.originalname}"
        raise _Stop(_core.Error(f'{what} has no role; write @case(..., role="host") or role="router"'))
    return str(role)


def _role_parameter(item: pytest.Function) -> str | None:
    role = item.callspec.params.get("role") if hasattr(item, "callspec") else None
    return None if role is None else str(role)
