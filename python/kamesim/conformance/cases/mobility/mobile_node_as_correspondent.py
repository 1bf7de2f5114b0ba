"""A mobile node away from home that is the correspondent of another mobile node (RFC 6275 §8.2, §9 at a home address,
§11.3.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BU,
    ICMPv6EchoReply,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
    MIP6MH_HoTI,
)
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, CORRESPONDENT, HOME, HOME_AGENT, Journey, journey
from kamesim.conformance.exchange import case, echo, expect, must
from kamesim.conformance.mobility import (
    authorization,
    binding_key,
    binding_update,
    ends,
    home_address_of,
    home_address_option,
    inner,
    is_signed,
    message,
    nonce_indices,
    routed_to,
    signed,
    type2_route,
)

ROLE = "host"
PEER, PEER_CARE_OF = CORRESPONDENT, "2001:db8:e::100"


class Peer:
    """Another mobile node away from home. All that it sends to the home address comes by the home agent's tunnel."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.kbm = b""

    def test(self) -> None:
        """Return routability, by the tunnel."""
        journey = self.journey
        journey.send_tunnelled(PEER, MIP6MH_HoTI(cookie=b"homehome"))
        self.home_test = message(journey.port, MIP6MH_HoT, cookie=b"homehome")
        journey.send_tunnelled(PEER_CARE_OF, MIP6MH_CoTI(cookie=b"careofco"))
        self.care_of_test = message(journey.port, MIP6MH_CoT, cookie=b"careofco")
        self.kbm = binding_key(self.home_test[MIP6MH_HoT].token, self.care_of_test[MIP6MH_CoT].token)

    def update(self, seq: int, correspondent: str = HOME) -> Packet:
        """A Binding Update to the home address; the authenticator counts that as the correspondent (§6.2.7)."""
        indices = nonce_indices(self.home_test[MIP6MH_HoT].index, self.care_of_test[MIP6MH_CoT].index)
        header = binding_update(seq, indices, authorization())
        journey = self.journey
        # Scapy's checksum and ours are those of the home addresses, of the inner packet.
        packet = journey.packet(PEER_CARE_OF, type2_route(HOME), home_address_option(PEER), header)
        return signed(packet, self.kbm, PEER_CARE_OF, correspondent)

    def bind(self, seq: int = 1) -> Packet:
        self.test()
        self.journey.port.send(self.update(seq))
        return message(self.journey.port, MIP6MH_BA, seq=seq)


@pytest.fixture
def peer(journey: Journey) -> Peer:
    journey.register()
    return Peer(journey)


@case(must("RFC 6275 §9.4.3", "RFC 6275 §11.3.1"))
def tests_of_a_peer_are_answered_by_the_tunnel(peer):
    peer.test()
    for test, to in ((peer.home_test, PEER), (peer.care_of_test, PEER_CARE_OF)):
        assert ends(test) == (CARE_OF, HOME_AGENT) and (inner(test).src, inner(test).dst) == (HOME, to)
        assert routed_to(test) is None and home_address_of(test) is None


@case(must("RFC 6275 §9.5.1", "RFC 6275 §6.2.7", "RFC 6275 §11.3.1"))
def update_of_a_peer_is_acknowledged_from_the_home_address(peer):
    ack = peer.bind()
    assert ack[MIP6MH_BA].status == 0 and is_signed(ack, peer.kbm, PEER_CARE_OF, HOME)
    assert ends(ack) == (CARE_OF, HOME_AGENT) and inner(ack).src == HOME and inner(ack).dst == PEER_CARE_OF


@case(must("RFC 6275 §6.2.7"))
def authenticator_over_the_care_of_address_as_correspondent_is_wrong(peer):
    peer.test()
    peer.journey.port.send(peer.update(1, correspondent=CARE_OF))
    came = [packet for packet in peer.journey.port.run(1.0) if MIP6MH_BA in packet]
    assert not came


@case(must("RFC 6275 §9.3.2", "RFC 6275 §11.3.1"))
def packets_to_a_peer_go_to_its_care_of_address_by_the_tunnel_at_first(peer):
    peer.bind()
    peer.journey.send_tunnelled(PEER, echo(b"by the tunnels"))
    reply = expect(peer.journey.port, ICMPv6EchoReply, data=b"by the tunnels")
    assert ends(reply) == (CARE_OF, HOME_AGENT)
    assert (inner(reply).src, inner(reply).dst) == (HOME, PEER_CARE_OF) and routed_to(reply) == PEER


@case(must("RFC 6275 §9.3.2", "RFC 6275 §11.3.1"))
def packets_between_peers_bound_both_ways_have_both_headers(peer):
    journey = peer.journey
    peer.bind()
    journey.bind_correspondent()
    journey.send_tunnelled(PEER, echo(b"both ways"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"both ways")
    assert ends(reply) == (CARE_OF, PEER_CARE_OF) and inner(reply) is None
    assert routed_to(reply) == PEER and home_address_of(reply) == HOME


@case(must("RFC 6275 §6.1.7", "RFC 6275 §5.2.9"))
def signalling_to_a_peer_takes_no_notice_of_its_binding(peer):
    # Mobility Headers go to the home address (§6.1), so that they find the peer wherever it is.
    journey = peer.journey
    peer.bind()
    update = journey.update_correspondent()
    assert ends(update) == (CARE_OF, PEER) and home_address_of(update) == HOME and routed_to(update) is None
    assert update[MIP6MH_BU].mhtime > 0


@case(must("RFC 6275 §9.3.3", "RFC 6275 §11.3.1"))
def binding_error_about_a_tunnelled_packet_goes_by_the_tunnel(peer):
    peer.journey.send_tunnelled(PEER_CARE_OF, home_address_option(PEER), echo())
    error = message(peer.journey.port, MIP6MH_BE, status=1, ha=PEER)
    assert ends(error) == (CARE_OF, HOME_AGENT) and (inner(error).src, inner(error).dst) == (HOME, PEER_CARE_OF)


@case(must("RFC 6275 §9.5.1"))
def binding_of_a_peer_outlives_a_move(peer):
    journey = peer.journey
    peer.bind()
    journey.register("other")
    journey.send_tunnelled(PEER, echo(b"moved"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"moved")
    assert inner(reply).dst == PEER_CARE_OF and routed_to(reply) == PEER
