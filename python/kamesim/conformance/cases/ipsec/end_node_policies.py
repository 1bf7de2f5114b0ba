"""Which packets of an end node are protected, let through or discarded (RFC 4301 §4.4.1, §5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6PacketTooBig, IPerror6, IPv6
from scapy.layers.ipsec import ESP
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import CBC, GCM, NODE_TO_TESTER, NULL, framed, opened, transport
from kamesim.conformance.exchange import (
    CLOSED_PORT,
    ETHERNET,
    NODE,
    TESTER,
    case,
    datagram,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    ip,
    may,
    must,
    ns,
)


def policies(host, *lines):
    host.ipsec.setkey("".join(f"spdadd {line};" for line in lines))


OUT, IN = f"{NODE.address} {TESTER.address}", f"{TESTER.address} {NODE.address}"


@case(must("RFC 4301 §4.4.1"))
def discard_policy_for_what_comes(host, port):
    policies(host, f"{IN} any -P in discard")
    port.send(echo_request())
    expect_silence(port)
    expect_dropped(host, "ipsec.policy_discard")


@case(must("RFC 4301 §4.4.1"))
def discard_policy_for_what_goes(host, port):
    policies(host, f"{OUT} any -P out discard")
    port.send(echo_request())
    expect_silence(port)
    expect_dropped(host, "ipsec.policy_discard")


@case(must("RFC 4301 §4.4.1"))
def bypass_policy_lets_both_through(host, port):
    policies(host, f"{OUT} any -P out none", f"{IN} any -P in none")
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 4301 §4.4.1"))
def first_policy_that_matches_counts(host, port):
    policies(host, f"{IN} icmp6 -P in none", f"{IN} any -P in discard")
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
    port.send(datagram())
    expect_silence(port)
    expect_dropped(host, "ipsec.policy_discard")


@case(must("RFC 4301 §4.4.1.1"))
def policy_of_a_port_leaves_others_alone(host, port):
    policies(host, f"{IN}[{CLOSED_PORT}] udp -P in discard")
    port.send(datagram(dport=CLOSED_PORT))
    expect_silence(port)
    port.send(datagram(dport=CLOSED_PORT + 1))
    expect(port, ICMPv6DestUnreach)


@case(must("RFC 4301 §4.4.1.1"))
def policy_of_a_message_type_leaves_others_alone(host, port):
    policies(host, f"{IN} icmp6 128,0 -P in discard")
    port.send(echo_request())
    expect_none(port, ICMPv6EchoReply)
    port.send(ns(NODE.address))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)


@case(must("RFC 4301 §4.4.1.1"))
def policy_of_other_addresses_leaves_these_alone(host, port):
    others = "2001:db8:9::/48"
    policies(host, f"{others} {NODE.address} any -P in discard", f"{NODE.address} {others} any -P out discard")
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 4301 §5.1"))
def nothing_leaves_without_the_association_that_is_due(host, port):
    policies(host, f"{OUT} any -P out ipsec esp/transport//require")
    port.send(echo_request())
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(host, "ipsec.no_association")


@case(may("RFC 4301 §5.1"))
def level_use_does_without_an_association(host, port):
    policies(host, f"{OUT} any -P out ipsec esp/transport//use", f"{IN} any -P in ipsec esp/transport//use")
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 4301 §4.4.1.1"))
def protection_of_one_protocol_leaves_others_in_the_clear(host, port):
    transport(host, GCM, upper="udp")
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
    port.send(datagram())
    expect_none(port, ICMPv6DestUnreach)
    expect_dropped(host, "ipsec.unprotected")


@case(must("RFC 4301 §6.2"))
def error_that_no_policy_speaks_of_goes_the_way_of_the_answer(host, port):
    pair = transport(host, GCM, upper="udp")
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=4000, dport=CLOSED_PORT))))
    assert opened(port, pair)[ICMPv6DestUnreach].code == 4
    host.ipsec.setkey(f"spdadd {OUT} icmp6 1 -P out none;")
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=4000, dport=CLOSED_PORT))))
    expect(port, ICMPv6DestUnreach, code=4)


@case(must("RFC 4301 §5.2"))
@pytest.mark.parametrize("protocol", ["esp", "ah"])
def association_of_one_protocol_brings_no_other(host, port, protocol):
    """Not even what could come in the clear: an association is for what its policy selects."""
    pair = transport(host, NULL, protocol, upper="udp")
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / echo())))
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(host, "ipsec.policy_mismatch")


@case(must("RFC 4301 §4.4.1.1"))
def neighbor_discovery_goes_on_under_a_policy_for_all(host, port):
    transport(host, GCM)
    port.send(ns(NODE.address))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)


@case(must("RFC 4301 §4.4.2.1"))
def association_ends_with_its_octets(host, port):
    pair = transport(host, NULL)
    host.ipsec.setkey(f"delete {NODE.address} {TESTER.address} esp {NODE_TO_TESTER:#x};" + pair.out.setkey.replace(
        " -E", " -bh 500 -E"))
    answers = 0
    for _ in range(10):
        port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / echo(bytes(64)))))
        answers += sum(ESP in p for p in port.run(0.5))
    assert 1 <= answers < 10
    assert f"{NODE_TO_TESTER:#x}" not in host.ipsec.setkey("dump;"), "it is taken out, whatever else is due"


@case(must("RFC 4301 §4.4.2.1"))
def association_ends_with_its_time(host, port):
    pair = transport(host, NULL)
    host.ipsec.setkey(f"delete {NODE.address} {TESTER.address} esp {NODE_TO_TESTER:#x};" + pair.out.setkey.replace(
        " -E", " -lh 20 -E"))
    request = IPv6(src=TESTER.address, dst=NODE.address) / echo()
    port.send(framed(pair.into.seal(request)))
    opened(port, pair)
    port.run(20.0)
    port.send(framed(pair.into.seal(request)))
    expect_none(port, ESP)


@case(must("RFC 4303 §3.3.2.1"))
def initialization_vectors_differ(host, port):
    pair = transport(host, CBC)
    seen = set()
    for _ in range(5):
        port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / echo(bytes(32)))))
        seen.add(bytes(expect(port, ESP, spi=NODE_TO_TESTER).wire)[ETHERNET + 48 : ETHERNET + 64])
    assert len(seen) == 5


# --- ICMPv6 errors --------------------------------------------------------------------------------------------------


ON_THE_WAY = "2001:db8:9::1"  # a router that no policy is about


def error_about(packet, mtu):
    return ip(source=ON_THE_WAY) / ICMPv6PacketTooBig(mtu=mtu) / IPerror6(bytes(packet.wire)[ETHERNET:][: 1280 - 48])


@case(must("RFC 4301 §8.2.1", "RFC 8201 §4"))
def packet_too_big_about_esp_lowers_the_path_mtu(host, port):
    pair = transport(host, NULL)
    request = IPv6(src=TESTER.address, dst=NODE.address) / echo(bytes(1300))
    port.send(framed(pair.into.seal(request)))
    port.send(error_about(expect(port, ESP), 1280))
    port.send(framed(pair.into.seal(request)))
    sizes = [40 + p[IPv6].plen for p in port.run(1.0) if p[IPv6].nh in (44, 50)]
    assert len(sizes) == 2 and max(sizes) <= 1280


@case(must("RFC 4301 §8.2.1", "RFC 8201 §4"))
def packet_too_big_about_an_unknown_association_is_not_believed(host, port):
    pair = transport(host, NULL)
    forged = ip(TESTER.address, source=NODE.address, nh=50, plen=1300) / Raw((0x9999).to_bytes(4, "big") + bytes(1200))
    port.send(ip(source=ON_THE_WAY) / ICMPv6PacketTooBig(mtu=1280) / IPerror6(bytes(forged)[ETHERNET:][: 1280 - 48]))
    port.send(framed(pair.into.seal(IPv6(src=TESTER.address, dst=NODE.address) / echo(bytes(1300)))))
    assert [p[IPv6].nh for p in port.run(1.0) if p[IPv6].nh in (44, 50)] == [50]


@case(must("RFC 4301 §5.1"))
def errors_are_protected_as_policies_ask(host, port):
    pair = transport(host, GCM)
    packet = IPv6(src=TESTER.address, dst=NODE.address) / UDP(sport=4000, dport=CLOSED_PORT) / b"12345678"
    port.send(framed(pair.into.seal(packet)))
    error = opened(port, pair)
    assert error.payload.type == 1 and error.payload.code == 4


@case(must("RFC 4443 §3.4"))
def unknown_protocol_inside_is_reported_inside(host, port):
    pair = transport(host, GCM)
    packet = IPv6(src=TESTER.address, dst=NODE.address, nh=200) / Raw(bytes(16))
    port.send(framed(pair.into.seal(packet)))
    assert opened(port, pair).payload.type == 4


@case(must("RFC 4301 §5.2"))
@pytest.mark.parametrize("nh", [200, 17, 6], ids=["unknown", "udp", "tcp"])
def nothing_answers_in_the_clear(host, port, nh):
    transport(host, GCM)
    port.send(ip(nh=nh) / Raw(bytes(24)))
    expect_silence(port)
