"""IPv4 as it shows on the wire: Scapy speaks for the other nodes of the link (RFC 791, 792, 826, 1122, 1812)."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR, fragment
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import kamesim as ks

MAC, NODE = "02:00:00:00:00:01", "192.0.2.1"
PEER_MAC, PEER = "02:00:00:00:00:99", "192.0.2.99"
BROADCAST = "ff:ff:ff:ff:ff:ff"


class Wire:
    """A tester port and what came by it, of IPv4 and ARP."""

    def __init__(self, lan, mac=PEER_MAC, address=PEER):
        self.net, self.mac, self.address = lan.network, mac, address
        self.port = lan.tester(mac=mac)

    def run(self, seconds=0.1, layer=None):
        end, came = self.net.now + seconds, []
        while (received := self.port.recv_with_time(timeout=end - self.net.now)) is not None:
            packet = Ether(received[1])
            packet.time = received[0]
            if packet.type in (0x0800, 0x0806) and (layer is None or layer in packet):
                came.append(packet)
        return came

    def send(self, packet, destination=MAC):
        self.port.send(bytes(Ether(src=self.mac, dst=destination) / packet))
        self.net.run(for_=0)

    def introduce(self, node=NODE):
        """The node learns the peer's MAC address, as it is asked for its own."""
        self.send(ARP(op=1, hwsrc=self.mac, psrc=self.address, pdst=node), BROADCAST)
        self.run()

    def exchange(self, packet, layer=None, seconds=0.1):
        self.send(packet)
        return self.run(seconds, layer)


@pytest.fixture
def lan():
    net = ks.Network(seed=1)
    return net.lan("wire")


@pytest.fixture
def host(lan):
    host = lan.network.host("host")
    lan.attach(host, mac=MAC)
    host.add_address(f"{NODE}/24")
    lan.network.run(for_=3)
    return host


@pytest.fixture
def wire(lan, host):
    wire = Wire(lan)
    wire.introduce()
    return wire


def reason(node, name):
    return node.drops[name] if name in node.drops else 0


# --- ARP ------------------------------------------------------------------------------------------------------------


def test_a_request_for_its_address_is_answered_to_who_asked(lan, host):
    """RFC 826."""
    wire = Wire(lan)
    wire.send(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=NODE), BROADCAST)
    (reply,) = wire.run(layer=ARP)
    assert (reply.dst, reply[ARP].op, reply[ARP].hwsrc, reply[ARP].psrc) == (PEER_MAC, 2, MAC, NODE)
    assert (reply[ARP].hwdst, reply[ARP].pdst) == (PEER_MAC, PEER)


def test_requests_for_others_are_not_answered_and_make_no_entry(lan, host):
    """RFC 826: a new entry is made only by who speaks to us."""
    wire = Wire(lan)
    wire.send(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst="192.0.2.55"), BROADCAST)
    assert wire.run(layer=ARP) == []
    assert PEER not in set(host.neighbors()["address"])


def test_a_probe_is_answered_and_makes_no_entry(lan, host):
    """RFC 5227 section 2.1.1: a sender address of zero asks whether the target is in use."""
    wire = Wire(lan)
    wire.send(ARP(op=1, hwsrc=PEER_MAC, psrc="0.0.0.0", pdst=NODE), BROADCAST)
    (reply,) = wire.run(layer=ARP)
    assert (reply[ARP].op, reply[ARP].psrc) == (2, NODE)
    assert "0.0.0.0" not in set(host.neighbors()["address"])


def test_an_address_is_announced_and_defended(lan):
    """RFC 5227 sections 2.3 and 2.4."""
    wire = Wire(lan)
    host = lan.network.host("host")
    lan.attach(host, mac=MAC)
    lan.network.run(for_=3)
    wire.run()
    host.add_address(f"{NODE}/24")
    (announcement,) = wire.run(layer=ARP)
    assert (announcement.dst, announcement[ARP].psrc, announcement[ARP].pdst) == (BROADCAST, NODE, NODE)
    wire.send(ARP(op=2, hwsrc=PEER_MAC, psrc=NODE, pdst=NODE), BROADCAST)
    (defence,) = wire.run(layer=ARP)
    assert (defence[ARP].hwsrc, defence[ARP].psrc) == (MAC, NODE)
    assert reason(host, "arp.claims_our_address") == 1


