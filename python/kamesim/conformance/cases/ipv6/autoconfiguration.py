"""Addresses from advertised prefixes (RFC 4862 §5.5.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.ipv6._autoconfiguration import (
    FORMED,
    MAX_RTR_SOLICITATION_DELAY,
    PREFIX,
    RETRANS_TIMER,
    lifetime,
    state,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    case,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    must,
    na,
    prefix_information,
    ra,
)


@case(must("RFC 4862 §5.5.3 d"), logo="v6LC.3.2.1 A")
def address_is_formed_from_a_prefix(host, port):
    port.send(ra(prefix_information(PREFIX, valid=1000, preferred=500)))
    sent = port.now
    question = expect(port, ICMPv6ND_NS, tgt=FORMED)
    assert question[IPv6].src == "::" and question.time <= sent + MAX_RTR_SOLICITATION_DELAY
    port.run(RETRANS_TIMER + 0.001)
    assert state(host, FORMED) == "preferred"
    assert lifetime(host, FORMED) == pytest.approx(1000 - (port.now - sent), abs=1e-6)
    assert lifetime(host, FORMED, "preferred_until_s") == pytest.approx(500 - (port.now - sent), abs=1e-6)
    port.send(echo_request(FORMED))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == FORMED


@case(must("RFC 4862 §5.5.3"), logo="v6LC.3.2.4 A")
def address_is_formed_from_each_prefix(host, port):
    port.send(ra(prefix_information(PREFIX), prefix_information("2001:db8:6::")))
    port.run(3.0)
    assert state(host, FORMED) == state(host, "2001:db8:6::ff:fe00:1") == "preferred"


@case(must("RFC 4862 §5.5.3 d"))
def address_is_formed_once(host, port):
    # If not yet in the list.
    port.send(ra(prefix_information(PREFIX)))
    port.run(3.0)
    before = list(host.interfaces[0].addresses)
    port.send(ra(prefix_information(PREFIX)))
    expect_none(port, ICMPv6ND_NS, within=3.0)
    assert list(host.interfaces[0].addresses) == before


@case(must("RFC 4862 §5.5.3"))
def address_is_formed_by_a_router_that_is_no_default(host, port):
    port.send(ra(prefix_information(PREFIX), lifetime=0))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 4862 §5.5.3"))
def on_link_flag_does_not_matter(host, port):
    # Only the autonomous flag does.
    port.send(ra(prefix_information(PREFIX, on_link=0)))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"

UNUSABLE = {
    "a: not autonomous": prefix_information(PREFIX, autonomous=0),
    "b: the link-local prefix": prefix_information("fe80::"),
    "c: preferred for longer than valid": prefix_information(PREFIX, valid=100, preferred=101),
    "d: 129 bits": prefix_information(PREFIX, length=129),
    "d: valid for no time": prefix_information(PREFIX, valid=0, preferred=0),
    "d: 48 bits": prefix_information(PREFIX, length=48),
    "d: 63 bits": prefix_information(PREFIX, length=63),
    "d: 65 bits": prefix_information(PREFIX, length=65),
    "d: 128 bits": prefix_information(PREFIX, length=128),
}


@case(
    must("RFC 4862 §5.5.3 a"),
    logo={
        "a: not autonomous": "v6LC.3.2.4 B",
        "b: the link-local prefix": "v6LC.3.2.4 C",
        "c: preferred for longer than valid": "v6LC.3.2.4 D",
        "d: 129 bits": "v6LC.3.2.4 E",
        "d: 48 bits": "v6LC.3.2.4 F",
        "d: 65 bits": "v6LC.3.2.4 G",
        "d: valid for no time": "v6LC.3.2.4 H",
    },
)
@pytest.mark.parametrize("option", UNUSABLE.values(), ids=UNUSABLE)
def no_address_is_formed_from_an_unusable_prefix(host, port, option):
    # To d.
    before = list(host.interfaces[0].addresses)
    port.send(ra(option))
    expect_none(port, ICMPv6ND_NS, within=3.0)
    assert list(host.interfaces[0].addresses) == before


@case(must("RFC 4862 §5.5.3"))
def prefix_beside_an_unusable_one_is_used(host, port):
    # For each option.
    port.send(ra(prefix_information("2001:db8:6::", length=65), prefix_information(PREFIX)))
    port.run(3.0)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 4862 §5.5.3", "RFC 4862 §5.5.4"), logo="v6LC.3.2.4 I")
def prefix_that_is_preferred_for_no_time_gives_a_deprecated_address(host, port):
    port.send(ra(prefix_information(PREFIX, preferred=0)))
    expect(port, ICMPv6ND_NS, tgt=FORMED)
    port.run(RETRANS_TIMER + 0.001)
    assert state(host, FORMED) == "deprecated"
    port.send(echo_request(FORMED))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == FORMED


@case(must("RFC 4862 §5.5.3", "RFC 4862 §5.5.4"), logo="v6LC.3.2.3")
def host_moves_from_one_prefix_to_another(host, port):
    # Renumbering: the old prefix is deprecated, then gone; the new one is preferred at once, each in its time.
    old, new = "2001:db8:6::ff:fe00:1", FORMED
    port.send(ra(prefix_information("2001:db8:6::", valid=30, preferred=20)))
    port.run(3.0)
    assert state(host, old) == "preferred"
    port.send(ra(prefix_information("2001:db8:6::", valid=30, preferred=0), prefix_information(PREFIX)))
    port.run(3.0)
    assert (state(host, old), state(host, new)) == ("deprecated", "preferred")
    for address in (old, new):
        port.send(echo_request(address))
        assert expect(port, ICMPv6EchoReply)[IPv6].src == address
    port.run(30.0)
    assert (state(host, old), state(host, new)) == (None, "preferred")
    port.send(echo_request(new))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == new


@case(must("RFC 4862 §5.4.5"), logo="v6LC.3.2.1 B")
def duplicate_of_a_formed_address_is_not_used(host, port):
    port.send(ra(prefix_information(PREFIX)))
    expect(port, ICMPv6ND_NS, tgt=FORMED)
    port.send(na(FORMED, destination=ALL_NODES, solicited=0))
    port.run(3.0)
    assert state(host, FORMED) in ("duplicated", None)
    port.send(echo_request(FORMED, to_mac=NODE.mac))
    expect_silence(port)
