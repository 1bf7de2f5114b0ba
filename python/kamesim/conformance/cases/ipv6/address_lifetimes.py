"""Lifetimes of addresses (RFC 4862 §5.5.3 e, §5.5.4)."""

from __future__ import annotations

import math

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, IPv6

from kamesim.conformance.cases.ipv6._autoconfiguration import FORMED, PREFIX, lifetime, state
from kamesim.conformance.exchange import (
    INFINITY,
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    expect_silence,
    must,
    ns,
    prefix_information,
    ra,
)


TWO_HOURS = 7200
RENEWALS = [
    # left      advertised  then left
    (86400, 100000, 100000),  # 1: longer than what is left
    (3600, 4000, 4000),
    (60, INFINITY, math.inf),
    (86400, TWO_HOURS + 1, TWO_HOURS + 1),  # 1: longer than two hours
    (INFINITY, 10000, 10000),
    (3600, 60, 3600),  # 2: two hours or less are left: ignored
    (TWO_HOURS, 0, TWO_HOURS),
    (86400, 60, TWO_HOURS),  # 3
    (86400, 0, TWO_HOURS),
    (86400, TWO_HOURS, TWO_HOURS),
    (INFINITY, 60, TWO_HOURS),
]


@case(
    must("RFC 4862 §5.5.3 e"),
    logo={
        "3600-4000-4000": "v6LC.3.2.5 A",
        "86400-7201-7201": "v6LC.3.2.5 B",
        "3600-60-3600": "v6LC.3.2.5 C",
        "86400-60-7200": "v6LC.3.2.5 D",
    },
)
@pytest.mark.parametrize(("left", "advertised", "then_left"), RENEWALS)
def valid_lifetime_is_not_shortened_to_less_than_two_hours(host, port, left, advertised, then_left):
    port.send(ra(prefix_information(PREFIX, valid=left + 3 if left != INFINITY else left, preferred=0)))
    port.run(3.0)
    port.send(ra(prefix_information(PREFIX, valid=advertised, preferred=0)))
    assert lifetime(host, FORMED) == pytest.approx(then_left, abs=1e-3)


@case(must("RFC 4862 §5.5.3 e"))
def preferred_lifetime_is_always_the_advertised_one(host, port):
    port.send(ra(prefix_information(PREFIX, valid=3600, preferred=3600)))
    port.run(3.0)
    port.send(ra(prefix_information(PREFIX, valid=60, preferred=30)))  # the valid lifetime is ignored
    assert lifetime(host, FORMED, "preferred_until_s") == pytest.approx(30, abs=1e-6)
    assert lifetime(host, FORMED) == pytest.approx(3597, abs=1e-6)


@case(must("RFC 4862 §5.5.4"))
def address_becomes_deprecated_when_its_preferred_lifetime_is_over(host, port):
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=30)))
    port.run(29.999)
    assert state(host, FORMED) == "preferred"
    port.run(0.002)
    assert state(host, FORMED) == "deprecated"


@case(must("RFC 4862 §5.5.4"))
def deprecated_address_still_receives_and_answers(host, port):
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=10)))
    port.run(20.0)
    port.send(echo_request(FORMED))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == FORMED


@case(must("RFC 4862 §5.5.4"))
def deprecated_address_is_not_used_for_what_is_new(host, port):
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=10)))
    port.run(20.0)
    host.ping("2001:db8:5::77", count=1)  # whose prefix is that of the deprecated address
    port.answers["2001:db8:5::77"] = TESTER.mac
    assert expect(port, ICMPv6EchoRequest)[IPv6].src == NODE.address


@case(must("RFC 4862 §5.5.3 e"))
def deprecated_address_becomes_preferred_again(host, port):
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=10)))
    port.run(20.0)
    port.send(ra(prefix_information(PREFIX, valid=100, preferred=50)))
    assert state(host, FORMED) == "preferred"


@case(must("RFC 4862 §5.5.4"), logo="v6LC.3.2.2")
def address_is_removed_when_its_valid_lifetime_is_over(host, port):
    port.send(ra(prefix_information(PREFIX, valid=60, preferred=30)))
    port.run(59.9)
    port.send(ns(FORMED))
    expect(port, ICMPv6ND_NA, within=0.0, tgt=FORMED)
    port.run(0.2)
    assert state(host, FORMED) is None
    port.send(ns(FORMED), echo_request(FORMED))
    expect_silence(port)


@case(must("RFC 4862 §5.5.3 e.1"))
def advertisement_renews_the_lifetime(host, port):
    for _ in range(5):
        port.send(ra(prefix_information(PREFIX, valid=60, preferred=60)))
        port.run(50.0)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 4861 §4.6.2"), logo="v6LC.3.2.4 J")
def infinite_lifetimes_never_end(host, port):
    port.send(ra(prefix_information(PREFIX, valid=INFINITY, preferred=INFINITY)))
    port.run(100 * 86400.0)
    assert state(host, FORMED) == "preferred"