def test_announcements_and_defences_are_few(lan):
    """RFC 5227 section 1.1: ANNOUNCE_NUM two seconds apart; section 2.4 c: one defence in DEFEND_INTERVAL."""
    wire = Wire(lan)
    host = lan.network.host("host")
    lan.attach(host, mac=MAC)
    lan.network.run(for_=3)
    wire.run()
    host.add_address(f"{NODE}/24")
    first, second = wire.run(20, ARP)
    assert second.time - first.time == pytest.approx(2.0)
    for _ in range(3):
        wire.send(ARP(op=2, hwsrc=PEER_MAC, psrc=NODE, pdst=NODE), BROADCAST)
        lan.network.run(for_=1)
    assert len(wire.run(0.1, ARP)) == 1
    lan.network.run(for_=11)
    wire.send(ARP(op=2, hwsrc=PEER_MAC, psrc=NODE, pdst=NODE), BROADCAST)
    assert len(wire.run(0.1, ARP)) == 1


@pytest.fixture
def prober(lan):
    """A host that probes an address from now on."""
    host = lan.network.host("host")
    lan.attach(host, mac=MAC)
    lan.network.run(for_=3)
    host.nd.ipv4_probes = True
    host.add_address(f"{NODE}/24")
    return host


def test_an_address_is_probed_before_it_is_used(lan, prober):
    """RFC 5227 sections 2.1.1 and 2.3."""
    wire = Wire(lan)
    start = lan.network.now
    probes = wire.run(8, ARP)
    announcement = probes.pop(3)
    assert [(p.dst, p[ARP].hwsrc, p[ARP].psrc, p[ARP].pdst) for p in probes[:3]] == [(BROADCAST, MAC, "0.0.0.0", NODE)] * 3
    assert 0 <= probes[0].time - start <= 1
    assert all(1 <= b.time - a.time <= 2 for a, b in zip(probes[:3], probes[1:3]))
    assert announcement.time - probes[2].time == pytest.approx(2.0)
    assert (announcement[ARP].psrc, announcement[ARP].pdst) == (NODE, NODE)
    wire.introduce()
    assert len(wire.exchange(IP(src=PEER, dst=NODE) / ICMP(), ICMP)) == 1


def test_an_address_that_is_probed_is_not_used(lan, prober):
    """RFC 5227 section 2.1: "Before beginning to use an IPv4 address"."""
    wire = Wire(lan)
    wire.run(1.5)
    wire.send(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=NODE), BROADCAST)
    assert [p for p in wire.run(0.1, ARP) if p[ARP].op == 2] == []
    wire.send(IP(src=PEER, dst=NODE) / ICMP())
    assert wire.run(0.1, ICMP) == []


@pytest.mark.parametrize("sender", [NODE, "0.0.0.0"], ids=["owner", "other prober"])
def test_an_address_in_use_is_not_taken(lan, prober, sender):
    """RFC 5227 section 2.1.1: a message of its owner, or a probe of another for it."""
    wire = Wire(lan)
    wire.run(1.5)
    wire.send(ARP(op=1, hwsrc=PEER_MAC, psrc=sender, pdst=NODE), BROADCAST)
    assert wire.run(10, ARP) == []
    assert reason(prober, "arp.probed_address_in_use") == 1
    (row,) = [r for r in prober.addresses().to_dict("records") if r["address"] == NODE]
    assert row["state"] == "duplicated"


def test_who_meets_many_conflicts_probes_once_a_minute(lan, prober):
    """RFC 5227 section 2.1.1: MAX_CONFLICTS and RATE_LIMIT_INTERVAL."""
    wire = Wire(lan)
    wire.run(1.5)
    for n in range(10):
        wire.send(ARP(op=1, hwsrc=PEER_MAC, psrc=f"192.0.2.{n + 1}", pdst=PEER), BROADCAST)
        wire.run(0.1)
        prober.add_address(f"192.0.2.{n + 2}/24")
        wire.run(1.5)
    last = lan.network.now
    probes = [p for p in wire.run(120, ARP) if p[ARP].psrc == "0.0.0.0"]
    assert probes[0].time - last > 50


