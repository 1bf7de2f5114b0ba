"""Neighbor Advertisements that come in (RFC 4861 §7.1.2, §7.2.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NS

from kamesim.conformance.cases.ipv6._neighbors import (
    NEIGHBOR,
    OTHER_MAC,
    cut,
    known_as,
    option_of_length,
    reply_and_probe,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    must,
    na,
)


ANSWER = {"target": NEIGHBOR, "lladdr": OTHER_MAC}
INVALID_ADVERTISEMENTS = {
    "hop limit is not 255": ("nd.bad_hop_limit", na(**ANSWER, hop_limit=64)),
    "wrong checksum": ("icmp6.bad_checksum", na(**ANSWER, cksum=0x1234)),
    "code is not 0": ("nd.bad_code", na(**ANSWER, code=1)),
    "shorter than 24 bytes": ("nd.truncated", cut(na(NEIGHBOR, lladdr=None), 136, 20)),
    "target is a group": ("nd.multicast_target", na("ff02::1:ff00:77", source=NEIGHBOR, lladdr=OTHER_MAC)),
    "solicited, but to a group": ("nd.multicast_solicited", na(**ANSWER, destination=ALL_NODES)),
    "option of length 0": ("nd.option_zero_length", na(NEIGHBOR, option_of_length(0), lladdr=OTHER_MAC)),
}


# --- Advertisements: which are valid (RFC 4861 §7.1.2) ----------------------------------------------------------------


@case(
    must("RFC 4861 §7.1.2"),
    logo={
        "solicited, but to a group": "v6LC.2.1.15 A",
        "hop limit is not 255": "v6LC.2.1.15 B",
        "wrong checksum": "v6LC.2.1.15 C",
        "code is not 0": "v6LC.2.1.15 D",
        "shorter than 24 bytes": "v6LC.2.1.15 E",
        "target is a group": "v6LC.2.1.15 F",
        "option of length 0": "v6LC.2.1.15 G",
    },
)
@pytest.mark.parametrize(("reason", "advertisement"), INVALID_ADVERTISEMENTS.values(), ids=INVALID_ADVERTISEMENTS)
def invalid_advertisement_is_silently_discarded(node, port, reason, advertisement):
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(advertisement)
    expect_none(port, ICMPv6EchoReply, within=0.5)
    expect_dropped(node, reason)
    port.send(na(**ANSWER))
    expect(port, ICMPv6EchoReply)

THIRD_MAC = "02:00:00:00:00:66"
NOTHING_NEW, REACHED, DOUBTED, TAKEN_OVER, TAKEN_ON = (
    (OTHER_MAC, None),
    (OTHER_MAC, False),
    (OTHER_MAC, True),
    (THIRD_MAC, False),
    (THIRD_MAC, True),
)
ADVERTISEMENT_RULES = [
    # state      solicited override lladdr     what is believed then
    ("REACHABLE", 1, 0, OTHER_MAC, REACHED),
    ("REACHABLE", 0, 0, OTHER_MAC, REACHED),
    ("REACHABLE", 0, 1, OTHER_MAC, REACHED),
    ("REACHABLE", 1, 1, None, REACHED),
    ("REACHABLE", 1, 0, THIRD_MAC, DOUBTED),
    ("REACHABLE", 0, 0, THIRD_MAC, DOUBTED),
    ("REACHABLE", 1, 1, THIRD_MAC, TAKEN_OVER),
    ("REACHABLE", 0, 1, THIRD_MAC, TAKEN_ON),
    ("STALE", 1, 0, OTHER_MAC, REACHED),
    ("STALE", 1, 1, OTHER_MAC, REACHED),
    ("STALE", 1, 1, None, REACHED),
    ("STALE", 1, 0, None, REACHED),
    ("STALE", 0, 0, OTHER_MAC, DOUBTED),
    ("STALE", 0, 1, OTHER_MAC, DOUBTED),
    ("STALE", 1, 0, THIRD_MAC, DOUBTED),
    ("STALE", 0, 0, THIRD_MAC, DOUBTED),
    ("STALE", 1, 1, THIRD_MAC, TAKEN_OVER),
    ("STALE", 0, 1, THIRD_MAC, TAKEN_ON),
]


# --- Advertisements: what they change (RFC 4861 §7.2.5, Appendix C) ---------------------------------------------------


@case(must("RFC 4861 §7.2.5"))
@pytest.mark.parametrize(
    ("state", "solicited", "override", "lladdr", "believed"),
    ADVERTISEMENT_RULES,
    ids=lambda v: {OTHER_MAC: "same", THIRD_MAC: "other", None: "none"}.get(v, str(v)) if not isinstance(v, tuple) else "",
)
def advertisement_changes_an_entry(node, port, state, solicited, override, lladdr, believed):
    known_as(state, node, port)
    destination = NODE.address if solicited else ALL_NODES
    port.send(na(NEIGHBOR, destination=destination, solicited=solicited, override=override, lladdr=lladdr))
    assert reply_and_probe(port) == believed


@case(must("RFC 4861 §7.2.5"))
@pytest.mark.parametrize(("solicited", "probed"), [(1, False), (0, True)], ids=["solicited", "unsolicited"])
def advertisement_completes_an_incomplete_entry(node, port, solicited, probed):
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    destination = NODE.address if solicited else ALL_NODES
    port.send(na(NEIGHBOR, destination=destination, solicited=solicited, override=0, lladdr=OTHER_MAC))
    expect(port, ICMPv6EchoReply)
    assert reply_and_probe(port) == (OTHER_MAC, probed)


@case(must("RFC 4861 §7.2.5"))
def advertisement_without_link_layer_address_completes_nothing(node, port):
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
    port.send(na(NEIGHBOR, lladdr=None))
    expect_none(port, ICMPv6EchoReply, within=0.5)
    expect_dropped(node, "nd.no_link_layer_address")


@case(must("RFC 4861 §7.2.5"))
def advertisement_nobody_asked_for_makes_no_entry(host, port):
    port.send(na(NEIGHBOR, lladdr=OTHER_MAC, destination=ALL_NODES, solicited=0))
    assert port.run(0.5) == []
    expect_dropped(host, "nd.no_entry")
    port.send(echo_request(source=NEIGHBOR))
    expect(port, ICMPv6ND_NS, tgt=NEIGHBOR)
