"""Looking at what goes over the links: captures and testers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kamesim import errors
from kamesim.capture import Capture
from kamesim.interface import Interface
from kamesim.running import Running
from kamesim.signalling import SignallingLog
from kamesim.tester import Tester

if TYPE_CHECKING:
    from kamesim.media import Medium
    from kamesim.node import Node


class Observing(Running):
    """The part of `Network` that captures frames and holds raw ports."""

    def capture(
        self,
        path: errors.PathLike,
        interfaces: Iterable[Interface] | None = None,
        *,
        direction: str = "both",
        keys: bool | None = None,
    ) -> Capture:
        """Writes the frames of interfaces to a pcapng file, with interface names and times to the nanosecond.

        interfaces: None: all, those made later too. direction: "both", or "out" for frames that leave interfaces
        only, so that each frame is there once. keys: whether the keys of IPsec, as the nodes have them when it is
        closed, are written beside it, in the file PATH.esp_sa that Wireshark reads; None: if there are any. Close it, or use it in a `with`: the file is complete then.
        """
        target = errors.writable_path("capture", "path", path)
        if any(os.path.realpath(capture.path) == os.path.realpath(target) for capture in self._captures):
            errors.fail("capture", "path", target, "another file than that of a capture under way")
        errors.one_of("capture", "direction", direction, ("both", "out"))
        right = "a list of interfaces of this network"
        chosen = None if interfaces is None else errors.listed("capture", "interfaces", interfaces, right)
        for interface in chosen or []:
            if not isinstance(interface, Interface) or interface.node.network is not self:
                errors.fail("capture", "interfaces", interface, right)
        if keys is not None:
            errors.flag("capture", "keys", keys)
        core = self._core.open_capture(target, direction == "out")
        capture = Capture(self, target, core, all_interfaces=chosen is None, keys=keys)
        for interface in self.interfaces if chosen is None else chosen:
            core.add_interface(interface._core)
        if chosen is None:
            for tester in self._testers:
                core.add_tester(tester)
        self._captures.append(capture)
        return capture

    def watch(self, nodes: Iterable[Node | str]) -> SignallingLog:
        """Logs the signalling messages at the interfaces that these nodes have now; ladders are drawn from it."""
        log = SignallingLog(self._core.add_message_log())
        log.watch([self.node(node) for node in errors.listed("watch", "nodes", nodes, "a list of nodes")])
        return log

    def tester(
        self, medium: Medium | str, name: str | None = None, *, promiscuous: bool = True, mac: str | None = None
    ) -> Tester:
        """A raw Ethernet port on a link or LAN, in lock step with virtual time: see `Tester`.

        name: None: "tester<n>". promiscuous: whether it sees every frame, or only those to its MAC address and
        broadcasts. mac: its MAC address; None: one is made up.
        """
        on = self.medium(medium)
        label = self._free_name(f"tester{len(self._testers) + 1}") if name is None else self._new_name("tester", name)
        what = f"tester {label!r}"
        address = errors.mac(what, "mac", mac)
        core = self._core.add_tester(on._core, label, address, errors.flag(what, "promiscuous", promiscuous))
        self._testers.append(core)
        for capture in self._captures:
            capture._tester_added(core)
        return Tester(self, on, label, promiscuous, core)
