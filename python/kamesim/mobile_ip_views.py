"""What a node says of Mobile IPv6 as it runs there: where it takes itself to be, and the tables of its roles.

    mn.mobile_ip.care_of, mn.mobile_ip.registered
    mn.mobile_ip.binding_update_list()
    ha.mobile_ip.binding_cache()

The roles themselves are in `mobile_ip`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kamesim import _core, errors, hmip6, tables
from kamesim.advertising import INFINITE_NS
from kamesim.multihomed import Multihomed

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.node import Node


class MobileIpViews:
    """The part of `MobileIp` that tells and changes nothing."""

    def __init__(self, node: Node, core: _core.MobileIpv6) -> None:
        self._node = node
        self._core = core
        self._hierarchical: _core.HierarchicalMobileIpv6 | None = None  # once it has a role of RFC 5380
        self._fast: _core.FastHandovers | None = None  # once it has a role of RFC 5568
        self._multihomed: Multihomed | None = None

    @property
    def location(self) -> str:
        """Where the mobile node takes itself to be: 'home', 'foreign', 'unknown'; 'none' if it is none."""
        return self._core.location if self._multihomed is None else self._multihomed.location

    @property
    def care_of(self) -> str | None:
        """The mobile node's primary care-of address; None at home. Of several, the preferred one that is registered."""
        return self._core.care_of if self._multihomed is None else self._multihomed.care_of

    @property
    def registered(self) -> bool:
        """Whether the home agent has accepted a binding of the mobile node that still lives."""
        return self._core.registered if self._multihomed is None else bool(self._multihomed.ways)

    @property
    def ways(self) -> list[str]:
        """The interfaces of a multihomed mobile node that are registered, the preferred one first."""
        return self._multi("ways").ways

    @property
    def fallen_back(self) -> bool:
        """Whether a multihomed mobile node registers one care-of address only, as its home agent takes no more."""
        return self._multi("fallen_back").fallen_back

    def interfaces(self) -> pd.DataFrame:
        """The roaming interfaces of a multihomed mobile node (RFC 5648), the preferred one first.

        Columns: interface, bid, priority (BID-PRI), care_of, registered_care_of, expires_s, in_use.
        """
        return self._multi("interfaces").interfaces()

    def correspondents(self) -> pd.DataFrame:
        """Whom a multihomed mobile node with `route_optimization=True` deals with directly (RFC 5648 section 5.2).

        Columns: correspondent, interfaces (whose care-of addresses it has), care_of (that packets take; None: by the
        home agent).
        """
        return self._multi("correspondents").correspondents()

    def flows(self) -> pd.DataFrame:
        """The flows that a multihomed mobile node has bound (RFC 6089), by FID.

        Columns: fid, priority, interfaces, registered (whether the home agent has it), refused (a status of RFC 6089
        section 4.2; None).
        """
        return self._multi("flows").flows()

    @property
    def mobile_network_forwarded(self) -> bool:
        """Whether the home agent forwards for the mobile router's network by the tunnel (RFC 3963 section 5.3)."""
        return self._core.mobile_network_forwarded

    @property
    def mobile_router_mode(self) -> str:
        """How the mobile router registers: 'implicit', 'explicit'; 'given up' (section 5.4); 'none' if it is none."""
        return self._core.mobile_router_mode if self._multihomed is None else self._multihomed.mobile_router_mode

    @property
    def home_agent(self) -> str | None:
        """The address of the home agent that the mobile node registers with; None while it knows none."""
        return self._core.home_agent

    @property
    def ipv4_home_address(self) -> str | None:
        """The mobile node's IPv4 home address (RFC 5555), as it has it now: at home, or acknowledged; or None."""
        return self._core.ipv4_home_address

    @property
    def ipv4_mobile_networks(self) -> list[str]:
        """The IPv4 prefixes that the mobile router's home agent tunnels packets for (RFC 5555); [] at home."""
        return self._core.ipv4_mobile_networks

    @property
    def udp_encapsulation(self) -> bool:
        """Whether all that goes between the mobile node and its home agent is in UDP (RFC 5555 section 4.1)."""
        return self._core.udp_encapsulation

    def ipv4_bindings(self) -> pd.DataFrame:
        """What the home agent has bound of IPv4 (RFC 5555), by home address.

        Columns: home_address, ipv4 (a prefix, "/32" an address), care_of, udp (whether its packets are in UDP), nat
        (whether a NAT was found before the mobile node).
        """
        return tables.frame(self._core.ipv4_bindings(), ["home_address", "ipv4", "care_of", "udp", "nat"])

    def home_addresses(self) -> pd.DataFrame:
        """The mobile node's, as they were enabled: home_address, location, care_of, home_agent, registered."""
        columns = ["home_address", "location", "care_of", "home_agent", "registered"]
        return tables.frame(self._core.home_addresses(), columns)

    def home_agents(self) -> pd.DataFrame:
        """The home agent's list of others on the home link: router, addresses, preference, expires_s."""
        rows = [(*row[:3], row[3] / 1e9) for row in self._core.home_agents()]
        return tables.frame(rows, ["router", "addresses", "preference", "expires_s"])

    def binding_cache(self) -> pd.DataFrame:
        """The bindings of others.

        Columns: home_address, care_of, home_registration, sequence, expires_s; by RFC 3963 mobile_router, prefixes.
        """
        rows = [(*row[:4], row[4] / 1e9, *row[5:]) for row in self._core.binding_cache()]
        columns = ["home_address", "care_of", "home_registration", "sequence", "expires_s", "mobile_router", "prefixes"]
        return tables.frame(rows, columns)

    def binding_update_list(self) -> pd.DataFrame:
        """The mobile node's registrations (RFC 6275 section 11.1): the home agent of each home address, if the node is
        away or was, then correspondents.

        Columns: destination, home_address, care_of (None: there is no binding), home_registration, state, sequence of
        the last update (NaN: none was sent in the present state of affairs), expires_s of the binding (NaN: there is
        none). state: "registering", "bound", "deregistering" or "idle"; of correspondents also "testing" (return
        routability is under way) and "avoiding" (it failed, and is tried again later).
        """
        rows = [
            (*row[:5], math.nan if row[5] is None else row[5], math.nan if row[6] is None else row[6] / 1e9)
            for row in self._core.binding_update_list()
        ]
        columns = ["destination", "home_address", "care_of", "home_registration", "state", "sequence", "expires_s"]
        return tables.frame(rows, columns)

    def care_of_addresses(self) -> pd.DataFrame:
        """The home agent's bindings of mobile nodes with several (RFC 5648), the preferred one of each first.

        Columns: home_address, bid, care_of, priority (BID-PRI, lower is better; 0: none was told), home_binding,
        expires_s.
        """
        rows = [(*row[:5], row[5] / 1e9) for row in self._core.care_of_addresses()]
        return tables.frame(rows, ["home_address", "bid", "care_of", "priority", "home_binding", "expires_s"])

    def flow_bindings(self) -> pd.DataFrame:
        """The home agent's flow bindings (RFC 6089), by priority: home_address, fid, priority, bids, active."""
        return tables.frame(self._core.flow_bindings(), ["home_address", "fid", "priority", "bids", "active"])

    @property
    def on_link_care_of(self) -> str | None:
        """The mobile node's care-of address of the link where it is; None: none yet, or at home.

        It is `care_of` unless a Mobility Anchor Point keeps another one (RFC 5380).
        """
        return (self._hierarchical or self._core).on_link_care_of

    @property
    def region(self) -> hmip6.Region | None:
        """The Mobility Anchor Point that the mobile node is registered with (RFC 5380), or None."""
        region = None if self._hierarchical is None else self._hierarchical.region
        return None if region is None else hmip6.Region(*region)

    def mobility_anchor_points(self) -> pd.DataFrame:
        """Those advertised on the mobile node's link, in the order of selection: address, distance (hops), preference,
        valid_until_s (inf: for ever)."""
        known = [] if self._hierarchical is None else self._hierarchical.advertised_maps()
        rows = [(*row[:3], math.inf if row[3] >= INFINITE_NS else row[3] / 1e9) for row in known]
        return tables.frame(rows, ["address", "distance", "preference", "valid_until_s"])

    def neighborhood(self) -> pd.DataFrame:
        """What the access router told the mobile node (RFC 5568): access_point, router, prefix; "": it knows none."""
        rows = [] if self._fast is None else self._fast.neighborhood()
        return tables.frame(rows, ["access_point", "router", "prefix"])

    def redirected(self) -> pd.DataFrame:
        """Whose packets this access router sends after them (RFC 5568): pcoa, ncoa, bound (or asked for), expires_s."""
        rows = [(*row[:3], row[3] / 1e9) for row in (self._fast.redirected() if self._fast is not None else [])]
        return tables.frame(rows, ["pcoa", "ncoa", "bound", "expires_s"])

    def group_members(self) -> pd.DataFrame:
        """Who is in which group, as a home agent with `multicast=True` was told: home_address, group, expires_s."""
        rows = [(home, group, until / 1e9) for home, group, until in self._core.group_members()]
        return tables.frame(rows, ["home_address", "group", "expires_s"])

    def anchored(self) -> pd.DataFrame:
        """The bindings of a Mobility Anchor Point (RFC 5380): rcoa, lcoa, sequence, expires_s."""
        known = [] if self._hierarchical is None else self._hierarchical.anchored()
        rows = [(*row[:3], row[3] / 1e9) for row in known]
        return tables.frame(rows, ["rcoa", "lcoa", "sequence", "expires_s"])

    def _multi(self, call: str) -> Multihomed:
        if self._multihomed is None:
            what = f"{self._node._what}: {call}"
            raise errors.Error(f"{what}: it is no multihomed mobile node; enable MultihomedMobileNode")
        return self._multihomed
