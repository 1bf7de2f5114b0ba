"""Measured UDP flows."""

import math

import numpy as np
import pytest

import kamesim as ks
from tshark_check import fields


def test_every_packet_is_accounted_for(two_hosts):
    net = two_hosts
    flow = net.udp_flow("a", "b", rate=100, size=200, start=5, stop=15)
    net.run(until=20)
    assert (flow.sent, flow.received, flow.lost, flow.duplicated, flow.reordered) == (1000, 1000, 0, 0, 0)
    frame = flow.frame()
    assert list(frame.columns) == ["seq", "time_s", "delay_s"]
    assert list(frame["seq"]) == list(range(1000))
    assert frame["time_s"].to_numpy() == pytest.approx(5 + np.arange(1000) / 100)
    assert frame["delay_s"].to_numpy()[1:] == pytest.approx(0.005)


def test_losses_are_nan():
    net = ks.Network(seed=3)
    link = net.link(net.host("a"), net.host("b"))
    net.run(until=3)
    net["a"].ping("b", count=1)  # so that no packet waits for address resolution
    net.run(until=5)
    link.configure(loss=0.25)
    flow = net.udp_flow("a", "b", rate=1000, stop=7)
    net.run(until=8)
    assert flow.sent == 2000
    assert flow.lost == flow.frame()["delay_s"].isna().sum()
    assert flow.lost == pytest.approx(500, abs=4 * math.sqrt(2000 * 0.25 * 0.75))  # four standard deviations
    assert net["a"].drops["link.loss"] >= flow.lost


def test_packets_that_a_new_path_brings_early_are_reordered(net):
    a, b = net.host("a"), net.host("b")
    link = net.link(a, b, delay=0.05)
    second = net.link(a, b, delay=0.001)
    target, via = (next(x for x in end.addresses if not x.startswith("fe80")) for end in (link.b, second.b))
    net.run(until=2)
    for address in (target, via):
        a.ping(address, count=1)  # so that no packet waits for address resolution
    net.run(until=3)
    flow = net.udp_flow(a, b, rate=1000, stop=4, destination_address=target)
    net.at(3.5, a.add_route, f"{target}/128", via=via)
    net.run(until=5)
    # After 0.5 s come packets in 1 ms, while those of the last 50 ms are under way.
    assert flow.received == 1000
    assert flow.reordered == pytest.approx(49, abs=2)


def test_poisson_intervals_are_exponential(two_hosts):
    net = two_hosts
    flow = net.udp_flow("a", "b", rate=500, pattern="poisson", stop=23)
    net.run(until=24)
    intervals = np.diff(flow.send_time)
    assert flow.sent == pytest.approx(10000, abs=400)
    assert intervals.mean() == pytest.approx(1 / 500, rel=0.05)
    assert intervals.std() == pytest.approx(1 / 500, rel=0.05)


def test_a_flow_aims_when_it_starts(net):
    lan = net.lan("lan", "2001:db8:1::/64")
    router, host = net.router("router"), net.host("host")
    lan.attach(router)
    lan.attach(host)
    flow = net.udp_flow(router, host, rate=10, start=10, stop=12)
    assert flow.destination_address is None
    net.run(until=13)
    assert flow.destination_address == host.address
    assert flow.received == 20


def test_what_a_node_cannot_send_is_lost(net):
    a, b = net.host("a"), net.host("b")
    net.link(a, b)
    flow = net.udp_flow(a, b, rate=10)  # addresses are tentative for more than a second
    net.run(until=10)
    assert flow.sent == 100 or flow.sent == 101
    assert 8 <= flow.lost <= 25
    assert np.isnan(flow.delay[0])
    flow.stop()
    net.run(until=12)
    assert flow.sent <= 101


def test_several_flows_share_nodes(two_hosts):
    net = two_hosts
    flows = [net.udp_flow("a", "b", rate=10 * (n + 1), stop=5) for n in range(3)] + [net.udp_flow("b", "a", stop=5)]
    assert [flow.name for flow in flows] == ["a->b", "a->b.2", "a->b.3", "b->a"]
    assert len({flow.port for flow in flows}) == 4
    net.run(until=6)
    assert [flow.received for flow in flows] == [20, 40, 60, 200]


def test_datagrams_say_what_they_are(two_hosts, tmp_path):
    net = two_hosts
    with net.capture(tmp_path / "flow.pcapng", direction="out") as capture:
        flow = net.udp_flow("a", "b", rate=10, size=24, stop=3.5, port=4000, source_port=4001)
        net.run(until=4)
    packets = fields(capture.path, "udp.dstport", "udp.srcport", "udp.payload", display_filter="udp")
    assert len(packets) == flow.sent == 5
    port, source_port, payload = packets[3]
    assert (port, source_port) == ("4000", "4001")
    assert payload[:8] == b"kmfl".hex()
    assert int(payload[16:32], 16) == 3
    assert int(payload[32:48], 16) == round(flow.send_time[3] * 1e9)
