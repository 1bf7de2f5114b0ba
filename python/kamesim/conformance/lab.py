"""Where a case happens: the node under test, and the tester's ports on its links."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6ND_RA, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.ends import NODE, TESTER, TESTER_RIGHT, End
from kamesim.conformance.looking import check_frame, find
from kamesim.conformance.packets import na
from kamesim.conformance.record import Record
from kamesim.conformance.subject import KamesimSubject, Subject, Unsupported

MakeSubject = Callable[[int], Subject]


class Port:
    """A raw port on a link, that answers Neighbor Solicitations for its own addresses unless told otherwise."""

    def __init__(self, lab: Lab, link: int, end: End) -> None:
        self._lab = lab
        self.link = link
        self.end = end
        self.answers = {end.address: end.mac, end.link_local: end.mac}  # clear it to play dead
        self.routers: set[str] = set()  # addresses that it says are routers': those it sent advertisements from
        self.inbox: deque[Packet] = deque()
        self.every_protocol = False  # or else frames that are not of IPv6 are passed over

    @property
    def now(self) -> float:
        return self._lab.now

    @property
    def record(self) -> Record:
        return self._lab.record

    def send(self, *packets: Packet) -> None:
        """Sends packets, one behind the other, at the present time; they have arrived when it returns."""
        for packet in packets:
            if find(packet, ICMPv6ND_RA):
                self.routers.add(packet[IPv6].src)
        self.send_frames(*[bytes(packet) for packet in packets])

    def send_frames(self, *frames: bytes) -> None:
        """Sends frames as they are, from the Ethernet header on."""
        for frame in frames:
            self.record.frame(self.now, self.link, frame, sent=True)
        self._lab.subject.send(self.link, frames)

    def frames(self, within: float) -> Iterator[Packet]:
        """The frames that come within so many seconds, each when it comes; `time` is when."""
        deadline = self.now + within
        while True:
            while self.inbox:
                yield self.inbox.popleft()
            if not self._lab.receive(max(0.0, deadline - self.now)):
                return

    def run(self, seconds: float) -> list[Packet]:
        """Lets time pass, and returns what came."""
        return list(self.frames(seconds))

    def take_in(self, time: float, frame: bytes) -> None:
        self.record.frame(time, self.link, frame, sent=False)
        packet = Ether(frame)
        packet.time = time
        packet.wire = frame
        if not isinstance(packet.payload, IPv6):
            if self.every_protocol:
                self.inbox.append(packet)
            return
        check_frame(packet)
        self.inbox.append(packet)
        solicitation = find(packet, ICMPv6ND_NS)
        if solicitation is not None and solicitation.tgt in self.answers and packet[IPv6].src != "::":
            self._answer(solicitation.tgt, packet)

    def _answer(self, target: str, solicitation: Packet) -> None:
        mac, router = self.answers[target], int(target in self.routers)
        self.send(
            na(
                target,
                destination=solicitation[IPv6].src,
                to_mac=solicitation.src,
                lladdr=mac,
                from_mac=mac,
                router=router,
            )
        )


class Lab:
    """A node under test on its links, fresh for one case."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.ports: list[Port] = []
        self.record = Record()

    @property
    def now(self) -> float:
        return self.subject.now

    def host(self, *, address: str | bool = f"{NODE.address}/64", settle: float = 15.0, **options: Any) -> Any:
        """A host on a link with a port. settle: so long it is left alone first, by default until it has tested its
        addresses and given up to look for routers."""
        node = self.subject.host(address=address, **options)
        self._port("lan", TESTER)
        self.settle(settle)
        return node

    def router(self, *, settle: float = 5.0, right_mtu: int = 1500, **options: Any) -> Any:
        """A router between two links with a port each, which does not advertise itself."""
        node = self.subject.router(mtus=(1500, right_mtu), **options)
        self._port("left", TESTER)
        self._port("right", TESTER_RIGHT)
        self.settle(settle)
        return node

    def settle(self, seconds: float) -> None:
        """Lets time pass, and forgets what came."""
        self.ports[0].run(seconds)
        for port in self.ports:
            port.inbox.clear()

    def receive(self, timeout: float) -> bool:
        """Takes the next frame on any port to where it belongs; False if none comes in time."""
        received = self.subject.receive(timeout)
        if received is None:
            return False
        link, time, frame = received
        self.ports[link].take_in(time, frame)
        return True

    def close(self) -> None:
        """Takes down what the node sent and the case did not wait for."""
        while (received := self.subject.receive(0.0)) is not None:
            link, time, frame = received
            self.record.frame(time, link, frame, sent=False)
        self.subject.close()

    def _port(self, name: str, end: End) -> Port:
        self.record.links.append(name)
        self.ports.append(Port(self, len(self.ports), end))
        return self.ports[-1]

    # --- Networks of a case's own: with kamesim's nodes only --------------------------------------------------------

    @property
    def net(self) -> ks.Network:
        return self._kamesim.net

    def link(self, name: str = "lan", end: End = TESTER, **channel: Any) -> tuple[ks.Lan, Port]:
        """A LAN with a port on it."""
        lan = self._kamesim.link(name, end, **channel)
        return lan, self._port(name, end)

    def attach(self, lan: ks.Lan, node: ks.Host | ks.Router, end: End = NODE, **options: Any) -> ks.Interface:
        """Plugs a node in."""
        return self._kamesim.attach(lan, node, end, **options)

    @property
    def _kamesim(self) -> KamesimSubject:
        if not isinstance(self.subject, KamesimSubject):
            raise Unsupported("the case makes a network of its own, of kamesim's nodes")
        return self.subject
