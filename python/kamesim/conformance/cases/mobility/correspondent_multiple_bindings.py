"""A correspondent that has several bindings of a mobile node (RFC 5648 §6; §4.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BRR,
    ICMPv6EchoReply,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
)

import kamesim as ks
from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, OTHER_CARE_OF, bound_to, mobile, node, port
from kamesim.conformance.cases.mobility._multiple_bindings import (
    BULK_PROHIBITED,
    MALFORMED,
    NON_MCOA_BINDING_EXISTS,
    OVERWRITE,
    PROHIBITED,
    UNKNOWN_COA,
    bid,
    bids_of,
    raw_bid,
)
from kamesim.conformance.exchange import TESTER, case, echo, expect, may, must, should
from kamesim.conformance.mobility import (
    Mobile,
    authorization,
    binding_update,
    ends,
    is_signed,
    message,
    nonce_indices,
    signed,
)

ROLE = "host"
NOT_HOME_AGENT = 133


class Interface:
    """One of the mobile node's, with a care-of address and its BID."""

    def __init__(self, mobile: Mobile, number: int, care_of: str) -> None:
        self.number = number
        self.mobile = Mobile(mobile.port, HOME, care_of)
        self.mobile.test_home()
        self.mobile.test_care_of()

    def update(self, seq, *options, overwrite=False, **fields):
        """A Binding Update with the option, or with others in its place."""
        told = options or (bid(self.number, self.mobile.care_of),)
        header = binding_update(seq, *told, self.mobile.indices, authorization(), **fields)
        header.reserved = OVERWRITE if overwrite else 0
        packet = self.mobile.optimized(header)
        return signed(packet, self.mobile.kbm, self.mobile.care_of)

    def send(self, seq, *options, status=0, **fields):
        self.mobile.port.send(self.update(seq, *options, **fields))
        return message(self.mobile.port, MIP6MH_BA, seq=seq, status=status)

    def delete(self, seq, number, status=0):
        """The binding of a BID, from this interface (§5.4)."""
        test = self.mobile.home_test
        indices = nonce_indices(test[MIP6MH_HoT].index, 0)
        header = binding_update(seq, bid(number), indices, authorization(), lifetime=0)
        packet = self.mobile.optimized(header)
        self.mobile.port.send(signed(packet, self.mobile.kbm_for_deletion, HOME))
        return message(self.mobile.port, MIP6MH_BA, seq=seq, status=status)


@pytest.fixture
def first(mobile):
    return Interface(mobile, 1, CARE_OF)


@pytest.fixture
def second(mobile):
    return Interface(mobile, 2, OTHER_CARE_OF)


def held(node):
    table = node.mobile_ip.care_of_addresses()
    return dict(zip(table.bid, table.care_of))


@case(must("RFC 5648 §6.2"))
def bindings_are_added_by_their_bids(node, first, second):
    ack = first.send(1)
    assert ends(ack)[1] == CARE_OF and is_signed(ack, first.mobile.kbm, CARE_OF)
    assert [(b.bid, b.status, b.care_of) for b in bids_of(ack)] == [(1, 0, None)]
    ack = second.send(2)
    assert ends(ack)[1] == OTHER_CARE_OF and is_signed(ack, second.mobile.kbm, OTHER_CARE_OF)
    assert held(node) == {1: CARE_OF, 2: OTHER_CARE_OF}


@case(must("RFC 5648 §6.5"))
def packets_from_each_of_the_care_of_addresses_are_accepted(node, first, second):
    first.send(1)
    second.send(2)
    for interface in (first, second):
        interface.mobile.port.send(interface.mobile.optimized(echo()))
        expect(interface.mobile.port, ICMPv6EchoReply)
    third = Mobile(first.mobile.port, HOME, "2001:db8:e::1")
    third.port.send(third.optimized(echo()))
    assert message(third.port, MIP6MH_BE, status=1)[MIP6MH_BE].ha == HOME


@case(should("RFC 5648 §3"))
def packets_go_to_the_binding_of_the_lowest_priority_value(node, first, second):
    first.send(1, bid(1, CARE_OF, priority=20))
    second.send(2, bid(2, OTHER_CARE_OF, priority=10))
    assert bound_to(first.mobile) == OTHER_CARE_OF


@case(should("RFC 5648 §3"))
def without_priorities_packets_go_to_the_binding_verified_last(node, first, second):
    first.send(1)
    first.mobile.port.run(1.0)
    second.send(2)
    assert bound_to(first.mobile) == OTHER_CARE_OF
    first.mobile.port.run(1.0)
    first.send(3)
    assert bound_to(first.mobile) == CARE_OF


@case(must("RFC 5648 §4.1"))
def sequence_number_is_common_to_all_bindings(node, first, second):
    first.send(5)
    second.mobile.port.send(second.update(5))
    ack = message(second.mobile.port, MIP6MH_BA, status=135)
    assert ack[MIP6MH_BA].seq == 5


