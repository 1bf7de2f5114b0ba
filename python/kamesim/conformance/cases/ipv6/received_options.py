"""Options of Neighbor Discovery messages as they come: out of place, of wrong length, several of a kind (RFC 4861 §4.6,
§6.1, §7.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6ND_NA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6NDOptUnknown,
    IPv6,
)

from kamesim.conformance.cases.ipv6._autoconfiguration import FORMED, PREFIX, lifetime, state
from kamesim.conformance.cases.ipv6._hosts import next_hop
from kamesim.conformance.cases.ipv6._neighbors import NEIGHBOR, OTHER_MAC, option_of_length
from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    must,
    na,
    ns,
    prefix_information,
    ra,
    should,
)

def where_to(port, neighbor=NEIGHBOR):
    """The station that the answer to a request from the neighbour goes to; None if the node has to ask first."""
    port.answers.clear()
    port.send(echo_request(source=neighbor))
    replies = [p for p in port.run(0.5) if p.haslayer(ICMPv6EchoReply)]
    return replies[0].dst if replies else None


def raw_option(type, content):
    return ICMPv6NDOptUnknown(type=type, len=(2 + len(content)) // 8, data=content)


MAC_BYTES = bytes.fromhex(OTHER_MAC.replace(":", ""))


# --- Solicitations and advertisements ---------------------------------------------------------------------------------


@case(must("RFC 4861 §7.1.1", "RFC 4861 §4.3"))
def target_address_in_a_solicitation_tells_nothing(node, port):
    port.send(ns(NODE.address, ICMPv6NDOptDstLLAddr(lladdr=OTHER_MAC), source=NEIGHBOR, lladdr=None))
    assert where_to(port) is None


@case(must("RFC 4861 §7.1.2", "RFC 4861 §4.4"))
def source_address_in_an_advertisement_tells_nothing(node, port):
    port.answers.clear()
    port.send(echo_request(source=NEIGHBOR))
    port.run(0.1)
    port.send(na(NEIGHBOR, ICMPv6NDOptSrcLLAddr(lladdr=OTHER_MAC), lladdr=None))
    expect_none(port, ICMPv6EchoReply, within=0.5)


@case(must("RFC 4861 §7.1.1"))
@pytest.mark.parametrize(
    "flaw", [option_of_length(0), option_of_length(2)], ids=["of length 0", "beyond the end"]
)
def option_that_spoils_a_solicitation_spoils_those_before_it_too(node, port, flaw):
    port.send(ns(NODE.address, flaw, source=NEIGHBOR, lladdr=OTHER_MAC))
    expect_none(port, ICMPv6ND_NA)
    assert where_to(port) is None


@case(must("RFC 4861 §7.1.2"))
@pytest.mark.parametrize(
    "flaw", [option_of_length(0), option_of_length(2)], ids=["of length 0", "beyond the end"]
)
def option_that_spoils_an_advertisement_spoils_those_before_it_too(node, port, flaw):
    port.answers.clear()
    port.send(echo_request(source=NEIGHBOR))
    port.run(0.1)
    port.send(na(NEIGHBOR, flaw, lladdr=OTHER_MAC))
    expect_none(port, ICMPv6EchoReply, within=0.5)


@case(must("RFC 4861 §4.6"))
@pytest.mark.parametrize("unknown", [15, 100, 200, 253, 254, 255])
def unknown_option_is_skipped_and_the_next_is_read(node, port, unknown):
    told = ICMPv6NDOptSrcLLAddr(lladdr=OTHER_MAC)
    port.send(ns(NODE.address, raw_option(unknown, bytes(14)), told, source=NEIGHBOR, lladdr=None))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)
    assert where_to(port) == OTHER_MAC


@case(must("RFC 2464 §6", "RFC 4861 §4.6.1"))
def link_layer_address_of_another_length_is_none(node, port):
    port.send(ns(NODE.address, raw_option(1, MAC_BYTES + bytes(8)), source=NEIGHBOR, lladdr=None))
    assert where_to(port) is None


@case(should("RFC 4861 §4.6.1"))
@pytest.mark.parametrize("mac", ["33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"], ids=["multicast", "broadcast"])
def group_is_no_link_layer_address_of_a_neighbor(node, port, mac):
    port.send(ns(NODE.address, source=NEIGHBOR, lladdr=mac))
    assert where_to(port) != mac


@case(must("RFC 4861 §7.2.3"))
def solicitation_for_another_tells_no_address(node, port):
    port.send(ns("2001:db8:1::42", source=NEIGHBOR, destination=NODE.address, lladdr=OTHER_MAC))
    assert where_to(port) is None


@case(must("RFC 4861 §7.2.3", "RFC 4862 §5.4.3"))
def solicitation_for_a_group_address_of_the_node_is_ignored(node, port):
    port.send(ns("ff02::1", destination="ff02::1", source=NEIGHBOR))
    expect_silence(port)
    assert where_to(port) is None


# --- Router Advertisements --------------------------------------------------------------------------------------------


@case(must("RFC 4861 §4.2"))
def target_address_in_a_router_advertisement_tells_nothing(host, port):
    port.answers.clear()
    port.send(ra(ICMPv6NDOptDstLLAddr(lladdr=OTHER_MAC), lladdr=None))
    assert next_hop(host, port) is None


@case(must("RFC 4861 §6.1.2"))
@pytest.mark.parametrize(
    "flaw", [option_of_length(0), option_of_length(2)], ids=["of length 0", "beyond the end"]
)
def option_that_spoils_a_router_advertisement_spoils_all_of_it(host, port, flaw):
    port.send(ra(prefix_information(PREFIX), flaw))
    port.run(3.0)
    assert state(host, FORMED) is None and next_hop(host, port) is None


@case(must("RFC 4861 §6.1.2", "RFC 4861 §4.6"))
def reserved_fields_of_a_router_advertisement_are_ignored(host, port):
    option = bytearray(bytes(prefix_information(PREFIX)))
    option[12:16] = b"\xff" * 4  # Reserved2
    port.send(ra(raw_option(3, bytes(option[2:])), ICMPv6NDOptMTU(res=0xFFFF, mtu=1400)))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"
    assert host.interfaces[0].mtu == 1400


@case(must("RFC 4861 §4.6.2"))
@pytest.mark.parametrize("units", [3, 5], ids=lambda n: f"length {n}")
def prefix_option_of_another_length_is_ignored(host, port, units):
    content = bytes(prefix_information(PREFIX))[2:]
    port.send(ra(raw_option(3, (content + bytes(8))[: 8 * units - 2])))
    port.run(3.0)
    assert state(host, FORMED) is None
    assert next_hop(host, port) == TESTER.mac, "the rest of the message counts"


@case(must("RFC 4861 §4.6.2"))
def bits_behind_the_prefix_length_are_ignored(host, port):
    # "The bits in the prefix after the prefix length are reserved and MUST be [...] ignored by the receiver."
    port.send(ra(prefix_information("2001:db8:5::dead:beef")))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 4861 §4.6.4"))
def mtu_option_of_another_length_is_ignored(host, port):
    port.send(ra(raw_option(5, bytes(2) + (1400).to_bytes(4, "big") + bytes(8))))
    assert host.interfaces[0].mtu == 1500


@case(must("RFC 4861 §6.3.4"))
def last_of_several_options_about_a_prefix_counts(host, port):
    first = prefix_information(PREFIX, valid=9000, preferred=8000)
    port.send(ra(first, prefix_information(PREFIX, valid=20000, preferred=7000)))
    assert lifetime(host, FORMED) == pytest.approx(20000, abs=1e-6)
    assert lifetime(host, FORMED, "preferred_until_s") == pytest.approx(7000, abs=1e-6)


@case(must("RFC 4861 §6.3.4"))
def router_advertisement_can_be_sent_to_one_host(host, port):
    port.send(ra(prefix_information(PREFIX), destination=NODE.link_local))
    port.run(3.0)
    assert state(host, FORMED) == "preferred" and next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §6.1.2"))
@pytest.mark.parametrize("source", ["::", "ff02::1", "::1", TESTER.address], ids=["none", "a group", "loopback", "global"])
def router_advertisement_has_a_link_local_source(host, port, source):
    port.send(ra(prefix_information(PREFIX), source=source))
    port.run(3.0)
    assert state(host, FORMED) is None and next_hop(host, port) is None


@case(must("RFC 4861 §4.2"))
def router_lifetime_of_more_than_the_most_a_router_may_send_is_believed(host, port):
    # 18.2 hours; a router sends up to 9000 s.
    port.send(ra(lifetime=65535))
    port.run(65530.0)
    assert next_hop(host, port) == TESTER.mac
    port.run(10.0)
    assert next_hop(host, port) is None


@case(must("RFC 4861 §6.3.4"))
def advertisement_of_a_router_without_lifetime_still_tells_of_the_link(host, port):
    port.send(ra(prefix_information(PREFIX), ICMPv6NDOptMTU(mtu=1400), lifetime=0, cur_hop_limit=33))
    port.run(3.0)
    assert state(host, FORMED) == "preferred" and host.interfaces[0].mtu == 1400
    port.send(echo_request())
    assert expect(port, ICMPv6EchoReply)[IPv6].hlim == 33
