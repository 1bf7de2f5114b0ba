"""Network maps from GML, GraphML and networkx, brought into one simple form.

    from kamesim import topology_io

    wide = topology_io.read_gml("scenarios/data/WideJpn.gml")
    wide.unplaced                      # ['8', '9', '11', ...]: nodes without coordinates
    for link in wide.links:
        net.link(link.a, link.b, delay=link.delay)

The rules, the same for every source:

* A link is two-way. Where a directed map lists a link once in each direction, the two are one link, and a
  link listed in one direction only is a link all the same.
* Parallel links are merged into the first of them; `parallel="keep"` keeps each.
* A link's delay is its attribute `delay` (seconds) if it has one, else 5 us per km of the great circle
  between its ends, or 1 ms where an end has no coordinates.
* A link's rate is its attribute `rate`, else the Topology Zoo's `LinkSpeedRaw` (both bit/s), else None.
* A link from a node to itself, a repeated node name and an impossible coordinate are errors.

Every error is a TopologyError that names the source and the line, node or link.
"""

from __future__ import annotations

import math
import os
import re
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Union

import networkx as nx

EARTH_RADIUS_KM = 6371.0088  # mean radius (IUGG)
DELAY_PER_KM = 5e-6  # seconds: light in fibre
UNPLACED_DELAY = 1e-3  # seconds: a link with an end whose position is unknown

PathLike = Union[str, "os.PathLike[str]"]
Parallel = Literal["merge", "keep"]


class TopologyError(ValueError):
    """A network map that cannot be used: what is wrong, and where."""


@dataclass(frozen=True)
class GeoPosition:
    """A place on Earth, in degrees: longitude -180 to 180 (east positive), latitude -90 to 90."""

    longitude: float
    latitude: float


@dataclass
class TopologyNode:
    """A node of a map. `attributes` holds whatever else the source says about it."""

    name: str
    position: GeoPosition | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class TopologyLink:
    """A two-way link between the nodes named `a` and `b`: delay in seconds, rate in bit/s (None: not given)."""

    a: str
    b: str
    delay: float
    rate: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(repr=False)
