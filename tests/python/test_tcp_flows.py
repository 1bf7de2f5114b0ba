"""Measured TCP transfers: what they achieve, beside what formulas from the RFCs say, and what is on the wire."""

import math

import numpy as np
import pytest

import kamesim as ks
from tshark_check import fields, findings

HEADERS = 14 + 40 + 20 + 12  # bytes of Ethernet, IPv6, TCP and its timestamps
MSS = 1500 - 40 - 20 - 12


def path(net, *, rate=10e6, delay=0.02, loss=0.0, queue=1000):
    """Two hosts on a link, their neighbours known."""
    a, b = net.host("a"), net.host("b")
    link = net.link(a, b, rate=rate, delay=delay, queue=queue)
    net.run(until=3)
    a.ping(b, count=1)
    net.run(until=5)
    link.configure(loss=loss)
    return a, b


def test_all_bytes_arrive_and_both_ends_close(net):
    path(net)
    flow = net.tcp_flow("a", "b", size=1_000_000, start=6, name="bulk")
    net.run(until=30)
    assert (flow.received, flow.acknowledged, flow.mss) == (1_000_000, 1_000_000, MSS)
    assert flow.connected_at == pytest.approx(6 + 0.040, abs=0.001)
    assert flow.state == "TIME-WAIT"
    assert flow.retransmissions == 0
    net.run(until=300)  # 2 MSL
    assert (flow.state, flow.close_reason) == ("CLOSED", "finished")
    assert net.tcp_flows == [flow]


def test_link_is_filled(net):
    path(net)
    flow = net.tcp_flow("a", "b", stop=65)
    net.run(until=66)
    assert flow.goodput == pytest.approx(10e6 * MSS / (MSS + HEADERS), rel=0.02)
    series = flow.goodput_series()
    steady = series[(series["time_s"] > 20) & (series["time_s"] < 60)]["goodput"]
    assert steady.min() > 0.9 * 10e6 * MSS / (MSS + HEADERS)


def test_receive_buffer_bounds_the_rate(net):
    path(net, rate=100e6, delay=0.05)
    flow = net.tcp_flow("a", "b", stop=30, options=ks.TcpOptions(receive_buffer=100_000))
    net.run(until=31)
    assert flow.goodput == pytest.approx(100_000 * 8 / 0.1, rel=0.05)


@pytest.mark.parametrize("loss", [0.0005, 0.002, 0.01])
def test_reno_agrees_with_the_response_function(net, loss):
    # Mathis et al., CCR 27(3), 1997: rate = MSS / RTT * sqrt(3 / (2 * p)), with an acknowledgment for each segment.
    delay = 0.025
    path(net, rate=None, delay=delay, loss=loss)
    options = ks.TcpOptions(congestion_control="newreno", delayed_ack=0, receive_buffer=8 << 20, send_buffer=8 << 20)
    flow = net.tcp_flow("a", "b", stop=1000, options=options)
    net.run(until=1001)
    expected = MSS * 8 / (2 * delay) * math.sqrt(1.5 / loss)
    assert flow.goodput == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("loss", [0.0001, 0.001])
def test_cubic_agrees_with_its_response_function(net, loss):
    # RFC 9438 §5.1 (figure 6): average window in segments = (C * 3.7 / 1.2)^(1/4) * RTT^(3/4) / p^(3/4), or Reno's
    # (figure 5, 1.2 / sqrt(p)) where that is more.
    rtt = 0.1
    path(net, rate=None, delay=rtt / 2, loss=loss)
    options = ks.TcpOptions(delayed_ack=0, receive_buffer=64 << 20, send_buffer=64 << 20)
    flow = net.tcp_flow("a", "b", stop=1500, options=options)
    net.run(until=1501)
    cubic = 1.054 * rtt**0.75 / loss**0.75
    expected = max(cubic, 1.2 / math.sqrt(loss)) * MSS * 8 / rtt
    assert flow.goodput == pytest.approx(expected, rel=0.3)


@pytest.mark.parametrize("buffers", [0.1, 0.25, 0.5, 1.0, 2.0])
def test_a_link_is_used_as_far_as_its_buffer_allows(net, buffers):
    # One NewReno flow, window from half of pipe and buffer to all of it; b buffers a bandwidth-delay product:
    # 3/4 (1 + b)^2 / (1 + b + b^2) of the link, and all of it from b = 1 on.
    rate, rtt, frame = 10e6, 0.1, MSS + HEADERS
    path(net, rate=rate, delay=rtt / 2, queue=round(buffers * rate * rtt / 8 / frame))
    options = ks.TcpOptions(congestion_control="newreno", delayed_ack=0, receive_buffer=8 << 20, send_buffer=8 << 20)
    flow = net.tcp_flow("a", "b", stop=300, options=options)
    net.run(until=301)
    b = min(buffers, 1.0)
    assert flow.goodput == pytest.approx(rate * MSS / frame * 0.75 * (1 + b) ** 2 / (1 + b + b * b), rel=0.05)


