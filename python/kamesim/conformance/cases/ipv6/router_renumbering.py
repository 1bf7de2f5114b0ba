"""Router Renumbering (RFC 2894). Commands are not authenticated here."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address
from struct import pack, unpack

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, ICMPv6Unknown, IPv6

from kamesim.conformance.exchange import (
    ALL_ROUTERS,
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    find,
    ip,
    must,
    options_of,
    payload_of,
)

RENUMBERING = 138
COMMAND, RESULT = 0, 1
TEST, RESULT_WANTED, ALL_INTERFACES = 0x80, 0x40, 0x20  # T, R, A
TESTED_BEFORE = 0x08  # P
ADD, CHANGE, SET_GLOBAL = 1, 2, 3
FORBIDDEN, OUT_OF_BOUNDS = 0x0001, 0x0002  # F, B of a Match Report
OLD, NEW, OTHER = "2001:db8:1::", "2001:db8:2::", "2001:db8:3::"
SITE_ROUTERS = "ff05::2"


@dataclass(frozen=True)
class Use:
    """A Use-Prefix Part (§3.2.2)."""

    prefix: str = NEW
    length: int = 48
    keep: int = 16
    mask: int = 0
    flags: int = 0
    valid: int = 7200
    preferred: int = 3600

    def __bytes__(self):
        numbers = pack("!BBBBIII", self.length, self.keep, self.mask, self.flags, self.valid, self.preferred, 0)
        return numbers + IPv6Address(self.prefix).packed


def operation(code=CHANGE, prefix=OLD, *uses, ordinal=7, match=48, least=48, most=64):
    """A Prefix Control Operation (§3.2)."""
    length = 3 + 4 * len(uses)
    numbers = pack("!BBBBBBH", code, length, ordinal, match, least, most, 0)
    return numbers + IPv6Address(prefix).packed + b"".join(bytes(use) for use in uses)


def command(sequence, *operations, flags=RESULT_WANTED, segment=0, delay=0, code=COMMAND, destination=ALL_ROUTERS):
    header = pack("!IBBHI", sequence, segment, flags, delay, 0)
    message = ICMPv6Unknown(type=RENUMBERING, code=code, msgbody=header + b"".join(operations))
    return ip(destination, source=TESTER.link_local, hlim=255) / message


@dataclass(frozen=True)
class Report:
    """A Match Report (§3.3)."""

    flags: int
    ordinal: int
    matched_length: int
    interface: int
    matched: str


def result_of(port, within=20.0):
    """Flags and reports of the Result that comes; None if none does."""
    for packet in port.frames(within):
        payload = payload_of(packet)
        if packet[IPv6].nh == 58 and payload[0] == RENUMBERING:
            assert payload[1] == RESULT
            (sequence, _segment, flags, _delay, _reserved) = unpack("!IBBHI", payload[4:16])
            reports, rest = [], payload[16:]
            while rest:
                bits, ordinal, length, interface, prefix = unpack("!HBBI16s", rest[:24])
                reports.append(Report(bits, ordinal, length, interface, str(IPv6Address(prefix))))
                rest = rest[24:]
            return sequence, flags, reports
    return None


@pytest.fixture
def numbered(advertiser, port):
    """A router that obeys commands, and advertises 2001:db8:1::/64."""
    advertiser.renumbering = True
    port.run(60.0)
    port.inbox.clear()
    return advertiser


def advertised(port, within=40.0):
    """Prefixes of the next advertisement: valid lifetime, preferred lifetime, L, A."""
    port.inbox.clear()
    options = options_of(expect(port, ICMPv6ND_RA, within=within), ICMPv6NDOptPrefixInfo)
    return {o.prefix: (o.validlifetime, o.preferredlifetime, o.L, o.A) for o in options}


@case(must("RFC 2894 §3.2", "RFC 2894 §4.3"), role="router")
def change_moves_the_router_to_another_prefix(numbered, port):
    port.send(command(1, operation(CHANGE, OLD, Use())))
    assert advertised(port) == {NEW: (7200, 3600, 1, 1)}
    port.run(2.0)  # the new address is tested
    port.send(echo_request("2001:db8:2::1", source=TESTER.link_local))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == "2001:db8:2::1"
    assert NODE.address not in numbered.interfaces[0].addresses


@case(must("RFC 2894 §3.2"), role="router")
def add_keeps_the_old_prefix(numbered, port):
    port.send(command(1, operation(ADD, OLD, Use())))
    assert set(advertised(port)) == {OLD, NEW}
    assert {NODE.address, "2001:db8:2::1"} <= set(numbered.interfaces[0].addresses)


@case(must("RFC 2894 §3.2"), role="router")
def change_without_a_new_prefix_takes_the_old_one_away(numbered, port):
    port.send(command(1, operation(CHANGE, OLD)))
    assert advertised(port) == {}
    assert NODE.address not in numbered.interfaces[0].addresses


@case(must("RFC 2894 §3.2"), role="router")
def set_global_replaces_all_global_prefixes(numbered, port):
    port.send(command(1, operation(ADD, OLD, Use())))
    port.run(20.0)
    port.send(command(2, operation(SET_GLOBAL, OLD, Use(OTHER), most=64)))
    assert set(advertised(port)) == {OTHER}


@case(must("RFC 2894 §3.2.2"), role="router")
def flags_are_taken_by_their_mask(numbered, port):
    port.send(command(1, operation(CHANGE, OLD, Use(mask=0x80, flags=0x00))))  # L is cleared, A is kept
    assert advertised(port) == {NEW: (7200, 3600, 0, 1)}
    port.send(command(2, operation(CHANGE, NEW, Use(OTHER, mask=0x40, flags=0x80))))  # A is cleared, L is kept
    assert advertised(port) == {OTHER: (7200, 3600, 0, 0)}


@case(must("RFC 2894 §4.3"), role="router")
@pytest.mark.parametrize(
    "lengths",
    [{"least": 65, "most": 128}, {"least": 48, "most": 63}],
    ids=["longer prefixes", "shorter prefixes"],
)
def prefix_of_another_length_is_left_alone(numbered, port, lengths):
    port.send(command(1, operation(CHANGE, OLD, Use(), **lengths)))
    assert result_of(port) == (1, RESULT_WANTED, [])
    assert NODE.address in numbered.interfaces[0].addresses


@case(must("RFC 2894 §4.3"), role="router")
def prefix_that_does_not_match_is_left_alone(numbered, port):
    port.send(command(1, operation(CHANGE, OTHER, Use())))
    assert result_of(port) == (1, RESULT_WANTED, [])
    assert NODE.address in numbered.interfaces[0].addresses


@case(must("RFC 2894 §3.3"), role="router")
def result_reports_each_match(numbered, port):
    port.send(command(7, operation(CHANGE, OLD, Use(), ordinal=33)))
    sequence, flags, (report,) = result_of(port)
    assert (sequence, flags & (TEST | RESULT_WANTED)) == (7, RESULT_WANTED)
    assert (report.flags, report.ordinal, report.matched_length, report.matched) == (0, 33, 64, OLD)


@case(must("RFC 2894 §3.1"), role="router")
def no_result_comes_unless_it_is_asked_for(numbered, port):
    port.send(command(1, operation(CHANGE, OLD, Use()), flags=0))
    assert result_of(port) is None
    assert "2001:db8:2::1" in numbered.interfaces[0].addresses


@case(must("RFC 2894 §3.1"), role="router")
def test_reports_and_changes_nothing(numbered, port):
    port.send(command(1, operation(CHANGE, OLD, Use()), flags=TEST | RESULT_WANTED))
    _sequence, flags, reports = result_of(port)
    assert flags & TEST and len(reports) == 1
    assert NODE.address in numbered.interfaces[0].addresses
    assert "2001:db8:2::1" not in numbered.interfaces[0].addresses


@case(must("RFC 2894 §3.1"), role="router")
@pytest.mark.parametrize("delay", [0, 10000], ids=lambda ms: f"{ms} ms")
def result_comes_within_the_delay_that_the_command_allows(numbered, port, delay):
    port.send(command(1, operation(CHANGE, OLD, Use()), delay=delay))
    assert result_of(port, within=delay / 1000 + 0.1) is not None


@case(must("RFC 2894 §4.1"), role="router")
def older_command_is_discarded(numbered, port):
    port.send(command(5, operation(ADD, OLD, Use())))
    result_of(port)
    port.send(command(4, operation(ADD, OLD, Use(OTHER))))
    assert result_of(port) is None
    assert "2001:db8:3::1" not in numbered.interfaces[0].addresses


@case(must("RFC 2894 §4.1", "RFC 2894 §2.1"), role="router")
def command_that_comes_again_is_reported_and_not_done(numbered, port):
    port.send(command(5, operation(ADD, OLD, Use())))
    result_of(port)
    numbered.remove_address("2001:db8:2::1")
    port.send(command(5, operation(ADD, OLD, Use())))
    _sequence, flags, _reports = result_of(port)
    assert flags & TESTED_BEFORE
    assert "2001:db8:2::1" not in numbered.interfaces[0].addresses


@case(must("RFC 2894 §4.1"), role="router")
def segments_of_a_sequence_are_commands_of_their_own(numbered, port):
    port.send(command(5, operation(ADD, OLD, Use()), segment=1), command(5, operation(ADD, OLD, Use(OTHER)), segment=2))
    port.run(3.0)
    assert {"2001:db8:2::1", "2001:db8:3::1"} <= set(numbered.interfaces[0].addresses)


@case(must("RFC 2894 §4.2"), role="router")
@pytest.mark.parametrize(
    "wrong",
    [operation(CHANGE, OLD, Use(length=100, keep=29)), operation(9, OLD, Use()), operation(CHANGE, OLD, Use(), match=129)],
    ids=["use and keep beyond 128", "no such operation", "match beyond 128"],
)
def operation_out_of_bounds_is_reported_and_not_done(numbered, port, wrong):
    port.send(command(1, wrong, operation(ADD, OLD, Use(), ordinal=8)))
    _sequence, _flags, reports = result_of(port)
    assert [r.ordinal for r in reports if r.flags & OUT_OF_BOUNDS] == [7]
    assert [r.ordinal for r in reports if not r.flags] == [8]
    assert {NODE.address, "2001:db8:2::1"} <= set(numbered.interfaces[0].addresses)


@case(must("RFC 2894 §3.3"), role="router")
@pytest.mark.parametrize("prefix", ["fe80::", "ff05::", "::"], ids=["link-local", "group", "unspecified"])
def prefix_that_no_router_may_have_is_reported_as_forbidden(numbered, port, prefix):
    port.send(command(1, operation(ADD, OLD, Use(prefix, keep=0, length=64))))
    _sequence, _flags, reports = result_of(port)
    assert any(r.flags & FORBIDDEN for r in reports)
    assert set(advertised(port, within=650.0)) == {OLD}


@case(must("RFC 2894 §3"), role="router")
@pytest.mark.parametrize("destination", [ALL_ROUTERS, SITE_ROUTERS, NODE.address], ids=["link", "site", "itself"])
def command_can_be_sent_to_routers_or_to_one(numbered, port, destination):
    port.send(command(1, operation(CHANGE, OLD, Use()), destination=destination))
    assert result_of(port) is not None


@case(must("RFC 2894 §4.1"), role="router")
def command_cut_off_within_its_header_is_discarded(numbered, port):
    packet = command(1)
    packet[ICMPv6Unknown].msgbody = packet[ICMPv6Unknown].msgbody[:11]
    port.send(packet)
    assert result_of(port) is None


@case(must("RFC 2894 §2.1"), role="router")
def sequence_number_outlasts_a_reboot(numbered, port):
    port.send(command(5, operation(ADD, OLD, Use())))
    result_of(port)
    numbered.reboot(wait=True)
    port.run(5.0)
    port.send(command(4, operation(ADD, OLD, Use(OTHER))))
    assert result_of(port) is None


@case(must("RFC 2894 §3"), role="router")
def router_obeys_no_command_where_that_is_off(advertiser, port):
    port.run(60.0)
    port.send(command(1, operation(CHANGE, OLD, Use())))
    assert result_of(port) is None
    assert NODE.address in advertiser.interfaces[0].addresses


@case(must("RFC 2894 §3"), role="host")
def host_obeys_no_command(host, port):
    for destination in (ALL_ROUTERS, NODE.address):
        port.send(command(1, operation(CHANGE, OLD, Use()), destination=destination))
    assert result_of(port) is None
    assert NODE.address in host.interfaces[0].addresses
    port.send(echo_request())
    assert find(expect(port, ICMPv6EchoReply), ICMPv6EchoReply)
