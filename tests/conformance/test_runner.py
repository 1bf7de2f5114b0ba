"""The runner of the conformance suites: what is run, how it ends, and what it says of what does not exist."""

from __future__ import annotations

import pytest
from runner import BAD, GOOD, HEAD, conformance, junit, write

# --- How it ends ------------------------------------------------------------------------------------------------------


def test_all_passed(tmp_path):
    done = conformance(write(tmp_path, GOOD))
    assert (done.status, done.last_line) == (0, "1 passed, 0 failed"), done.errors


def test_a_failed_case_makes_the_run_fail(tmp_path):
    done = conformance(write(tmp_path, GOOD, BAD))
    assert (done.status, done.last_line) == (1, "1 passed, 1 failed")
    assert "FAILED mine.bad\n  Bad\n  host; RFC 4443 §4.2 (must), RFC 8200 §3 (should); Ready Logo v6LC.9.9.9 A" in done.output
    assert "assert 64 == 7" in done.output, "assertions tell their values"


def test_what_came_instead_is_told(tmp_path):
    case = """
@case(must("RFC 4443 §3.1"))
def wrong(host, port):
    port.send(echo_request())
    expect(port, ICMPv6DestUnreach, code=4)
"""
    done = conformance(write(tmp_path, case))
    assert done.status == 1
    assert "no ICMPv6DestUnreach(code=4) within 1 s" in done.output
    assert "ICMPv6 Echo Reply" in done.output


def test_a_case_whose_process_dies_fails_alone(tmp_path):
    case = """
import os, signal
@case(must("RFC 4443 §4.2"))
@pytest.mark.parametrize("n", range(3))
def dies(host, port, n):
    os.kill(os.getpid(), signal.SIGSEGV)
"""
    done = conformance(write(tmp_path, case, GOOD), "--jobs", 2)
    assert (done.status, done.last_line) == (1, "1 passed, 3 failed")
    assert "the process died by SIGSEGV" in done.output


def test_an_error_of_the_case_itself_is_a_failure(tmp_path):
    done = conformance(write(tmp_path, GOOD, '@case(must("RFC 8200"), role="host")\ndef broken(lab):\n    lab.nothing()'))
    assert (done.status, done.last_line) == (1, "1 passed, 1 failed")
    assert "AttributeError" in done.output


def test_malformed_frames_of_the_node_are_found_by_tshark(tmp_path):
    """The case does not look at the frame; tshark does, and blames this case of many."""
    subject = """
from scapy.layers.inet6 import ICMPv6ND_RS, ICMPv6NDOptUnknown, IPv6
from scapy.layers.l2 import Ether

class Subject(KamesimSubject):
    def receive(self, timeout):
        received = super().receive(timeout)
        if received is None and timeout == 0.0 and self.now > 100.0:
            self.net.run(for_=1.0)
            rs = ICMPv6ND_RS() / ICMPv6NDOptUnknown(type=200, len=0, data=b"123456")
            bad = Ether(dst="33:33:00:00:00:02") / IPv6(src="fe80::1", dst="ff02::2", hlim=255) / rs
            if not hasattr(self, "sent"):
                self.sent = True
                return 0, self.now, bytes(bad)
        return received
"""
    late = """
@case(must("RFC 4861 §4.1"))
def late(host, port):
    port.run(100.0)
"""
    cases = write(tmp_path, late, GOOD)
    done = conformance(cases, "--subject", write(tmp_path, subject, name="node.py"))
    assert (done.status, done.last_line) == (1, "1 passed, 1 failed")
    assert "FAILED mine.late" in done.output
    assert "tshark, of the frame at 116.000000 s" in done.output


# --- What is run ------------------------------------------------------------------------------------------------------

NUMBERED = """
@case(must("RFC 8200 §4.5"), logo={"first": "v6LC.7.1 A", "second": "v6LC.7.1 B"})
@pytest.mark.parametrize("n", [1, 2], ids=["first", "second"])
def numbered(host, port, n):
    pass

@case(may("RFC 8200 §4.5"), id="own.name", title="A title of its own")
def named(router):
    pass
"""


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    {
        "everything": ((), {"mine.numbered/first", "mine.numbered/second", "own.name"}),
        "an id": (("--case", "mine.numbered/second"), {"mine.numbered/second"}),
        "an id without the parameters": (("--case", "mine.numbered"), {"mine.numbered/first", "mine.numbered/second"}),
        "a wild-card": (("--case", "own*"), {"own.name"}),
        "several": (("--case", "own.name", "--case", "*first"), {"own.name", "mine.numbered/first"}),
        "a Ready Logo number": (("--case", "v6LC.7.1 B"), {"mine.numbered/second"}),
        "a Ready Logo test": (("--case", "v6LC.7.1"), {"mine.numbered/first", "mine.numbered/second"}),
        "a role": (("--role", "router"), {"own.name"}),
        "a shard": (("--shard", "2/3"), {"mine.numbered/second"}),
    }.values(),
)
def test_cases_are_chosen(tmp_path, arguments, chosen):
    done = conformance(write(tmp_path, NUMBERED), "--junit", tmp_path / "out.xml", *arguments)
    assert done.status == 0, done.errors
    assert set(junit(tmp_path / "out.xml")) == chosen