def test_queue_that_overflows_makes_a_sawtooth(net):
    path(net, rate=5e6, delay=0.02, queue=50)
    flow = net.tcp_flow("a", "b", stop=60, sample_interval=0.01, options=ks.TcpOptions(congestion_control="newreno"))
    net.run(until=61)
    samples = flow.samples()
    assert list(samples.columns) == [
        "time_s", "congestion_window", "in_flight", "slow_start_threshold", "smoothed_rtt_s", "retransmissions"
    ]  # fmt: skip
    assert flow.retransmissions > 0
    assert flow.timeouts == 0
    steady = samples[samples["time_s"] > 20]
    capacity = 50 * 1514 + 5e6 / 8 * 0.04
    assert steady["congestion_window"].max() == pytest.approx(capacity, rel=0.15)
    assert steady["congestion_window"].min() == pytest.approx(capacity / 2, rel=0.2)
    assert flow.goodput > 0.95 * 5e6 * MSS / (MSS + HEADERS)


def test_pacing_spreads_the_first_window_over_half_a_round_trip(net):
    # In slow start a paced sender is twice as fast as its window in each round trip.
    path(net, rate=None, delay=0.05)
    at_once = net.tcp_flow("a", "b", size=10 * MSS)
    paced = net.tcp_flow("a", "b", size=10 * MSS, options=ks.TcpOptions(pacing=True))
    net.run(until=20)
    assert paced.finished_at - at_once.finished_at == pytest.approx(9 / 10 * 0.1 / 2, abs=0.002)


def test_two_flows_share_a_bottleneck(net):
    a, b, c = net.host("a"), net.host("b"), net.host("c")
    r, d = net.router("r"), net.host("d")
    for host in (a, b, c):
        net.link(host, r, rate=100e6, delay=0.005)
    net.link(r, d, rate=10e6, delay=0.01, queue=100)
    net.shortest_path_routes()
    net.run(until=5)
    flows = [net.tcp_flow(host, d, stop=205) for host in (a, b, c)]
    net.run(until=206)
    shares = np.array([flow.received for flow in flows])
    assert shares.sum() * 8 / 200 == pytest.approx(10e6 * MSS / (MSS + HEADERS), rel=0.03)
    assert shares.sum() ** 2 / (3 * (shares**2).sum()) > 0.9  # Jain's index


def test_wire_is_what_tshark_knows(net, tmp_path):
    path(net, loss=0.01)
    with net.capture(tmp_path / "tcp.pcapng", [net["a"].interfaces[0]]):
        flow = net.tcp_flow("a", "b", size=300_000)
        net.run(until=60)
    assert flow.received == 300_000
    columns = ("tcp.flags.syn", "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.checksum.status")
    rows = fields(tmp_path / "tcp.pcapng", *columns, display_filter="tcp")
    assert findings(tmp_path / "tcp.pcapng") == []
    syns = [row for row in rows if row[0] in ("1", "True")]
    assert len(syns) >= 2
    assert {row[1] for row in syns} == {"1440"}
    assert {row[2] for row in syns} == {"5"}  # RFC 7323 §2.3: 1 MiB in 16 bits
    assert {row[3] for row in rows} == {"1"}  # good


def test_nobody_there_times_out(net):
    # RFC 9293 §3.8.3 (MUST-23): a SYN is tried for three minutes at least.
    path(net)
    net.media[0].configure(loss=1.0)
    flow = net.tcp_flow("a", "b", size=1000)
    net.run(for_=180)
    assert (flow.state, flow.close_reason) == ("SYN-SENT", None)
    net.run(for_=120)
    assert (flow.state, flow.close_reason, flow.received) == ("CLOSED", "timed out", 0)


def test_link_that_is_down_is_told_at_once(net):
    path(net)
    net.media[0].up = False
    flow = net.tcp_flow("a", "b", size=1000)
    net.run(for_=1)
    assert (flow.state, flow.error) == ("CLOSED", "no usable source address")


def test_power_cycle_ends_connections_without_a_word(net):
    a, b = path(net)
    first = net.tcp_flow(a, b, stop=20)
    second = net.tcp_flow(b, a, stop=20)
    net.run(until=10)
    b.reboot()
    received = first.received
    net.run(until=60)
    assert first.received == received
    assert first.close_reason == "reset"  # by the node that knows nothing of it
    assert second.state == "CLOSED"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"options": ks.TcpOptions(congestion_control="vegas")}, "flow 'a->b': congestion_control is 'vegas'"),
        ({"options": ks.TcpOptions(delayed_ack=0.5)}, "delayed_ack is 0.5"),
        ({"options": ks.TcpOptions(send_buffer=0)}, "send_buffer is 0"),
        ({"options": "cubic"}, "options is 'cubic'"),
        ({"size": 0}, "size is 0"),
        ({"port": 70_000}, "port is 70000"),
        ({"start": 1}, "start is 1"),
        ({"sample_interval": 0}, "sample_interval is 0"),
    ],
)
def test_wrong_parameters_are_named(net, wrong, says):
    path(net)
    with pytest.raises(ks.Error, match=says):
        net.tcp_flow("a", "b", **wrong)
