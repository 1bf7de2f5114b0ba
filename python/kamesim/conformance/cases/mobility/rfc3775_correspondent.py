"""A correspondent that follows RFC 3775 where RFC 6275 differs (docs/protocols/mip6.md)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, MIP6MH_BE, MIP6MH_HoT, MIP6MH_HoTI

import kamesim as ks
from kamesim.conformance.cases.mobility._correspondent import CARE_OF, HOME, OTHER_HOME, bound_to, port
from kamesim.conformance.exchange import TESTER, case, must
from kamesim.conformance.mobility import (
    Mobile,
    authorization,
    binding_update,
    message,
    no_message,
    nonce_indices,
    signed,
)

ROLE = "host"


@pytest.fixture
def node(lab):
    node = lab.host()
    node.add_route("::/0", via=TESTER.link_local)
    node.enable(ks.Correspondent(specification="RFC 3775"))
    return node


@pytest.fixture
def mobile(port):
    return Mobile(port, HOME, CARE_OF)


@case(must("RFC 3775 §9.5.1"))
def care_of_address_that_is_the_home_address_asks_for_a_deletion(mobile):
    mobile.bind(1)
    test = mobile.test_home()
    options = nonce_indices(test[MIP6MH_HoT].index, 0), authorization()
    update = mobile.from_home(binding_update(2, *options, flags="A", lifetime=400))
    mobile.port.send(signed(update, mobile.kbm_for_deletion, HOME))
    ack = message(mobile.port, MIP6MH_BA, to=HOME, seq=2)
    assert (ack[MIP6MH_BA].status, ack[MIP6MH_BA].mhtime) == (0, 0)
    assert bound_to(mobile) is None


@case(must("RFC 3775 §6.1.7"))
def update_that_leads_back_to_its_home_address_is_discarded_silently(mobile):
    mobile.bind(1)
    back = Mobile(mobile.port, CARE_OF, HOME)  # the other way round
    back.test_home(), back.test_care_of()
    back.port.send(back.update(1))
    no_message(back.port, MIP6MH_BA, 1.0)
    assert bound_to(mobile) == CARE_OF


@case(must("RFC 3775 §6.1.7"))
def update_that_leads_on_to_another_binding_is_accepted(mobile):
    mobile.bind(1)
    on = Mobile(mobile.port, OTHER_HOME, HOME)
    on.test_home(), on.test_care_of()
    on.port.send(on.update(1))
    assert message(on.port, MIP6MH_BA, seq=1)[MIP6MH_BA].status == 0


@case(must("RFC 3775 §9.3.1"))
def test_init_with_a_home_address_option_of_no_binding_is_a_binding_error(mobile, node):
    mobile.port.send(mobile.optimized(MIP6MH_HoTI(cookie=b"01234567")))
    error = message(mobile.port, MIP6MH_BE, to=CARE_OF, status=1)
    assert error[MIP6MH_BE].ha == HOME
    assert node.drops["mip6.mh_no_binding"] == 1


@case(must("RFC 3775 §9.3.1", "RFC 3775 §9.4.1"))
def test_init_with_a_home_address_option_of_a_binding_is_ignored(mobile):
    mobile.bind(1)
    mobile.port.send(mobile.optimized(MIP6MH_HoTI(cookie=b"01234567")))
    no_message(mobile.port, MIP6MH_BE, 1.0)
