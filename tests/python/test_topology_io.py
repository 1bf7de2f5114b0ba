"""kamesim.topology_io: reading network maps, and answering bad ones."""

import math
import pathlib
import traceback

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamesim import topology_io
from kamesim.topology_io import GeoPosition, TopologyError, from_networkx, read_gml, read_graphml

WIDE = pathlib.Path(__file__).absolute().parents[2] / "scenarios" / "data" / "WideJpn.gml"


@pytest.fixture(scope="module")
def wide():
    return read_gml(WIDE)


def write(tmp_path, text, name="map.gml"):
    path = tmp_path / name
    path.write_text(text)
    return path


# --- WIDE's map of 2007 ---------------------------------------------------------------------------------------


def test_wide_has_30_nodes_and_33_two_way_links(wide):
    assert repr(wide) == "TopologyGraph('WideJpn', 30 nodes, 33 links)"
    assert [node.name for node in wide.nodes] == [str(n) for n in range(30)]
    assert len({frozenset((link.a, link.b)) for link in wide.links}) == 33


def test_wide_is_connected_and_eleven_nodes_are_unplaced(wide):
    assert wide.connected
    assert wide.unplaced == ["8", "9"] + [str(n) for n in range(11, 20)]
    assert wide.node("21").position == GeoPosition(longitude=139.47, latitude=35.34194)  # Fujisawa


def test_delay_is_5_us_per_km_of_the_great_circle_or_1_ms_to_an_unplaced_end(wide):
    delays = {(link.a, link.b): link.delay for link in wide.links}
    assert delays[("11", "29")] == delays[("6", "13")] == 1e-3
    # Los Angeles to San Francisco: 559 km.
    assert delays[("20", "29")] == pytest.approx(559.1e-6 * 5, rel=1e-3)
    assert delays[("0", "6")] == 0.0  # two routers at one place


def test_rates_come_from_the_topology_zoo_s_link_speed(wide):
    rates = {(link.a, link.b): link.rate for link in wide.links}
    assert rates[("0", "1")] == 10e9
    assert rates[("10", "26")] is None


def test_great_circle_distance_agrees_with_known_distances():
    quarter = math.pi / 2 * topology_io.EARTH_RADIUS_KM
    pole, equator = GeoPosition(0, 90), GeoPosition(77, 0)
    assert topology_io.great_circle_km(pole, equator) == pytest.approx(quarter)
    assert topology_io.great_circle_km(GeoPosition(179.5, 0), GeoPosition(-179.5, 0)) == pytest.approx(quarter / 90)
    assert topology_io.great_circle_km(GeoPosition(10, 20), GeoPosition(-170, -20)) == pytest.approx(2 * quarter)


# --- What becomes of links and names --------------------------------------------------------------------------


def test_both_directions_are_one_link_and_a_lone_direction_is_a_link_too():
    graph = from_networkx(nx.DiGraph([("a", "b"), ("b", "a"), ("c", "b")]))
    assert [(link.a, link.b) for link in graph.links] == [("a", "b"), ("c", "b")]


@pytest.mark.parametrize("graph_class", [nx.MultiDiGraph, nx.MultiGraph])
def test_parallel_links_are_merged_into_the_first_or_kept(graph_class):
    graph = graph_class()
    graph.add_edge("a", "b", rate=1e9)
    graph.add_edge("a", "b", rate=2e9)
    if graph.is_directed():
        graph.add_edge("b", "a", rate=1e9)
        graph.add_edge("b", "a", rate=2e9)
    assert [link.rate for link in from_networkx(graph).links] == [1e9]
    assert [link.rate for link in from_networkx(graph, parallel="keep").links] == [1e9, 2e9]


def test_delay_and_rate_attributes_win_over_coordinates_and_link_speed():
    graph = nx.Graph()
    graph.add_node("a", Longitude=0, Latitude=0)
    graph.add_node("b", Longitude=10, Latitude=0)
    graph.add_edge("a", "b", delay=0.25, rate=1e6, LinkSpeedRaw=1e9)
    (link,) = from_networkx(graph).links
    assert (link.delay, link.rate) == (0.25, 1e6)


def test_unplaced_delay_can_be_given():
    (link,) = from_networkx(nx.path_graph(2), unplaced_delay=0.007).links
    assert link.delay == 0.007


def test_repeated_names_can_be_made_distinct(tmp_path):
    path = write(tmp_path, 'graph [ node [ id 1 label "x" ] node [ id 2 label "x" ] edge [ source 1 target 2 ] ]')
    graph = read_gml(path, rename_repeated=True)
    assert [node.name for node in graph.nodes] == ["x", "x#2"]
    assert [(link.a, link.b) for link in graph.links] == [("x", "x#2")]


def test_a_gml_node_without_a_label_is_named_by_its_id(tmp_path):
    graph = read_gml(write(tmp_path, "graph [ node [ id 7 ] ]"))
    assert [node.name for node in graph.nodes] == ["7"]


def test_non_ascii_labels_are_read(tmp_path):
    assert read_gml(write(tmp_path, 'graph [ node [ id 7 label "藤沢" ] ]')).nodes[0].name == "藤沢"


def test_to_networkx_and_back_changes_nothing(wide):
    again = from_networkx(wide.to_networkx())
    assert [(n.name, n.position) for n in again.nodes] == [(n.name, n.position) for n in wide.nodes]
    assert {frozenset((k.a, k.b)): (k.delay, k.rate) for k in again.links} == {
        frozenset((k.a, k.b)): (k.delay, k.rate) for k in wide.links
    }


