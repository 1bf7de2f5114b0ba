"""Sequence numbers of Binding Updates at a correspondent, across their wrap (RFC 6275 §9.5.1, §5.2.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA

from kamesim.conformance.cases.mobility._correspondent import (
    CARE_OF,
    OTHER_CARE_OF,
    OTHER_HOME,
    bound_to,
    mobile,
    node,
    port,
)
from kamesim.conformance.cases.mobility._sequence_numbers import NEWER, NOT_NEWER
from kamesim.conformance.exchange import case, must
from kamesim.conformance.mobility import Mobile, is_signed, message

ROLE = "host"


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize(("last", "next_one"), NEWER)
def newer_sequence_number_is_accepted(mobile, last, next_one):
    mobile.bind(last)
    assert mobile.bind(next_one)[MIP6MH_BA].seq == next_one


@case(must("RFC 6275 §9.5.1", "RFC 6275 §9.5.4"))
@pytest.mark.parametrize(("last", "next_one"), NOT_NEWER)
def sequence_number_that_is_not_newer_is_told_the_last_one(port, mobile, last, next_one):
    mobile.bind(last)
    port.send(mobile.update(next_one))
    ack = message(port, MIP6MH_BA)
    assert (ack[MIP6MH_BA].status, ack[MIP6MH_BA].seq) == (135, last)
    assert is_signed(ack, mobile.kbm, CARE_OF)


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize("first", [0, 1, 32767, 32768, 65535])
def any_sequence_number_may_be_the_first(mobile, first):
    mobile.bind(first)


@case(must("RFC 6275 §9.5.1"))
def stale_update_does_not_move_the_binding(port, mobile):
    mobile.bind(5)
    mobile.care_of = OTHER_CARE_OF
    mobile.test_care_of()
    port.send(mobile.update(5))
    message(port, MIP6MH_BA, status=135)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §9.5.1"))
def stale_deletion_does_not_delete_the_binding(port, mobile):
    mobile.bind(5)
    port.send(mobile.deletion(4))
    ack = message(port, MIP6MH_BA, status=135, seq=5)
    assert is_signed(ack, mobile.kbm_for_deletion, mobile.home)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §5.2.8"))
def sequence_number_is_remembered_when_the_binding_was_deleted(port, mobile):
    mobile.bind(100)
    port.send(mobile.deletion(101))
    message(port, MIP6MH_BA, status=0, seq=101)
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(101))
    message(port, MIP6MH_BA, status=135, seq=101)
    mobile.bind(102)


@case(must("RFC 6275 §5.2.8"))
def sequence_number_is_remembered_when_the_binding_has_expired(port, mobile):
    mobile.bind(100, lifetime=8)
    port.run(9.0)
    port.send(mobile.update(100))
    message(port, MIP6MH_BA, status=135, seq=100)


@case(must("RFC 6275 §5.2.8"))
def sequence_number_may_be_forgotten_with_the_nonces(port, mobile):
    mobile.bind(100, lifetime=8)
    port.run(300.0)
    mobile.bind(1)


@case(must("RFC 6275 §9.5.1"))
def sequence_number_of_a_discarded_update_does_not_count(port, mobile):
    mobile.bind(10)
    forged = mobile.update(2000)
    forged.lastlayer().options[-1].authenticator ^= 1
    port.send(forged)
    port.run(0.5)
    mobile.bind(11)


@case(must("RFC 6275 §9.5.1"))
def sequence_numbers_of_two_mobile_nodes_are_their_own(port, mobile):
    mobile.bind(5000)
    Mobile(port, OTHER_HOME, OTHER_CARE_OF).bind(1)
