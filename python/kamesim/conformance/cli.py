"""The command line of the suites."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kamesim import _core
from kamesim.conformance.case import Case
from kamesim.conformance.catalogue import suites
from kamesim.conformance.html_report import write_html
from kamesim.conformance.junit import write_junit
from kamesim.conformance.lab import MakeSubject
from kamesim.conformance.result import Result, count
from kamesim.conformance.runner import listed, processors, run
from kamesim.conformance.subject import KamesimSubject, Subject
from kamesim.conformance.summary import Live, last_line, listing, section_table

DESCRIPTION = """Runs conformance cases, each against a fresh node in virtual time.

The last line is `N passed, N failed`; the exit status is 0 if none failed, 2 if something asked for does not exist."""

EPILOG = """examples:
  ./kamesim conformance                                everything
  ./kamesim conformance --suite ipv6 --role router     the IPv6 cases about routers
  ./kamesim conformance --case 'icmpv6*'               cases by their ids (quote the wild-cards)
  ./kamesim conformance --case 'v6LC.2.1.*'            cases by their IPv6 Ready Logo numbers
  ./kamesim conformance my_cases.py                    cases of your own
  ./kamesim conformance --subject my_node.py           the same cases, against a node of your own
docs/conformance.md says how to write cases and subjects."""


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        return _list(asked) if asked.list else _run(asked)
    except _core.Error as error:
        print(f"kamesim conformance: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kamesim conformance",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="Python files with cases of your own")
    parser.add_argument(
        "--suite", action="append", default=[], metavar="NAME", help=f"one of {', '.join(suites())}; default: all"
    )
    parser.add_argument(
        "--case", action="append", default=[], metavar="ID", help="an id or a Ready Logo number; wild-cards are * and ?"
    )
    parser.add_argument("--role", metavar="ROLE", help="host or router; default: both")
    parser.add_argument("--list", action="store_true", help="list the cases, and run none")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write results as JUnit XML")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report, with the packets of failed cases")
    parser.add_argument(
        "--subject", metavar="FILE[:NAME]", help="the node under test: a class in a Python file; default: kamesim's"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="random numbers to run with; default: 1")
    parser.add_argument(
        "--jobs", type=_positive, default=processors(), metavar="N", help="processes at work; default: one a processor"
    )
    parser.add_argument("--shard", type=_shard, default=(0, 1), metavar="K/N", help="every N-th case, from the K-th on")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def _shard(text: str) -> tuple[int, int]:
    index, _, number = text.partition("/")
    if not (index.isdigit() and number.isdigit() and 1 <= int(index) <= int(number)):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form K/N with K from 1 to N")
    return int(index) - 1, int(number)


def _list(asked: argparse.Namespace) -> int:
    found = listed(suites=asked.suite, files=asked.files, cases=asked.case, role=asked.role)
    print(listing(found))
    print(f"{len(found)} cases")
    return 0


def _run(asked: argparse.Namespace) -> int:
    for file in (asked.junit, asked.html):
        if file is not None and not file.absolute().parent.is_dir():
            raise _core.Error(f"cannot write {file}: there is no folder {file.absolute().parent}")
    live: list[Live] = []

    def begin(cases: Sequence[Case]) -> Callable[[Result], None]:
        live.append(Live(len(cases)))
        return live[0].report

    results = run(
        suites=asked.suite,
        files=asked.files,
        cases=asked.case,
        role=asked.role,
        subject=_subject(asked.subject),
        seed=asked.seed,
        jobs=asked.jobs,
        shard=asked.shard,
        begin=begin,
    )
    live[0].end()
    print(section_table(results))
    print()
    if asked.junit is not None:
        write_junit(asked.junit, results)
    if asked.html is not None:
        write_html(asked.html, results)
    for result in results:
        if result.failed:
            print(f"FAILED {result.case.id}")
    print(last_line(results))
    return 1 if count(results).failed else 0


def _subject(text: str | None) -> MakeSubject:
    """The class of the node under test; by default its name is `Subject`."""
    if text is None:
        return KamesimSubject
    file, _, name = text.partition(":")
    name = name or "Subject"
    path = Path(file)
    if not path.is_file():
        raise _core.Error(f"--subject: there is no file {file!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise _core.Error(f"--subject: {file!r} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.absolute().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _core.Error(f"--subject: cannot load {file!r}: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not callable(found) or found is Subject:  # the protocol, which the vocabulary has
        raise _core.Error(f"--subject: {file!r} has no class {name!r}")
    make: MakeSubject = found
    return make