def test_graphml_written_by_networkx_reads_as_the_same_map(tmp_path, wide):
    path = tmp_path / "wide.graphml"
    nx.write_graphml(wide.to_networkx(), path)
    again = read_graphml(path)
    assert [(n.name, n.position) for n in again.nodes] == [(n.name, n.position) for n in wide.nodes]
    assert sorted(k.delay for k in again.links) == sorted(k.delay for k in wide.links)


# --- Bad input ------------------------------------------------------------------------------------------------

BAD_GML = {
    "empty": ("", "input contains no graph"),
    "not GML": ("<html></html>", "line 1: not GML"),
    "truncated": ('graph [\n  node [\n    id 1\n    label "a"\n', "line 5: not GML: .*is it truncated"),
    "unclosed string": ('graph [\n  node [ id 1 label "a ]\n]\n', "line 2: not GML"),
    "graph is a number": ("graph 5", "not usable GML"),
    "node is a number": ("graph [ node 5 ]", "not usable GML"),
    "no id": ('graph [\n  node [ id 1 ]\n  node [ label "b" ]\n]', "line 3: node #1 has no 'id' attribute"),
    "repeated id": ("graph [ node [ id 1 ] node [ id 1 ] ]", "node id 1 is duplicated"),
    "unknown end": ("graph [\n node [ id 1 ]\n edge [ source 1 target 9 ]\n]", "line 3: .*undefined target 9"),
    "no target": ("graph [\n node [ id 1 ]\n edge [ source 1 ]\n]", "line 3: edge #0 has no 'target'"),
    "no nodes": ("graph [ ]", "the graph has no nodes"),
    "self loop": ("graph [ node [ id 1 ] edge [ source 1 target 1 ] ]", "link '1' - '1': .*two different nodes"),
    "repeated name": ('graph [ node [ id 1 label "x" ] node [ id 2 label "x" ] ]', "two nodes are named 'x'"),
    "latitude": ("graph [ node [ id 1 Latitude 95 Longitude 0 ] ]", "node '1': Latitude is 95; it must .*at most 90"),
    "half a place": ("graph [ node [ id 1 Latitude 35.3 ] ]", "node '1': Longitude is missing"),
    "delay": (
        "graph [ node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 delay -0.5 ] ]",
        "link '1' - '2': delay is -0.5; it must be a number, 0 or more",
    ),
    "rate": (
        'graph [ node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 rate "fast" ] ]',
        "link '1' - '2': rate is 'fast'; it must be a number, above 0",
    ),
}


@pytest.mark.parametrize("text, message", BAD_GML.values(), ids=BAD_GML.keys())
def test_bad_gml_is_answered_with_the_file_and_what_is_wrong(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(TopologyError, match=message) as error:
        read_gml(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "networkx" not in "".join(traceback.format_exception(error.value))


GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">{}</graph></graphml>'
BAD_GRAPHML = {
    "empty": ("", "line 1: not well-formed XML"),
    "truncated": ("<graphml>\n<graph>\n<node", "line 3: not well-formed XML"),
    "no graph": ("<svg/>", "not usable GraphML"),
    "no id": (GRAPHML.format('<node id="a"/><node/>'), "node 2 has no id"),
    "repeated id": (GRAPHML.format('<node id="a"/><node id="a"/>'), "node 2 repeats the id 'a'"),
    "no source": (GRAPHML.format('<node id="a"/><edge target="a"/>'), "edge 1 has no source"),
    "unknown end": (GRAPHML.format('<node id="a"/><edge source="a" target="b"/>'), "edge 1: its target 'b'"),
    "self loop": (GRAPHML.format('<node id="a"/><edge source="a" target="a"/>'), "two different nodes"),
}


@pytest.mark.parametrize("text, message", BAD_GRAPHML.values(), ids=BAD_GRAPHML.keys())
def test_bad_graphml_is_answered_with_the_file_and_what_is_wrong(tmp_path, text, message):
    path = write(tmp_path, text, "map.graphml")
    with pytest.raises(TopologyError, match=message) as error:
        read_graphml(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("read", [read_gml, read_graphml])
def test_a_file_that_cannot_be_read_says_so(tmp_path, read):
    with pytest.raises(TopologyError, match="cannot be read: No such file or directory"):
        read(tmp_path / "missing")
    with pytest.raises(TopologyError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_binary_file_is_no_gml(tmp_path):
    path = tmp_path / "map.gml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(TopologyError, match="not a text file"):
        read_gml(path)


def test_bad_parameters_are_named():
    with pytest.raises(TopologyError, match="parallel is 'both'"):
        from_networkx(nx.path_graph(2), parallel="both")
    with pytest.raises(TopologyError, match="unplaced_delay is -1"):
        from_networkx(nx.path_graph(2), unplaced_delay=-1)
    with pytest.raises(TopologyError, match="no node is named 'z'"):
        from_networkx(nx.path_graph(2)).node("z")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_map_is_read_or_refused_never_a_crash(tmp_path_factory, data):
    text = WIDE.read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 200))
    junk = data.draw(st.sampled_from(["", "[", "]", '"', "node [", "id 3", "\x00", "NAN", "1e999"]))
    path = write(tmp_path_factory.mktemp("damaged"), text[:start] + junk + text[start + length :])
    try:
        read_gml(path)
    except TopologyError as error:
        assert str(path) in str(error)
