"""Runs `kamesim conformance` as its user does, on cases that the tests write."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

HEAD = """
import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, IPv6
from kamesim.conformance import *
"""

GOOD = """
@case(must("RFC 4443 §4.2"))
def good(host, port):
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
"""

BAD = """
@case(must("RFC 4443 §4.2"), should("RFC 8200 §3"), logo="v6LC.9.9.9 A")
def bad(host, port):
    port.send(echo_request(data=b"abc"))
    assert expect(port, ICMPv6EchoReply)[IPv6].hlim == 7
"""


@dataclass
class Outcome:
    status: int
    output: str
    errors: str

    @property
    def last_line(self) -> str:
        return self.output.splitlines()[-1]


def conformance(*arguments: object, cwd: Path | None = None) -> Outcome:
    command = [sys.executable, "-m", "kamesim.conformance", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    return Outcome(done.returncode, done.stdout, done.stderr)


def write(folder: Path, *cases: str, name: str = "mine.py") -> Path:
    """A file with these cases."""
    path = folder / name
    path.write_text("\n".join([HEAD, *cases]))
    return path


def junit(path: Path) -> dict[str, str]:
    """The outcome of each case in a JUnit file."""
    outcomes = {}
    for element in ElementTree.parse(path).iter("testcase"):
        found = [child.tag for child in element if child.tag in ("failure", "skipped", "error")]
        outcomes[element.get("name", "")] = found[0] if found else "passed"
    return outcomes
