"""Binding Updates at a correspondent (RFC 6275 §9.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BRR, MIP6MH_BU, MIP6OptBindingAuthData, MIP6OptUnknown

from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, OTHER_CARE_OF, bound_to, mobile, node, port
from kamesim.conformance.exchange import NODE, case, expect_silence, must
from kamesim.conformance.mobility import (
    alternate_care_of,
    authorization,
    binding_update,
    ends,
    is_signed,
    message,
    no_message,
    option,
    routed_to,
    signed,
)

ROLE = "host"


@case(must("RFC 6275 §9.5.1", "RFC 6275 §9.5.4"))
def authorized_binding_update_is_acknowledged_by_way_of_the_care_of_address(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(77, lifetime=200))
    ack = message(port, MIP6MH_BA, seq=77, status=0, mhtime=50)
    assert ends(ack) == (NODE.address, CARE_OF) and routed_to(ack) == HOME
    assert is_signed(ack, mobile.kbm, CARE_OF)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §9.5.4"))
def without_the_a_bit_acceptance_is_not_acknowledged(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(1, flags=""))
    no_message(port, MIP6MH_BA, 1.0)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §5.2.6", "RFC 6275 §12"))
def lifetime_is_at_most_max_rr_binding_lifetime(mobile):
    assert mobile.bind(lifetime=4000)[MIP6MH_BA].mhtime == 420 // 4


@case(must("RFC 6275 §6.2.1"))
def unknown_mobility_options_are_skipped(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(1, MIP6OptUnknown(otype=200, odata=b"abc")))
    message(port, MIP6MH_BA, status=0)


@case(must("RFC 6275 §6.2.5", "RFC 6275 §5.2.6"))
def alternate_care_of_address_takes_the_place_of_the_source(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.update(1, alternate_care_of(CARE_OF), source=OTHER_CARE_OF))
    ack = message(port, MIP6MH_BA, status=0)
    assert ends(ack) == (NODE.address, OTHER_CARE_OF), "to the source of the Binding Update (§9.5.4)"
    assert is_signed(ack, mobile.kbm, CARE_OF)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 6275 §9.5.2"))
def new_care_of_address_replaces_the_old_one(port, mobile):
    mobile.bind(1)
    mobile.care_of = OTHER_CARE_OF
    mobile.bind(2)
    assert bound_to(mobile) == OTHER_CARE_OF


@case(must("RFC 6275 §9.5.1"))
def wrong_authenticator_is_discarded_silently(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    update = mobile.update(1)
    update[MIP6MH_BU].options[-1].authenticator ^= 1
    port.send(update)
    expect_silence(port)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.1"))
def token_of_another_care_of_address_does_not_authorize(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    mobile.care_of = OTHER_CARE_OF
    port.send(mobile.update(1))
    expect_silence(port)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.1"))
def binding_update_without_nonce_indices_is_discarded_silently(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(signed(mobile.optimized(binding_update(1, authorization())), mobile.kbm, CARE_OF))
    expect_silence(port)


@case(must("RFC 6275 §9.5.1"))
def binding_update_without_authorization_data_is_discarded_silently(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.optimized(binding_update(1, mobile.indices)))
    expect_silence(port)


@case(must("RFC 6275 §6.2.7", "RFC 6275 §9.5.1"))
def authorization_data_that_is_not_the_last_option_is_discarded_silently(port, mobile):
    mobile.test_home()
    mobile.test_care_of()
    port.send(mobile.optimized(binding_update(1, authorization(), mobile.indices)))
    expect_silence(port)


@case(must("RFC 6275 §9.5.1", "RFC 6275 §9.5.4"))
@pytest.mark.parametrize(
    ("status", "old_home", "old_care_of"), [(136, True, False), (137, False, True), (138, True, True)]
)
def expired_nonces_are_told_unauthenticated(port, mobile, status, old_home, old_care_of):
    mobile.test_home()
    mobile.test_care_of()
    port.run(240.0)
    if not old_home:
        mobile.test_home()
    if not old_care_of:
        mobile.test_care_of()
    port.send(mobile.update(1, flags=""))
    ack = message(port, MIP6MH_BA, status=status)
    assert option(ack, MIP6OptBindingAuthData) is None and routed_to(ack) == HOME
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.1", "RFC 6275 §9.5.4"))
@pytest.mark.parametrize("stale", [10, 9, 10 - 32768 & 0xFFFF])
def stale_sequence_number_is_told_the_last_one(port, mobile, stale):
    mobile.bind(10)
    port.send(mobile.update(stale, flags=""))
    ack = message(port, MIP6MH_BA, status=135, seq=10)
    assert is_signed(ack, mobile.kbm, CARE_OF)


@case(must("RFC 6275 §9.5.1"))
def sequence_number_goes_on_behind_65535(mobile):
    # Modulo 2**16.
    mobile.bind(65535)
    mobile.bind(0)


@case(must("RFC 6275 §5.2.5", "RFC 6275 §9.5.3", "RFC 6275 §6.2.7"))
def deletion_from_home_needs_the_home_token_alone(port, mobile):
    mobile.bind(1)
    mobile.test_home()
    port.send(mobile.deletion(2))
    ack = message(port, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (NODE.address, HOME) and routed_to(ack) is None  # §9.5.4
    assert is_signed(ack, mobile.kbm_for_deletion, HOME)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.3"))
def deletion_of_no_binding_makes_none(port, mobile):
    mobile.test_home()
    port.send(mobile.deletion(1))
    message(port, MIP6MH_BA, status=0, seq=1)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §10.3.1"))
def home_registration_is_not_supported(port, mobile):
    port.send(mobile.optimized(binding_update(1, flags="HA")))
    ack = message(port, MIP6MH_BA, status=131, seq=1)
    assert ends(ack) == (NODE.address, CARE_OF) and routed_to(ack) == HOME


@case(must("RFC 6275 §9.6"))
def binding_ends_with_its_lifetime(port, mobile):
    mobile.bind(lifetime=40)
    port.run(39.0)
    assert bound_to(mobile) == CARE_OF
    port.run(2.0)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.5"))
def refresh_is_requested_at_the_home_address_for_a_binding_in_use(port, mobile):
    mobile.bind()
    port.run(350.0)
    assert bound_to(mobile) == CARE_OF
    request = message(port, MIP6MH_BRR, within=70.0)
    assert ends(request)[1] == HOME and routed_to(request) is None
    mobile.bind(2)
    no_message(port, MIP6MH_BRR, 60.0)  # "MUST stop retransmitting when it receives a Binding Update"


@case(must("RFC 6275 §9.5.5"))
@pytest.mark.parametrize("used_for", [0.0, 300.0], ids=["never-used", "not-used-for-long"])
def refresh_is_not_requested_for_an_unused_binding(port, mobile, used_for):
    mobile.bind()
    if used_for:
        port.run(used_for)
        assert bound_to(mobile) == CARE_OF
    no_message(port, MIP6MH_BRR, 421.0 - used_for)