def test_an_unknown_neighbour_is_asked_for_once_a_second_then_given_up(lan, host):
    """RFC 1122 sections 2.3.2.1 and 2.3.2.2."""
    wire = Wire(lan)
    ping = host.ping("192.0.2.77", count=1)
    requests = wire.run(10, ARP)
    assert [r[ARP].pdst for r in requests] == ["192.0.2.77"] * 5
    gaps = [b.time - a.time for a, b in zip(requests, requests[1:])]
    assert gaps == pytest.approx([1.0] * 4)
    assert reason(host, "arp.unresolved") == 1
    assert ping.received == 0


def test_packets_wait_for_the_answer(lan, host):
    wire = Wire(lan)
    host.ping(PEER, count=1)
    (request,) = wire.run(layer=ARP)
    assert (request[ARP].op, request[ARP].hwsrc, request[ARP].psrc) == (1, MAC, NODE)
    wire.send(ARP(op=2, hwsrc=PEER_MAC, psrc=PEER, hwdst=MAC, pdst=NODE))
    (echo,) = wire.run(layer=ICMP)
    assert (echo.dst, echo[IP].dst, echo[ICMP].type) == (PEER_MAC, PEER, 8)


def test_an_entry_given_by_hand_is_not_changed_by_what_is_heard(lan, host):
    host.add_neighbor(PEER, "02:00:00:00:00:77")
    wire = Wire(lan)
    wire.introduce()
    row = host.neighbors().set_index("address").loc[PEER]
    assert (row["mac"], row["permanent"]) == ("02:00:00:00:00:77", True)


# --- Input ----------------------------------------------------------------------------------------------------------


def test_echo(wire):
    """RFC 792; RFC 1122 section 3.2.2.6: source and destination are exchanged, identifier, number and data kept."""
    (reply,) = wire.exchange(IP(src=PEER, dst=NODE, tos=0x20) / ICMP(id=7, seq=9) / Raw(b"x" * 100), ICMP)
    assert (reply[IP].src, reply[IP].dst, reply[IP].ttl, reply[IP].tos) == (NODE, PEER, 64, 0x20)
    assert (reply[ICMP].type, reply[ICMP].id, reply[ICMP].seq, reply[Raw].load) == (0, 7, 9, b"x" * 100)
    assert_checksums(reply)


def assert_checksums(packet):
    """Scapy makes them anew."""
    copy = IP(bytes(packet[IP]))
    for layer in (IP, ICMP, UDP, TCP):
        if layer in copy:
            del copy[layer].chksum
    again = IP(bytes(copy))
    for layer in (IP, ICMP, UDP, TCP):
        if layer in again:
            assert packet[layer].chksum == again[layer].chksum, layer


@pytest.mark.parametrize(
    ("packet", "drop"),
    [
        (IP(src=PEER, dst=NODE, chksum=0x1234) / ICMP(), "ip4.bad_checksum"),
        (IP(src=PEER, dst=NODE, ihl=4) / ICMP(), "ip4.bad_header_length"),
        (IP(src=PEER, dst=NODE, len=2000) / ICMP(), "ip4.truncated"),
        (IP(src=PEER, dst=NODE, len=12) / ICMP(), "ip4.bad_total_length"),
        (IP(src=PEER, dst=NODE) / ICMP(chksum=0x1234), "icmp4.bad_checksum"),
        (IP(src=PEER, dst=NODE, proto=1) / Raw(b"1234"), "icmp4.truncated"),
        (IP(src="224.0.0.9", dst=NODE) / ICMP(), "ip4.bad_source"),
        (IP(src="127.0.0.1", dst=NODE) / ICMP(), "ip4.bad_source"),
        (IP(src="0.0.0.0", dst=NODE) / ICMP(), "ip4.bad_source"),
        (IP(src="192.0.2.255", dst=NODE) / ICMP(), "ip4.bad_source"),
        (IP(src="250.1.1.1", dst=NODE) / ICMP(), "ip4.bad_source"),
        (IP(src=PEER, dst="127.0.0.1") / ICMP(), "ip4.bad_destination"),
        (IP(src=PEER, dst="224.0.0.1") / ICMP(), "ip4.multicast_not_supported"),
        (IP(src=PEER, dst="192.0.2.2") / ICMP(), "ip4.not_for_us"),
        (IP(src=PEER, dst=NODE, options=[IPOption_LSRR(routers=["192.0.2.2"])]) / ICMP(), "ip4.source_route"),
    ],
)
def test_what_is_wrong_is_discarded_and_counted(wire, host, packet, drop):
    """RFC 1122 sections 3.2.1 and 3.2.2; RFC 1812 section 5.3.7."""
    assert wire.exchange(packet) == []
    assert reason(host, drop) == 1


