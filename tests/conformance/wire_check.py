"""What tshark says of captures: whether frames are malformed, have wrong checksums or call for a comment."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

WARNING = 0x600000  # severities below are chats and notes
PREFERENCES = ("udp.check_checksum:TRUE",)
# Captures hold only one direction, so tshark misses the other.
TOLERATED = ("No response seen to ICMPv6 request",)


def complaints(path: str) -> list[str]:
    """One line for each complaint of tshark about a frame of the capture."""
    arguments = [argument for preference in PREFERENCES for argument in ("-o", preference)]
    done = subprocess.run(
        ["tshark", "-n", *arguments, "-r", path, "-T", "pdml"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return [f"{path}: tshark cannot read it: {done.stderr.strip()}"]
    found = []
    for number, packet in enumerate(ElementTree.fromstring(done.stdout).iter("packet"), start=1):
        found += [f"{path}, frame {number}: {text}" for text in _of_packet(packet)]
    return found


def _of_packet(packet: ElementTree.Element) -> Iterator[str]:
    for proto in packet:
        yield from _walk(proto, inside_icmpv6=False)


def _walk(element: ElementTree.Element, *, inside_icmpv6: bool) -> Iterator[str]:
    name = element.get("name")
    if name == "icmpv6.unknown_data" and int(element.get("value", ""), 16) == 0 and int(element.get("size", "")) < 8:
        return  # padding behind the packet in a Redirected Header option (RFC 4861 §4.6), which tshark does not know
    if inside_icmpv6 and element.tag == "proto" and name == "ipv6":
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
