"""Neighbor Solicitations that come in (RFC 4861 §7.1.1, §7.2.3, §7.2.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6NDOptDstLLAddr, ICMPv6ND_NA, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._neighbors import NEIGHBOR, OTHER_MAC, cut, option_of_length
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    dad_ns,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    group_mac,
    must,
    ns,
    options_of,
    solicited_node,
)


INVALID_SOLICITATIONS = {
    "hop limit is not 255": ("nd.bad_hop_limit", ns(hop_limit=254)),
    "wrong checksum": ("icmp6.bad_checksum", ns(cksum=0x1234)),
    "code is not 0": ("nd.bad_code", ns(code=1)),
    "shorter than 24 bytes": ("nd.truncated", cut(ns(lladdr=None), 135, 23)),
    "target is a group": ("nd.multicast_target", ns("ff02::1:ff00:1", destination=NODE.address)),
    "option of length 0": ("nd.option_zero_length", ns(NODE.address, option_of_length(0))),
    "option beyond the end": ("nd.option_truncated", ns(NODE.address, option_of_length(2))),
    "from :: to a unicast address": (
        "nd.unspecified_source_to_other",
        ns(source="::", lladdr=None, destination=NODE.address),
    ),
    "from :: to all nodes": ("nd.unspecified_source_to_other", ns(source="::", lladdr=None, destination=ALL_NODES)),
    "from :: with a link-layer address": ("nd.unspecified_source_with_address", ns(source="::")),
}


# --- Solicitations: which are valid (RFC 4861 §7.1.1) -----------------------------------------------------------------


@case(
    must("RFC 4861 §7.1.1"),
    logo={
        "target is a group": "v6LC.2.1.7 A",
        "from :: to a unicast address": "v6LC.2.1.7 B",
        "from :: with a link-layer address": "v6LC.2.1.7 C",
        "hop limit is not 255": "v6LC.2.1.7 D",
        "wrong checksum": "v6LC.2.1.7 E",
        "code is not 0": "v6LC.2.1.7 F",
        "shorter than 24 bytes": "v6LC.2.1.7 G",
        "option of length 0": "v6LC.2.1.7 H",
    },
)
@pytest.mark.parametrize(("reason", "solicitation"), INVALID_SOLICITATIONS.values(), ids=INVALID_SOLICITATIONS)
def invalid_solicitation_is_silently_discarded(node, port, reason, solicitation):
    port.send(solicitation)
    expect_silence(port)
    expect_dropped(node, reason)


@case(must("RFC 4861 §7.1.1", "RFC 4861 §4.6"))
def reserved_field_and_unknown_options_are_ignored(node, port):
    port.send(ns(NODE.address, option_of_length(1), res=0xFFFFFFFF))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)


# --- Solicitations: the answer (RFC 4861 §7.2.3, §7.2.4) --------------------------------------------------------------


@case(must("RFC 4861 §7.2.4"))
@pytest.mark.parametrize("target", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def solicitation_is_answered(node, port, role, target):
    port.send(ns(target))
    answer = expect(port, ICMPv6ND_NA, tgt=target, S=1, O=1, R=int(role == "router"))
    assert (answer[IPv6].src, answer[IPv6].dst, answer[IPv6].hlim) == (target, TESTER.link_local, 255)
    assert answer.dst == TESTER.mac
    assert [option.lladdr for option in options_of(answer, ICMPv6NDOptDstLLAddr)] == [NODE.mac]


@case(must("RFC 4861 §4.4"))
def router_says_that_it_is_one(router, left):
    # R.
    left.send(ns())
    expect(left, ICMPv6ND_NA, tgt=NODE.address, R=1, S=1, O=1)


@case(must("RFC 4861 §7.2.4"))
def unicast_solicitation_is_answered(node, port):
    # As a probe of unreachability detection.
    port.send(ns(destination=NODE.address, lladdr=None, source=TESTER.address))
    answer = expect(port, ICMPv6ND_NA, tgt=NODE.address, S=1)
    assert answer[IPv6].dst == TESTER.address


@case(must("RFC 4861 §7.2.4"))
def solicitation_from_the_unspecified_address_is_answered_to_all_nodes(node, port):
    port.send(dad_ns(NODE.address))
    answer = expect(port, ICMPv6ND_NA, tgt=NODE.address, S=0, O=1)
    assert (answer[IPv6].dst, answer.dst) == (ALL_NODES, group_mac(ALL_NODES))
    assert [option.lladdr for option in options_of(answer, ICMPv6NDOptDstLLAddr)] == [NODE.mac]


@case(must("RFC 4861 §7.2.7"))
def advertisement_of_an_anycast_address_does_not_override(node, port):
    node.add_address("2001:db8:1::a/64", anycast=True, interface=node.interfaces[0])
    port.run(3.0)
    port.send(ns("2001:db8:1::a"))
    expect(port, ICMPv6ND_NA, within=1.0, tgt="2001:db8:1::a", S=1, O=0)  # MAX_ANYCAST_DELAY_TIME


@case(must("RFC 4861 §7.2.3"))
def solicitation_for_an_address_of_others_is_ignored(node, port):
    # In the group of NODE.address, so that it is heard.
    port.send(ns("2001:db8:1::9900:1", destination=solicited_node(NODE.address)))
    expect_silence(port)
    expect_dropped(node, "nd.not_our_target")


@case(must("RFC 4861 §7.2.3"))
def solicitation_tells_the_link_layer_address_of_its_source(node, port):
    port.send(ns(source=NEIGHBOR))
    expect(port, ICMPv6ND_NA)
    port.send(echo_request(source=NEIGHBOR))
    assert expect(port, ICMPv6EchoReply, within=0.0).dst == TESTER.mac


@case(must("RFC 4861 §7.2.3"))
def solicitation_updates_the_link_layer_address_of_its_source(node, port):
    port.send(ns(source=NEIGHBOR))
    expect(port, ICMPv6ND_NA)
    port.send(ns(source=NEIGHBOR, lladdr=OTHER_MAC))
    assert expect(port, ICMPv6ND_NA).dst == OTHER_MAC


@case(must("RFC 4861 §7.2.3"))
def solicitation_without_link_layer_address_makes_no_entry(node, port):
    port.send(ns(source=NEIGHBOR, lladdr=None))
    expect(port, ICMPv6ND_NS, within=0.1, tgt=NEIGHBOR)  # so that the answer can be sent
    expect_none(port, ICMPv6ND_NA, within=0.5)
