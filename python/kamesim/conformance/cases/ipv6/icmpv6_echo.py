"""Echo (RFC 4443 §4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6

from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    echo,
    echo_request,
    expect,
    expect_silence,
    fragments,
    ip,
    must,
    payload_of,
)


@case(must("RFC 4443 §4.1"), logo="v6LC.5.1.1")
@pytest.mark.parametrize(
    "to", [TESTER.address, TESTER.link_local, ALL_NODES], ids=["global", "link-local", "all nodes"]
)
def node_sends_echo_requests(node, port, to):
    interface = None if to == TESTER.address else node.interfaces[0]
    ping = node.ping(to, count=2, interval=0.5, **({} if interface is None else {"interface": interface}))
    first, second = (expect(port, ICMPv6EchoRequest, code=0) for _ in range(2))
    assert {p[IPv6].dst for p in (first, second)} == {to}
    assert first[IPv6].src == (NODE.address if to == TESTER.address else NODE.link_local)
    one, two = first[ICMPv6EchoRequest], second[ICMPv6EchoRequest]
    assert one.id == two.id and two.seq == (one.seq + 1) & 0xFFFF
    answer = ICMPv6EchoReply(id=two.id, seq=two.seq, data=two.data)
    port.send(ip(first[IPv6].src, source=TESTER.link_local if to == ALL_NODES else to) / answer)
    assert ping.received == 1


@case(must("RFC 4443 §4.2"))
@pytest.mark.parametrize("size", [0, 1, 56, 1452], ids=lambda n: f"{n} bytes")
def echo_reply_returns_identifier_sequence_number_and_data(node, port, size):
    data = bytes(i & 0xFF for i in range(size))
    port.send(ip() / echo(data, id=0xBEEF, seq=0xFEED))
    reply = expect(port, ICMPv6EchoReply, type=129, code=0, id=0xBEEF, seq=0xFEED)
    assert payload_of(reply)[8:] == data


@case(must("RFC 4443 §4.2"), logo={"global": "v6LC.5.1.2 B", "link-local": "v6LC.5.1.2 A"})
@pytest.mark.parametrize("address", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def echo_reply_comes_from_the_address_that_was_asked(node, port, address):
    port.send(echo_request(address))
    reply = expect(port, ICMPv6EchoReply)
    assert (reply[IPv6].src, reply[IPv6].dst) == (address, TESTER.address)


@case(must("RFC 4443 §4.2"))
def each_address_of_a_node_answers_for_itself(node, port):
    others = ["2001:db8:1::aaaa", "2001:db8:1::9a", "fd00::1"]
    for address in others:
        node.add_address(f"{address}/64", interface=node.interfaces[0])
    port.run(3.0)
    for address in [NODE.address, *others]:
        port.send(echo_request(address))
        assert expect(port, ICMPv6EchoReply)[IPv6].src == address


@case(must("RFC 4443 §4.2"), logo={"global": "v6LC.5.1.2 C"})
@pytest.mark.parametrize("source", [TESTER.address, TESTER.link_local], ids=["global", "link-local"])
def echo_to_a_group_is_answered_from_a_unicast_address(node, port, source):
    port.send(echo_request(ALL_NODES, source=source))
    reply = expect(port, ICMPv6EchoReply)
    assert reply[IPv6].dst == source
    assert reply[IPv6].src == (NODE.address if source == TESTER.address else NODE.link_local)


@case(must("RFC 4443 §4.2"))
def echo_to_an_anycast_address_is_answered_from_a_unicast_address(node, port):
    node.add_address("2001:db8:1::a/64", anycast=True, interface=node.interfaces[0])
    port.run(3.0)
    port.send(echo_request("2001:db8:1::a"))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == NODE.address


@case(must("RFC 4443 §4.2"))
def reassembled_echo_is_answered_in_fragments(node, port):
    # The data is returned entirely.
    data = bytes(i & 0xFF for i in range(4000))
    port.send(*fragments(payload_of(echo_request(data=data)), 1448))
    pieces = port.run(1.0)
    answer = b"".join(payload_of(piece)[8:] for piece in pieces if piece[IPv6].nh == 44)
    assert answer[:2] == b"\x81\0" and answer[8:] == data


@case(must("RFC 4443 §4.2"))
def echo_reply_nobody_asked_for_is_discarded(node, port):
    port.send(ip() / ICMPv6EchoReply(id=1, seq=1))
    expect_silence(port)
