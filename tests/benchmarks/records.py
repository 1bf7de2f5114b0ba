"""Records of measurements, one a commit: docs/performance/*.json, which docs/performance.md is made of."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from measure import Result
from programs import ROOT


def add(path: Path, results: list[Result]) -> None:
    """Adds results to a record; those of the same names are replaced."""
    record: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    kept = {entry["name"]: entry for entry in record.get("results", [])}
    for result in results:
        kept[result.name] = {**result.record(), **_spreads(result)}
    record = {**_origin(), "results": list(kept.values())}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")


def load(folder: Path) -> list[dict[str, Any]]:
    """All records, the oldest first."""
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return sorted(found, key=lambda record: str(record["date"]))


def _spreads(result: Result) -> dict[str, Any]:
    ratios = result.ratios()
    return {
        "runs": len(result.ours),
        "ours_spread": [min(result.ours), max(result.ours)],
        "ratio_spread": [min(ratios), max(ratios)] if ratios else None,
    }


def _origin() -> dict[str, Any]:
    return {
        "commit": _git("rev-parse", "--short", "HEAD"),
        "date": _git("show", "-s", "--format=%cI", "HEAD"),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"
