"""Node Information Queries (RFC 4620)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from ipaddress import IPv6Address
from struct import pack, unpack

import pytest
from scapy.layers.inet6 import ICMPv6Unknown, IPv6

from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    expect_silence,
    ip,
    must,
    payload_of,
    prefix_information,
    ra,
    should,
)

QUERY, REPLY = 139, 140
NOOP, NAME, ADDRESSES, IPV4_ADDRESSES = 0, 2, 3, 4
BY_ADDRESS, BY_NAME, BY_IPV4 = 0, 1, 2  # the Code of a query: what its data is
SUCCESS, UNKNOWN_QTYPE = 0, 2
TRUNCATED, ALL, LINK_LOCAL, SITE_LOCAL, GLOBAL = 0x01, 0x02, 0x08, 0x10, 0x20
NONCE = bytes.fromhex("0123456789abcdef")
QUERY_RESPONSE_INTERVAL = 10.0


def query(qtype, data=None, *, code=BY_ADDRESS, flags=0, nonce=NONCE, destination=NODE.address, source=TESTER.link_local):
    if data is None:
        data = b"" if qtype == NOOP else IPv6Address(destination).packed
    body = pack("!HH", qtype, flags) + nonce + data
    return ip(destination, source=source) / ICMPv6Unknown(type=QUERY, code=code, msgbody=body)


@dataclass(frozen=True)
class Reply:
    """What a reply says, and where it comes from."""

    source: str
    code: int
    qtype: int
    flags: int
    nonce: bytes
    data: bytes
    time: float

    @property
    def addresses(self):
        """Of Node Addresses: each behind its TTL, which is zero."""
        rows = [self.data[at : at + 20] for at in range(0, len(self.data), 20)]
        assert all(row[:4] == bytes(4) for row in rows)
        return [str(IPv6Address(row[4:])) for row in rows]


def reply_to(port, packet, within=1.0):
    """The reply to a query; None if none comes."""
    port.send(packet)
    for came in port.frames(within):
        message = payload_of(came)
        if came[IPv6].nh == 58 and message[0] == REPLY:
            assert came[IPv6].dst == packet[IPv6].src
            qtype, flags = unpack("!HH", message[4:8])
            return Reply(came[IPv6].src, message[1], qtype, flags, bytes(message[8:16]), bytes(message[16:]), came.time)
    return None


@case(must("RFC 4620 §6.1", "RFC 4620 §4"))
@pytest.mark.parametrize("code", [BY_ADDRESS, BY_NAME, 77])
def noop_is_answered_without_data_whatever_its_code(node, port, code):
    reply = reply_to(port, query(NOOP, code=code))
    assert (reply.source, reply.code, reply.qtype, reply.nonce, reply.data) == (NODE.address, SUCCESS, NOOP, NONCE, b"")


@case(must("RFC 4620 §6.2", "RFC 4620 §4"))
def name_is_told_as_a_label_with_a_ttl_of_zero(node, port):
    reply = reply_to(port, query(NAME))
    label = node.name.encode()
    assert reply.code == SUCCESS and reply.data == bytes(4) + bytes([len(label)]) + label + b"\0\0"


@case(must("RFC 4620 §6.3"))
@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (GLOBAL, {NODE.address}),
        (LINK_LOCAL, {NODE.link_local}),
        (GLOBAL | LINK_LOCAL, {NODE.address, NODE.link_local}),
        (0, set()),
    ],
    ids=["global", "link-local", "both", "none"],
)
def addresses_of_the_scopes_that_are_asked_for_are_told(node, port, flags, told):
    reply = reply_to(port, query(ADDRESSES, flags=flags))
    assert reply.code == SUCCESS and not reply.flags & TRUNCATED
    assert set(reply.addresses) == told


@case(must("RFC 4620 §6.3"))
def addresses_that_do_not_fit_the_minimum_mtu_are_left_out_and_it_says_so(host, port):
    for n in range(0x100, 0x100 + 70):
        host.add_address(f"2001:db8:1::{n:x}/64")
    port.run(5.0)
    reply = reply_to(port, query(ADDRESSES, flags=GLOBAL))
    assert reply.flags & TRUNCATED and 16 + len(reply.data) <= 1280 - 40
    assert len(reply.addresses) == (1280 - 40 - 16) // 20


@case(must("RFC 4620 §5"))
@pytest.mark.parametrize("qtype", [1, 5, 100, 0xFFFF])
def unknown_qtype_is_answered_by_its_code(node, port, qtype):
    reply = reply_to(port, query(qtype))
    assert (reply.code, reply.qtype, reply.nonce, reply.data) == (UNKNOWN_QTYPE, qtype, NONCE, b"")


@case(must("RFC 4620 §5"))
def query_about_another_is_silently_discarded(node, port):
    assert reply_to(port, query(NAME, IPv6Address("2001:db8:1::42").packed)) is None


@case(must("RFC 4620 §5"))
@pytest.mark.parametrize("size", [0, 15, 17])
def subject_of_another_length_is_no_address(node, port, size):
    assert reply_to(port, query(NAME, bytes(size))) is None


@case(must("RFC 4620 §4"))
def query_cut_off_within_its_header_is_discarded(node, port):
    assert reply_to(port, ip(source=TESTER.link_local) / ICMPv6Unknown(type=QUERY, code=0, msgbody=bytes(11))) is None


@case(must("RFC 4620 §5"))
@pytest.mark.parametrize("change", [str.lower, str.upper], ids=["lower case", "upper case"])
def subject_by_name_matches_in_either_case(node, port, change):
    label = change(node.name).encode()
    reply = reply_to(port, query(NAME, bytes([len(label)]) + label + b"\0\0", code=BY_NAME))
    assert reply is not None and reply.code == SUCCESS
    assert reply_to(port, query(NAME, b"\x07unknown\0\0", code=BY_NAME)) is None


@case(must("RFC 4620 §5"))
def group_of_the_name_is_joined_and_its_replies_are_spread(node, port):
    label = node.name.lower().encode()
    digest = md5(bytes([len(label)]) + label).digest()
    group = str(IPv6Address(bytes.fromhex("ff0200000000000000000002ff") + digest[:3]))
    assert group in set(node.groups()["group"])
    delays = []
    for _ in range(6):
        packet = query(NAME, bytes([len(label)]) + label + b"\0\0", code=BY_NAME, destination=group)
        sent = port.now
        reply = reply_to(port, packet, within=QUERY_RESPONSE_INTERVAL + 1.0)
        assert reply.source == NODE.link_local
        delays.append(reply.time - sent)
    assert max(delays) <= QUERY_RESPONSE_INTERVAL + 0.1 and max(delays) - min(delays) > 0.5


@case(should("RFC 4620 §8"))
def query_from_a_global_address_is_refused_unless_it_is_allowed(node, port):
    assert reply_to(port, query(NAME, source=TESTER.address)) is None
    node.ip6.node_information_to_global = True
    assert reply_to(port, query(NAME, source=TESTER.address)).code == SUCCESS


@case(should("RFC 4620 §8"), role="host")
def temporary_address_is_neither_told_nor_answered_for(lab):
    host = lab.host(address=False, nd={"temporary_addresses": True})
    (port,) = lab.ports
    port.send(ra(prefix_information("2001:db8:5::")))
    port.run(3.0)
    (temporary,) = set(host.addresses()["address"]) - {NODE.link_local, "2001:db8:5::ff:fe00:1"}
    reply = reply_to(port, query(ADDRESSES, flags=GLOBAL | LINK_LOCAL, destination=NODE.link_local))
    assert set(reply.addresses) == {NODE.link_local, "2001:db8:5::ff:fe00:1"}
    assert reply_to(port, query(NAME, destination=temporary)) is None


@case(should("RFC 4620 §5"))
def replies_are_limited_in_rate(node, port):
    reply_to(port, query(NOOP))
    port.run(1.0)
    port.send(*[query(NOOP) for _ in range(100)])
    replies = [p for p in port.run(0.5) if payload_of(p)[0] == REPLY]
    assert 0 < len(replies) < 100


@case(must("RFC 4443 §2.4 b", "RFC 4620 §4"))
def reply_that_nobody_asked_for_is_discarded(node, port):
    port.send(ip() / ICMPv6Unknown(type=REPLY, code=0, msgbody=bytes(12)))
    expect_silence(port)


@case(must("RFC 4620 §5"))
def nothing_is_answered_where_that_is_off(node, port):
    node.ip6.node_information = False
    assert reply_to(port, query(NOOP)) is None
