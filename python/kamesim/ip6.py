"""The settings of a node's IPv6 layer: which specification it follows, and its limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from kamesim import errors

if TYPE_CHECKING:
    from kamesim.node import Node

T = TypeVar("T", bool, int, float)

SPECIFICATIONS = ("RFC 8200", "RFC 2460", "KAME")


class _Setting(Generic[T]):
    """One setting; reading and writing it reads and writes the node's."""

    def __init__(self, kind: type[T], *, unit: str = "", minimum: int = 0, infinite: bool = False) -> None:
        self._kind: type[T] = kind
        self._unit, self._minimum, self._infinite = unit, minimum, infinite
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, settings: None, owner: type) -> _Setting[T]: ...

    @overload
    def __get__(self, settings: Ip6Settings, owner: type) -> T: ...

    def __get__(self, settings: Ip6Settings | None, owner: type) -> Any:
        if settings is None:
            return self
        return self._kind(settings._node._core.ip6_setting(self._name))

    def __set__(self, settings: Ip6Settings, value: T) -> None:
        settings._node._core.set_ip6_setting(self._name, float(self._check(settings._what, value)))

    def _check(self, what: str, value: Any) -> float:
        if self._kind is bool:
            return errors.flag(what, self._name, value)
        if self._infinite and isinstance(value, float) and value == math.inf:
            return value
        if self._kind is int:
            return errors.integer(what, self._name, value, self._unit, minimum=self._minimum, maximum=2**31 - 1)
        return errors.number(what, self._name, value, self._unit, minimum=self._minimum)


class Ip6Settings:
    """The settings of one node's IPv6 layer, as `node.ip6`; a change takes effect at once.

    host.ip6.specification = "KAME"
    host.ip6.icmp6_error_rate = 10
    """

    # --- What specifications differ in; `specification` sets them together ------------------------------------------

    hop_by_hop_on_path = _Setting(bool)  #: routers process the hop-by-hop options of what they forward
    type_0_routing_headers = _Setting(bool)  #: they are followed (RFC 2460), or unknown (RFC 5095)
    one_routing_header = _Setting(bool)  #: a packet with two routing headers is discarded
    overlap_discards_newcomer_only = _Setting(bool)  #: of overlapping fragments; else all of the packet (RFC 5722)
    atomic_fragments_apart = _Setting(bool)  #: a fragment that is a whole packet stands alone (RFC 6946)
    whole_chain_in_first_fragment = _Setting(bool)  #: or the fragment is refused (RFC 7112)
    atomic_fragments_below_minimum_mtu = _Setting(bool)  #: after a Packet Too Big of less than 1280 (RFC 2460)

    # --- Headers and options ----------------------------------------------------------------------------------------

    max_extension_headers = _Setting(int)  #: of one packet; what has more is discarded
    max_options = _Setting(int)  #: of one header, without padding; 0: no limit (RFC 8504 section 5.3)
    max_pad1_run = _Setting(int)  #: Pad1 options in a row; 0: no limit
    max_padn_bytes = _Setting(int, unit="bytes")  #: of data in a PadN option; 0: no limit
    max_options_header_bytes = _Setting(int, unit="bytes")  #: of a whole options header; 0: no limit
    accept_unrecognized_options = _Setting(bool)  #: by their two high bits; else discarded silently
    jumbograms = _Setting(bool)  #: RFC 2675 is understood
    auto_flow_label = _Setting(bool)  #: flows of TCP and UDP get a label each (RFC 6437)

    # --- Reassembly: when a limit is reached, the oldest makes room ----------------------------------------------------

    reassembly_packets = _Setting(int)  #: being reassembled at a time
    reassembly_packets_per_source = _Setting(int)  #: the same from one address
    reassembly_fragments = _Setting(int)  #: waiting in all
    reassembly_fragments_per_packet = _Setting(int)  #: a packet of more is given up
    reassembly_bytes = _Setting(int, unit="bytes")  #: that their buffers occupy
    reassembly_bytes_per_source = _Setting(int, unit="bytes")  #: the same from one address

    # --- ICMPv6 -----------------------------------------------------------------------------------------------------

    icmp6_error_rate = _Setting(float, unit="errors a second")  #: that it originates on the average (RFC 4443)
    icmp6_error_burst = _Setting(int)  #: that it originates at once
    icmp6_error_rate_per_destination = _Setting(float, unit="errors a second")  #: 0: no such limit
    icmp6_error_burst_per_destination = _Setting(int)  #: with the limit above
    send_destination_unreachable = _Setting(bool)  #: or none of them (RFC 4443 section 3.1)
    multicast_echo_rate = _Setting(float, unit="replies a second")  #: to requests for groups; 0: none
    node_information = _Setting(bool)  #: queries are answered (RFC 4620)

    # --- Path MTU -----------------------------------------------------------------------------------------------------

    path_mtu_timeout = _Setting(float, unit="seconds", minimum=300, infinite=True)  #: math.inf: kept for ever
    path_mtu_entries = _Setting(int)  #: estimates that it keeps
    path_mtu_unverified_entries = _Setting(int)  #: of which so many without a connection that vouches for them

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def _what(self) -> str:
        return f"{self._node._what}: ip6"

    @property
    def specification(self) -> str | None:
        """ "RFC 8200", "RFC 2460" or "KAME"; None if single rules were set otherwise."""
        return self._node._core.ip6_specification()

    @specification.setter
    def specification(self, value: str) -> None:
        self._node._core.set_ip6_specification(errors.one_of(self._what, "specification", value, SPECIFICATIONS))

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise errors.UnknownName(f"{self._what}: setting", name, settings())
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        changed = ", ".join(f"{name}={value:g}" for name, value in self._node._core.changed_ip6_settings())
        return f"<ip6 settings of {self._node.name!r}: {changed or 'defaults'}>"


def settings() -> list[str]:
    """The names of all settings."""
    return ["specification", *(name for name, value in vars(Ip6Settings).items() if isinstance(value, _Setting))]
