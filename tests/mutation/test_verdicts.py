"""What ./kamesim mutate says of builds and suites that end in any way: only a case that failed kills."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import mutate
import pytest
import record
from mutation import Mutation
from scratch import Scratch
from verdict import Outcome, Verdict, exit_status, last_line

RULE = Mutation("a.rule", "the rule", "rule.cc", old="right", new="wrong", cases=("one.case", "other.case"))


def junit(failed: tuple[str, ...]) -> str:
    names = dict.fromkeys((*RULE.cases, *failed))
    cases = "".join(f'<testcase name="{n}">{"<failure/>" if n in failed else ""}</testcase>' for n in names)
    return f"<testsuite>{cases}</testsuite>"


@dataclass
class FakeScratch:
    """A copy of sources whose build and suite end as told."""

    folder: Path
    builds: int = 0  # exit status
    slow: str = ""  # the command that does not end in time
    failed: tuple[str, ...] | None = ()  # cases; None: the suite does not run
    seen: dict[str, str] = field(default_factory=dict)  # the file's text at each command

    def kamesim(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = arguments[0]
        self.seen[command] = (self.folder / RULE.file).read_text()
        if command == self.slow:
            raise TimeoutError(f"{command} did not end within 1 s")
        if command == "conformance" and self.failed is not None:
            Path(arguments[arguments.index("--junit") + 1]).write_text(junit(self.failed))
        return subprocess.CompletedProcess([], self.builds, "", "what the compiler says")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".kamesim").mkdir()
    (tmp_path / RULE.file).write_text("right")
    return tmp_path


def tried(scratch: FakeScratch) -> Verdict:
    verdict = mutate.try_out(RULE, scratch)  # type: ignore[arg-type]
    assert (scratch.folder / RULE.file).read_text() == "right"
    return verdict


def test_all_named_cases_that_fail_kill(folder: Path) -> None:
    scratch = FakeScratch(folder, failed=("one.case/parameter", "other.case", "third.case"))
    verdict = tried(scratch)
    assert verdict.outcome is Outcome.KILLED
    assert str(verdict).startswith("killed") and "3 cases failed" in str(verdict)
    assert scratch.seen == {"build": "wrong", "conformance": "wrong"}
    assert (last_line([verdict]), exit_status([verdict])) == ("1 killed, 0 survived", 0)


@pytest.mark.parametrize("failed", [(), ("one.case",), ("third.case",)])
def test_a_named_case_that_passes_survives(folder: Path, failed: tuple[str, ...]) -> None:
    verdict = tried(FakeScratch(folder, failed=failed))
    assert verdict.outcome is Outcome.SURVIVED
    assert "passes: other.case" in str(verdict)
    assert (last_line([verdict]), exit_status([verdict])) == ("0 killed, 1 survived", 1)


@pytest.mark.parametrize("slow", ["build", "conformance"])
def test_a_time_out_is_neither_a_kill_nor_a_survivor(folder: Path, slow: str) -> None:
    verdict = tried(FakeScratch(folder, slow=slow, failed=RULE.cases))
    assert verdict.outcome is Outcome.TIMED_OUT
    assert str(verdict).startswith("TIMED OUT") and f"{slow} did not end within 1 s" in str(verdict)
    assert "passes" not in str(verdict)
    assert (last_line([verdict]), exit_status([verdict])) == ("0 killed, 0 survived, 1 timed out", 1)


def test_what_does_not_build_was_not_tried(folder: Path) -> None:
    verdict = tried(FakeScratch(folder, builds=1, failed=RULE.cases))
    assert verdict.outcome is Outcome.NOT_TRIED
    assert "what the compiler says" in str(verdict)
    assert (last_line([verdict]), exit_status([verdict])) == ("0 killed, 0 survived, 1 not tried", 1)


def test_a_suite_that_did_not_run_kills_nothing(folder: Path) -> None:
    (folder / ".kamesim" / "mutation.xml").write_text(junit(RULE.cases))  # of another mutation
    assert tried(FakeScratch(folder, failed=None)).outcome is Outcome.NOT_TRIED


def test_one_that_was_not_killed_makes_the_status_non_zero() -> None:
    killed = Verdict(RULE, failed=set(RULE.cases))
    for other in (Verdict(RULE), Verdict(RULE, timed_out="late"), Verdict(RULE, trouble="no")):
        assert exit_status([killed, killed]) == 0
        assert exit_status([killed, other, killed]) == 1


def still_runs(stat: Path) -> bool:
    """Whether the process of that stat file lives; it may go while it is asked."""
    try:
        return stat.read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_runs_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    script = tmp_path / "kamesim"
    script.write_text("#!/bin/sh\nsleep 60 &\necho $! > child\nwait\n".replace("child", str(tmp_path / "child")))
    script.chmod(0o755)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="conformance did not end within 0.5 s"):
        Scratch(tmp_path, 0.5).kamesim("conformance")
    assert time.monotonic() - start < 30
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "stat"
    deadline = time.monotonic() + 10
    while still_runs(child):
        assert time.monotonic() < deadline, "a process outlived the run"
        time.sleep(0.05)


def test_two_do_not_share_a_copy(tmp_path: Path) -> None:
    first, second = Scratch(tmp_path, 1), Scratch(tmp_path, 1)
    first.take()
    with pytest.raises(SystemExit, match="is in use"):
        second.take()


def test_the_page_tells_what_was_run_and_what_was_not(tmp_path: Path) -> None:
    other, third = (Mutation(f"{n}.rule", n, "rule.cc", "right", "wrong", ("a.case",)) for n in ("other", "third"))
    measured = record.with_verdict({}, Verdict(RULE, failed={"one.case", "other.case"}), "abc1234")
    measured = record.with_verdict(measured, Verdict(other, timed_out="late"), "abc1234")
    record.save(tmp_path / "measured.json", measured)
    measured = record.load(tmp_path / "measured.json")
    page = record.page(measured, {"Family": [RULE, other], "Another": [third]})
    assert "Of 3 mutations 2 were run and 1 killed.\nNot run yet, or changed since: `third.rule`." in page
    assert "| `a.rule` | the rule | `one.case`<br>`other.case` | killed | 2 | abc1234 |" in page
    assert "| `other.rule` | other | `a.case` | **timed out** | 0 | abc1234 |" in page
    assert "### Another" not in page
