"""Interface identifiers that are stable and opaque (RFC 7217)."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._autoconfiguration import FORMED, PREFIX, state
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    expect_none,
    find,
    may,
    must,
    na,
    prefix_information,
    ra,
    should,
)

OTHER_PREFIX = "2001:db8:6::"
IDGEN_RETRIES, IDGEN_DELAY = 3, 1.0
MAX_RTR_SOLICITATION_DELAY = 1.0


@pytest.fixture
def host(lab):
    return lab.host(address=False, nd={"stable_privacy": True})


def identifier(address):
    return int(IPv6Address(address)) & (1 << 64) - 1


def within(host, prefix):
    """The host's addresses in a /64, whatever their state."""
    return [a for a in host.addresses()["address"] if int(IPv6Address(a)) >> 64 == int(IPv6Address(prefix)) >> 64]


def formed(host, port, prefix=PREFIX):
    port.send(ra(prefix_information(prefix)))
    port.run(3.0)
    (address,) = within(host, prefix)
    assert state(host, address) == "preferred"
    return address


def asked_for(port, seconds=4.0):
    """The next address that the host tests."""
    return next(p for p in port.frames(seconds) if find(p, ICMPv6ND_NS) and p[IPv6].src == "::")[ICMPv6ND_NS].tgt


def claim(port, address):
    port.send(na(address, destination=ALL_NODES, solicited=0))


@case(must("RFC 7217 §5"))
def identifier_says_nothing_of_the_hardware_address(host, port):
    address = formed(host, port)
    assert address != FORMED
    assert f"{identifier(address):016x}"[6:10] != "fffe"
    port.send(echo_request(address))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == address


@case(may("RFC 7217 §5"))
def link_local_address_has_such_an_identifier_too(host, port):
    (link_local,) = within(host, "fe80::")
    assert link_local != NODE.link_local and state(host, link_local) == "preferred"


@case(must("RFC 7217 §4", "RFC 7217 §5"))
def identifier_differs_from_prefix_to_prefix(host, port):
    one, other = formed(host, port), formed(host, port, OTHER_PREFIX)
    (link_local,) = within(host, "fe80::")
    assert len({identifier(a) for a in (one, other, link_local)}) == 3


@case(must("RFC 7217 §4"))
def identifier_is_the_same_when_the_prefix_comes_back(host, port):
    address = formed(host, port)
    host.remove_address(address)
    formed(host, port, OTHER_PREFIX)
    assert formed(host, port) == address


@case(must("RFC 7217 §4", "RFC 7217 §5 secret_key"))
def identifier_is_the_same_after_a_reboot(host, port):
    before = formed(host, port), formed(host, port, OTHER_PREFIX)
    host.reboot(wait=True)
    port.run(5.0)
    assert (formed(host, port), formed(host, port, OTHER_PREFIX)) == before


@case(must("RFC 7217 §5 secret_key"), role="host")
def identifiers_of_two_hosts_differ(lab):
    lan, port = lab.link()
    nodes = [lab.net.host(name) for name in ("one", "other")]
    for node in nodes:
        node.nd.stable_privacy = True
        lan.attach(node)
    port.run(5.0)
    port.send(ra(prefix_information(PREFIX)))
    port.run(3.0)
    (one,), (other,) = (within(node, PREFIX) for node in nodes)
    assert one != other


@case(must("RFC 7217 §6"))
def duplicate_is_replaced_by_another(host, port):
    port.send(ra(prefix_information(PREFIX)))
    first = asked_for(port)
    claim(port, first)
    claimed = port.now
    second = asked_for(port)
    assert second != first
    # At random up to IDGEN_DELAY, and the delay of the first message about an address.
    assert port.now - claimed <= IDGEN_DELAY + MAX_RTR_SOLICITATION_DELAY
    port.run(2.0)
    assert state(host, second) == "preferred" and state(host, first) in ("duplicated", None)


@case(must("RFC 7217 §6"))
def counter_begins_with_zero_for_each_prefix(host, port):
    other = formed(host, port, OTHER_PREFIX)
    port.send(ra(prefix_information(PREFIX)))
    claim(port, asked_for(port))
    port.run(5.0)
    host.remove_address(other)
    assert formed(host, port, OTHER_PREFIX) == other


@case(should("RFC 7217 §6"))
def there_are_three_others_and_then_none(host, port):
    port.send(ra(prefix_information(PREFIX)))
    tried = []
    for _ in range(1 + IDGEN_RETRIES):
        tried.append(asked_for(port))
        claim(port, tried[-1])
    assert len(set(tried)) == 1 + IDGEN_RETRIES
    expect_none(port, ICMPv6ND_NS, within=10.0)
    assert not any(state(host, a) in ("preferred", "tentative") for a in within(host, PREFIX))


@case(must("RFC 7217 §6"))
def no_identifier_of_the_hardware_is_taken_instead(host, port):
    port.send(ra(prefix_information(PREFIX)))
    for _ in range(1 + IDGEN_RETRIES):
        claim(port, asked_for(port))
    port.run(10.0)
    assert state(host, FORMED) is None


@case(must("RFC 7217 §6", "RFC 4862 §5.4.5"), role="host")
def duplicate_link_local_address_does_not_disable_the_interface(lab):
    # It is not made of the hardware address, so that of the other node may be another.
    host = lab.host(address=False, nd={"stable_privacy": True}, settle=0.0)
    port = lab.ports[0]
    first = asked_for(port)
    claim(port, first)
    port.run(5.0)
    (second,) = [a for a in within(host, "fe80::") if state(host, a) == "preferred"]
    assert second != first
    port.send(echo_request(second, source=TESTER.link_local))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == second
