"""What RFC 3542's options make of a packet on the wire, and what they tell of one that came."""

import errno
import ipaddress
import struct

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    UDP,
)
from scapy.layers.l2 import Ether
from scapy.utils import checksum

import kamesim as ks

PORT = 7777
PEER, OTHER = "2001:db8:9::9", "2001:db8:8::8"
MAC = "02:00:00:00:00:99"
IP6 = ks.IPPROTO_IPV6
GROUP = "ff05::77"


class Lab:
    """A host whose only router is a tester port, which sees and says what it likes."""

    def __init__(self, net):
        self.net, self.node = net, net.host("node")
        self.link = net.link(self.node, None, prefix="2001:db8:1::/64")
        self.port = self.link.tester()
        net.run(until=20)  # it has stopped to look for routers
        self.port.clear()
        self.node.add_neighbor("fe80::99", MAC)
        self.node.add_neighbor("fe80::98", "02:00:00:00:00:98")
        self.node.add_route("::/0", via="fe80::99")
        self.address = self.node.address

    def sent(self, seconds=0.1):
        """The IPv6 packets that left within so many seconds."""
        end, packets = self.net.now + seconds, []
        while (frame := self.port.recv(timeout=end - self.net.now)) is not None:
            packets.append(Ether(frame))
        return packets

    def one(self):
        (frame,) = self.sent()
        return frame[IPv6]

    def say(self, packet):
        self.port.send(bytes(Ether(dst=self.node.interfaces[0].mac, src=MAC) / packet))
        self.net.run(for_=0.1)


@pytest.fixture
def lab(net):
    return Lab(net)


@pytest.fixture
def s(lab):
    s = lab.node.socket()
    s.bind(("::", PORT))
    return s


def options_of(header):
    return [(o.otype, bytes(o.optdata)) for o in header.options if o.otype > 1]


def test_hop_limit_of_the_socket_and_of_one_packet(lab, s):  # RFC 3493 section 5.1, RFC 3542 section 6.3
    s.setsockopt(IP6, ks.IPV6_UNICAST_HOPS, 9)
    s.sendto(b"", (PEER, 9))
    assert lab.one().hlim == 9
    s.sendmsg([b""], [(IP6, ks.IPV6_HOPLIMIT, 3)], 0, (PEER, 9))
    assert lab.one().hlim == 3
    s.sendmsg([b""], [(IP6, ks.IPV6_HOPLIMIT, -1)], 0, (PEER, 9))
    assert lab.one().hlim == 9
    for bad in (256, -2):
        with pytest.raises(OSError) as caught:
            s.sendmsg([b""], [(IP6, ks.IPV6_HOPLIMIT, bad)], 0, (PEER, 9))
        assert caught.value.errno == errno.EINVAL
    with pytest.raises(OSError):  # RFC 3542 section 6.3: no sticky option
        s.setsockopt(IP6, ks.IPV6_HOPLIMIT, 3)


def test_hop_limit_of_groups(lab, s):  # RFC 3493 section 5.2
    s.sendto(b"", (GROUP, 9))
    assert lab.one().hlim == 1
    s.setsockopt(IP6, ks.IPV6_MULTICAST_HOPS, 5)
    s.sendto(b"", (GROUP, 9))
    assert lab.one().hlim == 5


def test_traffic_class(lab, s):  # RFC 3542 section 6.5
    s.setsockopt(IP6, ks.IPV6_TCLASS, 0xB8)
    s.sendto(b"", (PEER, 9))
    assert lab.one().tc == 0xB8
    s.sendmsg([b""], [(IP6, ks.IPV6_TCLASS, 0)], 0, (PEER, 9))
    assert lab.one().tc == 0
    s.setsockopt(IP6, ks.IPV6_TCLASS, -1)
    s.sendto(b"", (PEER, 9))
    assert lab.one().tc == 0


def test_flow_labels_are_optional(lab, s):
    s.sendto(b"", (PEER, 9))
    assert lab.one().fl != 0
    s.setsockopt(IP6, ks.IPV6_AUTOFLOWLABEL, 0)
    s.sendto(b"", (PEER, 9))
    assert lab.one().fl == 0


