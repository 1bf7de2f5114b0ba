"""Measured traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kamesim import errors
from kamesim.flow import Flow
from kamesim.observing import Observing

if TYPE_CHECKING:
    from kamesim.node import Node

FIRST_FLOW_PORT = 9000
SMALLEST_PAYLOAD = 24  # bytes: what a packet of a flow says about itself
LARGEST_PAYLOAD = 65527  # bytes: a UDP length of 16 bits, less the header


class Traffic(Observing):
    """The part of `Network` that makes traffic."""

    def udp_flow(
        self,
        source: Node | str,
        destination: Node | str,
        *,
        rate: float = 100.0,
        size: int = 100,
        start: float | None = None,
        stop: float | None = None,
        port: int | None = None,
        source_port: int | None = None,
        source_address: str | None = None,
        destination_address: str | None = None,
        pattern: str = "constant",
        name: str | None = None,
    ) -> Flow:
        """UDP packets from one node to another, measured packet by packet. For both ways make two flows.

        rate: packets a second. size: bytes of UDP payload, 24 or more. start, stop: seconds; None: now, and never.
        port: to send to; None: a free one. source_port: None: a free one. source_address: None: chosen for each
        packet by RFC 6724. destination_address: None: the destination's global address when the flow starts.
        pattern: "constant" intervals, or "poisson" (exponentially distributed). name: None: "<source>-><destination>".
        """
        sender, receiver = self.node(source), self.node(destination)
        label = f"{sender.name}->{receiver.name}" if name is None else errors.name("flow", name)
        if name is None:
            label = self._free_flow_name(label)
        elif name in self._flows:
            raise errors.Error(f"flow {name!r}: there is a flow of that name already; choose another name")
        what = f"flow {label!r}"
        packets = errors.number(what, "rate", rate, "packets per second", above=0, maximum=1e9)
        payload = errors.integer(what, "size", size, "bytes", minimum=SMALLEST_PAYLOAD, maximum=LARGEST_PAYLOAD)
        errors.one_of(what, "pattern", pattern, ("constant", "poisson"))
        start_ns = self._core.now_ns if start is None else errors.nanoseconds(what, "start", start)
        if start_ns < self._core.now_ns:
            errors.fail(what, "start", start, f"{self.now:g} s, the present time, or later")
        stop_ns = None if stop is None else errors.nanoseconds(what, "stop", stop)
        if stop_ns is not None and stop_ns <= start_ns:
            errors.fail(what, "stop", stop, f"later than the start at {start_ns * 1e-9:g} s")
        target = None if destination_address is None else errors.address(
            what, "destination_address", destination_address
        )
        if target is None and start_ns == self._core.now_ns:
            target = self._network()._address_of(what, "destination", receiver)

        number = len(self._flows) + 1
        core = self._core.add_udp_flow(
            sender._core,
            receiver._core,
            number,
            None if source_address is None else errors.address(what, "source_address", source_address),
            0 if source_port is None else errors.integer(what, "source_port", source_port, "", minimum=1, maximum=65535),
            target or "::",
            self._flow_port(what, port),
            payload,
            packets,
            pattern == "poisson",
            start_ns,
            stop_ns,
        )
        flow = Flow(label, sender, receiver, rate=packets, size=payload, pattern=pattern, core=core)
        self._flows[label] = flow
        if target is None:
            self._scheduler.add(start_ns, self._aim, (flow,), {})
        return flow

    def _aim(self, flow: Flow) -> None:
        """Before the first packet leaves: scheduled callables come before what nodes do at the same time."""
        flow._core.set_destination(self._network()._address_of(f"flow {flow.name!r}", "destination", flow.destination))

    def _flow_port(self, what: str, port: int | None) -> int:
        if port is not None:
            return errors.integer(what, "port", port, "", minimum=1, maximum=65535)
        taken = {flow.port for flow in self.flows}
        return next(p for p in range(FIRST_FLOW_PORT, 65536) if p not in taken)

    def _free_flow_name(self, name: str) -> str:
        candidate, number = name, 2
        while candidate in self._flows:
            candidate, number = f"{name}.{number}", number + 1
        return candidate