def test_options_that_it_does_not_know_are_passed_over(wire):
    """RFC 1122 section 3.2.1.8."""
    packet = IP(src=PEER, dst=NODE, options=[IPOption_RR(routers=["0.0.0.0"])]) / ICMP(id=3)
    (reply,) = wire.exchange(packet, ICMP)
    assert reply[ICMP].id == 3


def test_ethernet_padding_is_no_part_of_the_packet(wire):
    packet = IP(bytes(IP(src=PEER, dst=NODE) / ICMP(id=1) / Raw(b"ab")) + b"\xee" * 20)
    (reply,) = wire.exchange(packet, ICMP)
    assert reply[IP].len == 30
    assert bytes(reply[ICMP])[8:10] == b"ab"


def test_a_unicast_packet_in_a_broadcast_frame_is_not_believed(wire, host):
    """RFC 1122 section 3.3.6."""
    wire.send(IP(src=PEER, dst=NODE) / ICMP(), BROADCAST)
    assert wire.run() == []
    assert reason(host, "ip4.unicast_in_link_broadcast") == 1


def test_an_echo_for_all_is_not_answered(wire, host):
    """RFC 1122 section 3.2.2.6."""
    wire.send(IP(src=PEER, dst="192.0.2.255") / ICMP(), BROADCAST)
    assert wire.run() == []
    assert reason(host, "icmp4.broadcast_echo") == 1


# --- Errors -----------------------------------------------------------------------------------------------------------


def test_a_port_that_nobody_has(wire):
    """RFC 1122 section 4.1.3.1; RFC 1812 section 4.3.2.3: up to 576 octets in all."""
    (error,) = wire.exchange(IP(src=PEER, dst=NODE) / UDP(sport=1, dport=9) / Raw(b"y" * 1000), ICMP)
    assert (error[ICMP].type, error[ICMP].code, error[IP].tos & 0xE0) == (3, 3, 0xC0)
    assert error[IP].len == 576
    assert_checksums(error)


def test_a_protocol_that_it_does_not_know(wire):
    """RFC 1122 section 3.2.2.1."""
    (error,) = wire.exchange(IP(src=PEER, dst=NODE, proto=200) / Raw(b"z" * 8), ICMP)
    assert (error[ICMP].type, error[ICMP].code) == (3, 2)


@pytest.mark.parametrize(
    "packet",
    [
        IP(src=PEER, dst=NODE, frag=1) / UDP(dport=9) / Raw(b"q" * 8),  # not a first fragment
        IP(src=PEER, dst="192.0.2.255") / UDP(dport=9),
        IP(src=PEER, dst="255.255.255.255") / UDP(dport=9),
        IP(src=PEER, dst=NODE) / ICMP(type=3, code=3) / Raw(b"1234"),
    ],
)
def test_what_is_never_answered_with_an_error(wire, packet):
    """RFC 1122 section 3.2.2."""
    destination = BROADCAST if packet.dst.endswith("255") else MAC
    wire.send(packet, destination)
    assert wire.run(70, ICMP) == []


# --- Fragments --------------------------------------------------------------------------------------------------------