def test_packet_info_chooses_the_source(lab, s):  # RFC 3542 section 6.2
    lab.node.add_address("2001:db8:1::5/64", dad=False)
    info = ks.ancillary.in6_pktinfo("2001:db8:1::5")
    s.sendmsg([b""], [(IP6, ks.IPV6_PKTINFO, info)], 0, (PEER, 9))
    assert lab.one().src == "2001:db8:1::5"
    s.setsockopt(IP6, ks.IPV6_PKTINFO, info)
    s.sendto(b"", (PEER, 9))
    assert lab.one().src == "2001:db8:1::5"
    s.setsockopt(IP6, ks.IPV6_PKTINFO, ks.ancillary.in6_pktinfo())
    s.sendto(b"", (PEER, 9))
    assert lab.one().src == lab.address
    with pytest.raises(OSError) as caught:
        s.sendmsg([b""], [(IP6, ks.IPV6_PKTINFO, ks.ancillary.in6_pktinfo(PEER))], 0, (PEER, 9))
    assert caught.value.errno == errno.EADDRNOTAVAIL
    with pytest.raises(OSError) as caught:
        s.sendmsg([b""], [(IP6, ks.IPV6_PKTINFO, ks.ancillary.in6_pktinfo(interface=77))], 0, (PEER, 9))
    assert caught.value.errno == errno.ENXIO


def test_next_hop_goes_before_routes(lab, s):  # RFC 3542 section 6.4
    index = lab.node.interfaces[0]._core.index
    s.setsockopt(IP6, ks.IPV6_NEXTHOP, ks.ancillary.sockaddr_in6("fe80::98", scope=index))
    s.sendto(b"", (PEER, 9))
    (frame,) = lab.sent()
    assert frame.dst == "02:00:00:00:00:98" and frame[IPv6].dst == PEER
    s.setsockopt(IP6, ks.IPV6_NEXTHOP, ks.ancillary.sockaddr_in6(OTHER))  # no neighbour
    with pytest.raises(OSError):
        s.sendto(b"", (PEER, 9))
    assert lab.node.drops["ip6.next_hop_not_neighbor"] == 1
    s.setsockopt(IP6, ks.IPV6_NEXTHOP, b"")
    s.sendto(b"", (PEER, 9))
    (frame,) = lab.sent()
    assert frame.dst == MAC


def test_extension_headers_stand_in_their_order(lab, s):  # RFC 3542 sections 7 to 9, RFC 8200 section 4.1
    s.setsockopt(IP6, ks.IPV6_HOPOPTS, ks.ancillary.options_header([(0x1E, b"hop")]))
    s.setsockopt(IP6, ks.IPV6_DSTOPTS, ks.ancillary.options_header([(0x1E, b"last", 4)]))
    s.setsockopt(IP6, ks.IPV6_RTHDRDSTOPTS, ks.ancillary.options_header([(0x1E, b"each")]))
    s.sendto(b"data", (PEER, 9))
    packet = lab.one()
    assert options_of(packet[IPv6ExtHdrHopByHop]) == [(0x1E, b"hop")]
    assert options_of(packet[IPv6ExtHdrDestOpt]) == [(0x1E, b"last")]  # section 9.2: "each" needs a Routing header
    assert packet.plen == 8 + 8 + 8 + 4 and bytes(packet[UDP].payload) == b"data"

    s.setsockopt(IP6, ks.IPV6_RTHDR, ks.ancillary.routing_header([OTHER]))
    s.sendto(b"data", (PEER, 9))
    packet = lab.one()
    kinds, layer = [], packet
    while layer is not None and layer.name != "UDP":
        layer = layer.payload
        kinds.append(type(layer))
    routing = packet[IPv6ExtHdrRouting]
    assert kinds[:2] == [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt]
    assert packet.dst == OTHER and routing.addresses == [PEER] and routing.segleft == 1
    assert bytes(packet).index(b"each") < bytes(packet).index(b"last")
    # RFC 8200 section 8.1: the checksum is that of the final destination
    again = IPv6(src=packet.src, dst=PEER) / UDP(sport=PORT, dport=9) / b"data"
    assert IPv6(bytes(again))[UDP].chksum == packet[UDP].chksum

    s.setsockopt(IP6, ks.IPV6_RTHDR, b"")  # taken back
    for name in (ks.IPV6_HOPOPTS, ks.IPV6_DSTOPTS, ks.IPV6_RTHDRDSTOPTS):
        s.setsockopt(IP6, name, b"")
    s.sendto(b"data", (PEER, 9))
    assert lab.one().nh == 17


