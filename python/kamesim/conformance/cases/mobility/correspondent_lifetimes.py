"""Lifetimes of a correspondent's bindings, and requests to refresh them (RFC 6275 §9.5.2, §9.5.3, §9.5.5, §9.6)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BE, MIP6MH_BRR, ICMPv6EchoReply, MIP6OptBindingAuthData

from kamesim.conformance.cases.mobility._correspondent import (
    CARE_OF,
    HOME,
    OTHER_CARE_OF,
    OTHER_HOME,
    bound_to,
    mobile,
    node,
    port,
)
from kamesim.conformance.exchange import NODE, Port, case, echo, expect_none, must, should
from kamesim.conformance.mobility import (
    UNIT,
    Mobile,
    authorization,
    binding_update,
    ends,
    message,
    no_message,
    nonce_indices,
    option,
    routed_to,
    signed,
)

ROLE = "host"


@case(must("RFC 6275 §9.5.2", "RFC 6275 §5.2.6", "RFC 6275 §6.1.8"))
@pytest.mark.parametrize(
    ("asked", "granted"), [(4, 4), (8, 8), (100, 100), (416, 416), (420, 420), (424, 420), (4 * 0xFFFF, 420)]
)
def lifetime_granted_is_that_asked_for_up_to_the_limit(mobile, asked, granted):
    assert mobile.bind(lifetime=asked)[MIP6MH_BA].mhtime * UNIT == granted


@case(must("RFC 6275 §6.1.7", "RFC 6275 §9.6"))
@pytest.mark.parametrize("lifetime", [4, 16, 200])
def binding_lasts_so_many_units_of_four_seconds(port, mobile, lifetime):
    made = mobile.bind(lifetime=lifetime).time
    port.run(made + lifetime - 0.5 - port.now)
    assert bound_to(mobile) == CARE_OF
    port.run(made + lifetime + 0.5 - port.now)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.6", "RFC 6275 §9.3.1"))
def home_address_option_behind_the_end_of_a_binding_is_a_binding_error(port, mobile):
    mobile.bind(lifetime=8)
    port.run(9.0)
    port.send(mobile.optimized(echo()))
    message(port, MIP6MH_BE, status=1, ha=HOME)
    expect_none(port, ICMPv6EchoReply)


@case(must("RFC 6275 §9.5.2"))
@pytest.mark.parametrize(("first", "second"), [(40, 80), (80, 20)], ids=["longer", "shorter"])
def lifetime_runs_anew_with_each_update(port, mobile, first, second):
    mobile.bind(1, lifetime=first)
    port.run(10.0)
    again = mobile.bind(2, lifetime=second).time
    port.run(again + second - 1.0 - port.now)
    assert bound_to(mobile) == CARE_OF
    port.run(2.0)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.2"))
def bindings_of_two_mobile_nodes_end_each_in_its_time(port, mobile):
    other = Mobile(port, OTHER_HOME, OTHER_CARE_OF)
    mobile.bind(lifetime=20)
    other.bind(lifetime=40)
    port.run(25.0)
    assert bound_to(mobile) is None and bound_to(other) == OTHER_CARE_OF


# --- Deletion: §9.5.3 -------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §9.5.3", "RFC 6275 §9.5.1"))
def lifetime_of_zero_from_the_care_of_address_deletes_the_binding(port, mobile):
    mobile.bind(1)
    mobile.test_home()
    options = nonce_indices(mobile.home_test.lastlayer().index, 0), authorization()
    update = mobile.optimized(binding_update(2, *options, lifetime=0))
    port.send(signed(update, mobile.kbm_for_deletion, HOME))
    ack = message(port, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (NODE.address, CARE_OF) and routed_to(ack) == HOME, "it came with a Home Address option"
    assert bound_to(mobile) is None


@case(must("RFC 6275 §6.2.6"))
@pytest.mark.parametrize("index", [0, 1, 0xABCD])
def care_of_nonce_index_of_a_deletion_is_ignored(port, mobile, index):
    mobile.bind(1)
    mobile.test_home()
    options = nonce_indices(mobile.home_test.lastlayer().index, index), authorization()
    port.send(signed(mobile.from_home(binding_update(2, *options, lifetime=0)), mobile.kbm_for_deletion, HOME))
    message(port, MIP6MH_BA, status=0, seq=2)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §5.2.5", "RFC 6275 §9.5.1"))
def deletion_signed_with_both_tokens_is_discarded(port, mobile):
    mobile.bind(1)
    options = mobile.indices, authorization()
    port.send(signed(mobile.from_home(binding_update(2, *options, lifetime=0)), mobile.kbm, HOME))
    no_message(port, MIP6MH_BA, 1.0)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §9.5.4"))
def deletion_without_the_a_bit_is_done_and_not_acknowledged(port, mobile):
    mobile.bind(1)
    mobile.test_home()
    port.send(mobile.deletion(2, flags=""))
    no_message(port, MIP6MH_BA, 1.0)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.1"))
def deletion_with_an_expired_home_nonce_is_told_so(port, mobile):
    mobile.bind(1)
    port.run(245.0)
    port.send(mobile.deletion(2))
    ack = message(port, MIP6MH_BA, status=136, seq=2)
    assert option(ack, MIP6OptBindingAuthData) is None
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §9.5.3"))
def deleted_binding_does_not_come_back_with_its_nonces(port, mobile):
    mobile.bind(1)
    port.send(mobile.deletion(2))
    message(port, MIP6MH_BA, status=0, seq=2)
    port.send(mobile.update(3))
    port.run(0.5)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.3"))
def deletion_ends_no_other_binding(port, mobile):
    other = Mobile(port, OTHER_HOME, OTHER_CARE_OF)
    other.bind(1)
    mobile.bind(1)
    port.send(mobile.deletion(2))
    message(port, MIP6MH_BA, status=0, seq=2)
    assert bound_to(other) == OTHER_CARE_OF


# --- Binding Refresh Requests: §9.5.5 ---------------------------------------------------------------------------------


def in_use(port: Port, mobile: Mobile, until: float) -> None:
    """A packet by the binding each 10 s."""
    while port.now < until:
        port.send(mobile.optimized(echo()))
        port.run(min(10.0, max(until - port.now, 0.0)))


@case(must("RFC 6275 §6.1.2"))
def refresh_request_has_no_more_than_its_fields(port, mobile):
    mobile.bind(lifetime=100)
    port.run(45.0)
    assert bound_to(mobile) == CARE_OF
    request = message(port, MIP6MH_BRR, within=60.0)[MIP6MH_BRR]
    assert (request.nh, request.len, request.mhtype, request.res, request.res2) == (59, 0, 0, 0, 0)
    assert not request.options


@case(must("RFC 6275 §9.5.5"))
def refresh_requests_are_repeated_and_limited_in_rate(port, mobile):
    made = mobile.bind(lifetime=100).time
    in_use(port, mobile, made + 48.0)
    times = []
    while port.now < made + 110.0:
        port.send(mobile.optimized(echo()))
        times += [packet.time for packet in port.run(5.0) if MIP6MH_BRR in packet]
    assert 2 <= len(times) <= 10
    assert all(later - earlier >= 1.0 for earlier, later in zip(times, times[1:]))
    assert times[-1] < made + 100.0, "none for a binding that has ended"


@case(must("RFC 6275 §9.5.5"))
def refresh_requests_end_with_a_deletion(port, mobile):
    mobile.bind(1, lifetime=100)
    port.run(45.0)
    assert bound_to(mobile) == CARE_OF
    message(port, MIP6MH_BRR, within=60.0)
    mobile.test_home()
    port.send(mobile.deletion(2))
    message(port, MIP6MH_BA, status=0, seq=2)
    no_message(port, MIP6MH_BRR, 60.0)


@case(should("RFC 6275 §9.5.5"))
def refreshed_binding_outlives_its_first_lifetime(port, mobile):
    made = mobile.bind(1, lifetime=100).time
    port.run(45.0)
    assert bound_to(mobile) == CARE_OF
    message(port, MIP6MH_BRR, within=60.0)
    mobile.bind(2, lifetime=100)
    port.run(made + 105.0 - port.now)
    assert bound_to(mobile) == CARE_OF
