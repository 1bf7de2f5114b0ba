"""tshark as an independent judge of captures: nothing malformed, no bad checksum, no unexpected expert finding."""

import os
import re
import subprocess

#: Expert findings that are no faults of ours: (pattern of the message, why it is fine).
ALLOWED: list[tuple[str, str]] = [
    (r"\(suspected\) (retransmission|fast retransmission|spurious retransmission)", "links lose packets"),
    (r"\(suspected\) out-of-order segment", "retransmissions fill gaps"),
    (r"Previous segment\(s\) not captured", "links lose packets"),
]

_WARNING = 6291456  # tshark's number of the severity
_FILTER = f'_ws.expert.severity >= {_WARNING} or icmpv6.checksum.status == "Bad" or udp.checksum.status == "Bad" or icmp.checksum.status == "Bad" or tcp.checksum.status == "Bad"'
_OPTIONS = ["udp.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.ignore_ipv6_zero_checksum:FALSE"]


def tshark(*arguments):
    """What tshark prints."""
    done = subprocess.run(["tshark", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tshark cannot read it: {done.stderr}"
    return done.stdout


def fields(pcap, *names, display_filter=""):
    """The values of some fields, a tuple for each packet that passes the filter; repeated fields joined by '^'."""
    options = [argument for name in names for argument in ("-e", name)]
    form = ["-T", "fields", "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=^"]
    out = tshark("-r", pcap, *form, *options, "-Y", display_filter, *_preferences())
    return [tuple(line.split("|")) for line in out.splitlines()]


def findings(pcap, allow=()):
    """What tshark finds fault with, but for what ALLOWED or `allow` (pairs of pattern and reason) excuse."""
    excused = [re.compile(pattern) for pattern, reason in [*ALLOWED, *allow] if reason]
    columns = ["frame.number", "frame.protocols", "_ws.expert.severity", "_ws.expert.message"]
    found = []
    for number, protocols, severities, messages in fields(pcap, *columns, display_filter=_FILTER):
        serious = [m for s, m in zip(severities.split("^"), messages.split("^")) if int(s or 0) >= _WARNING]
        serious = serious or ["bad checksum"]
        if ":icmp:ip:" in protocols:  # the packet is quoted in part: what is missing cannot be summed up
            serious = [m for m in serious if not m.lower().startswith("bad checksum")]
        found += [
            f"packet {number} ({protocols}): {message}"
            for message in serious
            if not any(pattern.search(message) for pattern in excused)
        ]
    return found


def assert_clean(pcap, allow=()):
    """Fails with what tshark says against the capture."""
    assert os.path.getsize(pcap) > 0, f"{pcap} is empty"
    found = findings(pcap, allow)
    assert not found, f"tshark finds in {pcap}:\n" + "\n".join(found[:20])


def _preferences():
    return [argument for option in _OPTIONS for argument in ("-o", option)]