def test_headers_that_are_not_whole_are_refused(lab, s):
    for name in (ks.IPV6_HOPOPTS, ks.IPV6_DSTOPTS, ks.IPV6_RTHDRDSTOPTS, ks.IPV6_RTHDR):
        for value in (b"\0", bytes(7), bytes((0, 5)) + bytes(14), bytes(24)):
            if value == bytes(24) and name != ks.IPV6_RTHDR:
                continue
            with pytest.raises(OSError) as caught:
                s.setsockopt(IP6, name, value)
            assert caught.value.errno == errno.EINVAL


def test_what_came_is_told_as_asked(lab, s):  # RFC 3542 section 4
    header = bytearray(ks.ancillary.options_header([(0x1E, b"hop!")]))
    header[0] = 17

    def arrive():
        packet = IPv6(src=PEER, dst=lab.address, hlim=33, tc=0x2C, nh=0) / bytes(header)
        datagram = UDP(sport=9, dport=PORT) / b"x"
        whole = IPv6(src=PEER, dst=lab.address) / datagram
        lab.say(packet / bytes(IPv6(bytes(whole))[UDP]))
        return s.recvmsg_nowait()

    data, control, flags, source = arrive()
    assert (data, control, flags, source) == (b"x", [], 0, (PEER, 9, 0, 0))
    for name in (ks.IPV6_RECVPKTINFO, ks.IPV6_RECVHOPLIMIT, ks.IPV6_RECVTCLASS, ks.IPV6_RECVHOPOPTS,
                 ks.IPV6_RECVRTHDR, ks.IPV6_RECVDSTOPTS):  # fmt: skip
        s.setsockopt(IP6, name, 1)
    _, control, _, _ = arrive()
    told = {kind: value for level, kind, value in control if level == IP6}
    assert ks.ancillary.parse_in6_pktinfo(told[ks.IPV6_PKTINFO]) == (
        lab.address, lab.node.interfaces[0]._core.index)  # fmt: skip
    assert int.from_bytes(told[ks.IPV6_HOPLIMIT], "little") == 33
    assert int.from_bytes(told[ks.IPV6_TCLASS], "little") == 0x2C
    assert ks.ancillary.parse_options_header(told[ks.IPV6_HOPOPTS]) == [(0x1E, b"hop!")]
    assert ks.IPV6_RTHDR not in told and ks.IPV6_DSTOPTS not in told


def test_use_min_mtu(lab, s):  # RFC 3542 section 11.1
    def sizes(to, **_):
        s.sendto(bytes(1400), (to, 9))
        return [len(bytes(p[IPv6])) for p in lab.sent()]

    assert sizes(PEER) == [1448]
    parts = sizes(GROUP)  # -1, the default: groups only
    assert len(parts) == 2 and max(parts) <= 1280
    s.setsockopt(IP6, ks.IPV6_USE_MIN_MTU, 1)
    parts = sizes(PEER)
    assert len(parts) == 2 and max(parts) <= 1280
    s.setsockopt(IP6, ks.IPV6_USE_MIN_MTU, 0)
    assert sizes(PEER) == sizes(GROUP) == [1448]


def test_dontfrag_refuses_and_says_what_would_do(lab, s):  # RFC 3542 sections 11.2, 11.3
    s.setsockopt(IP6, ks.IPV6_DONTFRAG, 1)
    s.setsockopt(IP6, ks.IPV6_RECVPATHMTU, 1)
    with pytest.raises(OSError) as caught:
        s.sendto(bytes(1500), (PEER, 9))
    assert caught.value.errno == errno.EMSGSIZE
    data, control, _, _ = s.recvmsg_nowait()
    ((level, kind, value),) = control
    assert (data, level, kind) == (b"", IP6, ks.IPV6_PATHMTU)
    assert ks.ancillary.parse_ip6_mtuinfo(value) == (PEER, 1500)
    s.setsockopt(IP6, ks.IPV6_DONTFRAG, 0)
    s.sendto(bytes(1500), (PEER, 9))
    assert all(IPv6ExtHdrFragment in p for p in lab.sent())


