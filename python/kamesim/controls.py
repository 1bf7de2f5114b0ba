"""What is done to a node from outside, and what its tables hold: power, forwarding, neighbours, routers, caches."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kamesim import errors, tables
from kamesim.placement import Placed

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.interface import Interface, InterfaceLike


@dataclass(frozen=True)
class AdvertisementGuard:
    """What `guard_advertisements` was told."""

    routers: list[str] | None  #: that may advertise; None: any
    prefixes: list[str] | None  #: that may be advertised; None: any
    cancel: bool


class Controls(Placed):
    """The part of a node that an administrator, or a test program, has a hand in."""

    # --- Power --------------------------------------------------------------------------------------------------------

    def reboot(self, *, wait: bool = False, timeout: float = 60.0) -> None:
        """Switches it off and on again, which takes no time. All state is lost, all configuration kept.

        Lost: neighbours, destination cache, path MTUs, default routers, prefixes, autoconfigured addresses, fragments,
        bindings of Mobile IPv6, sockets, tasks. Kept: addresses, routes and permanent neighbours given by hand, forwarding,
        what it advertises, its roles; names and MAC addresses of its interfaces, which are tested and solicit routers
        as if just plugged in. Its pings end, with what they have found by then; flows go on as planned. Counters,
        drops, traces, captures and testers are the simulation's own, and go on.

        wait: whether to let virtual time pass until it has settled (`settle`), `timeout` seconds at the most.
        """
        errors.flag(f"{self._what}: reboot", "wait", wait)
        seconds = errors.number(f"{self._what}: reboot", "timeout", timeout, "seconds")
        if wait:
            self._check_not_running("reboot(wait=True)")
        self.network._loop.kill(self)
        self._core.reboot()
        if wait:
            self.settle(timeout=seconds)

    @property
    def boots(self) -> int:
        """How often it was switched on: 1 until its first reboot."""
        return self._core.boots

    def settle(self, *, timeout: float = 60.0) -> float:
        """Lets virtual time pass until it is up and quiet, and returns how many seconds that took.

        It is when Duplicate Address Detection is over on all links that are up, and a router has answered its
        solicitations, or it knows that none will: MAX_RTR_SOLICITATION_DELAY after the third (RFC 4861 section 6.3.7).
        timeout: the most seconds of virtual time; an Error says what it still waits for then.
        """
        what = f"{self._what}: settle"
        self._check_not_running("settle")
        core = self.network._core
        start = core.now_ns
        limit = start + errors.nanoseconds(what, "timeout", timeout)
        if not core.run_until_quiet(self._core, limit, self.network._scheduler.dispatch):
            tested = [row[1] for row in self._core.addresses() if row[3] in ("tentative", "optimistic")]
            doing = f"it tests {', '.join(tested)}" if tested else "it looks for routers"
            raise errors.Error(f"{what}: after {(core.now_ns - start) / 1e9:g} s it is not quiet: {doing}")
        return (core.now_ns - start) / 1e9

    def _check_not_running(self, method: str) -> None:
        if self.network._core.running:
            raise errors.Error(
                f"{self._what}: {method} lets virtual time pass, which a scheduled callable cannot do; use "
                f"reboot() there, which returns at once"
            )

    # --- Forwarding ---------------------------------------------------------------------------------------------------

    @property
    def forwarding(self) -> bool:
        """Whether it is a router at present (IsRouter); may be set at any time.

        A router that becomes a host leaves the all-routers groups, clears the Router flag of its advertisements,
        solicits routers, and what it advertises says Router Lifetime 0 from then on, the first time at once (RFC 4861
        sections 6.2.5 and 6.3.7). A host that becomes a router forgets its default routers and accepts no more Router
        Advertisements.
        """
        return self._core.forwarding

    @forwarding.setter
    def forwarding(self, value: bool) -> None:
        self._core.set_forwarding(errors.flag(self._what, "forwarding", value))

    # --- Multicast forwarding -----------------------------------------------------------------------------------------

    @property
    def multicast_forwarding(self) -> bool:
        """Whether a router forwards packets for groups that no multicast route is for to all its other links.

        They have to come by the interface by which packets to their source would leave (reverse path forwarding). Groups
        of a link's scope and less, and link-local sources, stay on their link. May be set at any time; a reboot keeps it.
        """
        return self._core.multicast_flood

    @multicast_forwarding.setter
    def multicast_forwarding(self, value: bool) -> None:
        self._core.multicast_flood = errors.flag(self._what, "multicast_forwarding", value)

    def add_multicast_route(
        self,
        groups: str,
        *,
        incoming: InterfaceLike,
        outgoing: Iterable[InterfaceLike],
        source: str | None = None,
    ) -> None:
        """Has a router forward packets for groups from one interface to others.

        groups: "ff0e::1234", or a prefix of groups, "ff0e::/16"; the longest counts. source: of these packets only, which
        goes before routes without; None: any. What comes by another interface than `incoming` is not forwarded. A route
        of the same groups and source is replaced. A reboot keeps it.
        """
        what = f"{self._what}: add_multicast_route"
        prefix = self._group_prefix(what, groups)
        sender = self._multicast_source(what, source)
        way_in = self.interface(incoming)
        given = errors.listed(what, "outgoing", outgoing, "a list of interfaces")
        out = [self.interface(i).name for i in given]
        if way_in.name in out:
            errors.fail(what, "outgoing", out, f"other interfaces than the incoming one, {way_in.name!r}")
        self._core.add_multicast_route(prefix, sender, way_in.name, out)

    def remove_multicast_route(self, groups: str, *, source: str | None = None) -> None:
        """Takes a multicast route away."""
        what = f"{self._what}: remove_multicast_route"
        prefix = self._group_prefix(what, groups)
        if not self._core.remove_multicast_route(prefix, self._multicast_source(what, source)):
            raise errors.UnknownName(f"{what}: route", prefix, [row[0] for row in self._core.multicast_routes()])

    def multicast_routes(self) -> pd.DataFrame:
        """Its multicast routes: groups, source (None: any), incoming, outgoing, packets, bytes, wrong_interface.

        packets, bytes: that were forwarded by it. wrong_interface: packets that came by another than `incoming`.
        """
        return tables.frame(
            self._core.multicast_routes(),
            ["groups", "source", "incoming", "outgoing", "packets", "bytes", "wrong_interface"],
        )

    def _group_prefix(self, what: str, groups: Any) -> str:
        right = "a group or a prefix of groups, such as 'ff0e::1234' or 'ff0e::/16'"
        text = groups if isinstance(groups, str) and "/" in groups else f"{errors.address(what, 'groups', groups)}/128"
        prefix = errors.prefix(what, "groups", text)
        if not prefix.is_multicast:
            errors.fail(what, "groups", groups, right)
        return str(prefix)

    def _multicast_source(self, what: str, source: Any) -> str | None:
        if source is None:
            return None
        text = errors.address(what, "source", source)
        parsed = ipaddress.IPv6Address(text)
        if parsed.is_multicast or parsed.is_link_local or parsed.is_unspecified:
            errors.fail(what, "source", source, "a unicast address of more than a link, or None: any")
        return text

    # --- Rogue routers ------------------------------------------------------------------------------------------------

    def guard_advertisements(
        self,
        *,
        interface: InterfaceLike | None = None,
        routers: list[str] | None = None,
        prefixes: list[str] | None = None,
        cancel: bool = True,
    ) -> None:
        """Hears the Router Advertisements of a link, and takes back those that are not wanted, as KAME's rafixd did.

        routers: the link-local addresses that may advertise; None: any may. prefixes: what may be advertised, these and
        what is within them; None: anything may. cancel: whether what is not wanted is advertised again, in the name of
        the rogue, with lifetimes of zero, which hosts obey; else it is only counted and traced ("rafixd.rogue").
        interface: None will do if the node has only one. Called again, it replaces what was said. A reboot keeps it.
        """
        what = f"{self._what}: guard_advertisements"
        allowed = None
        if routers is not None:
            allowed = [
                errors.address(what, "routers", r)
                for r in errors.listed(what, "routers", routers, "a list of IPv6 addresses, or None")
            ]
        within = None
        if prefixes is not None:
            within = [
                str(errors.prefix(what, "prefixes", p))
                for p in errors.listed(what, "prefixes", prefixes, "a list of IPv6 prefixes, or None")
            ]
        on = self._choose_interface(interface)
        self._core.guard_advertisements(on._core, allowed, within, errors.flag(what, "cancel", cancel))
        on.advertisement_guard = AdvertisementGuard(allowed, within, cancel)

    def stop_guarding_advertisements(self, *, interface: InterfaceLike | None = None) -> None:
        """Leaves the Router Advertisements of the link alone again."""
        on = self._choose_interface(interface)
        if not self._core.stop_guarding_advertisements(on._core):
            raise errors.Error(f"{self._what}: it does not guard {on.name!r}")
        on.advertisement_guard = None

    @property
    def rogue_advertisements(self) -> dict[str, int]:
        """Of `guard_advertisements`: how many were rogue, and how many of those were cancelled."""
        rogue, cancelled = self._core.rogue_advertisements()
        return {"rogue": rogue, "cancelled": cancelled}

    # --- Neighbours ---------------------------------------------------------------------------------------------------

    def neighbors(self) -> pd.DataFrame:
        """Its neighbour caches: interface, address, mac (None: not known), state, is_router, permanent, queued.

        state is incomplete, reachable, stale, delay or probe (RFC 4861 section 7.3.2). permanent: given by hand.
        queued: packets that wait for the MAC address. Neighbours of IPv4 stand there too, as ARP knows them.
        """
        rows = [(i.name, *row) for i in self.interfaces for row in i._core.neighbors()]
        return tables.frame(
            sorted(rows, key=lambda row: (row[0], row[1])),
            ["interface", "address", "mac", "state", "is_router", "permanent", "queued"],
        )

    def add_neighbor(
        self, address: str, mac: str, *, interface: InterfaceLike | None = None, is_router: bool = False
    ) -> None:
        """Puts a permanent entry into a neighbour cache: nothing that is heard changes it, and it is never probed.

        It replaces what is known of the address; packets that wait for it are sent. interface: None will do if the
        node has only one.
        """
        what = f"{self._what}: add_neighbor"
        who = self._neighbor_address(what, address)
        if mac is None:
            errors.fail(what, "mac", mac, "a MAC address, such as '02:00:00:00:00:01'")
        text = errors.mac(what, "mac", mac)
        assert text is not None
        on = self._choose_interface(interface)
        if who in on.addresses or who in on.ipv4_addresses:
            raise errors.Error(f"{what}: {who} is an address of {on.full_name!r} itself")
        self._core.add_neighbor(who, text, on._core, errors.flag(what, "is_router", is_router))

    def remove_neighbor(self, address: str, *, interface: InterfaceLike | None = None) -> None:
        """Removes an entry, permanent or not, from a neighbour cache. interface: None: from all."""
        what = f"{self._what}: remove_neighbor"
        who = self._neighbor_address(what, address)
        places = self.interfaces if interface is None else [self.interface(interface)]
        if not any([self._core.remove_neighbor(who, on._core) for on in places]):
            known = {row[0] for on in places for row in on._core.neighbors()}
            raise errors.UnknownName(f"{what}: address", who, sorted(known))

    def clear_neighbors(self) -> None:
        """Forgets all neighbours that it has learned; permanent entries stay."""
        self._core.clear_neighbors()

    # --- Default routers ----------------------------------------------------------------------------------------------

    def default_routers(self) -> pd.DataFrame:
        """Its default router lists: interface, address, preference, expires_s, reachable, selected.

        preference is low, medium or high (RFC 4191). reachable: not known to be unreachable. selected: the router of
        the interface's default route.
        """
        rows = [(*row[:3], tables.seconds(row[3]), *row[4:]) for row in self._core.default_routers()]
        return tables.frame(rows, ["interface", "address", "preference", "expires_s", "reachable", "selected"])

    def add_default_router(
        self,
        address: str,
        *,
        interface: InterfaceLike | None = None,
        lifetime: float | None = None,
        preference: str = "medium",
    ) -> None:
        """Puts a router on the default router list, as if it had just advertised itself, or renews it.

        address: usually link-local. interface: None will do if the node has only one. lifetime: seconds; None: for
        ever. preference: "low", "medium" or "high". A reboot forgets it; a static route does not: add_route("::/0").
        """
        what = f"{self._what}: add_default_router"
        who = self._neighbor_address(what, address)
        if ipaddress.ip_address(who).version == 4:
            errors.fail(what, "address", address, "an IPv6 address; a default route of IPv4 is added by add_route")
        on = self._choose_interface(interface)
        if lifetime is None or lifetime == math.inf:
            lifetime_ns = None
        else:
            lifetime_ns = errors.nanoseconds(what, "lifetime", lifetime, above=0)
        errors.one_of(what, "preference", preference, ("low", "medium", "high"))
        if who in on.addresses:
            raise errors.Error(f"{what}: {who} is an address of {on.full_name!r} itself")
        if not self._core.set_default_router(who, on._core, lifetime_ns, preference):
            raise errors.Error(f"{what}: the list of {on.full_name!r} is full; remove a router first")

    def remove_default_router(self, address: str, *, interface: InterfaceLike | None = None) -> None:
        """Takes a router off the default router list, by whatever way it came there. interface: None: of all."""
        what = f"{self._what}: remove_default_router"
        who = self._neighbor_address(what, address)
        names = None if interface is None else {self.interface(interface).name}
        found = [row for row in self._core.default_routers() if names is None or row[0] in names]
        if not any(row[1] == who for row in found):
            raise errors.UnknownName(f"{what}: address", who, sorted({row[1] for row in found}))
        for name, known, preference, *_ in found:
            if known == who:
                self._core.set_default_router(who, self.interface(name)._core, 0, preference)

    def clear_default_routers(self) -> None:
        """Takes all routers off the default router lists."""
        for name, address, preference, *_ in self._core.default_routers():
            self._core.set_default_router(address, self.interface(name)._core, 0, preference)

    # --- What else it knows -------------------------------------------------------------------------------------------

    def prefixes(self) -> pd.DataFrame:
        """Its prefix lists: interface, prefix, on_link_until_s, addresses_until_s, detached, routers.

        A time of NaN: not advertised as on the link, or no addresses were formed of it; inf: for ever. detached: none
        of the routers that advertised it is probably reachable.
        """
        rows = [
            (
                interface,
                prefix,
                tables.seconds(on_link_until) if on_link else math.nan,
                tables.seconds(addresses_until) if autonomous else math.nan,
                detached,
                routers,
            )
            for interface, prefix, on_link, on_link_until, autonomous, addresses_until, detached, routers
            in self._core.prefixes()
        ]  # fmt: skip
        return tables.frame(
            rows, ["interface", "prefix", "on_link_until_s", "addresses_until_s", "detached", "routers"]
        )

    def clear_prefixes(self) -> None:
        """Empties the prefix lists, and takes away the addresses that were formed of them, as KAME's `ndp -P`."""
        self._core.clear_prefixes()

    def groups(self) -> pd.DataFrame:
        """The multicast groups that it is in: interface, group, joins (how often it was joined)."""
        return tables.frame(self._core.groups(), ["interface", "group", "joins"])

    def destination_cache(self) -> pd.DataFrame:
        """Where packets to recent destinations go: destination, interface, next_hop, mtu, local.

        mtu: of the path as far as known, in bytes. local: the address is its own.
        """
        return tables.frame(self._core.destinations(), ["destination", "interface", "next_hop", "mtu", "local"])

    def clear_destination_cache(self) -> None:
        """Forgets where destinations were found, redirects among them. What it knows of path MTUs stays."""
        self._core.clear_destination_cache()

    def path_mtus(self) -> pd.DataFrame:
        """The Path MTUs that it has learned (RFC 8201): destination, mtu in bytes, expires_s."""
        rows = [(destination, mtu, tables.seconds(end)) for destination, mtu, end in self._core.path_mtus()]
        return tables.frame(rows, ["destination", "mtu", "expires_s"])

    def clear_path_mtus(self) -> None:
        """Forgets the Path MTUs that it has learned: what the links take is tried again."""
        self._core.clear_path_mtus()

    def reassembly(self) -> dict[str, int]:
        """What waits to be reassembled: packets, their fragments, and the bytes that those occupy."""
        return self._core.reassembly()

    def clear_reassembly(self) -> None:
        """Discards the fragments that wait, without a word to their senders."""
        self._core.clear_reassembly()

    # --- Of the node, for these -----------------------------------------------------------------------------------------

    if TYPE_CHECKING:

        @property
        def interfaces(self) -> list[Interface]: ...
        def interface(self, name: InterfaceLike) -> Interface: ...
        def _choose_interface(self, given: InterfaceLike | None) -> Interface: ...

    def _neighbor_address(self, what: str, address: Any) -> str:
        text = errors.ip_address(what, "address", address)
        parsed = ipaddress.ip_address(text)
        if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback:
            errors.fail(what, "address", address, "the address of another node")
        return text
