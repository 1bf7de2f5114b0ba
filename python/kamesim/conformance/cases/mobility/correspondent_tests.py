"""Return routability at a correspondent (RFC 6275 §9.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_CoT, MIP6MH_CoTI, MIP6MH_HoT, MIP6MH_HoTI

from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, OTHER_HOME, mobile, node, port
from kamesim.conformance.exchange import NODE, case, expect_silence, must
from kamesim.conformance.mobility import Mobile, ends, message, routed_to

ROLE = "host"


@case(must("RFC 6275 §9.4.3"))
def home_test_init_is_answered_at_the_home_address_with_its_cookie(port, mobile):
    port.send(mobile.from_home(MIP6MH_HoTI(cookie=b"01234567")))
    test = message(port, MIP6MH_HoT, mhtype=3, cookie=b"01234567")
    assert ends(test) == (NODE.address, HOME) and routed_to(test) is None


@case(must("RFC 6275 §9.4.4"))
def care_of_test_init_is_answered_at_the_care_of_address_with_its_cookie(port, mobile):
    port.send(mobile.directly(MIP6MH_CoTI(cookie=b"76543210")))
    test = message(port, MIP6MH_CoT, mhtype=4, cookie=b"76543210")
    assert ends(test) == (NODE.address, CARE_OF) and routed_to(test) is None


@case(must("RFC 6275 §5.2.5"))
def same_address_and_nonce_give_the_same_token(mobile):
    first, second = mobile.test_home()[MIP6MH_HoT], mobile.test_home()[MIP6MH_HoT]
    assert first.cookie != second.cookie
    assert (first.index, first.token) == (second.index, second.token)


@case(must("RFC 6275 §5.2.5"))
def another_address_has_another_token(port, mobile):
    mine, others = mobile.test_home()[MIP6MH_HoT], Mobile(port, OTHER_HOME, CARE_OF).test_home()[MIP6MH_HoT]
    assert mine.index == others.index and mine.token != others.token


@case(must("RFC 6275 §5.2.5"))
def home_and_care_of_tokens_of_one_address_differ(port):
    # The octet 0 or 1 at the end.
    both = Mobile(port, HOME, HOME)
    home, care_of = both.test_home()[MIP6MH_HoT], both.test_care_of()[MIP6MH_CoT]
    assert home.index == care_of.index and home.token != care_of.token


@case(must("RFC 6275 §5.2.7"))
def nonces_are_not_used_beyond_their_lifetime(port, mobile):
    old = mobile.test_home()[MIP6MH_HoT]
    port.run(240.0)
    new = mobile.test_home()[MIP6MH_HoT]
    assert old.index != new.index and old.token != new.token


@case(must("RFC 6275 §9.4.1", "RFC 6275 §9.4.2"))
@pytest.mark.parametrize("init", [MIP6MH_HoTI, MIP6MH_CoTI])
def test_inits_with_a_home_address_option_are_ignored(port, mobile, init):
    port.send(mobile.optimized(init(cookie=b"01234567")))
    expect_silence(port)


@case(must("RFC 6275 §9.4.3", "RFC 6275 §6.1.5"))
def home_test_goes_to_the_home_address_even_with_a_binding(port, mobile):
    mobile.bind()
    test = mobile.test_home()
    assert ends(test) == (NODE.address, HOME) and routed_to(test) is None