def test_the_path_mtu_is_told(lab, s):  # RFC 3542 sections 11.3, 11.4
    with pytest.raises(OSError) as caught:
        s.getsockopt(IP6, ks.IPV6_PATHMTU, 100)
    assert caught.value.errno == errno.ENOTCONN
    s.connect((PEER, 9))
    assert ks.ancillary.parse_ip6_mtuinfo(s.getsockopt(IP6, ks.IPV6_PATHMTU, 100)) == (PEER, 1500)
    s.setsockopt(IP6, ks.IPV6_RECVPATHMTU, 1)
    s.send(bytes(1400))
    sent = lab.one()
    lab.say(IPv6(src=OTHER, dst=lab.address) / ICMPv6PacketTooBig(mtu=1300) / bytes(sent)[:1000])
    _, control, _, _ = s.recvmsg_nowait()
    assert ks.ancillary.parse_ip6_mtuinfo(control[0][2]) == (PEER, 1300)
    assert ks.ancillary.parse_ip6_mtuinfo(s.getsockopt(IP6, ks.IPV6_PATHMTU, 100)) == (PEER, 1300)


def test_a_packet_too_big_about_no_socket_is_not_believed(lab, s):  # RFC 8201 section 4
    s.sendto(bytes(1400), (PEER, 9))
    sent = lab.one()
    forged = sent.copy()
    forged[UDP].sport = PORT + 1
    lab.say(IPv6(src=OTHER, dst=lab.address) / ICMPv6PacketTooBig(mtu=1300) / bytes(forged)[:1000])
    assert lab.node.drops["icmp6.packet_too_big_not_elicited"] == 1
    s.sendto(bytes(1400), (PEER, 9))
    assert len(lab.sent()) == 1


@pytest.mark.parametrize(
    "code, number",
    [
        (0, errno.ENETUNREACH),
        (1, errno.EACCES),
        (2, errno.EHOSTUNREACH),
        (3, errno.EHOSTUNREACH),
        (4, errno.ECONNREFUSED),
        (5, errno.EACCES),
        (6, errno.EACCES),
    ],
)
def test_errors_by_code(lab, s, code, number):  # RFC 4443 section 3.1
    s.connect((PEER, 9))
    s.send(b"data")
    sent = lab.one()
    lab.say(IPv6(src=OTHER, dst=lab.address) / ICMPv6DestUnreach(code=code) / bytes(sent))
    with pytest.raises(OSError) as caught:
        s.recv_nowait()
    assert caught.value.errno == number


def test_errors_about_other_peers_are_not_told(lab, s):
    s.connect((PEER, 9))
    s.send(b"data")
    sent = lab.one()
    sent[UDP].dport = 10
    lab.say(IPv6(src=OTHER, dst=lab.address) / ICMPv6DestUnreach(code=4) / bytes(sent))
    with pytest.raises(BlockingIOError):
        s.recv_nowait()


def test_a_zero_checksum_is_refused_but_where_it_was_asked_for(lab, s):  # RFC 8200 section 8.1, RFC 6936 section 4
    def arrive():
        datagram = bytearray(bytes(UDP(sport=9, dport=PORT, len=9) / b"x"))
        datagram[6:8] = b"\0\0"
        lab.say(IPv6(src=PEER, dst=lab.address, nh=17) / bytes(datagram))

    arrive()
    assert lab.node.drops["udp.zero_checksum"] == 1 and not s.readable
    s.setsockopt(ks.IPPROTO_UDP, ks.UDP_NO_CHECK6_RX, 1)
    arrive()
    assert s.recv_nowait() == b"x" and lab.node.drops["udp.zero_checksum"] == 1
    s.setsockopt(ks.IPPROTO_UDP, ks.UDP_NO_CHECK6_TX, 1)
    s.sendto(b"", (PEER, 9))
    assert lab.one()[UDP].chksum == 0


