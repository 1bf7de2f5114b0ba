"""What a node makes of messages that come while it tests its link-local address (RFC 4862 §5.4.3 to §5.4.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)

from kamesim.conformance.cases.ipv6._autoconfiguration import RETRANS_TIMER
from kamesim.conformance.cases.ipv6._neighbors import cut, option_of_length
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    expect,
    find,
    must,
    na,
    ns,
    options_of,
    solicited_node,
)

OTHER = "fe80::ff:fe00:2"  # a tentative address that is not the node's


@pytest.fixture
def tested(lab, role):
    """The port of a node of either role that has just sent its solicitation for its link-local address."""
    if role == "host":
        lab.host(address=False, settle=0.0)
    else:
        lan, _port = lab.link()
        lab.attach(lan, lab.net.router("router"), address=False, advertise=False)
    (port,) = lab.ports
    expect(port, ICMPv6ND_NS, within=2.0, tgt=NODE.link_local)
    return port


def is_assigned(port):
    """Whether the node has the address: it answers for it, to the group and to the address itself."""
    port.run(RETRANS_TIMER + 0.5)
    answers = []
    for destination in (solicited_node(NODE.link_local), NODE.link_local):
        port.send(ns(NODE.link_local, destination=destination))
        answers.append(any(find(p, ICMPv6ND_NA) for p in port.run(0.5)))
    assert answers[0] == answers[1]
    return answers[0]


def solicitation(target=NODE.link_local, *options, **fields):
    """As of a node that tests the address."""
    return ns(target, *options, **{"source": "::", "lladdr": None, **fields})


def advertisement(*options, **fields):
    """As of the node that has the address."""
    return na(NODE.link_local, *options, **{"destination": ALL_NODES, "solicited": 0, "lladdr": None, **fields})


@case(must("RFC 4862 §5.4"), logo="v6LC.3.1.1")
def address_that_nobody_claims_is_assigned(tested):
    assert is_assigned(tested)


# What comes, whether the address is then assigned, and the part of the test.
CLAIMS = {
    "test of another address": (solicitation(OTHER), True, "A"),
    "test of the same address": (solicitation(), False, "B"),
    "advertisement of another address": (na(OTHER, destination=ALL_NODES, solicited=0), True, "C"),
    "advertisement of the same address": (advertisement(lladdr=TESTER.mac), False, "D"),
}


@case(
    must("RFC 4862 §5.4.3", "RFC 4862 §5.4.4"),
    logo={name: f"v6LC.3.1.2 {part}" for name, (_packet, _assigned, part) in CLAIMS.items()},
)
@pytest.mark.parametrize(("packet", "assigned"), [claim[:2] for claim in CLAIMS.values()], ids=CLAIMS)
def tentative_address_is_given_up_if_another_node_claims_it(tested, packet, assigned):
    tested.send(packet)
    assert is_assigned(tested) == assigned


# Who resolves the address, and thereby has one of its own.
RESOLUTIONS = {"to the group": solicited_node(NODE.link_local), "to the address": NODE.link_local}


@case(must("RFC 4862 §5.4.3"), logo={"to the group": "v6LC.3.1.5 A", "to the address": "v6LC.3.1.5 B"})
@pytest.mark.parametrize("destination", RESOLUTIONS.values(), ids=RESOLUTIONS)
def solicitation_for_address_resolution_is_ignored_while_the_address_is_tested(tested, destination):
    tested.send(ns(NODE.link_local, destination=destination))
    assert not [p for p in tested.run(0.5) if find(p, ICMPv6ND_NA)]
    assert is_assigned(tested)


SOLICITATIONS = {
    "shorter than 24 bytes": (cut(solicitation(), 135, 16), True, "A"),
    "hop limit": (solicitation(hop_limit=254), True, "B"),
    "to the address itself": (solicitation(destination=NODE.link_local), True, "C"),
    "to all nodes": (solicitation(destination=ALL_NODES), True, "D"),
    "code": (solicitation(code=1), True, "E"),
    "checksum": (solicitation(cksum=0x1234), True, "F"),
    "target is a group": (solicitation("ff02::1", destination=solicited_node(NODE.link_local)), True, "G"),
    "link-layer address of the source": (solicitation(lladdr=TESTER.mac), True, "H"),
    "reserved field": (solicitation(res=0xFFFFFFFF), False, "I"),
    "link-layer address of the target": (
        solicitation(NODE.link_local, ICMPv6NDOptDstLLAddr(lladdr=TESTER.mac)),
        False,
        "J",
    ),
}


@case(
    must("RFC 4862 §5.4.3", "RFC 4861 §7.1.1"),
    logo={name: f"v6LC.3.1.3 {part}" for name, (_packet, _assigned, part) in SOLICITATIONS.items()},
)
@pytest.mark.parametrize(("packet", "assigned"), [row[:2] for row in SOLICITATIONS.values()], ids=SOLICITATIONS)
def only_valid_solicitation_claims_an_address(tested, packet, assigned):
    tested.send(packet)
    assert is_assigned(tested) == assigned


ADVERTISEMENTS = {
    "shorter than 24 bytes": (cut(advertisement(), 136, 16), True, "A"),
    "hop limit": (advertisement(hop_limit=254), True, "B"),
    "code": (advertisement(code=1), True, "C"),
    "checksum": (advertisement(cksum=0x1234), True, "D"),
    "solicited, to a group": (advertisement(solicited=1), True, "E"),
    "target is a group": (na("ff02::1", source=TESTER.link_local, destination=ALL_NODES, solicited=0), True, "F"),
    "option of length 0": (advertisement(option_of_length(0)), True, "G"),
    "reserved field": (advertisement(res=0x1FFFFFFF), False, "H"),
    "link-layer address of the source": (
        advertisement(ICMPv6NDOptSrcLLAddr(lladdr=TESTER.mac)),
        False,
        "I",
    ),
}


@case(
    must("RFC 4862 §5.4.4", "RFC 4861 §7.1.2"),
    logo={name: f"v6LC.3.1.4 {part}" for name, (_packet, _assigned, part) in ADVERTISEMENTS.items()},
)
@pytest.mark.parametrize(("packet", "assigned"), [row[:2] for row in ADVERTISEMENTS.values()], ids=ADVERTISEMENTS)
def only_valid_advertisement_claims_an_address(tested, packet, assigned):
    tested.send(packet)
    assert is_assigned(tested) == assigned


@case(must("RFC 4862 §5.4.5"))
def node_whose_hardware_address_is_in_use_twice_says_nothing_more(tested):
    tested.send(solicitation())
    tested.inbox.clear()
    came = tested.run(60.0)
    assert not [p for p in came if find(p, ICMPv6ND_RS) or find(p, ICMPv6ND_NS)]
    tested.send(ns(NODE.link_local))
    assert tested.run(2.0) == []


@case(must("RFC 4862 §5.4.2"))
def assigned_address_is_defended_to_all_nodes(tested):
    tested.send(solicitation(OTHER))  # of the other group: nothing is said of it
    tested.run(RETRANS_TIMER + 0.5)
    tested.send(solicitation(NODE.link_local))
    defence = expect(tested, ICMPv6ND_NA, tgt=NODE.link_local)
    assert (defence[IPv6].dst, defence[ICMPv6ND_NA].S, defence[ICMPv6ND_NA].O) == (ALL_NODES, 0, 1)
    assert [option.lladdr for option in options_of(defence, ICMPv6NDOptDstLLAddr)] == [NODE.mac]
