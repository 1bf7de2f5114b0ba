"""Errors that a host originates, and those that it does not (RFC 4443 §2.2, §2.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6ND_Redirect,
    ICMPv6ParamProblem,
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
)
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._icmpv6 import MINIMUM_MTU, PORT_UNREACHABLE
from kamesim.conformance.exchange import (
    ALL_NODES,
    ETHERNET,
    NODE,
    TESTER,
    case,
    datagram,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    fragments,
    ip,
    must,
    payload_of,
    quoted,
    ra,
)


# Asks for a Parameter Problem whoever the packet is for (RFC 8200 §4.2: 10).
BAD_OPTION = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x80, optlen=0)])


# --- Errors: what they are like (RFC 4443 §2.2, §2.4 c) ---------------------------------------------------------------


@case(must("RFC 4443 §3.1"))
def datagram_to_a_closed_port_is_answered_by_port_unreachable(node, port):
    request = datagram(data=b"anybody there?")
    port.send(request)
    error = expect(port, ICMPv6DestUnreach, code=PORT_UNREACHABLE)
    assert quoted(error) == bytes(request)[ETHERNET:]
    assert payload_of(error)[4:8] == bytes(4), "unused"
    expect_dropped(node, "udp.no_port")


@case(must("RFC 4443 §2.2 a"), logo={"link-local": "v6LC.5.1.3 C", "global": "v6LC.5.1.3 D"})
@pytest.mark.parametrize("address", [NODE.address, NODE.link_local], ids=["global", "link-local"])
def error_comes_from_the_address_that_the_packet_was_sent_to(node, port, address):
    port.send(datagram(address))
    error = expect(port, ICMPv6DestUnreach, code=PORT_UNREACHABLE)
    assert (error[IPv6].src, error[IPv6].dst) == (address, TESTER.address)


@case(must("RFC 4443 §2.4 c"))
def error_quotes_as_much_as_fits_the_minimum_mtu(node, port):
    request = datagram(data=bytes(i & 0xFF for i in range(1400)))
    port.send(request)
    error = expect(port, ICMPv6DestUnreach, code=PORT_UNREACHABLE)
    assert 40 + error[IPv6].plen == MINIMUM_MTU
    assert quoted(error) == bytes(request)[ETHERNET:][: MINIMUM_MTU - 48]


@case(must("RFC 4443 §2.4 c"))
@pytest.mark.parametrize("size", [1280 - 48 - 48 - 1, 1280 - 48 - 48, 1280 - 48 - 48 + 1])
def quotation_is_whole_up_to_the_minimum_mtu(node, port, size):
    request = datagram(data=bytes(size))
    port.send(request)
    error = expect(port, ICMPv6DestUnreach)
    assert len(quoted(error)) == min(len(bytes(request)) - ETHERNET, MINIMUM_MTU - 48)


# --- Errors: when there are none (RFC 4443 §2.4 e) --------------------------------------------------------------------


@case(must("RFC 4443 §2.4 e.1"))
def error_is_not_answered_by_an_error(node, port):
    for type in (1, 2, 3, 4, 100, 127):
        port.send(ip() / BAD_OPTION / ICMPv6Unknown(type=type, msgbody=bytes(4) + bytes(48)))
    expect_silence(port)
    expect_dropped(node, "ip6.unrecognized_option", 6)


@case(must("RFC 4443 §2.4 e.2"))
def redirect_is_not_answered_by_an_error(node, port):
    port.send(ip(hlim=255) / BAD_OPTION / ICMPv6ND_Redirect(tgt=TESTER.link_local, dst="2001:db8:7::1"))
    expect_silence(port)


@case(must("RFC 4443 §2.4 e"))
def informational_message_is_answered_by_an_error(node, port):
    # Only errors and redirects are not.
    port.send(ip() / BAD_OPTION / echo())
    expect(port, ICMPv6ParamProblem, code=2)


@case(must("RFC 4443 §2.4 e.3"), logo="v6LC.5.1.10 A")
def packet_to_a_group_is_not_answered_by_an_error(node, port):
    port.send(datagram(ALL_NODES))
    expect_silence(port)
    expect_dropped(node, "udp.no_port")


ALONE = {"to_mac": NODE.mac}  # in a frame that is for the node alone
TO_A_GROUP = {
    "closed port": datagram(ALL_NODES, **ALONE),
    "unrecognized next header": ip(ALL_NODES, nh=138, **ALONE) / Raw(bytes(24)),
    "unrecognized routing type": ip(ALL_NODES, **ALONE) / IPv6ExtHdrRouting(type=33, addresses=[], segleft=1) / echo(),
}


@case(must("RFC 4443 §2.4 e.3"))
@pytest.mark.parametrize("packet", TO_A_GROUP.values(), ids=TO_A_GROUP)
def packet_to_a_group_in_a_frame_for_the_node_alone_is_not_answered_by_an_error(node, port, packet):
    port.send(packet)
    expect_silence(port)


@case(must("RFC 4443 §2.4 e.4"))
@pytest.mark.parametrize("mac", ["33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"], ids=["multicast", "broadcast"])
def packet_in_a_group_frame_is_not_answered_by_an_error(node, port, mac):
    # E.5.
    port.send(datagram(to_mac=mac))
    expect_silence(port)


@case(must("RFC 4443 §2.4 e.6"), logo="v6LC.5.1.11 A")
def packet_from_the_unspecified_address_is_not_answered_by_an_error(node, port):
    port.send(datagram(source="::"))
    expect_silence(port)


@case(must("RFC 4443 §2.4 e.6"), role="host")
def error_to_the_unspecified_address_does_not_go_to_a_router_either(host, port):
    port.send(ra())
    port.run(3.0)
    port.send(datagram(source="::"))
    expect_silence(port)


@case(must("RFC 4443 §2.4 e.6", "RFC 4291 §2.7"))
def packet_from_a_group_is_discarded(node, port):
    port.send(datagram(source="ff02::1:2"), echo_request(source="ff0e::1"))
    expect_silence(port)
    expect_dropped(node, "ip6.multicast_source", 2)


@case(must("RFC 4443 §3.3"))
def later_fragment_alone_is_not_answered_by_an_error(node, port):
    # None without the first.
    port.send(fragments(payload_of(datagram(data=bytes(100))), 56, next_header=17)[1])
    expect_silence(port, within=65.0)
