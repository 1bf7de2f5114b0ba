"""The limit on the rate of errors (RFC 4443 §2.4 f)."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply

from kamesim.conformance.exchange import case, datagram, echo_request, expect, expect_dropped, must


BUCKET, RATE = 10, 100.0  # what docs/protocols/ipv6.md says: a burst of 10, on the average 100 a second


def errors_within(port, seconds):
    return [packet for packet in port.run(seconds) if ICMPv6DestUnreach in packet]


@case(must("RFC 4443 §2.4 f"))
def burst_of_errors_is_limited_to_the_bucket(node, port):
    port.send(datagram())
    expect(port, ICMPv6DestUnreach)  # addresses are resolved now
    port.run(1.0)
    port.send(*[datagram() for _ in range(50)])
    assert len(errors_within(port, 1.0)) == BUCKET
    assert node.counters["icmp6_errors_limited"] == 50 - BUCKET
    expect_dropped(node, "udp.no_port", 51)


@case(must("RFC 4443 §2.4 f"))
def bucket_fills_at_the_rate_of_errors(node, port):
    port.send(datagram())
    expect(port, ICMPv6DestUnreach)
    port.run(1.0)
    port.send(*[datagram() for _ in range(50)])
    errors_within(port, 0.055)
    port.send(*[datagram() for _ in range(50)])
    assert len(errors_within(port, 1.0)) == int(0.055 * RATE)


@case(must("RFC 4443 §2.4 f"))
def steady_errors_are_limited_to_the_rate(node, port):
    port.send(datagram())
    expect(port, ICMPv6DestUnreach)
    port.run(1.0)
    count, interval = 0, 0.0025
    for _ in range(400):  # 400 a second
        port.send(datagram())
        count += len(errors_within(port, interval))
    assert count == int(BUCKET + 399 * interval * RATE)


@case(must("RFC 4443 §2.4 f"))
def echo_is_not_limited(node, port):
    # Error messages only.
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
    port.send(*[echo_request(seq=n) for n in range(100)])
    assert sum(ICMPv6EchoReply in packet for packet in port.run(1.0)) == 100
