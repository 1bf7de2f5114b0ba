"""Measured traffic."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kamesim import _core, errors
from kamesim.flow import Flow, FlowSettings, OnOff
from kamesim.observing import Observing
from kamesim.tcp import SERIES_INTERVAL_NS, TcpFlow, TcpOptions
from kamesim.transactions import RequestResponse

if TYPE_CHECKING:
    from kamesim.node import Node

FIRST_FLOW_PORT = 9000
SMALLEST_PAYLOAD = 24  # bytes: what a packet of a flow says about itself
_LEAST_PACKETS_IN_PERIOD = 1e-3  # of an on-off source, on the average
SMALLEST_REQUEST = 16  # bytes: what a request says of itself and of its answer
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
        periods: OnOff | None = None,
        name: str | None = None,
    ) -> Flow:
        """UDP packets from one node to another, measured packet by packet. For both ways make two flows.

        rate: packets a second. size: bytes of UDP payload, 24 or more. start, stop: seconds; None: now, and never.
        port: to send to; None: a free one. source_port: None: a free one. source_address: None: chosen for each
        packet by RFC 6724. destination_address: None: the destination's global address when the flow starts.
        pattern: "constant" intervals, or "poisson" (exponentially distributed). periods: OnOff(...), it sends in periods
        with pauses, at `rate` within a period; None: all the time. name: None: "<source>-><destination>".
        """
        sender, receiver = self.node(source), self.node(destination)
        label = self._flow_name(sender, receiver, name)
        what = f"flow {label!r}"
        start_ns, stop_ns = self._flow_times(what, start, stop)
        settings = FlowSettings(
            source=sender,
            destination=receiver,
            rate=errors.number(what, "rate", rate, "packets per second", above=0, maximum=1e9),
            size=errors.integer(what, "size", size, "bytes", minimum=SMALLEST_PAYLOAD, maximum=LARGEST_PAYLOAD),
            pattern=errors.one_of(what, "pattern", pattern, ("constant", "poisson")),
            start_ns=start_ns,
            stop_ns=stop_ns,
            port=self._flow_port(what, port),
            source_port=_port(what, "source_port", source_port),
            source_address=_address(what, "source_address", source_address),
            destination_address=_address(what, "destination_address", destination_address, group=True),
            periods=_periods(what, periods, rate),
        )
        return self._start_flow(label, settings)

    def tcp_flow(
        self,
        source: Node | str,
        destination: Node | str,
        *,
        size: int | None = None,
        start: float | None = None,
        stop: float | None = None,
        port: int | None = None,
        source_address: str | None = None,
        destination_address: str | None = None,
        options: TcpOptions | None = None,
        sample_interval: float | None = None,
        name: str | None = None,
    ) -> TcpFlow:
        """A TCP connection by which one node sends to another as fast as the path takes it.

        size: bytes to send, then the connection is closed; None: until `stop`. start, stop: seconds; None: now, and
        never. port: of the receiver; None: a free one. source_address: None: chosen by RFC 6724. destination_address:
        None: the destination's global address when the flow starts. options: of the connection, for both ends; None:
        TcpOptions(). sample_interval: seconds between samples of the sender's state (`TcpFlow.samples`); None: none are
        taken. name: None: "<source>-><destination>".
        """
        sender, receiver = self.node(source), self.node(destination)
        label = self._flow_name(sender, receiver, name)
        what = f"flow {label!r}"
        start_ns, stop_ns = self._flow_times(what, start, stop)
        if options is not None and not isinstance(options, TcpOptions):
            errors.fail(what, "options", options, "kamesim.TcpOptions(...)")
        chosen = options or TcpOptions()
        sampling = 0 if sample_interval is None else errors.nanoseconds(what, "sample_interval", sample_interval)
        if sample_interval is not None and sampling <= 0:
            errors.fail(what, "sample_interval", sample_interval, "more than 0 s")
        target = _address(what, "destination_address", destination_address)
        if target is None and start_ns == self._core.now_ns:
            target = self._network()._address_of(what, "destination", receiver)
        core = self._core.add_tcp_flow(
            source=sender._core,
            destination=receiver._core,
            options=chosen._checked(what),
            source_address=_address(what, "source_address", source_address),
            destination_address=target or "::",
            destination_port=self._flow_port(what, port),
            octets=0 if size is None else errors.integer(what, "size", size, "bytes", minimum=1, maximum=1 << 62),
            start_ns=start_ns,
            stop_ns=stop_ns,
            sample_interval_ns=sampling,
            series_interval_ns=SERIES_INTERVAL_NS,
        )
        flow = TcpFlow(label, sender, receiver, chosen, core)
        self._tcp_flows[label] = flow
        if target is None:
            self._scheduler.add(start_ns, self._aim_tcp, (flow,), {})
        return flow

    def request_response(
        self,
        client: Node | str,
        server: Node | str,
        *,
        request_size: int = 100,
        response_size: int = 10_000,
        think_time: float = 1.0,
        think: str = "exponential",
        requests: int | None = None,
        persistent: bool = True,
        timeout: float | None = None,
        start: float | None = None,
        stop: float | None = None,
        port: int | None = None,
        server_address: str | None = None,
        options: TcpOptions | None = None,
        transport: str = "tcp",
        name: str | None = None,
    ) -> RequestResponse:
        """A client that asks a server, waits for the whole answer, thinks, and asks again; each is timed.

        request_size: bytes, 16 to 65,536, and no more than the send buffer. response_size: bytes. think_time: seconds from an answer to the next request, on
        the average. think: "exponential" or "constant". requests: how many; None: until `stop`. persistent: one
        connection for all, made again when it is lost, or one for each. timeout: seconds after which an answer is given up,
        with its connection; None: it waits as long as TCP does, for ever if the server has forgotten. start, stop: seconds; None: now, and never. port:
        of the server; None: a free one. server_address: None: the server's global address at the start. options: of the
        connections, for both ends; None: TcpOptions(). transport: "tcp", or "udp": a datagram asks and one answers, each
        of 65,527 bytes at the most; what is lost is not asked for again, and timeout None is one second. name: None: "<client>-><server>".
        """
        asking, answering = self.node(client), self.node(server)
        label = self._flow_name(asking, answering, name)
        what = f"requests {label!r}"
        start_ns, stop_ns = self._flow_times(what, start, stop)
        if errors.one_of(what, "transport", transport, ("tcp", "udp")) == "udp":
            if options is not None or not errors.flag(what, "persistent", persistent):
                errors.fail(what, "transport", transport, '"tcp", to which options and persistent belong')
        if options is not None and not isinstance(options, TcpOptions):
            errors.fail(what, "options", options, "kamesim.TcpOptions(...)")
        chosen = options or TcpOptions()
        largest = min(65536, chosen.send_buffer)  # a request is written at once
        target = _address(what, "server_address", server_address)
        if target is None and start_ns == self._core.now_ns:
            target = self._network()._address_of(what, "server", answering)
        core: _core.RequestResponse | _core.UdpRequestResponse
        if transport == "udp":
            core = self._core.add_udp_request_response(
                client=asking._core,
                server=answering._core,
                number=len(self._requests) + 1,
                destination_address=target or "::",
                destination_port=self._flow_port(what, port),
                request_octets=_datagram(what, "request_size", request_size),
                response_octets=_datagram(what, "response_size", response_size),
                think_ns=errors.nanoseconds(what, "think_time", think_time),
                exponential=errors.one_of(what, "think", think, ("exponential", "constant")) == "exponential",
                timeout_ns=errors.nanoseconds(what, "timeout", 1.0 if timeout is None else timeout, above=0),
                requests=_requests(what, requests),
                start_ns=start_ns,
                stop_ns=stop_ns,
            )
            made = RequestResponse(label, asking, answering, core)
            return self._keep_requests(made, start_ns if target is None else None)
        core = self._core.add_request_response(
            client=asking._core,
            server=answering._core,
            number=len(self._requests) + 1,
            destination_address=target or "::",
            destination_port=self._flow_port(what, port),
            request_octets=errors.integer(
                what, "request_size", request_size, "bytes", minimum=SMALLEST_REQUEST, maximum=largest
            ),
            response_octets=errors.integer(what, "response_size", response_size, "bytes", minimum=1, maximum=1 << 62),
            think_ns=errors.nanoseconds(what, "think_time", think_time),
            exponential=errors.one_of(what, "think", think, ("exponential", "constant")) == "exponential",
            timeout_ns=None if timeout is None else errors.nanoseconds(what, "timeout", timeout, above=0),
            connection_each=not errors.flag(what, "persistent", persistent),
            requests=_requests(what, requests),
            start_ns=start_ns,
            stop_ns=stop_ns,
            options=chosen._checked(what),
        )
        return self._keep_requests(RequestResponse(label, asking, answering, core), start_ns if target is None else None)

    def _keep_requests(self, made: RequestResponse, aim_at: int | None) -> RequestResponse:
        """aim_at: when its server's address is looked up; None: it is known."""
        self._requests[made.name] = made
        if aim_at is not None:
            self._scheduler.add(aim_at, self._aim_requests, (made,), {})
        return made

    def _aim_requests(self, made: RequestResponse) -> None:
        made._core.set_destination(self._network()._address_of(f"requests {made.name!r}", "server", made.server))

    def _aim_tcp(self, flow: TcpFlow) -> None:
        flow._core.set_destination(self._network()._address_of(f"flow {flow.name!r}", "destination", flow.destination))

    def _start_flow(self, name: str, settings: FlowSettings) -> Flow:
        target = settings.destination_address
        if target is None and settings.start_ns == self._core.now_ns:
            target = self._network()._address_of(f"flow {name!r}", "destination", settings.destination)
        p = settings.periods
        core = self._core.add_udp_flow(
            source=settings.source._core,
            destination=settings.destination._core,
            flow_id=len(self._flows) + 1,
            source_address=settings.source_address,
            source_port=settings.source_port or 0,
            destination_address=target or "::",
            destination_port=settings.port,
            payload_bytes=settings.size,
            rate=settings.rate,
            poisson=settings.pattern == "poisson",
            start_ns=settings.start_ns,
            stop_ns=settings.stop_ns,
            periods=None if p is None else (p.lengths, round(p.on * 1e9), round(p.off * 1e9)),
        )
        flow = Flow(name, settings, core)
        self._flows[name] = flow
        if target is None:
            self._scheduler.add(settings.start_ns, self._aim, (flow,), {})
        return flow

    def _aim(self, flow: Flow) -> None:
        """Before the first packet leaves: scheduled callables come before what nodes do at the same time."""
        flow._core.set_destination(self._network()._address_of(f"flow {flow.name!r}", "destination", flow.destination))

    def _flow_port(self, what: str, port: int | None) -> int:
        given = _port(what, "port", port)
        if given is not None:
            return given
        taken = {flow.port for flow in self.flows} | {flow._core.port for flow in self._tcp_flows.values()}
        taken |= {made._core.port for made in self._requests.values()}
        return next(p for p in range(FIRST_FLOW_PORT, 65536) if p not in taken)

    def _flow_name(self, source: Node, destination: Node, name: str | None) -> str:
        """The name that was given, if it is free; else one made of the ends."""
        taken = self._flows.keys() | self._tcp_flows.keys() | self._requests.keys()
        if name is not None:
            if errors.name("flow", name) in taken:
                raise errors.Error(f"flow {name!r}: there is a flow of that name already; choose another name")
            return name
        ends = f"{source.name}->{destination.name}"
        candidate, number = ends, 2
        while candidate in taken:
            candidate, number = f"{ends}.{number}", number + 1
        return candidate

    def _flow_times(self, what: str, start: float | None, stop: float | None) -> tuple[int, int | None]:
        """From when to when, in ns."""
        start_ns = self._core.now_ns if start is None else errors.nanoseconds(what, "start", start)
        if start_ns < self._core.now_ns:
            errors.fail(what, "start", start, f"{self.now:g} s, the present time, or later")
        stop_ns = None if stop is None else errors.nanoseconds(what, "stop", stop)
        if stop_ns is not None and stop_ns <= start_ns:
            errors.fail(what, "stop", stop, f"later than the start at {start_ns / 1e9:g} s")
        return start_ns, stop_ns


