"""Results as JUnit XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from kamesim.conformance.dissection import story
from kamesim.conformance.result import Count, Outcome, Result

LONGEST_STORY = 100  # lines
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Sequence[Result]) -> None:
    """One test suite for each suite of cases, one test case for each case."""
    root = ElementTree.Element("testsuites", name="kamesim conformance")
    _numbers(root, results)
    for suite in dict.fromkeys(result.case.suite for result in results):
        mine = [result for result in results if result.case.suite == suite]
        element = ElementTree.SubElement(root, "testsuite", name=suite)
        _numbers(element, mine)
        for result in mine:
            _add(element, result)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _numbers(element: ElementTree.Element, results: Sequence[Result]) -> None:
    total = Count()
    for result in results:
        total.add(result.outcome)
    element.set("tests", str(total.all))
    element.set("failures", str(total.failed))
    element.set("errors", "0")
    element.set("skipped", str(total.skipped))
    element.set("time", f"{sum(result.seconds for result in results):.3f}")


def _add(suite: ElementTree.Element, result: Result) -> None:
    case = result.case
    element = ElementTree.SubElement(
        suite, "testcase", classname=f"{case.suite}.{case.id.split('.')[0]}", name=case.id, time=f"{result.seconds:.3f}"
    )
    properties = ElementTree.SubElement(element, "properties")
    named = [("title", case.title), ("role", case.role), ("logo", case.logo)]
    for name, value in [*named, *((f"rule ({rule.level.value})", str(rule)) for rule in case.rules)]:
        if value:
            ElementTree.SubElement(properties, "property", name=name, value=value)
    if result.outcome is Outcome.SKIPPED:
        ElementTree.SubElement(element, "skipped", message=_printable(result.message))
    if result.failed:
        first_line = result.message.partition("\n")[0]
        failure = ElementTree.SubElement(element, "failure", message=_printable(first_line), type="failed")
        failure.text = _printable("\n\n".join([result.message, result.source, story(result.record, LONGEST_STORY)]))


def _printable(text: str) -> str:
    return _NOT_XML.sub("�", text)