class TopologyGraph:
    """A network map: nodes with distinct names, two-way links between them, in the source's order."""

    name: str
    nodes: list[TopologyNode]
    links: list[TopologyLink]

    def __repr__(self) -> str:
        return f"TopologyGraph({self.name!r}, {len(self.nodes)} nodes, {len(self.links)} links)"

    @property
    def unplaced(self) -> list[str]:
        """The names of the nodes without coordinates."""
        return [node.name for node in self.nodes if node.position is None]

    @property
    def connected(self) -> bool:
        """Whether every node can reach every other."""
        return bool(self.nodes) and nx.is_connected(self.to_networkx())

    def node(self, name: str) -> TopologyNode:
        """The node of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise TopologyError(f"{self.name}: no node is named {name!r}")

    def to_networkx(self) -> nx.Graph:
        """The map as a networkx graph (a MultiGraph if it has parallel links).

        Nodes carry `Longitude` and `Latitude` (degrees), links `delay` (s) and `rate` (bit/s), where known.
        """
        pairs = {frozenset((link.a, link.b)) for link in self.links}
        graph = nx.Graph(name=self.name) if len(pairs) == len(self.links) else nx.MultiGraph(name=self.name)
        for node in self.nodes:
            place = node.position
            graph.add_node(node.name, **node.attributes)
            if place is not None:
                graph.nodes[node.name].update(Longitude=place.longitude, Latitude=place.latitude)
        for link in self.links:
            known = {"delay": link.delay} if link.rate is None else {"delay": link.delay, "rate": link.rate}
            graph.add_edge(link.a, link.b, **{**link.attributes, **known})
        return graph


def great_circle_km(a: GeoPosition, b: GeoPosition) -> float:
    """The great-circle distance in km (haversine formula on a sphere of the mean Earth radius)."""
    latitude_a, latitude_b = math.radians(a.latitude), math.radians(b.latitude)
    half_longitude = math.radians(b.longitude - a.longitude) / 2
    h = (
        math.sin((latitude_b - latitude_a) / 2) ** 2
        + math.cos(latitude_a) * math.cos(latitude_b) * math.sin(half_longitude) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, h)))


def read_gml(
    path: PathLike,
    *,
    parallel: Parallel = "merge",
    rename_repeated: bool = False,
    unplaced_delay: float = UNPLACED_DELAY,
) -> TopologyGraph:
    """Reads a GML file, for example one of the Internet Topology Zoo.

    A node is named by its `label`, or by its `id` if it has none. `rename_repeated` makes repeated names
    distinct ("Tokyo", "Tokyo#2") instead of refusing them. `parallel`: "merge" or "keep" parallel links.
    `unplaced_delay`: delay in seconds of a link with an end whose position is unknown.
    """
    try:
        text = _read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TopologyError(f"{os.fspath(path)}: not a text file (byte {error.start} is not UTF-8)") from None
    try:
        graph = nx.parse_gml(text, label="id")
    except Exception as error:  # networkx answers bad GML with exceptions of many kinds
        raise TopologyError(f"{os.fspath(path)}: {_explain_gml(text, error)}") from None
    return _normalise(graph, os.fspath(path), _label_or_id, parallel, rename_repeated, unplaced_delay)


def read_graphml(
    path: PathLike,
    *,
    parallel: Parallel = "merge",
    rename_repeated: bool = False,
    unplaced_delay: float = UNPLACED_DELAY,
) -> TopologyGraph:
    """Reads a GraphML file. Names and parameters are as those of `read_gml`."""
    data = _read(path)
    try:
        _check_graphml(xml.etree.ElementTree.fromstring(data))
        graph = nx.parse_graphml(data)
    except xml.etree.ElementTree.ParseError as error:
        raise TopologyError(f"{os.fspath(path)}: line {error.position[0]}: not well-formed XML ({error})") from None
    except Exception as error:  # networkx answers bad GraphML with exceptions of many kinds
        raise TopologyError(f"{os.fspath(path)}: not usable GraphML: {_first_line(error)}") from None
    return _normalise(graph, os.fspath(path), _label_or_id, parallel, rename_repeated, unplaced_delay)


def from_networkx(
    graph: nx.Graph,
    *,
    parallel: Parallel = "merge",
    rename_repeated: bool = False,
    unplaced_delay: float = UNPLACED_DELAY,
) -> TopologyGraph:
    """A networkx graph of any class as a map. A node is named by its key. Parameters are as those of `read_gml`."""
    source = str(graph.name or "networkx graph")
    return _normalise(graph, source, lambda key, _: str(key), parallel, rename_repeated, unplaced_delay)


def _read(path: PathLike) -> bytes:
    if not isinstance(path, (str, os.PathLike)):  # open() would take a number for a file that is open
        raise TopologyError(f"path is {path!r}; it must be the path of a file")
    try:
        with open(path, "rb") as file:
            return file.read()
    except ValueError as error:
        raise TopologyError(f"path is {path!r}: {error}") from None
    except OSError as error:
        raise TopologyError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from None


def _check_graphml(root: xml.etree.ElementTree.Element) -> None:
    """What networkx would pass over in silence: nodes without an id, links to nodes that are not there."""
    ids: set[str] = set()
    for number, node in enumerate(root.iterfind(".//{*}node"), start=1):
        key = node.get("id")
        if key is None:
            raise TopologyError(f"node {number} has no id")
        if key in ids:
            raise TopologyError(f"node {number} repeats the id {key!r}")
        ids.add(key)
    for number, edge in enumerate(root.iterfind(".//{*}edge"), start=1):
        for end in ("source", "target"):
            if edge.get(end) is None:
                raise TopologyError(f"edge {number} has no {end}")
            if edge.get(end) not in ids:
                raise TopologyError(f"edge {number}: its {end} {edge.get(end)!r} is not a node of the file")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _explain_gml(text: str, error: Exception) -> str:
    """What networkx found, with the line it found it on."""
    message = _first_line(error)
    if not isinstance(error, nx.NetworkXError):
        return f"not usable GML: {message}"
    if place := re.search(r" at \((\d+), \d+\)$", message):
        message = message[: place.start()].replace("found EOF", "found the end of the file: is it truncated?")
        return f"line {place[1]}: not GML: {message}"
    if item := re.match(r"(node|edge) #(\d+) ", message):
        openings = [m.start() for m in re.finditer(rf"(?m)^\s*{item[1]}\s*\[", text)]
        if int(item[2]) < len(openings):
            line = text.count("\n", 0, text.index(item[1], openings[int(item[2])])) + 1
            return f"line {line}: {message}"
    return f"not usable GML: {message}"


def _label_or_id(key: Any, attributes: dict[str, Any]) -> str:
    return str(attributes.get("label", key))


def _normalise(
    graph: nx.Graph,
    source: str,
    name_of: Callable[[Any, dict[str, Any]], str],
    parallel: Parallel,
    rename_repeated: bool,
    unplaced_delay: float,
) -> TopologyGraph:
    if parallel not in ("merge", "keep"):
        raise TopologyError(f"parallel is {parallel!r}; it must be 'merge' or 'keep'")
    if not (math.isfinite(unplaced_delay) and unplaced_delay >= 0):
        raise TopologyError(f"unplaced_delay is {unplaced_delay!r}; it must be a number of seconds, 0 or more")
    if graph.number_of_nodes() == 0:
        raise TopologyError(f"{source}: the graph has no nodes")

    names: dict[Any, str] = {}
    taken: set[str] = set()
    nodes: list[TopologyNode] = []
    for key, attributes in graph.nodes(data=True):
        name = name_of(key, attributes)
        if name in taken:
            name = _rename(source, name, taken, rename_repeated)
        taken.add(name)
        names[key] = name
        nodes.append(TopologyNode(name, _position(source, name, attributes), dict(attributes)))

    place_of = {node.name: node.position for node in nodes}
    links: list[TopologyLink] = []
    for key_a, key_b, attributes in _two_way_links(graph, parallel):
        a, b = names[key_a], names[key_b]
        where = f"{source}: link {a!r} - {b!r}"
        if a == b:
            raise TopologyError(f"{where}: a link must join two different nodes")
        delay = _number(where, attributes, "delay", minimum=0)
        if delay is None:
            delay = _delay_between(place_of[a], place_of[b], unplaced_delay)
        rate = _number(where, attributes, "rate", above=0)
        if rate is None:
            rate = _number(where, attributes, "LinkSpeedRaw", above=0)
        links.append(TopologyLink(a, b, delay, rate, dict(attributes)))
    label = graph.graph.get("label") or graph.graph.get("name") or os.path.basename(source)
    return TopologyGraph(str(label), nodes, links)


def _rename(source: str, name: str, taken: set[str], allowed: bool) -> str:
    if not allowed:
        raise TopologyError(f"{source}: two nodes are named {name!r}; rename one, or pass rename_repeated=True")
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"


def _two_way_links(graph: nx.Graph, parallel: Parallel) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Each two-way link once. Between two nodes there are as many as the busier direction lists."""
    seen: dict[tuple[Any, Any], int] = {}  # edges so far, by direction
    for a, b, attributes in graph.edges(data=True):
        forward = seen.get((a, b), 0) + 1
        seen[(a, b)] = forward
        others = 0 if a == b or not graph.is_directed() else seen.get((b, a), 0)
        if forward <= others:
            continue  # the other direction of a link that stands there already
        if parallel == "merge" and forward + others > 1:
            continue
        yield a, b, attributes


