"""What tshark says of the frames that nodes sent: whether they are malformed, have wrong checksums or call for comment.

tshark takes longer to start than a case to run, so the frames of many cases go into one capture. It keeps state between
packets, by addresses: a complaint counts only if it is made of the case's frames alone as well, and cases whose
fragments could be taken for one another's go into different captures.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kamesim.conformance.record import Frame

WARNING = 0x600000  # severities below are chats and notes
FILTER = f"_ws.malformed || _ws.expert.severity >= {WARNING}"
PREFERENCES = ("udp.check_checksum:TRUE", "tcp.check_checksum:TRUE", "tcp.analyze_sequence_numbers:FALSE")
# Captures hold only one direction, so tshark misses the other; and it comments on what TCP does by its rules.
# The last is RFC 5213 §5.3.1 item 4's "zero length identifier".
TOLERATED = (
    "No response seen to ICMPv6 request",
    "Connection reset (RST)",
    "D-SACK Sequence",
    "Mobile Node Identifier (with option length = 1 byte",
)

FRAGMENT = 44
ETHERNET_LINK_TYPE = 1
IPV6_AT = 14  # behind the Ethernet header


def complaints(cases: Mapping[int, Sequence[Frame]]) -> dict[int, list[str]]:
    """Complaints about frames, by case: one line each. Cases without are left out."""
    found: dict[int, list[str]] = {}
    for batch in _batches(cases):
        for case in _of_frames([(case, frame) for case in batch for frame in cases[case]]):
            alone = _of_frames([(case, frame) for frame in cases[case]])
            if alone:
                found[case] = alone[case]
    return found


def _batches(cases: Mapping[int, Sequence[Frame]]) -> list[list[int]]:
    batches: list[tuple[list[int], set[bytes]]] = []
    for case, frames in cases.items():
        fragments = {key for frame in frames if (key := _fragment_key(frame.data)) is not None}
        for batch, taken in batches:
            if not fragments & taken:
                batch.append(case)
                taken |= fragments
                break
        else:
            batches.append(([case], fragments))
    return [batch for batch, _taken in batches]


def _fragment_key(frame: bytes) -> bytes | None:
    """What tshark puts fragments together by: the addresses, and the identification. None if the frame is no fragment;
    one within a tunnel packet is not looked for, the second look at a case alone has to do."""
    if frame[12:14] != b"\x86\xdd":
        return None
    at, next_header = IPV6_AT + 40, frame[IPV6_AT + 6]
    while next_header in (0, 43, 60) and at + 2 <= len(frame):  # hop-by-hop, routing, destination options
        next_header, at = frame[at], at + 8 * (frame[at + 1] + 1)
    if next_header != FRAGMENT:
        return None
    return frame[IPV6_AT + 8 : IPV6_AT + 40] + frame[at + 4 : at + 8]


def _of_frames(frames: Sequence[tuple[int, Frame]]) -> dict[int, list[str]]:
    if not frames:
        return {}
    with tempfile.TemporaryDirectory(prefix="kamesim-") as folder:
        path = Path(folder, "frames.pcap")
        write_pcap(path, [frame for _case, frame in frames])
        found: dict[int, list[str]] = {}
        for number, text in _judge(path):
            case, frame = frames[number - 1]
            found.setdefault(case, []).append(f"tshark, of the frame at {frame.time:.6f} s: {text}")
    return found


def write_pcap(path: Path, frames: Sequence[Frame]) -> None:
    """A capture in the old format, with nanoseconds."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 18, ETHERNET_LINK_TYPE))
        for frame in frames:
            seconds, nanoseconds = divmod(round(frame.time * 1e9), 10**9)
            file.write(struct.pack("<IIII", seconds, nanoseconds, len(frame.data), len(frame.data)))
            file.write(frame.data)


def _judge(path: Path) -> list[tuple[int, str]]:
    """Complaints, with the number of the frame, from 1 on."""
    arguments = [argument for preference in PREFERENCES for argument in ("-o", preference)]
    done = subprocess.run(
        ["tshark", "-n", *arguments, "-r", str(path), "-Y", FILTER, "-T", "pdml"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"tshark cannot read the frames: {done.stderr.strip()}")
    found = []
    for packet in ElementTree.fromstring(done.stdout).iter("packet"):
        field = packet.find("proto[@name='geninfo']/field[@name='num']")
        number = int(field.get("show", "") if field is not None else "")
        found += [(number, text) for proto in packet for text in _walk(proto, inside_icmpv6=False)]
    return found


def _walk(element: ElementTree.Element, *, inside_icmpv6: bool) -> Iterator[str]:
    name = element.get("name")
    if name == "icmpv6.unknown_data" and int(element.get("value", ""), 16) == 0 and int(element.get("size", "")) < 8:
        return  # padding behind the packet in a Redirected Header option (RFC 4861 §4.6), which tshark does not know
    if inside_icmpv6 and element.tag == "proto" and not str(name).startswith("_ws."):
        return  # a quotation: what the tester sent, malformed on purpose as the case may be
    if element.tag == "proto" and name == "_ws.malformed":
        yield "malformed"
    if name == "_ws.expert":
        message, severity = _field(element, "_ws.expert.message"), int(_field(element, "_ws.expert.severity"))
        if severity >= WARNING and not message.startswith(TOLERATED):
            yield message
    inside_icmpv6 = inside_icmpv6 or (element.tag == "proto" and name == "icmpv6")
    for child in element:
        yield from _walk(child, inside_icmpv6=inside_icmpv6)


def _field(expert: ElementTree.Element, name: str) -> str:
    found = expert.find(f"field[@name='{name}']")
    return "" if found is None else found.get("show", "")
