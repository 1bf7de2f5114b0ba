"""The settings of a node's IPv6 layer: which specification it follows, and its limits."""

from __future__ import annotations

from typing import Any

from kamesim import errors
from kamesim.settings import Setting, Settings

SPECIFICATIONS = ("RFC 8200", "RFC 2460", "KAME")
ADDRESS_SELECTIONS = ("RFC 6724", "RFC 3484", "KAME")


class Ip6Settings(Settings):
    """The settings of one node's IPv6 layer, as `node.ip6`; a change takes effect at once.

    host.ip6.specification = "KAME"
    host.ip6.icmp6_error_rate = 10
    """

    # --- What specifications differ in; `specification` sets them together ------------------------------------------

    hop_by_hop_on_path = Setting(bool)  #: routers process the hop-by-hop options of what they forward
    type_0_routing_headers = Setting(bool)  #: they are followed (RFC 2460), or unknown (RFC 5095)
    one_routing_header = Setting(bool)  #: a packet with two routing headers is discarded
    overlap_discards_newcomer_only = Setting(bool)  #: of overlapping fragments; else all of the packet (RFC 5722)
    atomic_fragments_apart = Setting(bool)  #: a fragment that is a whole packet stands alone (RFC 6946)
    whole_chain_in_first_fragment = Setting(bool)  #: or the fragment is refused (RFC 7112)
    atomic_fragments_below_minimum_mtu = Setting(bool)  #: after a Packet Too Big of less than 1280 (RFC 2460)

    # --- Headers and options ----------------------------------------------------------------------------------------

    max_extension_headers = Setting(int)  #: of one packet; what has more is discarded
    max_options = Setting(int)  #: of one header, without padding; 0: no limit (RFC 8504 section 5.3)
    max_pad1_run = Setting(int)  #: Pad1 options in a row; 0: no limit
    max_padn_bytes = Setting(int, unit="bytes")  #: of data in a PadN option; 0: no limit
    max_options_header_bytes = Setting(int, unit="bytes")  #: of a whole options header; 0: no limit
    accept_unrecognized_options = Setting(bool)  #: by their two high bits; else discarded silently
    jumbograms = Setting(bool)  #: RFC 2675 is understood
    auto_flow_label = Setting(bool)  #: flows of TCP and UDP get a label each (RFC 6437)

    # --- Reassembly: when a limit is reached, the oldest makes room ---------------------------------------------------

    reassembly_packets = Setting(int)  #: being reassembled at a time
    reassembly_packets_per_source = Setting(int)  #: the same from one address
    reassembly_fragments = Setting(int)  #: waiting in all
    reassembly_fragments_per_packet = Setting(int)  #: a packet of more is given up
    reassembly_bytes = Setting(int, unit="bytes")  #: that their buffers occupy
    reassembly_bytes_per_source = Setting(int, unit="bytes")  #: the same from one address

    # --- ICMPv6 -----------------------------------------------------------------------------------------------------

    icmp6_error_rate = Setting(float, unit="errors a second")  #: that it originates on the average (RFC 4443)
    icmp6_error_burst = Setting(int)  #: that it originates at once
    icmp6_error_rate_per_destination = Setting(float, unit="errors a second")  #: 0: no such limit
    icmp6_error_burst_per_destination = Setting(int)  #: with the limit above
    send_destination_unreachable = Setting(bool)  #: or none of them (RFC 4443 section 3.1)
    multicast_echo_rate = Setting(float, unit="replies a second")  #: to requests for groups; 0: none
    node_information = Setting(bool)  #: queries are answered (RFC 4620)
    node_information_to_global = Setting(bool)  #: also those from addresses of more than the link

    # --- Path MTU -----------------------------------------------------------------------------------------------------

    path_mtu_timeout = Setting(float, unit="seconds", minimum=300, infinite=True)  #: math.inf: kept for ever
    path_mtu_entries = Setting(int)  #: estimates that it keeps
    path_mtu_unverified_entries = Setting(int)  #: of which so many without a connection that vouches for them

    _part = "ip6"
    _extra = ("specification", "address_selection")

    def _get(self, name: str) -> float:
        return self._node._core.ip6_setting(name)

    def _set(self, name: str, value: float) -> None:
        self._node._core.set_ip6_setting(name, value)

    @property
    def specification(self) -> str | None:
        """ "RFC 8200", "RFC 2460" or "KAME"; None if single rules were set otherwise."""
        return self._node._core.ip6_specification()

    @specification.setter
    def specification(self, value: str) -> None:
        self._node._core.set_ip6_specification(errors.one_of(self._what, "specification", value, SPECIFICATIONS))

    @property
    def address_selection(self) -> str:
        """By whose rules source addresses are selected and destinations ordered: "RFC 6724", "RFC 3484" or "KAME".

        RFC 3484 has a table of its own, takes private IPv4 addresses for site-local ones, compares addresses beyond
        the source's prefix, and does not know which router advertised which prefix. KAME is RFC 3484 with interfaces
        whose addresses are preferred (`interface.prefer_source`). Setting it sets `node.nd.prefer_temporary_addresses`
        too, which only RFC 6724 has by default.
        """
        return ADDRESS_SELECTIONS[int(self._get("address_selection"))]

    @address_selection.setter
    def address_selection(self, value: str) -> None:
        name = errors.one_of(self._what, "address_selection", value, ADDRESS_SELECTIONS)
        self._set("address_selection", ADDRESS_SELECTIONS.index(name))
        self._set("nd.prefer_temporary_addresses", name == "RFC 6724")

    def __repr__(self) -> str:
        settings = self._node._core.changed_ip6_settings()
        changed = ", ".join(f"{name}={value:g}" for name, value in settings if "." not in name)
        return f"<ip6 settings of {self._node.name!r}: {changed or 'defaults'}>"


def settings() -> list[str]:
    """The names of all settings."""
    return Ip6Settings._names()
