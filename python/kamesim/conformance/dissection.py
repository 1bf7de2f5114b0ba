"""Frames in words, by Scapy."""

from __future__ import annotations

from scapy.layers.l2 import Ether

from kamesim.conformance.record import Expectation, Frame, Record


def summary(frame: Frame) -> str:
    """A frame in one line."""
    packet = Ether(frame.data)
    return f"{packet.src} > {packet.dst}  {packet.payload.summary()}"


def dissected(frame: Frame) -> str:
    """All fields of a frame, a line each, and its bytes."""
    text: str = Ether(frame.data).show(dump=True)
    return text.rstrip() + "\n\n" + _hex(frame.data)


def _hex(data: bytes) -> str:
    return "\n".join(f"{at:04x}  {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16))


def story(record: Record, longest: int) -> str:
    """The course of a case in lines of text; of a longer one the end."""
    entries = record.entries[-longest:]
    lines = [f"... {len(record.entries) - longest} entries before"] if len(record.entries) > longest else []
    for entry in entries:
        link = record.links[entry.link]
        if isinstance(entry, Frame):
            lines.append(f"{entry.time:12.6f}  {link}  {'tester' if entry.sent else 'node  '}  {summary(entry)}")
        else:
            lines.append(f"{entry.time:12.6f}  {link}  {_state(entry)}: {entry.text}")
    return "\n".join(lines)


def _state(expectation: Expectation) -> str:
    return {True: "as expected", False: "NOT AS EXPECTED", None: "expected"}[expectation.met]
