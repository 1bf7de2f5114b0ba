"""Counts the test cases of a `bazel test`: test_summary.py EVENTS BAZEL_STATUS

EVENTS is what --build_event_json_file wrote. Prints the targets that failed, then, as the last
line, `N passed, N failed` (and `, N skipped`). A target that failed without a case to show for it
(it crashed, ran out of time, did not build) counts as one failed case. Exit status 1 if any failed.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlparse


@dataclass
class Target:
    status: str = "NO STATUS"
    # By shard and run; an attempt that was repeated is overwritten by the next.
    xml_files: dict[tuple[int, int], Path] = field(default_factory=dict)


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other: "Count") -> "Count":
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def read_targets(events: Path) -> dict[str, Target]:
    targets: dict[str, Target] = {}
    lines = events.read_text().splitlines() if events.exists() else []
    for event in map(json.loads, lines):
        id = next(iter(event["id"].values()))
        # An event that was announced and did not come to pass has "aborted" in place of its kind.
        if "testSize" in event.get("configured", {}):
            targets[id["label"]] = Target()
        for output in event.get("testResult", {}).get("testActionOutput", []):
            if output["name"] == "test.xml":
                path = Path(unquote(urlparse(output["uri"]).path))
                targets[id["label"]].xml_files[id.get("shard", 1), id.get("run", 1)] = path
        if "testSummary" in event:
            targets[id["label"]].status = event["testSummary"]["overallStatus"]
    return targets


def count_cases(xml_file: Path) -> Count:
    count = Count()
    for case in ElementTree.parse(xml_file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            count.skipped += 1
        else:
            count.passed += 1
    return count


def count_target(target: Target) -> Count:
    count = Count()
    for xml_file in target.xml_files.values():
        try:
            count += count_cases(xml_file)
        except (OSError, ElementTree.ParseError):
            pass  # then its status decides
    if target.status not in ("PASSED", "FLAKY") and not count.failed:
        count.failed = 1
    return count


def main(events: str, bazel_status: str) -> int:
    total = Count()
    print()
    for label, target in sorted(read_targets(Path(events)).items()):
        count = count_target(target)
        if count.failed:
            print(f"{target.status.replace('_', ' ')}: {label} ({count})")
        total += count
    if bazel_status not in ("0", "4") and not total.failed:  # 4: there was no test to run
        print(f"bazel itself failed (exit status {bazel_status})")
        total.failed = 1
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