def test_fragments_in_any_order_are_put_together(wire):
    """RFC 791 section 3.2."""
    whole = IP(src=PEER, dst=NODE, id=77) / ICMP(id=5) / Raw(bytes(range(256)) * 12)
    pieces = fragment(whole, 600)
    assert len(pieces) > 4
    for piece in reversed(pieces):
        wire.send(piece)
    replies = wire.run(layer=IP)
    data = b"".join(bytes(r[IP].payload) for r in sorted(replies, key=lambda r: r[IP].frag))
    assert data[8:] == bytes(range(256)) * 12
    assert [r[IP].flags.MF for r in sorted(replies, key=lambda r: r[IP].frag)][-1] == 0
    assert len({r[IP].id for r in replies}) == 1


def test_fragments_of_different_packets_are_kept_apart(wire):
    """RFC 791 section 3.2: by identification and protocol."""
    a = fragment(IP(src=PEER, dst=NODE, id=1) / ICMP(id=1) / Raw(b"a" * 1000), 600)
    b = fragment(IP(src=PEER, dst=NODE, id=2) / ICMP(id=2) / Raw(b"b" * 1000), 600)
    for piece in (a[0], b[0], b[1], a[1]):
        wire.send(piece)
    replies = wire.run(layer=ICMP)
    assert [(r[ICMP].id, r[Raw].load[:1]) for r in replies] == [(2, b"b"), (1, b"a")]


def test_overlapping_fragments_are_all_discarded(wire, host):
    """As RFC 5722 has it for IPv6."""
    pieces = fragment(IP(src=PEER, dst=NODE, id=3) / ICMP(id=1) / Raw(b"a" * 1000), 600)
    overlap = pieces[1].copy()
    overlap.frag -= 1
    del overlap.chksum
    for piece in (pieces[0], overlap, pieces[1]):
        wire.send(piece)
    assert wire.run(layer=ICMP) == []
    assert reason(host, "frag4.overlap") >= 1


def test_what_stays_incomplete_is_given_up_after_a_minute(wire, host):
    """RFC 1122 section 3.3.2: the sender is told if the first fragment came."""
    pieces = fragment(IP(src=PEER, dst=NODE, id=4) / ICMP(id=1) / Raw(b"a" * 1000), 600)
    wire.send(pieces[0])
    start = wire.net.now
    (error,) = wire.run(100, ICMP)
    assert (error[ICMP].type, error[ICMP].code) == (11, 1)
    assert float(error.time) - start == pytest.approx(60, abs=0.01)
    wire.send(pieces[1])
    assert wire.run(100, ICMP) == []
    assert reason(host, "frag4.timeout") == 2


# --- Forwarding -------------------------------------------------------------------------------------------------------


class Routed:
    """A router between two wires, with a tester at each."""

    def __init__(self):
        self.net = ks.Network(seed=1)
        left, right = self.net.lan("left"), self.net.lan("right")
        self.router = self.net.router("router")
        left.attach(self.router, mac=MAC)
        right.attach(self.router, mac="02:00:00:00:00:02")
        self.router.add_address("192.0.2.1/24", interface="eth0")
        self.router.add_address("198.51.100.1/24", interface="eth1")
        self.net.run(for_=3)
        self.left = Wire(left)
        self.right = Wire(right, "02:00:00:00:00:88", "198.51.100.8")
        self.left.introduce()
        self.right.introduce("198.51.100.1")

    def across(self, packet, layer=IP):
        """What arrives on the right, and what comes back on the left."""
        self.left.send(packet)
        arrived = self.right.run(0.1, layer)
        return arrived, self.left.run(0.1, ICMP)


@pytest.fixture
def routed():
    return Routed()


def test_a_packet_is_forwarded_with_one_hop_less(routed):
    """RFC 1812 section 5.2: only the TTL and the checksum change."""
    sent = IP(src=PEER, dst="198.51.100.8", ttl=9, id=5, tos=3) / UDP(dport=5) / Raw(b"abc")
    (arrived,), errors = routed.across(sent)
    assert (arrived[IP].ttl, arrived[IP].id, arrived[IP].tos) == (8, 5, 3)
    assert_checksums(arrived)
    assert errors == []


