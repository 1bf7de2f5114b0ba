"""Raw Ethernet ports for test programs, in lock step with virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsBytes

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.media import Medium
    from kamesim.running import Running

MINIMUM_FRAME = 14  # bytes: the Ethernet header


class Tester:
    """A raw port on a link or LAN: sends any frame, sees every frame but its own.

        with lan.tester() as port:
            port.send(frame)                 # goes out at the present virtual time
            answer = port.recv(timeout=2.0)  # virtual time passes until a frame comes, 2 s at the most

    Frames are bytes from the Ethernet header on, without the frame check sequence. `recv` runs the network only as
    far as it must: when it returns a frame, `net.now` is the time at which the frame came.
    """

    def __init__(self, network: Running, medium: Medium, name: str, promiscuous: bool, core: _core.Tester) -> None:
        self.network = network
        self.medium = medium
        self.name = name
        self.promiscuous = promiscuous
        self._core = core

    @property
    def mac(self) -> str:
        """Its own MAC address; frames may be sent from any."""
        return self._core.mac

    @property
    def closed(self) -> bool:
        """Whether it has left the link."""
        return self._core.closed

    @property
    def pending(self) -> int:
        """How many frames have come and wait to be received."""
        return self._core.pending

    def send(self, frame: bytes | SupportsBytes) -> None:
        """Sends a frame at the present virtual time: bytes, or what `bytes` makes some of, such as Scapy's packets."""
        what = self._open("send")
        if not isinstance(frame, (bytes, bytearray, memoryview)):
            if not isinstance(frame, SupportsBytes):
                errors.fail(what, "frame", frame, "bytes, or a packet of Scapy's")
            frame = bytes(frame)
        longest = self.medium.mtu + MINIMUM_FRAME
        if not MINIMUM_FRAME <= len(frame) <= longest:
            raise errors.Error(
                f"{what}: frame is {len(frame)} bytes long; it must be from {MINIMUM_FRAME} (the Ethernet header) to "
                f"{longest} (the MTU and the header)"
            )
        self._core.send(bytes(frame))

    def recv(self, timeout: float | None = None) -> bytes | None:
        """The next frame; None if none comes within `timeout` seconds of virtual time.

        timeout: None or 0: only what has come by now.
        """
        received = self.recv_with_time(timeout)
        return None if received is None else received[1]

    def recv_with_time(self, timeout: float | None = None) -> tuple[float, bytes] | None:
        """The next frame with the time at which it came, in seconds; None if none comes in time."""
        received = recv_any([self], timeout)
        return None if received is None else received[1:]

    def clear(self) -> None:
        """Throws away the frames that wait to be received."""
        self._open("clear")
        self._core.clear()

    def close(self) -> None:
        """Leaves the link; frames that have come are thrown away. Does nothing the second time."""
        self._core.close()

    def __enter__(self) -> Tester:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open(self, method: str) -> str:
        what = f"tester {self.name!r}: {method}"
        if self.closed:
            raise errors.Error(f"{what}: the port is closed; make a new one with {self.medium.name!r}.tester()")
        return what

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.mac}, {self.pending} frames waiting"
        return f"<Tester {self.name!r} on {self.medium.name!r}: {state}>"


def recv_any(ports: Sequence[Tester], timeout: float | None = None) -> tuple[Tester, float, bytes] | None:
    """The next frame on any of the ports: (port, time in seconds, frame); None if none comes in time.

    Of frames that have come already the oldest is taken, of equally old ones that of the first port. timeout:
    seconds of virtual time; None or 0: only what has come by now.
    """
    right = "a list of tester ports"
    if not errors.listed("recv_any", "ports", ports, right):
        raise errors.Error("recv_any: ports is empty; name the ports to wait on")
    for port in ports:
        if not isinstance(port, Tester):
            errors.fail("recv_any", "ports", ports, right)
        port._open("recv")
        if port.network is not ports[0].network:
            raise errors.Error("recv_any: ports are of different networks; each has a time of its own")
    network = ports[0].network
    timeout_ns = 0 if timeout is None else errors.nanoseconds("recv", "timeout", timeout)
    limit_ns = network._core.now_ns + timeout_ns
    received = network._core.receive([port._core for port in ports], limit_ns, network._scheduler.dispatch)
    if received is None:
        return None
    index, time_ns, frame = received
    return ports[index], time_ns / 1e9, frame
