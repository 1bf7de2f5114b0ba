"""Reports of the conformance suites: the table by RFC section, JUnit XML, HTML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from runner import BAD, GOOD, conformance, write


@pytest.fixture
def reported(tmp_path):
    """A run of one case that passes and one that fails: its output, the JUnit file, the HTML file."""
    mine = write(tmp_path, GOOD, BAD)
    done = conformance(mine, "--junit", tmp_path / "out.xml", "--html", tmp_path / "out.html")
    assert done.status == 1, done.errors
    return done.output, ElementTree.parse(tmp_path / "out.xml").getroot(), (tmp_path / "out.html").read_text()


def test_table_counts_by_section_and_level(reported):
    output, _xml, _html = reported
    table = output.split("by RFC section")[1].splitlines()
    rows = {row[:13].strip(): row[13:].split() for row in table if row.startswith("RFC")}
    assert rows["RFC section"] == ["must", "should", "may"]
    assert rows["RFC 4443 §4.2"] == ["1/1", "-", "-"]
    assert rows["RFC 8200 §3"] == ["-", "0/1", "-"]


def test_junit_tells_counts_and_failures(reported):
    _output, xml, _html = reported
    assert (xml.get("tests"), xml.get("failures"), xml.get("errors")) == ("2", "1", "0")
    bad = xml.find(".//testcase[@name='mine.bad']")
    assert "assert 64 == 7" in bad.find("failure").get("message")
    told = bad.find("failure").text
    assert "ICMPv6 Echo Request" in told and "ICMPv6 Echo Reply" in told and "as expected: ICMPv6EchoReply()" in told
    assert bad.find("properties/property[@name='logo']").get("value") == "v6LC.9.9.9 A"
    assert xml.find(".//testcase[@name='mine.good']").find("failure") is None


class Balance(HTMLParser):
    """Notes what other resources a page asks for, and the text of its failed cases."""

    def __init__(self):
        super().__init__()
        self.resources = []
        self.text = []

    def handle_starttag(self, tag, attributes):
        self.resources += [v for k, v in attributes if k in ("src", "href") and not v.startswith("#")]

    def handle_data(self, data):
        self.text.append(data)


def test_html_needs_no_other_file(reported):
    _output, _xml, html = reported
    page = Balance()
    page.feed(html)
    assert page.resources == [] and "@import" not in html and "url(" not in html


def test_html_shows_packets_of_a_failed_case_beside_what_was_expected(reported):
    _output, _xml, html = reported
    section = re.search(r'<section id="mine.bad">.*?</section>', html, re.DOTALL)[0]
    assert "assert 64 == 7" in section
    rows = re.findall(r"<tr.*?</tr>", section, re.DOTALL)
    request = next(row for row in rows if "Echo Request" in row)
    reply = next(row for row in rows if "Echo Reply" in row)
    assert ">tester<" in request and ">node<" in reply
    assert re.search(r"hlim\s*= 64", reply) and "data" in reply, "all fields"
    assert "61 62\n0040  63" in reply, "the bytes"
    wanted = next(row for row in rows if "ICMPv6EchoReply()" in row)
    assert "met" in wanted and rows.index(request) < rows.index(wanted) < rows.index(reply)
    assert '<section id="mine.good">' not in html


def test_html_has_all_cases_and_sections(reported):
    _output, _xml, html = reported
    assert "mine.good" in html and "RFC 8200 §3" in html and "1 passed, 1 failed" in html


def test_text_of_packets_cannot_break_the_page(tmp_path):
    case = """
@case(must("RFC 4443 §4.2"))
def hostile(host, port):
    port.send(echo_request(data=b"<script>alert(1)</script>\\x00\\x01"))
    expect(port, ICMPv6DestUnreach)
"""
    mine = write(tmp_path, case)
    assert conformance(mine, "--junit", tmp_path / "out.xml", "--html", tmp_path / "out.html").status == 1
    assert "<script>alert" not in (tmp_path / "out.html").read_text()
    ElementTree.parse(tmp_path / "out.xml")