@case(must("RFC 5648 §6.2"))
def known_bid_moves(node, first, second):
    first.send(1)
    moved = Interface(first.mobile, 1, OTHER_CARE_OF)
    moved.send(2)
    assert held(node) == {1: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2"))
def refresh_of_a_known_bid_needs_no_address(node, first):
    first.send(1)
    first.send(2, bid(1))
    assert held(node) == {1: CARE_OF}


@case(must("RFC 5648 §5.4", "RFC 5648 §6.2"))
def one_binding_is_deleted_by_another_address(node, first, second):
    first.send(1)
    second.send(2)
    ack = second.delete(3, 1)
    assert is_signed(ack, second.mobile.kbm_for_deletion, HOME) and [b.bid for b in bids_of(ack)] == [1]
    assert held(node) == {2: OTHER_CARE_OF}
    assert bound_to(first.mobile) == OTHER_CARE_OF
    second.delete(4, 1, status=NOT_HOME_AGENT)
    second.delete(5, 2)
    assert held(node) == {} and bound_to(first.mobile) is None


@case(must("RFC 5648 §6.2"))
def deregistration_without_the_option_deletes_all(node, first, second):
    first.send(1)
    second.send(2)
    first.mobile.port.send(first.mobile.deletion(3))
    message(first.mobile.port, MIP6MH_BA, seq=3, status=0)
    assert held(node) == {} and bound_to(first.mobile) is None


@case(must("RFC 5648 §6.2"))
def update_without_the_option_replaces_all(node, first, second):
    first.send(1)
    second.send(2)
    first.mobile.port.send(first.mobile.update(3))
    message(first.mobile.port, MIP6MH_BA, seq=3, status=0)
    assert held(node) == {} and bound_to(first.mobile) == CARE_OF


@case(must("RFC 5648 §6.2"))
def overwriting_update_replaces_all(node, first, second):
    first.send(1)
    second.send(2, overwrite=True)
    assert held(node) == {2: OTHER_CARE_OF}


@case(should("RFC 5648 §6.2"))
def plain_binding_has_to_be_overwritten(node, first, second):
    first.mobile.port.send(first.mobile.update(1))
    message(first.mobile.port, MIP6MH_BA, seq=1, status=0)
    second.send(2, status=NON_MCOA_BINDING_EXISTS)
    assert bound_to(first.mobile) == CARE_OF
    second.send(3, overwrite=True)
    assert held(node) == {2: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2", "RFC 5648 §3"))
def bulk_registration_is_refused(node, first):
    ack = first.send(1, bid(1, CARE_OF), bid(2, OTHER_CARE_OF), status=BULK_PROHIBITED)
    assert [(b.bid, b.status) for b in bids_of(ack)] == [(1, 0), (2, 0)], "§6.2: the status is in the message"
    assert held(node) == {}


@case(must("RFC 5648 §6.2"))
@pytest.mark.parametrize("length", [2, 5, 19, 21])
def option_of_another_length_is_malformed(node, first, length):
    first.send(1, raw_bid(bytes([0, 1]) + bytes(length - 2)), status=MALFORMED)
    assert held(node) == {}


@case(must("RFC 5648 §6.2"))
def bid_that_is_not_known_needs_an_address(node, first):
    first.send(1, bid(1), status=UNKNOWN_COA)


@case(must("RFC 5648 §4.3"))
def ipv4_care_of_address_is_not_for_correspondents(node, first):
    first.send(1, bid(1, "192.0.2.1"), status=MALFORMED)


@case(must("RFC 5648 §5.2", "RFC 6275 §9.5.1"))
def address_in_the_option_has_to_be_the_one_that_was_tested(node, first):
    first.mobile.port.send(first.update(1, bid(1, OTHER_CARE_OF)))
    first.mobile.port.run(1.0)
    assert held(node) == {} and node.drops["mip6.bu_bad_authenticator"] == 1


@case(must("RFC 5648 §4.3"))
@pytest.mark.parametrize("number", [1, 65535])
def care_of_test_has_the_bid_of_its_init(node, mobile, number):
    mobile.port.send(mobile.directly(MIP6MH_CoTI(cookie=b"01234567", options=[bid(number)])))
    test = message(mobile.port, MIP6MH_CoT, to=CARE_OF, cookie=b"01234567")
    assert [(b.bid, b.status, b.care_of) for b in bids_of(test)] == [(number, 0, None)]


@case(must("RFC 5648 §4.3"))
def care_of_test_without_a_bid_has_none(node, mobile):
    test = mobile.test_care_of()
    assert bids_of(test) == []


@case(should("RFC 5648 §6.4"))
def refresh_request_names_the_bids(node, first, second):
    port = first.mobile.port
    first.send(1)
    second.send(2, lifetime=120)
    port.run(55.0)
    assert bound_to(first.mobile) is not None
    request = message(port, MIP6MH_BRR, within=10.0)
    assert ends(request)[1] == HOME and [b.bid for b in bids_of(request)] == [2]


@case(may("RFC 5648 §6.1"))
def correspondent_may_ignore_the_option(lab):
    node = lab.host()
    node.add_route("::/0", via=TESTER.link_local)
    node.enable(ks.Correspondent(multiple_care_of="ignored"))
    mobile = Mobile(lab.ports[0], HOME, CARE_OF)
    ack = Interface(mobile, 1, CARE_OF).send(1)
    assert bids_of(ack) == []
    Interface(mobile, 2, OTHER_CARE_OF).send(2)
    assert held(node) == {} and bound_to(mobile) == OTHER_CARE_OF


@case(must("RFC 5648 §4.4"))
def correspondent_may_prohibit_it(lab):
    node = lab.host()
    node.add_route("::/0", via=TESTER.link_local)
    node.enable(ks.Correspondent(multiple_care_of="prohibited"))
    mobile = Mobile(lab.ports[0], HOME, CARE_OF)
    Interface(mobile, 1, CARE_OF).send(1, status=PROHIBITED)
    assert bound_to(mobile) is None
