"""What routers tell a host beside addresses and routes: DNS (RFC 8106), M and O (RFC 4861 §4.2), captive portals (RFC
8910), further flags (RFC 5175, RFC 8425)."""

from __future__ import annotations

import math

import pytest
from scapy.layers.inet6 import ICMPv6NDOptDNSSL, ICMPv6NDOptRDNSS, ICMPv6NDOptUnknown

from kamesim.conformance.cases.ipv6._autoconfiguration import FORMED, PREFIX, state
from kamesim.conformance.cases.ipv6._hosts import SECOND_MAC, SECOND_ROUTER
from kamesim.conformance.exchange import INFINITY, case, may, must, prefix_information, ra, should

SERVER, OTHER_SERVER = "2001:db8:9::53", "2001:db8:9::54"
URI = b"https://example.org/captive-portal/api"
ROUTER_LIFETIME = 1800


def rdnss(*servers, lifetime=1000):
    return ICMPv6NDOptRDNSS(dns=list(servers), lifetime=lifetime)


def dnssl(*domains, lifetime=1000):
    return ICMPv6NDOptDNSSL(searchlist=list(domains), lifetime=lifetime)


def captive_portal(uri):
    padded = uri + bytes(-(len(uri) + 2) % 8)
    return ICMPv6NDOptUnknown(type=37, len=(len(padded) + 2) // 8, data=padded)


def told(host):
    return host.interfaces[0].configuration


def servers(host):
    """Servers in their order, and what is left of their lifetimes."""
    return {a: end - host.network.now for a, end in told(host).dns_servers.items()}


def domains(host):
    return {name: end - host.network.now for name, end in told(host).dns_search_domains.items()}


# --- Servers (RFC 8106 §5.1) ------------------------------------------------------------------------------------------


@case(must("RFC 8106 §5.1", "RFC 8106 §5.3.1"))
def servers_are_kept_in_the_order_of_the_option(host, port):
    port.send(ra(rdnss(SERVER, OTHER_SERVER)))
    assert servers(host) == {SERVER: 1000.0, OTHER_SERVER: 1000.0}
    assert list(servers(host)) == [SERVER, OTHER_SERVER]


@case(must("RFC 8106 §5.1 Lifetime"))
def server_is_not_used_when_its_lifetime_is_over(host, port):
    port.send(ra(rdnss(SERVER, lifetime=100)))
    port.run(99.9)
    assert list(servers(host)) == [SERVER]
    port.run(0.2)
    assert servers(host) == {}


@case(must("RFC 8106 §5.1 Lifetime"))
def server_of_infinite_lifetime_stays(host, port):
    port.send(ra(rdnss(SERVER, lifetime=INFINITY)))
    port.run(10 * 86400.0)
    assert servers(host) == {SERVER: math.inf}


@case(must("RFC 8106 §5.1 Lifetime"))
def server_of_lifetime_zero_is_taken_off_at_once_and_alone(host, port):
    port.send(ra(rdnss(SERVER, OTHER_SERVER)))
    port.send(ra(rdnss(SERVER, lifetime=0)))
    assert list(servers(host)) == [OTHER_SERVER]


@case(must("RFC 8106 §6.2"))
def advertisement_renews_the_lifetime_of_a_server(host, port):
    port.send(ra(rdnss(SERVER, lifetime=1000)))
    port.run(10.0)
    port.send(ra(rdnss(SERVER, lifetime=50)))  # shorter or longer
    assert servers(host) == {SERVER: 50.0}
    port.send(ra(rdnss(SERVER, lifetime=5000)))
    assert servers(host) == {SERVER: 5000.0}


@case(must("RFC 8106 §5.1"))
def advertisement_without_the_option_changes_nothing(host, port):
    port.send(ra(rdnss(SERVER)), ra())
    assert servers(host) == {SERVER: 1000.0}


@case(must("RFC 8106 §5.1 Lifetime"))
def servers_of_a_router_that_is_no_default_router_are_used(host, port):
    port.send(ra(rdnss(SERVER), lifetime=0))
    assert list(servers(host)) == [SERVER]


@case(must("RFC 8106 §5.1"))
def several_options_have_lifetimes_of_their_own(host, port):
    port.send(ra(rdnss(SERVER, lifetime=100), rdnss(OTHER_SERVER, lifetime=200)))
    assert servers(host) == {SERVER: 100.0, OTHER_SERVER: 200.0}


@case(should("RFC 8106 §5.3.1"))
def three_servers_at_least_are_kept(host, port):
    three = [f"2001:db8:9::{n}" for n in range(1, 4)]
    port.send(ra(rdnss(*three)))
    assert list(servers(host)) == three


@case(must("RFC 8106 §5.1 Addresses"))
def server_may_be_link_local(host, port):
    port.send(ra(rdnss("fe80::53")))
    assert [a.partition("%")[0] for a in servers(host)] == ["fe80::53"]


BAD_SERVERS = {
    "even length": ICMPv6NDOptUnknown(type=25, len=2, data=bytes(2) + (1000).to_bytes(4, "big") + bytes(8)),
    "no address": ICMPv6NDOptUnknown(type=25, len=1, data=bytes(2) + (1000).to_bytes(4, "big")),
    "a group": rdnss("ff02::fb"),
    "the unspecified address": rdnss("::"),
    "the loopback address": rdnss("::1"),
}


@case(must("RFC 8106 §5.3.1"))
@pytest.mark.parametrize("option", BAD_SERVERS.values(), ids=BAD_SERVERS)
def option_that_cannot_be_is_ignored_and_the_rest_is_not(host, port, option):
    port.send(ra(option, prefix_information(PREFIX), rdnss(OTHER_SERVER)))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"
    assert list(servers(host)) == [OTHER_SERVER]


# --- Search domains (RFC 8106 §5.2) -----------------------------------------------------------------------------------


@case(must("RFC 8106 §5.2"))
def search_domains_are_kept_with_their_lifetime(host, port):
    port.send(ra(dnssl("example.com.", "sub.example.org.", lifetime=300)))
    assert {name.rstrip("."): left for name, left in domains(host).items()} == {
        "example.com": 300.0,
        "sub.example.org": 300.0,
    }
    port.run(300.1)
    assert domains(host) == {}


@case(must("RFC 8106 §5.2 Lifetime"))
def search_domain_of_lifetime_zero_is_taken_off(host, port):
    port.send(ra(dnssl("example.com.", "example.org.")))
    port.send(ra(dnssl("example.com.", lifetime=0)))
    assert [name.rstrip(".") for name in domains(host)] == ["example.org"]


BAD_NAMES = {
    "label beyond the option": b"\x3fexample" + bytes(8),
    "no end": b"\x07example",
    "compression pointer": b"\xc0\x00" + bytes(6),
}


@case(must("RFC 8106 §5.3.1"))
@pytest.mark.parametrize("names", BAD_NAMES.values(), ids=BAD_NAMES)
def search_list_that_is_no_list_of_names_is_ignored(host, port, names):
    data = bytes(2) + (1000).to_bytes(4, "big") + names
    port.send(ra(ICMPv6NDOptUnknown(type=31, len=(2 + len(data)) // 8, data=data), prefix_information(PREFIX)))
    port.run(3.0)
    assert domains(host) == {} and state(host, FORMED) == "preferred"


# --- All else ---------------------------------------------------------------------------------------------------------


@case(must("RFC 4861 §4.2"))
@pytest.mark.parametrize(("m", "o"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def flags_of_the_latest_advertisement_hold(host, port, m, o):
    port.send(ra(M=1 - m, O=1 - o), ra(M=m, O=o))
    assert (told(host).managed, told(host).other_configuration) == (bool(m), bool(o))


@case(must("RFC 8910 §2.3"))
def captive_portal_is_told(host, port):
    port.send(ra(captive_portal(URI)))
    assert told(host).captive_portal == URI.decode()


@case(must("RFC 8910 §2.3"))
def captive_portal_of_the_latest_advertisement_that_has_one_holds(host, port):
    port.send(ra(captive_portal(b"https://old.example")), ra(captive_portal(URI)), ra())
    assert told(host).captive_portal == URI.decode()


@case(must("RFC 5175 §4"))
def further_flags_are_those_of_the_first_option(host, port):
    def option(bits):
        return ICMPv6NDOptUnknown(type=26, len=1, data=bits.to_bytes(6, "big"))

    port.send(ra(option(0x800000000001), option(0x400000000000)))
    assert told(host).flags_expansion == 0x800000000001
    port.send(ra())
    assert told(host).flags_expansion == 0


@case(must("RFC 8425 §2", "RFC 4861 §4.6.2"))
@pytest.mark.parametrize("bit", range(4, 9), ids=lambda b: f"bit {b}")
def flags_of_a_prefix_that_are_not_assigned_are_ignored(host, port, bit):
    option = bytearray(bytes(prefix_information(PREFIX)))
    option[3] |= 0x100 >> bit
    port.send(ra(ICMPv6NDOptUnknown(type=3, len=4, data=bytes(option[2:]))))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 8106 §5.1"))
def routers_add_to_what_others_told(host, port):
    port.send(ra(rdnss(SERVER)))
    port.send(ra(rdnss(OTHER_SERVER), source=SECOND_ROUTER, lladdr=SECOND_MAC))
    assert set(servers(host)) == {SERVER, OTHER_SERVER}


@case(may("RFC 8106 §5.1"))
def what_a_host_was_told_does_not_outlast_a_reboot(host, port):
    port.send(ra(rdnss(SERVER), dnssl("example.com."), captive_portal(URI), M=1))
    host.reboot(wait=True)
    assert (servers(host), domains(host), told(host).captive_portal, told(host).managed) == ({}, {}, None, False)
