"""What authorizes a Binding Update at a correspondent, and what does not (RFC 6275 §5.2, §6.2.6, §6.2.7, §9.5.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BU, MIP6MH_CoT, MIP6MH_HoT, MIP6OptBindingAuthData, MIP6OptUnknown
from scapy.packet import Packet

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
from kamesim.conformance.exchange import NODE, case, expect_silence, must
from kamesim.conformance.mobility import (
    Mobile,
    alternate_care_of,
    authorization,
    binding_key,
    binding_update,
    message,
    no_message,
    nonce_indices,
    option,
    routed_to,
    signed,
)

ROLE = "host"


def tested(mobile: Mobile) -> None:
    mobile.test_home()
    mobile.test_care_of()


def unauthorized(mobile: Mobile, update: Packet) -> None:
    mobile.port.send(update)
    no_message(mobile.port, MIP6MH_BA, 1.0)
    assert bound_to(mobile) is None


# --- The authenticator ------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §6.2.7"))
@pytest.mark.parametrize("field", ["seq", "mhtime", "flags", "res", "lifetime bit 15"])
def authenticator_covers_every_field_of_the_update(port, mobile, field):
    tested(mobile)
    update = mobile.update(1)
    header = update[MIP6MH_BU]
    if field == "seq":
        header.seq = 2
    elif field == "mhtime":
        header.mhtime += 1
    elif field == "flags":
        header.flags = "AK"
    elif field == "res":
        header.res = 1
    else:
        header.mhtime |= 0x8000
    unauthorized(mobile, update)


@case(must("RFC 6275 §6.2.7"))
def authenticator_covers_the_options_before_it(port, mobile):
    tested(mobile)
    update = mobile.update(1, MIP6OptUnknown(otype=200, odata=b"abcdef"))
    update[MIP6MH_BU].options[0].odata = b"abcdeg"
    unauthorized(mobile, update)


@case(must("RFC 6275 §6.2.7"))
@pytest.mark.parametrize("bit", [0, 1, 47, 94, 95])
def each_bit_of_the_authenticator_counts(port, mobile, bit):
    tested(mobile)
    update = mobile.update(1)
    update[MIP6MH_BU].options[-1].authenticator ^= 1 << bit
    unauthorized(mobile, update)


@case(must("RFC 6275 §6.2.7"))
def authenticator_over_another_correspondents_address_is_none(port, mobile):
    tested(mobile)
    update = mobile.optimized(binding_update(1, mobile.indices, authorization()))
    unauthorized(mobile, signed(update, mobile.kbm, CARE_OF, "2001:db8:1::2"))


@case(must("RFC 6275 §6.2.7"))
def authenticator_over_the_home_address_is_none(port, mobile):
    tested(mobile)
    update = mobile.optimized(binding_update(1, mobile.indices, authorization()))
    unauthorized(mobile, signed(update, mobile.kbm, HOME))


@case(must("RFC 6275 §5.2.5"))
@pytest.mark.parametrize("tokens", ["swapped", "home alone", "care-of alone", "none"])
def key_is_of_the_home_token_and_then_the_care_of_token(port, mobile, tokens):
    tested(mobile)
    home, care_of = mobile.home_test[MIP6MH_HoT].token, mobile.care_of_test[MIP6MH_CoT].token
    kbm = {
        "swapped": binding_key(care_of, home),
        "home alone": binding_key(home),
        "care-of alone": binding_key(care_of),
        "none": binding_key(),
    }[tokens]
    update = mobile.optimized(binding_update(1, mobile.indices, authorization()))
    unauthorized(mobile, signed(update, kbm, CARE_OF))


@case(must("RFC 6275 §5.2.5"))
def token_of_another_home_address_does_not_authorize(port, mobile):
    other = Mobile(port, OTHER_HOME, CARE_OF)
    tested(other)
    update = mobile.optimized(binding_update(1, other.indices, authorization()))
    unauthorized(mobile, signed(update, other.kbm, CARE_OF))


@case(must("RFC 6275 §5.2.6"))
def alternate_care_of_address_that_was_not_tested_is_refused(port, mobile):
    tested(mobile)
    update = mobile.optimized(
        binding_update(1, alternate_care_of(OTHER_CARE_OF), mobile.indices, authorization())
    )
    unauthorized(mobile, signed(update, mobile.kbm, CARE_OF))


@case(must("RFC 6275 §6.2.7"))
@pytest.mark.parametrize("octets", [8, 11, 13, 20])
def authorization_data_of_another_length_is_none(port, mobile, octets):
    tested(mobile)
    data = MIP6OptUnknown(otype=5, odata=b"\x00" * octets)
    unauthorized(mobile, mobile.optimized(binding_update(1, mobile.indices, data)))


@case(must("RFC 6275 §6.2.6"))
@pytest.mark.parametrize("octets", [0, 3, 5])
def nonce_indices_of_another_length_are_none(port, mobile, octets):
    tested(mobile)
    data = MIP6OptUnknown(otype=4, odata=b"\x00" * octets)
    unauthorized(mobile, signed(mobile.optimized(binding_update(1, data, authorization())), mobile.kbm, CARE_OF))


@case(must("RFC 6275 §6.2.5"))
@pytest.mark.parametrize("octets", [0, 15, 17])
def alternate_care_of_address_of_another_length_is_none(port, mobile, octets):
    tested(mobile)
    data = MIP6OptUnknown(otype=3, odata=b"\x20" * octets)
    update = mobile.optimized(binding_update(1, data, mobile.indices, authorization()))
    unauthorized(mobile, signed(update, mobile.kbm, CARE_OF))


# --- Nonces: §5.2.2, §5.2.7 -------------------------------------------------------------------------------------------


@case(must("RFC 6275 §5.2.7", "RFC 6275 §5.2.2"))
@pytest.mark.parametrize("age", [1, 29, 31, 90, 150, 209])
def tokens_are_good_for_max_token_lifetime(port, mobile, age):
    tested(mobile)
    port.run(float(age))
    port.send(mobile.update(1))
    message(port, MIP6MH_BA, status=0)


@case(must("RFC 6275 §5.2.7"))
@pytest.mark.parametrize("age", [241, 300, 1000])
def tokens_are_not_good_beyond_max_nonce_lifetime(port, mobile, age):
    tested(mobile)
    port.run(float(age))
    port.send(mobile.update(1))
    message(port, MIP6MH_BA, status=138)


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize(
    ("status", "home", "care_of"), [(136, 1, 0), (137, 0, 1), (138, 1, 1), (136, 0x8000, 0), (137, 0, 0x8000)]
)
def nonce_index_that_was_never_given_out_is_told_expired(port, mobile, status, home, care_of):
    tested(mobile)
    indices = nonce_indices(
        mobile.home_test[MIP6MH_HoT].index + home & 0xFFFF, mobile.care_of_test[MIP6MH_CoT].index + care_of & 0xFFFF
    )
    update = mobile.optimized(binding_update(9, indices, authorization()))
    port.send(signed(update, mobile.kbm, CARE_OF))
    ack = message(port, MIP6MH_BA, status=status, seq=9, mhtime=0)
    assert option(ack, MIP6OptBindingAuthData) is None and routed_to(ack) == HOME


@case(must("RFC 6275 §5.2.2", "RFC 6275 §5.2.7"))
def tokens_of_two_generations_go_together(port, mobile):
    mobile.test_home()
    port.run(100.0)
    mobile.test_care_of()
    assert mobile.home_test[MIP6MH_HoT].index != mobile.care_of_test[MIP6MH_CoT].index
    port.send(mobile.update(1))
    message(port, MIP6MH_BA, status=0)


@case(must("RFC 6275 §5.2.2"))
def each_generation_has_an_index_of_its_own(port, mobile):
    indices = []
    for _ in range(12):
        indices.append(mobile.test_home()[MIP6MH_HoT].index)
        port.run(35.0)
    assert len(set(indices)) == len(indices)


@case(must("RFC 6275 §5.2.5"))
def index_of_one_generation_does_not_go_with_the_token_of_another(port, mobile):
    tested(mobile)
    old = mobile.kbm
    port.run(60.0)
    tested(mobile)
    update = mobile.optimized(binding_update(1, mobile.indices, authorization()))
    unauthorized(mobile, signed(update, old, CARE_OF))


@case(must("RFC 6275 §5.2.5"))
def home_and_care_of_test_of_one_moment_have_one_nonce(mobile):
    tested(mobile)
    assert mobile.home_test[MIP6MH_HoT].index == mobile.care_of_test[MIP6MH_CoT].index


@case(must("RFC 6275 §5.2.5"))
def rebooted_correspondent_knows_no_token_of_before(port, node, mobile):
    tested(mobile)
    node.reboot()
    port.run(5.0)
    port.send(mobile.update(1))
    port.run(1.0)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.5.2"))
def one_care_of_address_serves_two_home_addresses(port, mobile):
    other = Mobile(port, OTHER_HOME, CARE_OF)
    mobile.bind(1)
    other.bind(1)
    assert bound_to(mobile) == bound_to(other) == CARE_OF


@case(must("RFC 6275 §9.5.2"))
def tokens_serve_several_updates(port, mobile):
    tested(mobile)
    for seq in (1, 2, 3):
        port.send(mobile.update(seq))
        message(port, MIP6MH_BA, status=0, seq=seq)


# --- Addresses: §9.5.1 ------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize("home", ["ff0e::1", "fe80::1", "::", "::1", "::ffff:192.0.2.1"])
def home_address_that_is_not_unicast_routable_is_discarded_silently(port, mobile, home):
    tested(mobile)
    wrong = Mobile(port, home, CARE_OF)
    update = wrong.optimized(binding_update(1, mobile.indices, authorization()))
    port.send(signed(update, mobile.kbm, CARE_OF))
    expect_silence(port)


@case(must("RFC 6275 §6.1.7"))
@pytest.mark.parametrize("care_of", ["ff0e::1", "fe80::1", "::", "::1"])
def care_of_address_that_is_not_unicast_routable_is_discarded_silently(port, mobile, care_of):
    tested(mobile)
    update = mobile.optimized(binding_update(1, alternate_care_of(care_of), mobile.indices, authorization()))
    port.send(signed(update, mobile.kbm, care_of))
    expect_silence(port)
    assert bound_to(mobile) is None


@case(must("RFC 6275 §9.4.1", "RFC 6275 §9.4.2", "RFC 6275 §5.2.5"))
@pytest.mark.parametrize("kind", ["home", "care-of"])
def test_of_an_address_says_nothing_of_another(port, mobile, kind):
    tested(mobile)
    if kind == "home":
        mobile.home = OTHER_HOME
    else:
        mobile.care_of = OTHER_CARE_OF
    update = mobile.optimized(binding_update(1, mobile.indices, authorization()))
    unauthorized(mobile, signed(update, mobile.kbm, mobile.care_of))


@case(must("RFC 6275 §9.5.4"))
@pytest.mark.parametrize("flags", ["", "A"])
def refusal_for_an_old_sequence_number_needs_no_a_bit(port, mobile, flags):
    mobile.bind(10)
    port.send(mobile.update(3, flags=flags))
    message(port, MIP6MH_BA, status=135, seq=10)


@case(must("RFC 6275 §6.1.7"))
def reserved_bits_of_an_update_are_ignored(port, mobile):
    tested(mobile)
    update = mobile.optimized(binding_update(1, mobile.indices, authorization()))
    update[MIP6MH_BU].res = 0xFF
    update[MIP6MH_BU].flags |= 0x03  # neither P, which needs H (RFC 5213 §8.1), nor the last
    port.send(signed(update, mobile.kbm, CARE_OF))
    message(port, MIP6MH_BA, status=0)


@case(must("RFC 6275 §6.1.8"))
def acknowledgement_has_its_reserved_bits_clear(mobile):
    ack = mobile.bind(7)[MIP6MH_BA]
    assert (ack.nh, ack.mhtype, ack.res, ack.res2, int(ack.flags)) == (59, 6, 0, 0, 0)
    assert NODE.address != mobile.home
