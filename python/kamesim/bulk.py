"""Many nodes, links and LANs in one call each, of columns of numbers: for networks of 10^5 nodes and more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from ipaddress import IPv6Network
from typing import Any, TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from kamesim import _core, errors
from kamesim.building import CellBuilding
from kamesim.channel import Channel
from kamesim.media import Lan, Link, Medium
from kamesim.node import Host, Node, StaticAddress
from kamesim.registry import Sequential, Series
from kamesim.router import Router

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.advertising import Advertising
    from kamesim.interface import Interface
    from kamesim.network import Network

T = TypeVar("T")
Numbers = npt.NDArray[np.int64]

_MOST = 16_000_000  # names of nodes and links in one simulation, nearly


class Nodes(Sequential[Node]):
    """Nodes that were made in one call. `numbers` are what `links` and `attach` take."""

    @property
    def numbers(self) -> Numbers:
        """The numbers of these nodes in the network."""
        places = self._places
        return self._series.begin + np.arange(places.start, places.stop, places.step, dtype=np.int64)


class Links(Sequential[Medium]):
    """Links that were made in one call."""


class Lans(Sequential[Medium]):
    """LANs that were made in one call."""


class LinkSeries(Series[Medium]):
    """Links between the nodes of two columns."""

    def __init__(self, net: Network, word: str, first: int, a: Numbers, b: Numbers, columns: Columns) -> None:
        super().__init__(word, first, len(a), self._link)
        self.net = net
        self.a, self.b = a, b
        self.columns = columns
        self.prefix: int | None = None  # the upper half of the first one's prefix

    def _link(self, place: int, name: str) -> Link:
        core = self.net._core.link(self.begin + place)
        link = Link(self.net, name, self.columns.channel(place), _prefixes(self.prefix, place))
        link._core = core
        names = self.net._core.end_names(core)
        nodes = self.net._nodes
        for number, interface in zip((self.a[place], self.b[place]), names):
            link._interfaces.append(nodes.at(int(number)).interface(interface))
        return link

    def subnets(self, start: int, stop: int) -> _core.LinkSubnets:
        """For shortest paths: the links from one place to another."""
        prefix = None if self.prefix is None else self.prefix + start
        return self.begin + start, self.a[start:stop], self.b[start:stop], prefix


class LanSeries(Series[Medium]):
    """LANs, and what was attached to them in bulk."""

    def __init__(self, net: Network, word: str, first: int, count: int, columns: Columns) -> None:
        super().__init__(word, first, count, self._lan)
        self.net = net
        self.columns = columns
        self.prefix: int | None = None
        self.taken = np.zeros(count, dtype=np.uint32)  # addresses of routers
        # LANs, by their places, nodes, and what the routers among them say; None: nothing.
        self.attached: list[tuple[Numbers, Numbers, dict[str, Any] | None]] = []

    def _lan(self, place: int, name: str) -> Lan:
        lan = Lan(self.net, name, self.columns.channel(place), _prefixes(self.prefix, place))
        lan._core = self.net._core.lan(self.begin + place)
        for lans, nodes, _ in self.attached:
            self._take_in(lan, nodes[lans == place])
        return lan

    def advertised(self, place: int, node: int) -> dict[str, Any] | None:
        """What a router says on the LAN of that place: arguments of Router.advertise."""
        for lans, nodes, variables in self.attached:
            if variables is not None and np.any((lans == place) & (nodes == node)):
                return {**variables, "prefixes": [str(_prefixes(self.prefix, place)[0])]}
        return None

    def transit(self) -> tuple[Numbers, Numbers]:
        """What was attached to the LANs, by their places, and may forward: not mobile routers, which roam."""
        roaming = [number for number, node in self.net._nodes.made() if node._egress]
        lans = np.concatenate([np.zeros(0, dtype=np.int64), *(lans for lans, _, _ in self.attached)])
        nodes = np.concatenate([np.zeros(0, dtype=np.int64), *(nodes for _, nodes, _ in self.attached)])
        stays = ~np.isin(nodes, roaming)
        return lans[stays], nodes[stays]

    def subnets(self, start: int, stop: int, lans: Numbers, nodes: Numbers) -> _core.LanSubnets:
        """For shortest paths: the LANs from one place to another, and nodes, of which the routers among them count."""
        within = (lans >= start) & (lans < stop)
        prefix = None if self.prefix is None else self.prefix + start
        return self.begin + start, stop - start, lans[within] - start, nodes[within], prefix

    def _take_in(self, lan: Lan, nodes: Numbers) -> None:
        for number in nodes:
            for interface in self.net._nodes.at(int(number)).interfaces:
                if interface._core.medium == lan.name and interface not in lan._interfaces:
                    lan._interfaces.append(interface)


class Columns:
    """What many links are like: of each property a column, of one value for each or one for all."""

    def __init__(self, what: str, count: int, properties: dict[str, Any]) -> None:
        one = {name: value for name, value in properties.items() if np.ndim(value) == 0}
        defaults = {"rate": None, "delay": 0.0, "jitter": 0.0, "loss": 0.0, "mtu": 1500, "queue": 1000}
        self._base = Channel.check(what, **{**defaults, **one})
        self._many = {
            name: _checked(what, name, value, count) for name, value in properties.items() if np.ndim(value) != 0
        }

    def channel(self, place: int) -> Channel:
        """The channel of one link."""
        own = {_FIELDS[name][0]: column[place].item() for name, column in self._many.items()}
        return dataclasses.replace(self._base, **own)

    def to_core(self) -> _core.Channels:
        """The same for the simulation."""
        base = self._base
        values = {"rate": base.rate_bps, "delay": base.delay_ns, "jitter": base.jitter_ns,
                  "loss": base.loss, "mtu": base.mtu, "queue": base.queue}  # fmt: skip
        columns = {
            _FIELDS[name][1]: self._many.get(name, np.array([value], dtype=_FIELDS[name][2]))
            for name, value in values.items()
        }
        return _core.Channels(**columns)


# Of each property: its name in a Channel, and in the simulation; its type there; its bounds, its unit.
_FIELDS: dict[str, tuple[str, str, Any, float, float, str]] = {
    "rate": ("rate_bps", "rate_bps", np.uint64, 1, 1e18, "bits per second"),
    "delay": ("delay_ns", "delay_ns", np.int64, 0, 9e9, "seconds"),
    "jitter": ("jitter_ns", "jitter_ns", np.int64, 0, 9e9, "seconds"),
    "loss": ("loss", "loss", np.float64, 0, 1, "a probability"),
    "mtu": ("mtu", "mtu", np.uint32, errors.MINIMUM_MTU, errors.MAXIMUM_MTU, "bytes"),
    "queue": ("queue", "queue_limit", np.uint32, 1, 2**32 - 1, "frames"),
}


class Bulk(CellBuilding):
    """The part of `Network` that makes many at once."""

    def hosts(
        self, n: int, word: str = "host", *, first: int = 0, dup_addr_detect_transmits: int = 1,
        optimistic_dad: bool = False,
    ) -> Nodes:  # fmt: skip
        """Makes n hosts, named by the word and a number from `first` on: "host0", "host1", ...

        The others are as those of `host`. What comes back is like a list of the hosts; the Python object of each is made
        when it is asked for.
        """
        return self._bulk_nodes("hosts", n, word, first, np.zeros(1, dtype=np.bool_), dup_addr_detect_transmits, optimistic_dad)

    def routers(
        self, n: int, word: str = "router", *, first: int = 0, dup_addr_detect_transmits: int = 1,
        optimistic_dad: bool = False,
    ) -> Nodes:  # fmt: skip
        """Makes n routers: see `hosts`."""
        return self._bulk_nodes("routers", n, word, first, np.ones(1, dtype=np.bool_), dup_addr_detect_transmits, optimistic_dad)

    def links(
        self,
        a: Any,
        b: Any,
        word: str = "link",
        *,
        first: int = 0,
        delay: Any = 0.0,
        rate: Any = None,
        jitter: Any = 0.0,
        loss: Any = 0.0,
        mtu: Any = 1500,
        queue: Any = 1000,
        prefixes: bool = True,
        default_routes: bool = False,
    ) -> Links:
        """Joins the nodes a[i] and b[i] by a link each, as `link` does, named "link0", "link1", ...

        a, b: whole numbers of nodes, in the order in which the network's nodes were made (`Nodes.numbers`), or what `hosts`
        and `routers` gave. delay, rate, jitter, loss, mtu, queue: as those of `link`; or of each a column, with a value
        for each link. prefixes: whether each gets a /64 of the network's pool; they follow one another. default_routes:
        whether hosts at b get a default route by a.
        """
        what = "links"
        ends = self._node_numbers(what, "a", a), self._node_numbers(what, "b", b)
        if len(ends[0]) != len(ends[1]):
            raise errors.Error(f"{what}: a has {len(ends[0])} nodes and b has {len(ends[1])}; link i joins a[i] and b[i]")
        if (same := np.flatnonzero(ends[0] == ends[1])).size:
            number = int(same[0])
            name = self._nodes.at(int(ends[0][number])).name
            raise errors.Error(f"{what}: a[{number}] and b[{number}] are both {name!r}; a link joins two different nodes")
        properties = {"delay": delay, "rate": rate, "jitter": jitter, "loss": loss, "mtu": mtu, "queue": queue}
        columns = Columns(what, len(ends[0]), properties)
        series = LinkSeries(self._network(), *self._bulk_names(what, word, first, len(ends[0])), *ends, columns)
        errors.flag(what, "default_routes", default_routes)
        self._check_free(what, series)
        if errors.flag(what, "prefixes", prefixes) and series.count:
            series.prefix = self._prefixes.run(what, series.count)
        self._core.add_links(series.word, series.first, *ends, columns.to_core(), series.prefix, default_routes)
        self._media.add_series(series)
        self._order.append(series)
        self._interfaces_appeared(np.concatenate(ends))
        return Links(self._media, range(series.count), series)

    def lans(
        self,
        n: int,
        word: str = "lan",
        *,
        first: int = 0,
        delay: Any = 0.0,
        rate: Any = None,
        jitter: Any = 0.0,
        loss: Any = 0.0,
        mtu: Any = 1500,
        queue: Any = 1000,
        prefixes: bool = True,
    ) -> Lans:
        """Makes n LANs, as `lan` does, named "lan0", "lan1", ...; `attach` plugs nodes in.

        delay, rate, jitter, loss, mtu, queue: a value for all, or a column with a value for each. prefixes: whether each
        gets a /64 of the network's pool; they follow one another.
        """
        what = "lans"
        word, begin, count = *self._bulk_names(what, word, first, n), self._bulk_count(what, n)
        properties = {"delay": delay, "rate": rate, "jitter": jitter, "loss": loss, "mtu": mtu, "queue": queue}
        columns = Columns(what, count, properties)
        series = LanSeries(self._network(), word, begin, count, columns)
        self._check_free(what, series)
        if errors.flag(what, "prefixes", prefixes) and count:
            series.prefix = self._prefixes.run(what, count)
        self._core.add_lans(word, begin, count, columns.to_core())
        self._media.add_series(series)
        self._order.append(series)
        return Lans(self._media, range(count), series)

    def attach(self, lans: Lans, places: Any, nodes: Any, *, advertise: bool | dict[str, Any] = True) -> None:
        """Plugs node nodes[i] into LAN lans[places[i]], as `Lan.attach` does, by a new interface each.

        lans: what `Network.lans` gave. places: whole numbers, from 0 on. nodes: numbers of nodes, as for `links`.
        advertise: whether routers send Router Advertisements, or what they say, as for `Lan.attach`. Routers get the next
        address of the LAN's prefix (::1, ::2, ...); hosts configure themselves.
        """
        what = "attach"
        series = lans._series if isinstance(lans, Lans) else None
        if not isinstance(series, LanSeries):
            errors.fail(what, "lans", lans, "what Network.lans gave")
        who = self._node_numbers(what, "nodes", nodes)
        where = _whole_numbers(what, "places", places, len(lans), f"places in these {len(lans)} LANs")
        if len(who) != len(where):
            raise errors.Error(f"{what}: nodes are {len(who)} and places {len(where)}; nodes[i] goes to lans[places[i]]")
        where = np.asarray(lans._places, dtype=np.int64)[where] if where.size else where
        if not isinstance(advertise, (bool, dict)):
            errors.fail(what, "advertise", advertise, "True, False, or a dict of arguments of Router.advertise")
        variables = None
        if advertise is not False and series.prefix is not None:
            variables = advertise if isinstance(advertise, dict) else {}
        said = None if variables is None else self._said(what, series, who, variables)
        self._core.attach(series.begin, where, who, series.prefix, said, series.taken)
        series.attached.append((where, who, variables))
        self._interfaces_appeared(who)
        for number, medium in self._media.made():
            if series.begin <= number < series.begin + series.count and isinstance(medium, Lan):
                series._take_in(medium, who[where == number - series.begin])

    @classmethod
    def from_edges(
        cls, a: Any, b: Any, *, n: int | None = None, hosts: Any = None, word: str = "n", delay: Any = 0.001,
        rate: Any = 1e9, routes: bool = False, **network: Any,
    ) -> Network:  # fmt: skip
        """A network of n nodes, "n0", "n1", ..., with a link between the nodes a[i] and b[i] each.

        n: None: as many as a and b speak of. hosts: a column of truth values, which nodes are hosts; None: all are
        routers. delay, rate: as for `links`. routes: whether to fill the routing tables with shortest paths. network: for
        `Network`.
        """
        from kamesim.network import Network

        what = "from_edges"
        errors.flag(what, "routes", routes)
        most = _MOST if n is None else errors.integer(what, "n", n, "", minimum=0, maximum=_MOST)
        ends = [_whole_numbers(what, name, value, most, "numbers of nodes") for name, value in (("a", a), ("b", b))]
        count = most if n is not None else max((int(end.max()) + 1 for end in ends if end.size), default=0)
        if hosts is None:
            forwarding = np.ones(1, dtype=np.bool_)
        else:
            mask = np.asarray(hosts)
            if mask.dtype != np.bool_ or mask.shape != (count,):
                errors.fail(what, "hosts", f"of type {mask.dtype} and shape {mask.shape}", f"{count} truth values")
            forwarding = ~mask
        net = Network(**network)
        net._bulk_nodes(what, count, word, 0, forwarding, 1, False)
        net.links(ends[0], ends[1], delay=delay, rate=rate)
        if routes:
            net.shortest_path_routes()
        return net

    def memory(self) -> pd.DataFrame:
        """What the network occupies at present, in bytes: kind ("host", "router" or "network"), part, bytes, objects.

        Parts of nodes: "node" (its identity, trace and counts of discards), "nics", "stack" (IPv6, sockets and TCP),
        "interfaces" (addresses, groups, and what Neighbor Discovery knows), "routes" (with the destination cache), and
        "daemons". Of the network: "links" and "lans" with the frames' places under way, "events" that are pending,
        "packets" (buffers, each counted as of the smallest kind), and "tables" (numbers and names of nodes). What
        applications hold, Python's objects, and what the heap adds to each block are not in it: see docs/memory.md.
        """
        from kamesim import tables

        return tables.frame(self._core.memory(), ["kind", "part", "bytes", "objects"])

    # --- Checks -----------------------------------------------------------------------------------------------------

    def _bulk_nodes(
        self, what: str, n: int, word: str, first: int, forwarding: Any, transmits: int, optimistic: bool
    ) -> Nodes:
        names = self._bulk_names(what, word, first, n)
        count = self._bulk_count(what, n)
        transmits = errors.integer(what, "dup_addr_detect_transmits", transmits, "", minimum=0, maximum=100)
        optimistic = errors.flag(what, "optimistic_dad", optimistic)
        net = self._network()

        def make(place: int, name: str) -> Node:
            kind = Router if forwarding[place if len(forwarding) > 1 else 0] else Host
            node = kind(net, name, net._core.host(series.begin + place), transmits, optimistic)
            self._take_in_interfaces(node)
            return node

        series: Series[Node] = Series(*names, count, make)
        self._check_free(what, series)
        self._core.add_hosts(*names, forwarding, count, transmits, optimistic, self._traces, self._drop_traces)
        self._nodes.add_series(series)
        self._order.append(series)
        return Nodes(self._nodes, range(count), series)

    def _bulk_count(self, what: str, n: Any) -> int:
        return errors.integer(what, "n", n, "", minimum=0, maximum=_MOST)

    def _bulk_names(self, what: str, word: Any, first: Any, n: int) -> tuple[str, int]:
        errors.name(what, word)
        if word[-1:].isdigit():
            errors.fail(what, "word", word, "a word that does not end in a digit, as numbers follow it")
        return str(word), errors.integer(what, "first", first, "", minimum=0, maximum=2**32 - 2 - _MOST)

    def _check_free(self, what: str, series: Series[Any]) -> None:
        for name in (self._nodes.taken(series), self._media.taken(series)):
            if name is not None:
                raise errors.Error(
                    f"{what}: there is {name!r} already; names of nodes, links, LANs and cells are all different: choose "
                    f"another word, or another `first`"
                )

    def _node_numbers(self, what: str, parameter: str, given: Any) -> Numbers:
        if isinstance(given, Nodes):
            return given.numbers
        return _whole_numbers(what, parameter, given, len(self._nodes), f"numbers of this network's {len(self._nodes)} nodes")

    def _interfaces_appeared(self, numbers: Numbers) -> None:
        """Nodes have interfaces that they may not know of."""
        if self._captures:
            for number in dict.fromkeys(numbers.tolist()):
                self._nodes.at(number)
        known = self._nodes.made()
        if len(known) < len(self._nodes):
            touched = set(np.unique(numbers).tolist()) if known else set()
            known = [(number, node) for number, node in known if number in touched]
        for _, node in known:
            self._take_in_interfaces(node)

    def _take_in_interfaces(self, node: Node) -> None:
        """What a node has of interfaces and addresses that were made in bulk."""
        from kamesim.interface import Interface

        for core in self._core.interfaces_of(node._core):
            if core.name in node._interfaces:
                continue
            interface = Interface(node, core)
            node._interfaces[core.name] = interface
            interface.advertising = self._advertising_of(node, interface)
            self._interface_added(interface)
            for name, address, length, _, origin, _, _ in node._core.addresses():
                if name == core.name and origin == "manual":
                    node._static_addresses.append(StaticAddress(interface, address, length, False, True))

    def _advertising_of(self, node: Node, interface: Interface) -> Advertising | None:
        """What a router says on an interface that was made in bulk."""
        medium = self._media.number(interface._core.medium)
        number = self._nodes.number(node.name)
        for series in self._media.series:
            if not isinstance(node, Router) or medium is None or number is None or not isinstance(series, LanSeries):
                continue
            variables = series.advertised(medium - series.begin, number)
            if variables is not None:
                return node._check_advertising(f"advertise on {interface.name!r}", None, variables)
        return None

    def _said(
        self, what: str, series: LanSeries, who: Numbers, variables: dict[str, Any]
    ) -> _core.RouterAdvertisementConfig | None:
        """What routers say on the first of these LANs; None: none of the nodes is a router."""
        if "prefixes" in variables:
            errors.fail(what, "advertise", variables, "without 'prefixes': each LAN's own is advertised")
        for number in who:
            if self._core.host(int(number)).forwarding:
                router = self._network().router_named(self._nodes.at(int(number)).name)
                first = str(_prefixes(series.prefix, 0)[0])
                return router._check_advertising(what, None, {**variables, "prefixes": [first]}).to_core([])
        return None


def _prefixes(upper: int | None, place: int) -> list[IPv6Network]:
    return [] if upper is None else [IPv6Network(((upper + place) << 64, 64))]


def _whole_numbers(what: str, parameter: str, given: Any, bound: int, right: str) -> Numbers:
    """`given` as a column of whole numbers from 0 to below `bound`."""
    if not isinstance(given, (np.ndarray, Iterable)):
        errors.fail(what, parameter, given, f"a column of whole numbers: {right}")
    column = np.asarray(given if isinstance(given, np.ndarray) else list(given))
    if column.ndim != 1:
        errors.fail(what, parameter, f"of shape {column.shape}", "a column, of one dimension")
    if column.size == 0:
        return np.zeros(0, dtype=np.int64)
    if column.dtype.kind not in "iu":
        errors.fail(what, parameter, f"of type {column.dtype}", f"whole numbers: {right}")
    wrong = np.flatnonzero((column < 0) | (column >= bound))
    if wrong.size:
        errors.fail(what, f"{parameter}[{wrong[0]}]", int(column[wrong[0]]), f"from 0 to {bound - 1}: {right}")
    return np.ascontiguousarray(column, dtype=np.int64)


def _checked(what: str, name: str, given: Any, count: int) -> npt.NDArray[Any]:
    """A column of a property of links, in the units of the simulation."""
    _, _, kind, least, most, unit = _FIELDS[name]
    column = np.asarray(given)
    if column.ndim != 1 or len(column) != count:
        errors.fail(what, name, f"of shape {column.shape}", f"one value, or a column of {count}")
    if column.dtype.kind not in "iuf":
        errors.fail(what, name, f"of type {column.dtype}", f"numbers ({unit})")
    whole = name in ("mtu", "queue")
    wrong = np.flatnonzero(~((column >= least) & (column <= most)) | (whole & (column != np.floor(column))))
    if wrong.size:
        bounds = f"{'a whole number' if whole else 'a number'} from {least:g} to {most:g}" + (f" {unit}" if unit else "")
        errors.fail(what, f"{name}[{wrong[0]}]", column[wrong[0]].item(), bounds)
    if name in ("delay", "jitter"):
        column = np.rint(column.astype(np.float64) * 1e9)
    elif name == "rate":
        column = np.rint(column)
    return np.ascontiguousarray(column, dtype=kind)
