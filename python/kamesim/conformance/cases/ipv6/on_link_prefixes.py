"""Prefixes on the link (RFC 4861 §6.3.4, §6.3.5; RFC 5942)."""

from __future__ import annotations

import pytest

from kamesim.conformance.cases.ipv6._hosts import SECOND_MAC, next_hop
from kamesim.conformance.exchange import TESTER, case, must, prefix_information, ra


ON_LINK = "2001:db8:5::77"


def on_link(valid=86400, preferred=14400, **fields):
    return prefix_information("2001:db8:5::", autonomous=0, valid=valid, preferred=preferred, **fields)


@pytest.fixture
def hears_neighbor(port):
    port.answers[ON_LINK] = SECOND_MAC


@case(must("RFC 4861 §5.2", "RFC 4861 §6.3.4"))
def destination_in_a_prefix_on_the_link_is_a_neighbor(host, port, hears_neighbor):
    port.send(ra(on_link()))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC


@case(must("RFC 4861 §6.3.4", "RFC 5942 §4"), logo="v6LC.2.1.3")
def prefix_without_the_on_link_flag_says_nothing(host, port, hears_neighbor):
    port.send(ra(on_link(on_link=0)))
    assert next_hop(host, port, ON_LINK) == TESTER.mac


@case(must("RFC 4861 §6.3.4"))
def prefix_with_a_lifetime_of_zero_is_off_the_link_at_once(host, port, hears_neighbor):
    port.send(ra(on_link()))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
    port.send(ra(on_link(valid=0, preferred=0)))
    assert next_hop(host, port, ON_LINK) == TESTER.mac


@case(must("RFC 4861 §6.3.5"), logo="v6LC.2.1.4 A")
def prefix_is_forgotten_when_its_lifetime_is_over(host, port, hears_neighbor):
    port.send(ra(on_link(valid=30, preferred=30)))
    port.run(29.0)
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
    port.run(1.0)
    assert next_hop(host, port, ON_LINK) == TESTER.mac


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.2.19")
def prefix_of_any_length_can_be_on_the_link(host, port, hears_neighbor):
    # Not only /64.
    port.send(ra(on_link(length=120)))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:5::177") == TESTER.mac


@case(must("RFC 4861 §6.3.4"))
def prefix_is_heard_from_a_router_that_is_no_default(host, port, hears_neighbor):
    port.send(ra(on_link(), lifetime=0))
    assert next_hop(host, port, ON_LINK) == SECOND_MAC
