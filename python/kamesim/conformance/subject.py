"""What is tested: a fresh node for each case, and the raw ports on its links.

A case needs little of the node: that it is set up with addresses that the case knows, and frames in and out. Whatever
offers that is a subject. `KamesimSubject` is the default one; its nodes have all the controls that cases use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn, Protocol

import kamesim as ks
from kamesim.conformance.ends import NODE, NODE_RIGHT, TESTER, TESTER_RIGHT, End


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Unsupported(Exception):
    """The subject cannot do what the case needs; the case is skipped, not failed."""


class Subject(Protocol):
    """A node under test, fresh for one case, with a raw port on each of its links. Links count from 0."""

    @property
    def now(self) -> float:
        """The time, in seconds: of a simulator its virtual time."""

    def host(self, *, address: str | bool, **options: Any) -> Any:
        """A host on link 0, that has NODE.mac and has just been plugged in. Returns its controls.

        address: NODE.address with its prefix length, or False: none but what it makes up. options: names of
        `kamesim.Network.host`'s, and `nd`, settings by their names in `node.nd`, which hold from before it is plugged
        in; raise Unsupported for what cannot be had.
        """

    def router(self, *, mtus: tuple[int, int], **options: Any) -> Any:
        """A router between link 0, where it is NODE, and link 1, where it is NODE_RIGHT, that does not advertise
        itself. Returns its controls. mtus: of the two links."""

    def send(self, link: int, frames: Sequence[bytes]) -> None:
        """Puts frames on a link, one behind the other, from the Ethernet header on. When it returns, they have arrived,
        if frames take no time."""

    def receive(self, timeout: float) -> tuple[int, float, bytes] | None:
        """The next frame that the node sends: (link, time at which it came, frame); None if none comes in time.
        timeout: seconds; 0: only what has come by now."""

    def close(self) -> None:
        """The case is over."""


class Controls:
    """Base of the controls of nodes other than kamesim's: whatever is not there makes a case skip that needs it.

    Cases call them by the names that `kamesim.Node` has: `ping(destination, count=1)`, `add_address(...)`.
    """

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"the node under test has no control {name!r}")


class KamesimSubject:
    """Nodes of kamesim. Override `configure` to test a parameter set of your own."""

    def __init__(self, seed: int) -> None:
        self.net = ks.Network(seed=seed)
        self._testers: list[ks.Tester] = []

    def configure(self, node: ks.Host | ks.Router) -> None:
        """Called with each node under test before it is plugged in."""

    @property
    def now(self) -> float:
        return self.net.now

    def host(self, *, address: str | bool, nd: Mapping[str, Any] = NOTHING, **options: Any) -> ks.Host:
        node = self.net.host("host", **options)
        self._set(node, nd)
        self.attach(self.link("lan"), node, address=address)
        return node

    def router(self, *, mtus: tuple[int, int], nd: Mapping[str, Any] = NOTHING, **options: Any) -> ks.Router:
        node = self.net.router("router", **options)
        self._set(node, nd)
        ends = (("left", NODE, TESTER), ("right", NODE_RIGHT, TESTER_RIGHT))
        for (name, node_end, end), mtu in zip(ends, mtus):
            lan = self.link(name, end, mtu=mtu)
            self.attach(lan, node, node_end, address=f"{node_end.address}/64", advertise=False)
        return node

    def send(self, link: int, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self._testers[link].send(frame)
        self.net.run(for_=0.0)

    def receive(self, timeout: float) -> tuple[int, float, bytes] | None:
        received = ks.recv_any(self._testers, timeout)
        if received is None:
            return None
        tester, time, frame = received
        return self._testers.index(tester), time, frame

    def close(self) -> None:
        for tester in self._testers:
            tester.close()

    def _set(self, node: ks.Host | ks.Router, nd: Mapping[str, Any]) -> None:
        for name, value in nd.items():
            setattr(node.nd, name, value)
        self.configure(node)

    # --- For cases with networks of their own -----------------------------------------------------------------------

    def link(self, name: str = "lan", end: End = TESTER, prefix: Any = False, **channel: Any) -> ks.Lan:
        """A LAN with a tester on it, which is the next link."""
        lan = self.net.lan(name, prefix, **channel)
        self._testers.append(lan.tester(mac=end.mac))
        return lan

    def attach(self, lan: ks.Lan, node: ks.Host | ks.Router, end: End = NODE, **options: Any) -> ks.Interface:
        return lan.attach(node, mac=end.mac, **options)
