"""What is in a network, and its names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from kamesim import _core, errors
from kamesim.addressing import PrefixPool
from kamesim.registry import Series, Table
from kamesim.schedule import Scheduled, Scheduler
from kamesim.tasks import Loop

if TYPE_CHECKING:
    from kamesim.capture import Capture
    from kamesim.flow import Flow
    from kamesim.interface import Interface
    from kamesim.media import Lan, Medium
    from kamesim.network import Network
    from kamesim.node import Node
    from kamesim.tcp import TcpFlow
    from kamesim.transactions import RequestResponse

N = TypeVar("N", bound="Node")
T = TypeVar("T")


class NetworkBase:
    """The registry that the parts of `Network` share."""

    def __init__(
        self,
        seed: int = 1,
        *,
        name: str = "network",
        prefix_pool: str = "2001:db8::/32",
        trace: bool = True,
        trace_drops: bool = False,
        trace_hash: bool = False,
    ) -> None:
        what = "Network"
        self.name = errors.name(what, name)
        self.seed = errors.integer(what, "seed", seed, "", minimum=0, maximum=2**64 - 1)
        self._prefixes = PrefixPool(what, prefix_pool)
        self._core = _core.Simulation(self.seed)
        self._traces = errors.flag(what, "trace", trace)
        self._drop_traces = errors.flag(what, "trace_drops", trace_drops)
        self._hashes = errors.flag(what, "trace_hash", trace_hash)
        if trace_hash:
            self._core.enable_trace_hash()
        self._scheduler = Scheduler(self._core)
        self._loop = Loop(self._scheduler, self._core)
        self._nodes: Table[Node] = Table()
        self._media: Table[Medium] = Table()
        self._order: list[str | Series[Any]] = []  # names of nodes and media as they were made, and what was made in bulk
        self._interfaces_made: list[Interface] = []
        self._flows: dict[str, Flow] = {}
        self._tcp_flows: dict[str, TcpFlow] = {}
        self._requests: dict[str, RequestResponse] = {}
        self._captures: list[Capture] = []
        self._arrivals: dict[Interface, Scheduled] = {}  # of interfaces between two LANs
        self._testers: list[_core.Tester] = []
        self._has_shortest_path_routes = False
        self._mobile_networks: list[tuple[Interface, list[str]]] = []  # home links, and prefixes of mobile routers there
        self._interrupted = False

    # --- What is in it ----------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Node]:
        """Its hosts and routers, in the order in which they were made."""
        return [self._nodes.at(number) for number in range(len(self._nodes))]

    @property
    def media(self) -> list[Medium]:
        """Its links, LANs and cells, in the order in which they were made."""
        return [self._media.at(number) for number in range(len(self._media))]

    @property
    def flows(self) -> list[Flow]:
        """Its measured UDP flows, in the order in which they were made."""
        return list(self._flows.values())

    @property
    def tcp_flows(self) -> list[TcpFlow]:
        """The measured TCP transfers, in the order in which they were made."""
        return list(self._tcp_flows.values())

    @property
    def request_responses(self) -> list[RequestResponse]:
        """Its clients with their servers, in the order in which they were made."""
        return list(self._requests.values())

    @property
    def interfaces(self) -> list[Interface]:
        """The interfaces of all nodes."""
        return [interface for node in self.nodes for interface in node.interfaces]

    def node(self, name: Node | str) -> Node:
        """The node of that name; a node of this network stands for itself."""
        return self._find("node", self._nodes, name)

    def medium(self, name: Medium | str) -> Medium:
        """The link, LAN or cell of that name; one of this network stands for itself."""
        return self._find("link, LAN or cell", self._media, name)

    def __getitem__(self, name: str) -> Node | Medium:
        """The node, link, LAN or cell of that name."""
        found: Node | Medium | None = None
        if isinstance(name, str):
            found = self._nodes.get(name) or self._media.get(name)
        if found is None:
            raise errors.UnknownName("name", name, [*self._nodes, *self._media])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._nodes or name in self._media

    def __repr__(self) -> str:
        return (
            f"<Network {self.name!r} seed {self.seed}: {len(self._nodes)} nodes, {len(self._media)} links and LANs, "
            f"now {self._core.now_ns / 1e9:g} s>"
        )

    # --- For those who build it -------------------------------------------------------------------------------------

    def _network(self) -> Network:
        """This network, as the whole that it is."""
        from kamesim.network import Network

        assert isinstance(self, Network)
        return self

    def _find(self, what: str, known: Mapping[str, T], name: Any) -> T:
        key = name if isinstance(name, str) else getattr(name, "name", None)
        found = known.get(key) if isinstance(key, str) else None
        if found is not None and (isinstance(name, str) or name is found):
            return found
        if getattr(name, "network", self) is not self:
            raise errors.Error(f"network {self.name!r}: {name!r} is of another network; name one of this")
        raise errors.UnknownName(what, name, known)

    def _new_name(self, what: str, name: Any) -> str:
        """`name`, if it is a name and free."""
        errors.name(what, name)
        if name in self:
            owner = "a node" if name in self._nodes else f"a {self._media[name].kind}"
            raise errors.Error(
                f"{what} {name!r}: there is {owner} of that name already; names of nodes, links, LANs and cells "
                f"are all different"
            )
        return str(name)

    def _free_name(self, name: str) -> str:
        """`name`, or "name.2", "name.3", ... if it is taken."""
        candidate, number = name, 2
        while candidate in self:
            candidate, number = f"{name}.{number}", number + 1
        return candidate

    def _add_node(
        self, kind: type[N], name: str, position: Any, dup_addr_detect_transmits: int, optimistic_dad: bool
    ) -> N:
        word = "router" if kind.is_router else "host"
        self._new_name(word, name)
        what = f"{word} {name!r}"
        if position is not None:
            errors.position(what, "position", position)
        transmits = errors.integer(
            what, "dup_addr_detect_transmits", dup_addr_detect_transmits, "", minimum=0, maximum=100
        )
        optimistic = errors.flag(what, "optimistic_dad", optimistic_dad)
        core = self._core.add_host(name, kind.is_router, transmits, optimistic)
        node = kind(self._network(), name, core, transmits, optimistic)
        self._nodes.add(name, node)
        self._order.append(name)
        if self._traces:
            core.enable_trace()
        if self._drop_traces:
            core.enable_drop_trace()
        if position is not None:
            node.position = position
        return node

    def _medium_added(self, medium: Medium) -> None:
        self._media.add(medium.name, medium)
        self._order.append(medium.name)
        for prefix in medium._prefixes:
            self._prefixes.claim(medium._what, prefix)

    def _interface_added(self, interface: Interface) -> None:
        self._interfaces_made.append(interface)
        for capture in self._captures:
            capture._interface_added(interface)

    def _lan(self, name: Lan | str) -> Lan:
        from kamesim.media import Lan

        medium = self.medium(name)
        if not isinstance(medium, Lan):
            raise errors.Error(f"{medium._what} joins two nodes; a LAN or a cell is needed here")
        return medium
