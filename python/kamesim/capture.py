"""Captures of frames in pcapng files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kamesim import _core, errors
from kamesim.ipsec import key_file_beside, write_key_file

if TYPE_CHECKING:
    from kamesim.base import NetworkBase
    from kamesim.interface import Interface


class Capture:
    """A capture under way (see `Network.capture`). `close()` completes the file; so does leaving a `with`."""

    def __init__(
        self, network: NetworkBase, path: str, core: _core.Capture, *, all_interfaces: bool, keys: bool | None
    ) -> None:
        self._network = network
        self.path = path
        self._keys = keys
        self._core = core
        self._all_interfaces = all_interfaces

    @property
    def frames(self) -> int:
        """How many frames have been written."""
        return self._core.frames

    @property
    def closed(self) -> bool:
        """Whether the file is complete."""
        return self._core.closed

    def close(self) -> None:
        """Completes the file. Does nothing the second time."""
        if not self.closed:
            self._core.close()
            self._write_keys()
            self._network._captures.remove(self)

    def _write_keys(self) -> None:
        nodes = [node for node in self._network.nodes if node.ipsec.running]
        if self._keys or (self._keys is None and nodes):
            write_key_file(key_file_beside(self.path), nodes)

    def flush(self) -> None:
        """Writes out what is buffered."""
        if not self.closed:
            self._core.flush()

    def _interface_added(self, interface: Interface) -> None:
        if self._all_interfaces:
            self._core.add_interface(interface._core)

    def _tester_added(self, tester: _core.Tester) -> None:
        if self._all_interfaces:
            self._core.add_tester(tester)

    def __enter__(self) -> Capture:
        if self.closed:
            raise errors.Error(f"capture {self.path!r}: it is closed; make a new one")
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Capture {self.path!r}: {self.frames} frames{', closed' if self.closed else ''}>"
