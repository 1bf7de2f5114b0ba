"""Results as tables and files."""

import math

import pandas as pd
import pytest

import kamesim as ks
from kamesim import results_pb2


@pytest.fixture
def run(two_hosts):
    """Ten seconds of a flow, some of it discarded."""
    net = two_hosts
    net["ab"].configure(rate=1e6, queue=3)
    net.udp_flow("a", "b", rate=100, size=1400, stop=4, name="heavy")
    net.udp_flow("b", "a", rate=10, start=5, stop=8)
    net["a"].ping("2001:db8:ffff::1", count=1)
    return net.run(until=10)


def test_tables(run):
    table = run.flow_table().set_index("flow")
    assert table.loc["b->a", ["sent", "received", "lost"]].tolist() == [30, 30, 0]
    assert table.loc["b->a", "mean_delay_s"] == pytest.approx(0.005 + (100 + 62) * 8 / 1e6, abs=1e-5)
    assert table.loc["heavy", "lost"] > 0
    drops = run.drops.set_index("reason")
    assert drops.loc["link.queue_full", "count"] == table.loc["heavy", "lost"]
    assert drops.loc["ip6.no_route", "rule"].startswith("RFC 4443")
    assert list(run.trace.columns[:3]) == ["time_s", "node", "kind"]
    assert run.trace["time_s"].is_monotonic_increasing
    assert run.now == 10
    assert not run.interrupted


def test_the_trace_can_be_narrowed(run, two_hosts):
    assert set(two_hosts.trace("nd.dad")["kind"]) == {"nd.dad_started", "nd.dad_done"}
    assert len(two_hosts.trace("no.such")) == 0
    assert set(two_hosts["a"].trace["node"]) == {"a"}


def test_nothing_is_traced_without_trace():
    net = ks.Network(trace=False)
    net.link(net.host("a"), net.host("b"))
    net.run(until=3)
    assert list(net.trace().columns) == ["time_s", "node", "kind"]
    assert len(net.trace()) == 0


def test_saving_as_protobuf(run, two_hosts, tmp_path):
    run.save(tmp_path / "results.pb", parameters={"speed": 10.0})
    results = results_pb2.Results.FromString((tmp_path / "results.pb").read_bytes())
    assert (results.format_version, results.seed, results.duration_ns) == (1, 1, 10 * 10**9)
    assert dict(results.parameters) == {"speed": "10.0"}
    flow = results.flows[1]
    assert (flow.name, flow.source, flow.destination, flow.sent, flow.received) == ("b->a", "b", "a", 30, 30)
    assert list(flow.sequence) == list(range(30))
    assert flow.send_time_ns[0] == 5 * 10**9
    assert all(delay > 0 for delay in flow.delay_ns)
    node = {node.name: node for node in results.nodes}["a"]
    assert node.drops["ip6.no_route"] == 1
    assert node.nics[0].sent_frames == two_hosts["a"].interfaces[0].counters["sent_frames"]
    assert {event.kind for event in results.trace} >= {"nd.dad_started"}
    assert {field.name for event in results.trace for field in event.fields} >= {"address", "interface"}


def test_csv_by_one_call(run, tmp_path):
    paths = run.to_csv(tmp_path / "new" / "folder")
    names = sorted(path.rsplit("/", 1)[1] for path in paths)
    assert names == ["drops.csv", "flow_b-_a.csv", "flow_heavy.csv", "flows.csv", "trace.csv"]
    packets = pd.read_csv(next(path for path in paths if path.endswith("flow_heavy.csv")))
    assert packets["delay_s"].isna().sum() == run.flows["heavy"].lost
    assert math.isclose(packets["time_s"].iloc[-1], run.flows["heavy"].send_time[-1])


def test_counters(run, two_hosts):
    a = two_hosts["a"]
    assert a.counters["sent"] >= a.interfaces[0].counters["sent_frames"] - 2
    assert set(a.counters) >= {"received", "delivered", "forwarded", "sent"}
    assert a.drops["never.heard.of"] == 0
