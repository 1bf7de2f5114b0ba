"""setup/test_summary.py on the events and files of small `bazel test` runs."""

import json
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], "setup/test_summary.py")

GTEST = """<testsuites tests="4"><testsuite name="A" tests="4">
  <testcase name="Passes" status="run" result="completed"/>
  <testcase name="DISABLED_x" status="notrun" result="suppressed"/>
  <testcase name="Skips" status="run" result="skipped"><skipped message=""/></testcase>
  %s
</testsuite></testsuites>"""
GTEST_PASSES = GTEST % ""
GTEST_FAILS = GTEST % '<testcase name="Fails" status="run"><failure message="1 != 2"/><failure/></testcase>'
PYTEST = """<testsuites><testsuite tests="2" errors="1"><testcase name="test_a"/>
  <testcase name="test_b"><error message="failed on setup"/></testcase></testsuite></testsuites>"""


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[dict] = []

    def target(self, label: str, status: str | None, *xml_texts: str, attempts: bool = False) -> None:
        self.events.append({"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": "SMALL"}})
        for number, text in enumerate(xml_texts, start=1):
            file = self.folder / f"{len(self.events)}.xml"
            file.write_text(text)
            place = {"attempt": number, "shard": 1} if attempts else {"shard": number, "attempt": 1}
            self.events.append({
                "id": {"testResult": {"label": label, "run": 1, **place}},
                "testResult": {"testActionOutput": [{"name": "test.xml", "uri": file.as_uri()}]}})
        if status:
            self.events.append({"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}})

    def last_line(self, bazel_status: int = 0) -> tuple[str, int]:
        events = self.folder / "events.json"
        events.write_text("".join(json.dumps(event) + "\n" for event in self.events))
        result = subprocess.run(["/usr/bin/python3", SCRIPT, events, str(bazel_status)],
                                text=True, capture_output=True)
        assert result.stderr == ""
        return result.stdout.splitlines()[-1], result.returncode


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_cases_of_all_targets_are_counted(run):
    run.events.append({"id": {"targetConfigured": {"label": "//sim:node"}}, "configured": {}})
    run.target("//a:a", "PASSED", GTEST_PASSES)
    run.target("//a:b", "PASSED", "<testsuites><testsuite><testcase name='x'/></testsuite></testsuites>")
    assert run.last_line() == ("2 passed, 0 failed, 2 skipped", 0)


def test_failures_and_errors_are_failed(run):
    run.target("//a:a", "FAILED", GTEST_FAILS)
    run.target("//a:b", "FAILED", PYTEST)
    assert run.last_line(3) == ("2 passed, 2 failed, 2 skipped", 1)


def test_shards_add_up_and_the_last_attempt_decides(run):
    run.target("//a:sharded", "FAILED", PYTEST, PYTEST)
    run.target("//a:flaky", "FLAKY", PYTEST, PYTEST.replace("error", "properties"), attempts=True)
    assert run.last_line(3) == ("4 passed, 2 failed", 1)


@pytest.mark.parametrize("status, xml_texts", [
    ("TIMEOUT", []),                   # no file at all
    ("FAILED", ["<testsuites>"]),      # died while writing it
    ("FAILED", [GTEST_PASSES]),        # died after it, as with a leak that AddressSanitizer found
    (None, []),                        # did not build
])
def test_a_target_that_fails_as_a_whole_is_one_failure(run, status, xml_texts):
    run.target("//a:a", status, *xml_texts)
    line, exit_status = run.last_line(1)
    assert ", 1 failed" in line
    assert exit_status == 1


def test_an_aborted_target_is_one_failure(run):
    run.target("//a:a", None)
    run.events.append({"id": {"testSummary": {"label": "//a:a"}}, "aborted": {"reason": "USER_INTERRUPTED"}})
    assert run.last_line(1) == ("0 passed, 1 failed", 1)


def test_a_bazel_that_fails_is_one_failure(run):
    run.target("//a:a", "PASSED", GTEST_PASSES)
    assert run.last_line(1) == ("1 passed, 1 failed, 2 skipped", 1)


def test_no_tests(run):
    assert run.last_line(4) == ("0 passed, 0 failed", 0)