def test_a_case_for_either_role_is_two(tmp_path):
    case = """
@case(must("RFC 4443 §4.2"), logo={"57": "v6LC.9.9.9"})
@pytest.mark.parametrize("size", [56, 57])
def answers(node, port, role, size):
    assert (role == "router") == node.is_router
    port.send(echo_request(data=bytes(size)))
    expect(port, ICMPv6EchoReply)
"""
    path = write(tmp_path, case)
    assert conformance(path).last_line == "4 passed, 0 failed"
    assert conformance(path, "--case", "v6LC.9.9.9", "--role", "host").last_line == "1 passed, 0 failed"
    assert conformance(path, "--case", "mine.answers/56/router").last_line == "1 passed, 0 failed"


def test_list_lists_without_running(tmp_path):
    done = conformance(write(tmp_path, NUMBERED, BAD), "--list")
    assert done.status == 0 and done.last_line == "4 cases"
    assert "mine.numbered/second" in done.output and "v6LC.7.1 B" in done.output and "RFC 8200 §4.5" in done.output


def test_suites_that_come_with_kamesim_are_listed():
    done = conformance("--suite", "ipv6", "--list")
    assert done.status == 0
    assert int(done.last_line.split()[0]) > 400
    assert all(line.startswith("ipv6") for line in done.output.splitlines()[:-1])


def test_result_does_not_depend_on_what_else_is_run(tmp_path):
    case = """
@case(must("RFC 4861 §6.3.7"))
@pytest.mark.parametrize("n", range(4))
def random_delay(fresh_port, n):
    from scapy.layers.inet6 import ICMPv6ND_NS
    assert expect(fresh_port, ICMPv6ND_NS, within=3.0).time == 0
"""
    path = write(tmp_path, case)

    def seen(*arguments):
        output = conformance(path, *arguments).output
        return {line for line in output.splitlines() if "assert " in line}

    whole, alone, other = seen("--jobs", 2), seen("--case", "*/2"), seen("--case", "*/2", "--seed", 2)
    assert len(whole) == 4 and len(alone) == 1 and alone < whole and not other & whole


# --- What does not exist ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    {
        "suite": (("--suite", "ipv7"), "there is no suite 'ipv7'; there are ipsec, ipv6, mobility, tcp"),
        "case": (("--case", "mine.goood"), "no case is called 'mine.goood'; close to it are\n    mine.good"),
        "role": (("--role", "switch"), "there is no role 'switch'; there are host, router"),
        "role in a choice": (("--role", "router"), "none of the 1 cases chosen is for the role 'router'"),
        "file": (("gone.py",), "there is no file 'gone.py' with cases"),
        "subject": (("--subject", "gone.py"), "--subject: there is no file 'gone.py'"),
        "folder of a report": (("--html", "gone/report.html"), "there is no folder"),
    }.values(),
)
def test_what_does_not_exist_is_told(tmp_path, arguments, complaint):
    done = conformance(write(tmp_path, GOOD), *arguments, cwd=tmp_path)
    assert done.status == 2
    assert complaint in done.errors and "Traceback" not in done.errors


@pytest.mark.parametrize(
    ("text", "complaint"),
    {
        "syntax": ("def (", "SyntaxError"),
        "import": ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        "rule": ('@case(must("RFC4443"))\ndef x(host): pass', "'RFC4443' names no rule"),
        "no rule": ("@case()\ndef x(host): pass", "names no rule of an RFC"),
        "no role": ('@case(must("RFC 8200"))\ndef x(lab): pass', "case x has no role"),
        "number of no parameters": (
            '@case(must("RFC 8200"), logo={"3": "v6LC.9.9.9"})\n@pytest.mark.parametrize("n", [1])\ndef x(host, n): pass',
            "logo names parameters that it does not have: 3",
        ),
        "same id": (
            '@case(must("RFC 8200"), id="a")\ndef x(host): pass\n@case(must("RFC 8200"), id="a")\ndef y(host): pass',
            "two cases are called 'a'",
        ),
    }.values(),
)
def test_files_that_cannot_be_loaded_are_told(tmp_path, text, complaint):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + text)
    done = conformance(path)
    assert done.status == 2
    assert complaint in done.errors


# --- The node under test ----------------------------------------------------------------------------------------------


def test_a_parameter_set_of_ones_own(tmp_path):
    case = """
from scapy.layers.inet6 import ICMPv6ND_NS
@case(must("RFC 4862 §5.4"))
def tested_three_times(fresh_port):
    asked = [p for p in fresh_port.run(5.0) if find(p, ICMPv6ND_NS)]
    assert len(asked) == 3
"""
    subject = """
class Three(KamesimSubject):
    def host(self, **options):
        return super().host(**options, dup_addr_detect_transmits=3)
"""
    cases = write(tmp_path, case)
    node = write(tmp_path, subject, name="node.py")
    assert conformance(cases).last_line == "0 passed, 1 failed"
    assert conformance(cases, "--subject", f"{node}:Three").last_line == "1 passed, 0 failed"
    assert "has no class 'Subject'" in conformance(cases, "--subject", node).errors


def test_what_the_subject_cannot_do_is_skipped(tmp_path):
    case = """
@case(must("RFC 4862 §5.4"))
def pings(host, port):
    host.ping(TESTER.address)
"""
    subject = """
class Subject(KamesimSubject):
    def host(self, **options):
        super().host(**options)
        return Controls()
"""
    cases = write(tmp_path, case, GOOD)
    done = conformance(cases, "--subject", write(tmp_path, subject, name="node.py"), "--junit", tmp_path / "out.xml")
    assert (done.status, done.last_line) == (0, "1 passed, 0 failed, 1 skipped")
    assert junit(tmp_path / "out.xml") == {"mine.good": "passed", "mine.pings": "skipped"}