def test_the_checksum_of_a_raw_socket(lab):  # RFC 3542 section 3.1
    raw = lab.node.socket(ks.AF_INET6, ks.SOCK_RAW, 253)
    raw.setsockopt(IP6, ks.IPV6_CHECKSUM, 2)
    raw.sendto(b"\x01\x02\0\0\x03\x04", (PEER, 0))
    sent = lab.one()
    payload = bytes(sent)[40:]
    assert payload[2:4] != b"\0\0"
    good = IPv6(src=PEER, dst=lab.address, nh=253)
    def sealed(body):
        header = b"".join(ipaddress.IPv6Address(a).packed for a in (good.src, good.dst)) + struct.pack("!II", len(body), 253)
        return body[:2] + struct.pack("!H", checksum(header + body)) + body[4:]

    lab.say(good / sealed(b"\x01\x02\0\0\x03\x04"))
    assert raw.recv_nowait()[4:] == b"\x03\x04"
    lab.say(good / b"\x01\x02\0\0\x03\x04")
    assert not raw.readable and lab.node.drops["raw.bad_checksum"] == 1
    with pytest.raises(OSError) as caught:
        raw.sendto(b"\0", (PEER, 0))  # no place for it
    assert caught.value.errno == errno.EINVAL
    for bad in (1, -2):
        with pytest.raises(OSError):
            raw.setsockopt(IP6, ks.IPV6_CHECKSUM, bad)
    icmp6 = lab.node.socket(ks.AF_INET6, ks.SOCK_RAW, ks.IPPROTO_ICMPV6)
    with pytest.raises(OSError):
        icmp6.setsockopt(IP6, ks.IPV6_CHECKSUM, 2)


def test_the_filter_of_an_icmpv6_socket(lab):  # RFC 3542 section 3.2
    raw = lab.node.socket(ks.AF_INET6, ks.SOCK_RAW, ks.IPPROTO_ICMPV6)
    assert raw.getsockopt(ks.IPPROTO_ICMPV6, ks.ICMP6_FILTER, 32) == bytes(32)  # all pass
    raw.setsockopt(ks.IPPROTO_ICMPV6, ks.ICMP6_FILTER, ks.ancillary.icmp6_filter(1))
    lab.say(IPv6(src=PEER, dst=lab.address) / ICMPv6EchoReply(id=1))
    assert not raw.readable
    quoted = IPv6(src=lab.address, dst=PEER) / UDP(sport=1, dport=2)
    lab.say(IPv6(src=PEER, dst=lab.address) / ICMPv6DestUnreach(code=3) / bytes(quoted))
    assert raw.recv_nowait()[0] == 1


def test_membership_options_and_source_filters(lab, s):  # RFC 3678
    def hears(source):
        while s.readable:
            s.recv_nowait()
        lab.say(IPv6(src=source, dst=GROUP) / UDP(sport=9, dport=PORT) / b"x")
        return s.readable

    assert not hears(PEER)
    s.join_group(GROUP)
    assert hears(PEER) and hears(OTHER)
    with pytest.raises(OSError) as caught:
        s.join_group(GROUP)
    assert caught.value.errno == errno.EADDRINUSE
    s.block_source(GROUP, PEER)
    assert not hears(PEER) and hears(OTHER)
    with pytest.raises(OSError) as caught:
        s.join_group(GROUP, source=OTHER)  # section 4.1: not both ways at once
    assert caught.value.errno == errno.EINVAL
    s.unblock_source(GROUP, PEER)
    assert hears(PEER)
    with pytest.raises(OSError) as caught:
        s.unblock_source(GROUP, PEER)
    assert caught.value.errno == errno.EADDRNOTAVAIL
    s.leave_group(GROUP)
    assert not hears(PEER)
    s.join_group(GROUP, source=OTHER)
    assert hears(OTHER) and not hears(PEER)
    s.join_group(GROUP, source=PEER)
    s.leave_group(GROUP, source=OTHER)
    assert hears(PEER) and not hears(OTHER)
    s.leave_group(GROUP, source=PEER)  # the last
    with pytest.raises(OSError) as caught:
        s.leave_group(GROUP)
    assert caught.value.errno == errno.EADDRNOTAVAIL
    assert GROUP not in set(lab.node.groups()["group"])