def _periods(what: str, value: OnOff | None, rate: float) -> OnOff | None:
    if value is None:
        return None
    if not isinstance(value, OnOff):
        errors.fail(what, "periods", value, "kamesim.OnOff(...), or None: it sends all the time")
    errors.one_of(what, "periods.lengths", value.lengths, ("exponential", "pareto", "constant"))
    on = errors.number(what, "periods.on", value.on, "seconds", above=0, maximum=1e6)
    if on * rate < _LEAST_PACKETS_IN_PERIOD:
        least = _LEAST_PACKETS_IN_PERIOD / rate
        errors.fail(what, "periods.on", value.on, f"{least:g} s or more: a thousandth of the interval between packets")
    errors.number(what, "periods.off", value.off, "seconds", minimum=0, maximum=1e6)
    return value


def _datagram(what: str, parameter: str, value: int) -> int:
    return errors.integer(what, parameter, value, "bytes", minimum=SMALLEST_REQUEST, maximum=LARGEST_PAYLOAD)


def _requests(what: str, value: int | None) -> int:
    return 0 if value is None else errors.integer(what, "requests", value, "", minimum=1, maximum=1 << 62)


def _port(what: str, parameter: str, value: int | None) -> int | None:
    return None if value is None else errors.integer(what, parameter, value, "", minimum=1, maximum=65535)


def _address(what: str, parameter: str, value: str | None, *, group: bool = False) -> str | None:
    """An address of one node, or, if it may be, of a group."""
    if value is None:
        return None
    text = errors.ip_address(what, parameter, value)
    parsed = ipaddress.ip_address(text)
    if parsed.is_unspecified or (parsed.is_multicast and not group):
        errors.fail(what, parameter, value, "the address of a node" + (", or of a group" if group else ""))
    return text