def _position(source: str, name: str, attributes: dict[str, Any]) -> GeoPosition | None:
    where = f"{source}: node {name!r}"
    longitude = _number(where, attributes, "Longitude", minimum=-180, maximum=180)
    latitude = _number(where, attributes, "Latitude", minimum=-90, maximum=90)
    if longitude is None and latitude is None:
        return None
    if longitude is None or latitude is None:
        missing = "Longitude" if longitude is None else "Latitude"
        raise TopologyError(f"{where}: {missing} is missing; give both coordinates or neither")
    return GeoPosition(longitude, latitude)


def _number(
    where: str,
    attributes: dict[str, Any],
    key: str,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    above: float = -math.inf,
) -> float | None:
    """The attribute as a number within its bounds; None if it is not there."""
    if key not in attributes:
        return None
    try:
        value = float(attributes[key])
    except (TypeError, ValueError):
        value = math.nan
    if math.isfinite(value) and minimum <= value <= maximum and value > above:
        return value
    bounds = [f"above {above:g}"] if above > -math.inf else []
    bounds += [f"{minimum:g} or more"] if minimum > -math.inf else []
    bounds += [f"at most {maximum:g}"] if maximum < math.inf else []
    raise TopologyError(f"{where}: {key} is {attributes[key]!r}; it must be a number, {', '.join(bounds)}")


def _delay_between(a: GeoPosition | None, b: GeoPosition | None, unplaced_delay: float) -> float:
    if a is None or b is None:
        return unplaced_delay
    return great_circle_km(a, b) * DELAY_PER_KM