def test_a_whole_source_filter_at_once(lab, s):  # RFC 3678 section 5.2
    def hears(source):
        while s.readable:
            s.recv_nowait()
        lab.say(IPv6(src=source, dst=GROUP) / UDP(sport=9, dport=PORT) / b"x")
        return s.readable

    with pytest.raises(OSError) as caught:
        s.source_filter(GROUP)
    assert caught.value.errno == errno.EADDRNOTAVAIL
    s.set_source_filter(GROUP, ks.MCAST_INCLUDE, [OTHER])
    assert hears(OTHER) and not hears(PEER)
    assert s.source_filter(GROUP) == (ks.MCAST_INCLUDE, [OTHER])
    s.set_source_filter(GROUP, ks.MCAST_EXCLUDE, [OTHER])
    assert hears(PEER) and not hears(OTHER)
    s.unblock_source(GROUP, OTHER)
    assert s.source_filter(GROUP) == (ks.MCAST_EXCLUDE, [])
    with pytest.raises(OSError) as caught:
        s.set_source_filter(GROUP, ks.MCAST_EXCLUDE, [f"2001:db8:9::{n:x}" for n in range(1, 130)])
    assert caught.value.errno == errno.ENOBUFS
    for wrong in ({"mode": 7}, {"sources": PEER}, {"group": PEER}):
        with pytest.raises(ks.Error, match=next(iter(wrong))):
            s.set_source_filter(**{"group": GROUP, "mode": ks.MCAST_INCLUDE, "sources": [], **wrong})
    s.set_source_filter(GROUP, ks.MCAST_INCLUDE, [])  # leaves
    assert not hears(PEER)
    assert GROUP not in set(lab.node.groups()["group"])


@pytest.mark.parametrize("length", [0, 143, 150])
def test_a_source_filter_of_no_size(lab, s, length):
    with pytest.raises(OSError) as caught:
        s.setsockopt(IP6, ks.MCAST_MSFILTER, bytes(length))
    assert caught.value.errno == errno.EINVAL


def test_flow_information_is_the_flow_label(lab, s):  # RFC 3493 section 3.3, RFC 6437
    s.sendto(b"x", (PEER, 9, 0xABCDE, 0))
    assert lab.one().fl == 0xABCDE
    s.sendto(b"x", (PEER, 9))
    chosen = lab.one().fl
    assert chosen not in (0, 0xABCDE)
    s.connect((PEER, 9, 0x12345, 0))
    assert s.getpeername() == (PEER, 9, 0x12345, 0)
    s.send(b"x")
    assert lab.one().fl == 0x12345
    s.connect(None)
    lab.say(IPv6(src=PEER, dst=lab.address, fl=0x54321) / UDP(sport=9, dport=PORT) / b"x")
    assert s.recvfrom_nowait()[1] == (PEER, 9, 0, 0)  # so that an answer has a label of its own
    s.setsockopt(IP6, ks.IPV6_FLOWINFO, 1)
    lab.say(IPv6(src=PEER, dst=lab.address, fl=0x54321) / UDP(sport=9, dport=PORT) / b"x")
    assert s.recvfrom_nowait()[1] == (PEER, 9, 0x54321, 0)
    with pytest.raises(ks.Error, match="flowinfo"):
        s.sendto(b"x", (PEER, 9, 1 << 20, 0))


def test_groups_of_the_interface_are_looped_back_if_wanted(lab, s):  # RFC 3493 section 5.2, RFC 4291 section 2.8
    s.sendto(b"to myself", ("ff01::1", PORT))
    lab.net.run(for_=0.1)
    assert s.recv_nowait() == b"to myself"
    s.setsockopt(IP6, ks.IPV6_MULTICAST_LOOP, 0)
    s.sendto(b"to nobody", ("ff01::1", PORT))
    lab.net.run(for_=0.1)
    assert not s.readable
    assert lab.sent() == []


def test_groups_are_left_with_the_socket(lab, s):
    s.join_group(GROUP)
    other = lab.node.socket()
    other.join_group(GROUP)
    assert list(lab.node.groups().query("group == @GROUP")["joins"]) == [2]
    s.close()
    assert list(lab.node.groups().query("group == @GROUP")["joins"]) == [1]
    other.close()
    assert GROUP not in set(lab.node.groups()["group"])
