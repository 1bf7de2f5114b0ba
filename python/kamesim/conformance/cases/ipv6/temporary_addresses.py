"""Temporary addresses (RFC 8981)."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._autoconfiguration import FORMED, PREFIX, lifetime, state
from kamesim.conformance.exchange import (
    ALL_NODES,
    TESTER,
    case,
    echo_request,
    expect,
    expect_none,
    find,
    is_multicast,
    must,
    na,
    prefix_information,
    ra,
    should,
    solicited_node,
)

OTHER_PREFIX = "2001:db8:6::"
NEIGHBOR = "2001:db8:5::99"  # the tester, in PREFIX
DAY = 86400.0
TEMP_VALID_LIFETIME, TEMP_PREFERRED_LIFETIME = 2 * DAY, DAY
MAX_DESYNC_FACTOR = 0.4 * TEMP_PREFERRED_LIFETIME
TEMP_IDGEN_RETRIES = 3
REGEN_ADVANCE = 2 + TEMP_IDGEN_RETRIES * 1 * 1.0  # and DupAddrDetectTransmits, RetransTimer (RFC 8981 §3.8)
LONG = {"valid": 30 * 86400, "preferred": 7 * 86400}


@pytest.fixture
def host(lab):
    return lab.host(address=False, nd={"temporary_addresses": True})


def temporary(host, prefix=PREFIX):
    """The temporary addresses in a prefix, in the order in which the host has them: all but the stable one."""
    stable = str(IPv6Address(int(IPv6Address(prefix)) | int(IPv6Address("::ff:fe00:1"))))
    network = IPv6Network(f"{prefix}/64")
    return [a for a in host.addresses()["address"] if IPv6Address(a) in network and a != stable]


def formed(host, port, prefix=PREFIX, **lifetimes):
    """The temporary address that the host makes of an advertisement, tested and assigned."""
    port.send(ra(prefix_information(prefix, **(lifetimes or LONG))))
    port.run(3.0)
    (address,) = temporary(host, prefix)
    assert state(host, address) == "preferred"
    return address


@case(must("RFC 8981 §3.4 4"))
def temporary_address_is_formed_beside_the_stable_one(host, port):
    address = formed(host, port)
    assert state(host, FORMED) == "preferred"
    port.send(echo_request(address))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == address


@case(must("RFC 8981 §3.7"), role="host")
def no_temporary_address_is_formed_where_that_is_off(lab):
    host = lab.host(address=False, nd={"temporary_addresses": False})
    lab.ports[0].send(ra(prefix_information(PREFIX)))
    lab.ports[0].run(3.0)
    assert state(host, FORMED) == "preferred" and temporary(host) == []


@case(must("RFC 8981 §3.4 7", "RFC 4862 §5.4"))
def temporary_address_is_tested_like_any_other(host, port):
    port.send(ra(prefix_information(PREFIX)))
    (address,) = temporary(host)
    assert state(host, address) == "tentative"
    question = expect(port, ICMPv6ND_NS, tgt=address)
    assert (question[IPv6].src, question[IPv6].dst) == ("::", solicited_node(address))


@case(must("RFC 8981 §3.4 4"))
def lifetimes_are_bounded_by_those_of_the_policy(host, port):
    address = formed(host, port)
    assert lifetime(host, address) == pytest.approx(TEMP_VALID_LIFETIME, abs=3.1)
    preferred = lifetime(host, address, "preferred_until_s")
    assert TEMP_PREFERRED_LIFETIME - MAX_DESYNC_FACTOR - 3.1 <= preferred <= TEMP_PREFERRED_LIFETIME


@case(must("RFC 8981 §3.4 4"))
def lifetimes_are_bounded_by_those_of_the_prefix(host, port):
    address = formed(host, port, valid=5000, preferred=4000)
    assert lifetime(host, address) == pytest.approx(5000 - 3, abs=1e-3)
    assert lifetime(host, address, "preferred_until_s") == pytest.approx(4000 - 3, abs=1e-3)


@case(must("RFC 8981 §3.4 4", "RFC 8981 §3.8 DESYNC_FACTOR"), role="host")
def preferred_lifetimes_are_desynchronized(lab):
    host = lab.host(address=False, nd={"temporary_addresses": True})
    prefixes = [f"2001:db8:{n:x}::" for n in range(5, 13)]
    lab.ports[0].send(ra(*[prefix_information(p, **LONG) for p in prefixes]))
    lab.ports[0].run(3.0)
    ends = [lifetime(host, temporary(host, p)[0], "preferred_until_s") for p in prefixes]
    assert len({round(end, 3) for end in ends}) == len(prefixes)
    assert all(TEMP_PREFERRED_LIFETIME - MAX_DESYNC_FACTOR - 3.1 <= end <= TEMP_PREFERRED_LIFETIME for end in ends)


@case(must("RFC 8981 §3.3"))
def interface_identifiers_of_prefixes_have_nothing_in_common(host, port):
    one, other = formed(host, port), formed(host, port, OTHER_PREFIX)
    identifiers = [int(IPv6Address(a)) & (1 << 64) - 1 for a in (one, other)]
    assert identifiers[0] != identifiers[1]
    assert all(i >> 24 & 0xFFFF != 0xFFFE for i in identifiers), "none is a modified EUI-64 identifier"


@case(must("RFC 8981 §3.4 5"))
@pytest.mark.parametrize("preferred", [0, 4, 5], ids=lambda s: f"{s} s")
def none_is_formed_for_less_than_regen_advance(host, port, preferred):
    port.send(ra(prefix_information(PREFIX, valid=10000, preferred=preferred)))
    port.run(3.0)
    assert state(host, FORMED) is not None and temporary(host) == []


@case(must("RFC 8981 §3.4 5"))
def one_is_formed_for_more_than_regen_advance(host, port):
    port.send(ra(prefix_information(PREFIX, valid=10000, preferred=int(REGEN_ADVANCE) + 1)))
    port.run(1.0)
    assert len(temporary(host)) == 1


@case(must("RFC 8981 §3.4 3"))
def further_advertisements_form_no_further_address(host, port):
    address = formed(host, port)
    for _ in range(3):
        port.send(ra(prefix_information(PREFIX, **LONG)))
        port.run(3.0)
    assert temporary(host) == [address]


@case(must("RFC 8981 §3.4 1"))
def further_advertisements_do_not_lengthen_it_beyond_its_bounds(host, port):
    address = formed(host, port)
    preferred, valid = (lifetime(host, address, column) for column in ("preferred_until_s", "valid_until_s"))
    port.run(1000.0)
    port.send(ra(prefix_information(PREFIX, **LONG)))
    assert lifetime(host, address, "preferred_until_s") == pytest.approx(preferred - 1000, abs=0.1)
    assert lifetime(host, address) == pytest.approx(valid - 1000, abs=0.1)


@case(must("RFC 8981 §3.4 1"))
def further_advertisements_lengthen_it_within_its_bounds(host, port):
    address = formed(host, port, valid=8000, preferred=1000)
    port.run(500.0)
    port.send(ra(prefix_information(PREFIX, valid=8000, preferred=1000)))
    assert lifetime(host, address, "preferred_until_s") == pytest.approx(1000, abs=1e-3)
    assert lifetime(host, address) == pytest.approx(8000, abs=1e-3)


@case(must("RFC 8981 §3.4 1", "RFC 4862 §5.5.3 e"))
def shorter_preferred_lifetime_of_the_prefix_shortens_that_of_the_address(host, port):
    address = formed(host, port)
    port.send(ra(prefix_information(PREFIX, valid=30 * 86400, preferred=100)))
    assert lifetime(host, address, "preferred_until_s") == pytest.approx(100, abs=1e-3)


@case(must("RFC 8981 §3.5", "RFC 8981 §3.4"))
def successor_is_formed_regen_advance_before_the_preferred_lifetime_ends(host, port):
    address = formed(host, port)
    left = lifetime(host, address, "preferred_until_s")
    port.run(left - REGEN_ADVANCE - 0.01)
    assert temporary(host) == [address]
    port.run(2.5)
    (successor,) = set(temporary(host)) - {address}
    assert state(host, address) == state(host, successor) == "preferred"
    port.run(REGEN_ADVANCE)
    assert (state(host, address), state(host, successor)) == ("deprecated", "preferred")


@case(must("RFC 8981 §3.4", "RFC 4862 §5.5.4"))
def old_address_is_deprecated_until_its_valid_lifetime_ends(host, port):
    address = formed(host, port)
    port.run(lifetime(host, address, "preferred_until_s") + 1.0)
    assert state(host, address) == "deprecated"
    port.answers[NEIGHBOR] = TESTER.mac
    port.send(echo_request(address, source=NEIGHBOR))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == address
    port.run(lifetime(host, address) + 1.0)
    assert state(host, address) is None


@case(must("RFC 8981 §3.5"))
def there_is_no_successor_in_a_prefix_that_is_not_preferred_any_more(host, port):
    address = formed(host, port, valid=10000, preferred=1000)
    port.run(1100.0)
    assert state(host, address) == "deprecated" and temporary(host) == [address]


@case(must("RFC 8981 §3.4 7"))
def duplicate_is_replaced_by_another_up_to_three_times(host, port):
    port.send(ra(prefix_information(PREFIX, **LONG)))
    tried = []
    for _ in range(TEMP_IDGEN_RETRIES + 1):
        question = next(p for p in port.frames(3.0) if find(p, ICMPv6ND_NS) and p[ICMPv6ND_NS].tgt in temporary(host))
        tried.append(question[ICMPv6ND_NS].tgt)
        port.send(na(tried[-1], destination=ALL_NODES, solicited=0))
    assert len(set(tried)) == len(tried)
    expect_none(port, ICMPv6ND_NS, within=10.0)
    assert not any(state(host, a) in ("preferred", "tentative") for a in temporary(host))


@case(should("RFC 8981 §3.4 7"))
def prefix_whose_addresses_were_all_duplicates_gets_none_any_more(host, port):
    port.send(ra(prefix_information(PREFIX, **LONG)))
    for _ in range(TEMP_IDGEN_RETRIES + 1):
        question = next(p for p in port.frames(3.0) if find(p, ICMPv6ND_NS) and p[ICMPv6ND_NS].tgt in temporary(host))
        port.send(na(question[ICMPv6ND_NS].tgt, destination=ALL_NODES, solicited=0))
    port.run(5.0)
    port.send(ra(prefix_information(PREFIX, **LONG)))
    expect_none(port, ICMPv6ND_NS, within=5.0)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 6724 §5 7", "RFC 8981 §3.1"))
def temporary_address_is_the_source_of_what_the_host_begins(host, port):
    address = formed(host, port)
    port.answers[NEIGHBOR] = TESTER.mac
    host.ping(NEIGHBOR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].src == address
    host.nd.prefer_temporary_addresses = False
    host.ping(NEIGHBOR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].src == FORMED


@case(must("RFC 8981 §3.4"))
def group_of_a_temporary_address_is_joined(host, port):
    address = formed(host, port)
    assert solicited_node(address) in set(host.groups()["group"])
    assert is_multicast(solicited_node(address))


@case(must("RFC 8981 §3.6", "RFC 8981 §3.3"))
def temporary_address_does_not_outlast_a_reboot(host, port):
    address = formed(host, port)
    host.reboot(wait=True)
    assert temporary(host) == []
    assert formed(host, port) != address