def test_a_ttl_that_is_used_up(routed):
    """RFC 1812 section 5.3.1."""
    arrived, (error,) = routed.across(IP(src=PEER, dst="198.51.100.8", ttl=1) / UDP(dport=5))
    assert arrived == []
    assert (error[ICMP].type, error[ICMP].code, error[IP].src) == (11, 0, "192.0.2.1")


def test_no_route(routed):
    """RFC 1812 section 5.2.7.1; the default route of IPv6 is none of IPv4's."""
    routed.router.add_route("::/0", via="fe80::1", interface="eth1")
    arrived, (error,) = routed.across(IP(src=PEER, dst="203.0.113.1") / UDP(dport=5))
    assert arrived == []
    assert (error[ICMP].type, error[ICMP].code) == (3, 0)


def test_a_default_route_of_ipv4(routed):
    routed.router.add_route("0.0.0.0/0", via="198.51.100.8")
    assert "0.0.0.0/0" in set(routed.router.routes["prefix"])
    (arrived,), _ = routed.across(IP(src=PEER, dst="203.0.113.1") / UDP(dport=5))
    assert arrived.dst == "02:00:00:00:00:88"
    routed.router.remove_route("0.0.0.0/0")
    arrived, (error,) = routed.across(IP(src=PEER, dst="203.0.113.1") / UDP(dport=5))
    assert (arrived, error[ICMP].code) == ([], 0)


def test_a_packet_that_is_too_long_is_cut(routed):
    """RFC 1812 section 5.2.6: at 8 octets, with what belongs to each."""
    routed.router.interface("eth1").mtu = 1280
    sent = IP(src=PEER, dst="198.51.100.8", id=9, options=[IPOption_RR(routers=["0.0.0.0"])]) / UDP(dport=5)
    sent = sent / Raw(bytes(i % 251 for i in range(1400)))
    pieces, errors = routed.across(sent)
    assert errors == []
    assert [p[IP].flags.MF for p in pieces] == [1, 0]
    assert all(p[IP].len <= 1280 for p in pieces)
    assert (len(pieces[0][IP].options), len(pieces[1][IP].options)) == (2, 0)  # Record Route is not copied
    assert sum(p[IP].len - 4 * p[IP].ihl for p in pieces) == 1408
    for piece in pieces:
        assert_checksums_of_header(piece)


def assert_checksums_of_header(packet):
    copy = IP(bytes(packet[IP]))
    del copy.chksum
    assert IP(bytes(copy)).chksum == packet[IP].chksum


def test_a_packet_that_must_not_be_cut(routed):
    """RFC 1191 section 4: the router tells its MTU."""
    routed.router.interface("eth1").mtu = 1280
    arrived, (error,) = routed.across(IP(src=PEER, dst="198.51.100.8", flags="DF") / UDP(dport=5) / Raw(b"x" * 1400))
    assert arrived == []
    assert (error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu) == (3, 4, 1280)


def test_broadcasts_are_not_forwarded(routed):
    """RFC 2644."""
    arrived, errors = routed.across(IP(src=PEER, dst="198.51.100.255") / UDP(dport=5))
    assert (arrived, errors) == ([], [])
    assert reason(routed.router, "ip4.directed_broadcast_not_forwarded") == 1


def test_a_better_first_hop_is_told(routed):
    """RFC 1812 section 5.2.7.2: and the packet is forwarded all the same."""
    routed.router.add_route("203.0.113.0/24", via="192.0.2.50", interface="eth0")
    routed.left.send(ARP(op=1, hwsrc="02:00:00:00:00:50", psrc="192.0.2.50", pdst="192.0.2.1"), BROADCAST)
    routed.left.send(IP(src=PEER, dst="203.0.113.1") / UDP(dport=5))
    came = routed.left.run(0.1, IP)
    redirect = next(p for p in came if ICMP in p)
    assert (redirect[ICMP].type, redirect[ICMP].code, redirect[ICMP].gw) == (5, 1, "192.0.2.50")
    redirected = redirect[ICMP].payload
    assert (redirected.src, redirected.dst) == (PEER, "203.0.113.1")


# --- A host and its routers -------------------------------------------------------------------------------------------


