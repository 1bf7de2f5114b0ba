"""A home agent whose signalling with mobile nodes is protected (RFC 3776 §4, RFC 4877)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BA,
    ICMPv6EchoRequest,
    ICMPv6MPAdv,
    ICMPv6MPSol,
    IPv6,
    MIP6MH_HoT,
    MIP6MH_HoTI,
)
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import Ether

from kamesim.conformance.cases.ipsec._mobility import (
    ACK,
    ADVERTISEMENT,
    HOME_TEST,
    HOME_TEST_INIT,
    PAYLOAD_DOWN,
    PAYLOAD_UP,
    SOLICITATION,
    SPI,
    UPDATE,
    esp,
    esp_tunnel,
    opened,
    opened_tunnel,
    protection,
)
from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    away,
    from_mobile,
    home_agent,
    registration,
    tunnelled,
)
from kamesim.conformance.exchange import (
    NODE_RIGHT,
    TESTER_RIGHT,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    ip,
    must,
    should,
    stack,
)
from kamesim.conformance.mobility import binding_update, ends, home_address_option, no_message, routed_to

ROLE = "router"
OTHER_HOME = "2001:db8:1::200"


class Away:
    """The tester as a mobile node, away from a home agent that protects what they say."""

    def __init__(self, lab, **fields):
        self.router = home_agent(lab, protection={HOME: protection(**fields)})
        self.left, self.right = lab.ports
        self.care_of = CARE_OF

    def send(self, packet):
        """From the IPv6 header on, by the link on the right."""
        self.right.send(stack(frame(), packet))

    def update(self, seq=1, spi=UPDATE, home=HOME, lifetime=420):
        message = binding_update(seq, flags="HA", lifetime=lifetime)
        return self.by_option(home, esp(spi, home, HOME_AGENT, message))

    def by_option(self, home, *layers):
        outer = ip(HOME_AGENT, source=self.care_of, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
        return stack(outer, home_address_option(home), *layers)

    def register(self, seq=1, lifetime=420):
        self.right.send(self.update(seq, lifetime=lifetime))
        ack = expect(self.right, ESP, within=4.0, spi=ACK)
        assert opened(ACK, ack, HOME_AGENT, HOME)[MIP6MH_BA].status == 0
        return ack

    @property
    def out(self):
        return (self.care_of, HOME_AGENT)


def frame():
    return Ether(src=TESTER_RIGHT.mac, dst=NODE_RIGHT.mac)


@pytest.fixture
def mobile(lab):
    return Away(lab)


@case(must("RFC 3776 §4.1", "RFC 3776 §3.1"))
def registration_by_esp_is_acknowledged_by_esp(mobile):
    ack = mobile.register()
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME, "a type 2 routing header before ESP (§4.2)"
    inside = opened(ACK, ack, HOME_AGENT, HOME)[MIP6MH_BA]
    assert (inside.seq, inside.mhtime) == (1, 105)


@case(must("RFC 3776 §4.1"))
def registration_in_the_clear_is_refused(mobile):
    mobile.right.send(registration(away(mobile.right)))
    no_message(mobile.right, MIP6MH_BA, 3.0)
    expect_dropped(mobile.router, "ipsec.unprotected")
    assert len(mobile.router.mobile_ip.binding_cache()) == 0


@case(must("RFC 3776 §4.3"))
def registration_that_was_changed_is_refused(mobile):
    packet = mobile.update()
    packet[ESP].data = packet[ESP].data[:-1] + bytes((packet[ESP].data[-1] ^ 1,))
    mobile.right.send(packet)
    no_message(mobile.right, MIP6MH_BA, 3.0)
    expect_dropped(mobile.router, "esp.bad_icv")


@case(must("RFC 3776 §4.2"))
def association_of_one_mobile_node_is_not_anothers(lab):
    mobile = Away(lab)
    mobile.right.send(mobile.update(home=OTHER_HOME))  # by the association of HOME
    no_message(mobile.right, MIP6MH_BA, 3.0)
    expect_dropped(mobile.router, "ipsec.wrong_peer")


@case(must("RFC 6275 §5.1"))
@pytest.mark.parametrize("switch", [False, True], ids=["off", "on"])
def unknown_mobile_nodes_registrations_are_refused_by_a_switch(lab, switch):
    mobile = Away(lab)
    mobile.router.ipsec.require_protected_home_registrations = switch
    mobile.right.send(registration(away(mobile.right, OTHER_HOME)))
    if switch:
        no_message(mobile.right, MIP6MH_BA, 3.0)
        expect_dropped(mobile.router, "ipsec.unprotected_home_registration")
    else:
        expect(mobile.right, MIP6MH_BA, within=3.0, status=0)


@case(should("RFC 3776 §4.1"), must("RFC 3776 §4.3"))
def home_test_init_by_esp_goes_on_in_the_clear(mobile):
    mobile.register()
    init = IPv6(src=HOME, dst=CORRESPONDENT) / MIP6MH_HoTI(cookie=b"cookie!!")
    mobile.send(esp_tunnel(HOME_TEST_INIT, mobile.out, init))
    went = expect(mobile.right, MIP6MH_HoTI, cookie=b"cookie!!")
    assert ends(went) == (HOME, CORRESPONDENT)


@case(must("RFC 3776 §4.3"))
def home_test_init_in_a_clear_tunnel_is_refused(mobile):
    mobile.register()
    mobile.right.send(tunnelled(IPv6(src=HOME, dst=CORRESPONDENT) / MIP6MH_HoTI(cookie=b"cookie!!")))
    expect_silence(mobile.right, 1.0)
    expect_dropped(mobile.router, "ipsec.unprotected")


@case(must("RFC 3776 §4.3"))
def home_test_goes_by_esp_to_the_care_of_address(mobile):
    mobile.register()
    mobile.send(IPv6(src=CORRESPONDENT, dst=HOME) / MIP6MH_HoT(cookie=b"cookie!!", index=1, token=b"homehome"))
    went = expect(mobile.right, ESP)
    assert ends(went) == (HOME_AGENT, CARE_OF)
    inside = opened_tunnel(HOME_TEST, went)
    assert ends(inside) == (CORRESPONDENT, HOME) and inside[MIP6MH_HoT].token == b"homehome"


@case(must("RFC 3776 §4.3"))
def other_packets_go_by_the_clear_tunnel(mobile):
    mobile.register()
    mobile.send(IPv6(src=CORRESPONDENT, dst=HOME) / echo(b"to home"))
    assert ends(expect(mobile.right, ICMPv6EchoRequest, data=b"to home")) == (HOME_AGENT, CARE_OF)
    mobile.right.send(tunnelled(from_mobile(CORRESPONDENT)))
    assert ends(expect(mobile.right, ICMPv6EchoRequest, data=b"from the mobile node")) == (HOME, CORRESPONDENT)


@case(must("RFC 3776 §4.3"))
def tunnel_moves_with_the_care_of_address(mobile):
    mobile.register()
    mobile.care_of = OTHER_CARE_OF
    assert ends(mobile.register(2)) == (HOME_AGENT, OTHER_CARE_OF)
    mobile.send(IPv6(src=CORRESPONDENT, dst=HOME) / MIP6MH_HoT(cookie=b"cookie!!", index=1, token=b"homehome"))
    went = expect(mobile.right, ESP)
    assert ends(went) == (HOME_AGENT, OTHER_CARE_OF)
    opened_tunnel(HOME_TEST, went)
    init = IPv6(src=HOME, dst=CORRESPONDENT) / MIP6MH_HoTI(cookie=b"cookie!!")
    mobile.send(esp_tunnel(HOME_TEST_INIT, (CARE_OF, HOME_AGENT), init))  # from where it was
    expect_none(mobile.right, MIP6MH_HoTI)
    expect_dropped(mobile.router, "ipsec.wrong_peer")
    mobile.send(esp_tunnel(HOME_TEST_INIT, mobile.out, init))
    expect(mobile.right, MIP6MH_HoTI)


@case(must("RFC 6275 §10.4.5"))
def inner_source_of_the_tunnel_is_the_home_address(mobile):
    mobile.register()
    init = IPv6(src=OTHER_HOME, dst=CORRESPONDENT) / MIP6MH_HoTI(cookie=b"cookie!!")
    mobile.send(esp_tunnel(HOME_TEST_INIT, mobile.out, init))
    expect_none(mobile.right, MIP6MH_HoTI)


@case(should("RFC 3776 §4.1"), must("RFC 3776 §4.2"))
def prefix_solicitation_by_esp_is_answered_by_esp(mobile):
    mobile.register()
    mobile.right.send(mobile.by_option(HOME, esp(SOLICITATION, HOME, HOME_AGENT, ICMPv6MPSol(id=7))))
    came = expect(mobile.right, ESP)
    assert ends(came) == (HOME_AGENT, CARE_OF) and routed_to(came) == HOME
    assert opened(ADVERTISEMENT, came, HOME_AGENT, HOME)[ICMPv6MPAdv].id == 7


@case(should("RFC 3776 §4.1"))
def prefix_solicitation_in_the_clear_is_refused(mobile):
    mobile.register()
    solicitation = bytes(IPv6(src=HOME, dst=HOME_AGENT) / ICMPv6MPSol(id=7))[40:]  # its checksum is over these
    mobile.right.send(mobile.by_option(HOME, ICMPv6MPSol(solicitation)))
    expect_silence(mobile.right, 1.0)
    expect_dropped(mobile.router, "ipsec.unprotected")


@case(must("RFC 6275 §9.3.1"))
def home_address_option_hidden_by_esp_wants_a_binding_all_the_same(mobile):
    mobile.router.ipsec.setkey(
        f"add {HOME} {HOME_AGENT} esp 0x9000 -m transport -E aes-cbc 0x{bytes(range(0x11, 0x21)).hex()}"
        f" -A hmac-sha2-256 0x{bytes(range(0x51, 0x71)).hex()};"
    )
    mobile.right.send(mobile.by_option(HOME, esp(0x9000, HOME, HOME_AGENT, echo(b"not bound"))))
    expect_dropped(mobile.router, "mip6.home_address_unverified")


@case(must("RFC 3776 §4.2"))
def tunnel_is_no_longer_protected_once_the_node_is_home(mobile):
    mobile.register()
    assert any("tunnel" in p["policy"] for p in mobile.router.ipsec.policies)
    mobile.register(2, lifetime=0)
    assert not any("tunnel" in p["policy"] for p in mobile.router.ipsec.policies)
    spis = [a["spi"] for a in mobile.router.ipsec.associations]
    assert HOME_TEST in spis and HOME_TEST_INIT in spis, "by hand: they are retained"
    mobile.register(3)  # and away again
    mobile.send(IPv6(src=CORRESPONDENT, dst=HOME) / MIP6MH_HoT(cookie=b"cookie!!", index=1, token=b"homehome"))
    opened_tunnel(HOME_TEST, expect(mobile.right, ESP))


@case(must("RFC 3776 §4.1"))
def payload_goes_by_esp_where_it_is_asked_for(lab):
    mobile = Away(lab, payload=True)
    mobile.register()
    mobile.send(IPv6(src=CORRESPONDENT, dst=HOME) / echo(b"to home"))
    went = expect(mobile.right, ESP)
    assert ends(went) == (HOME_AGENT, CARE_OF)
    assert opened_tunnel(PAYLOAD_DOWN, went)[ICMPv6EchoRequest].data == b"to home"
    mobile.send(esp_tunnel(PAYLOAD_UP, mobile.out, from_mobile(CORRESPONDENT)))
    assert ends(expect(mobile.right, ICMPv6EchoRequest)) == (HOME, CORRESPONDENT)
    mobile.right.send(tunnelled(from_mobile(CORRESPONDENT)))
    expect_none(mobile.right, ICMPv6EchoRequest)
    expect_dropped(mobile.router, "ipsec.unprotected")


@case(must("RFC 3776 §4.2"))
def mobile_nodes_have_associations_of_their_own(lab):
    router = home_agent(lab, protection={HOME: protection(), OTHER_HOME: protection(0x2000)})
    right = lab.ports[1]
    for home, spi, care_of in ((HOME, SPI, CARE_OF), (OTHER_HOME, 0x2000, OTHER_CARE_OF)):
        outer = ip(HOME_AGENT, source=care_of, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
        update = esp(spi, home, HOME_AGENT, binding_update(1, flags="HA"))
        right.send(stack(outer, home_address_option(home), update))
        ack = expect(right, ESP, within=4.0, spi=spi + 1)
        assert ends(ack) == (HOME_AGENT, care_of) and routed_to(ack) == home
    assert len(router.mobile_ip.binding_cache()) == 2
