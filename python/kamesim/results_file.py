"""Results as the Protobuf message of sim/formats/results.proto."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kamesim import results_pb2 as pb
from kamesim.version import VERSION

if TYPE_CHECKING:
    from kamesim.handoff import Handoff
    from kamesim.node import Node
    from kamesim.running import Running

FORMAT_VERSION = 1


def results_message(
    network: Running, interrupted: bool, parameters: dict[str, object], handoffs: Sequence[Handoff]
) -> Any:
    """All results of the network so far."""
    message = pb.Results(
        format_version=FORMAT_VERSION,
        kamesim_version=VERSION,
        scenario=network.name,
        seed=network.seed,
        parameters={key: str(value) for key, value in parameters.items()},
        duration_ns=network._core.now_ns,
        interrupted=interrupted,
    )
    if network._hashes:
        message.trace_hash = int(network.trace_hash, 16)
    for handoff in handoffs:
        _add_handoff(message, handoff)
    for flow in network.flows:
        measured = flow._core.measure()
        message.flows.add(
            name=flow.name,
            source=flow.source.name,
            destination=flow.destination.name,
            sent=measured.sent,
            received=measured.received,
            lost=measured.lost,
            duplicated=measured.duplicated,
            reordered=measured.reordered,
            sequence=range(measured.sent),
            send_time_ns=measured.send_ns.tolist(),
            delay_ns=measured.delay_ns.tolist(),
        )
    for node in network.nodes:
        _add_node(message, node)
    for time_ns, name, kind, fields in network._events():
        _add_event(message, time_ns, name, kind, fields)
    return message


def _add_handoff(message: Any, handoff: Handoff) -> None:
    result = message.handoffs.add(
        node=handoff.node,
        number=handoff.number,
        to=handoff.target,
        start_ns=_nanoseconds(handoff.start),
        downlink_outage_ns=_nanoseconds(handoff.downlink.outage),
        uplink_outage_ns=_nanoseconds(handoff.uplink.outage),
        outage_ns=_nanoseconds(handoff.outage),
        downlink_lost=handoff.downlink.lost,
        uplink_lost=handoff.uplink.lost,
        downlink_reordered=handoff.downlink.reordered,
        uplink_reordered=handoff.uplink.reordered,
    )
    setattr(result, "from", handoff.origin)  # a word of Python's
    phases = {
        "l2_ns": handoff.l2,
        "movement_detection_ns": handoff.movement_detection,
        "dad_ns": handoff.dad,
        "home_registration_ns": handoff.home_registration,
        "return_routability_ns": handoff.return_routability,
        "correspondent_binding_ns": handoff.correspondent,
    }
    for name, phase in phases.items():
        if phase.duration is not None:
            setattr(result, name, _nanoseconds(phase.duration))


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _add_node(message: Any, node: Node) -> None:
    result = message.nodes.add(name=node.name, drops=dict(node.drops), counters=node.counters)
    for interface in node.interfaces:
        result.nics.add(name=interface.name, **interface.counters)


def _add_event(message: Any, time_ns: int, node: str, kind: str, fields: dict[str, Any]) -> None:
    event = message.trace.add(time_ns=time_ns, node=node, kind=kind)
    for name, value in fields.items():
        column = "integer" if isinstance(value, int) else "real" if isinstance(value, float) else "text"
        event.fields.add(name=name, **{column: value})