def test_a_redirect_of_the_first_hop_is_obeyed_and_of_others_not(lan, host):
    """RFC 1122 section 3.2.2.2."""
    host.add_route("0.0.0.0/0", via="192.0.2.254")
    router = Wire(lan, "02:00:00:00:00:fe", "192.0.2.254")
    router.introduce()
    quoted = IP(src=NODE, dst="203.0.113.1") / ICMP()
    router.send(IP(src=PEER, dst=NODE) / ICMP(type=5, code=1, gw="192.0.2.50") / quoted)
    assert reason(host, "icmp4.redirect_refused") == 1
    router.send(IP(src="192.0.2.254", dst=NODE) / ICMP(type=5, code=1, gw="192.0.2.50") / quoted)
    row = host.routes.set_index("prefix").loc["203.0.113.1/32"]
    assert (row["next_hop"], row["origin"]) == ("192.0.2.50", "redirect")


def test_the_path_mtu_is_learned_and_used(lan, host):
    """RFC 1191: segments of TCP shrink; a value below 68 is not believed (section 3)."""
    wire = Wire(lan)
    wire.introduce()

    async def client():
        with host.socket(type=ks.SOCK_STREAM) as s:
            await s.connect((PEER, 80))
            await s.sendall(b"x" * 3000)
            await ks.sleep(30)

    host.start(client())
    (syn,) = wire.run(0.1, TCP)
    assert (syn[IP].flags.DF, dict(syn[TCP].options)["MSS"]) == (True, 1460)
    assert_checksums(syn)
    wire.send(
        IP(src=PEER, dst=NODE)
        / TCP(sport=80, dport=syn[TCP].sport, flags="SA", seq=100, ack=syn[TCP].seq + 1, options=[("MSS", 1460)])
    )
    segments = [p for p in wire.run(0.1, TCP) if Raw in p]
    assert len(segments[0][Raw].load) == 1460
    router = IP(src="192.0.2.254", dst=NODE)
    quoted = IP(bytes(segments[0][IP])[:28])
    wire.send(router / ICMP(type=3, code=4, nexthopmtu=60) / quoted)
    assert reason(host, "icmp4.fragmentation_needed_invalid") == 1
    wire.send(router / ICMP(type=3, code=4, nexthopmtu=900) / quoted)
    again = [p for p in wire.run(3, TCP) if Raw in p]
    assert max(p[IP].len for p in again) == 900


# --- Configuration ----------------------------------------------------------------------------------------------------


def test_a_reboot_keeps_what_was_given(lan, host, wire):
    host.add_route("0.0.0.0/0", via="192.0.2.254")
    host.add_neighbor("192.0.2.254", "02:00:00:00:00:fe")
    host.reboot()
    lan.network.run(for_=2)
    assert host.interface("eth0").ipv4_addresses == [NODE]
    assert set(host.neighbors()["address"]) >= {"192.0.2.254"}
    assert PEER not in set(host.neighbors()["address"])
    assert "0.0.0.0/0" in set(host.routes["prefix"])
    wire.introduce()
    (reply,) = wire.exchange(IP(src=PEER, dst=NODE) / ICMP(id=1), ICMP)
    assert reply[ICMP].type == 0


def test_an_address_that_is_taken_away(wire, host):
    host.remove_address(NODE)
    assert wire.exchange(IP(src=PEER, dst=NODE) / ICMP()) == []
    assert host.interface("eth0").ipv4_addresses == []
    assert not any(str(p).startswith("192.") for p in host.routes["prefix"])


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("192.0.2.1", "192.0.2.1/24"),
        ("192.0.2.1/33", "192.0.2.1/24"),
        ("224.0.0.1/4", "unicast"),
        ("255.255.255.255/32", "unicast"),
        ("300.0.2.1/24", "address"),
    ],
)
def test_addresses_that_cannot_be(lan, address, message):
    host = lan.network.host("x")
    lan.attach(host)
    with pytest.raises(ks.Error, match=message):
        host.add_address(address)


def test_routes_of_two_kinds_do_not_mix(host):
    with pytest.raises(ks.Error, match="IPv4 address"):
        host.add_route("0.0.0.0/0", via="2001:db8::1", interface="eth0")
