"""IPsec over IPv4, with Scapy's IPsec layer as the other side (RFC 4301, 4302, 4303)."""

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPOption_RR, fragment
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import kamesim as ks

NODE, PEER, BEHIND = "192.0.2.1", "192.0.2.99", "203.0.113.7"
MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:99"
KEY = bytes(range(20))
TO_NODE, FROM_NODE = 0x1001, 0x2001
SCAPY = {
    "esp": {"proto": ESP, "crypt_algo": "AES-GCM", "crypt_key": KEY},
    "ah": {"proto": AH, "auth_algo": "HMAC-SHA1-96", "auth_key": KEY},
}
OURS = {
    "esp": {"encryption": "aes-gcm-16", "encryption_key": KEY},
    "ah": {"integrity": "hmac-sha1-96", "integrity_key": KEY},
}


class Side:
    """A node and a tester on one LAN; what the tester sends is Scapy's."""

    def __init__(self):
        self.net = ks.Network(seed=1)
        lan = self.net.lan("lan")
        self.node = self.net.host("node")
        lan.attach(self.node, mac=MAC)
        self.node.add_address(f"{NODE}/24")
        self.port = lan.tester(mac=PEER_MAC)
        self.net.run(until=3)
        self.exchange(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=NODE), to="ff:ff:ff:ff:ff:ff")

    def protect(self, protocol, mode="transport", **options):
        self.to_node, self.from_node = (
            SecurityAssociation(spi=spi, tunnel_header=IP(src=a, dst=b) if mode == "tunnel" else None, **SCAPY[protocol])
            for spi, a, b in ((TO_NODE, PEER, NODE), (FROM_NODE, NODE, PEER))
        )
        for a, b, spi, direction in ((PEER, NODE, TO_NODE, "in"), (NODE, PEER, FROM_NODE, "out")):
            self.node.ipsec.add_sa(
                a, b, spi=spi, protocol=protocol, mode=mode, replay_window=64, **OURS[protocol], **options
            )
            ends = f"{a}-{b}" if mode == "tunnel" else ""
            self.node.ipsec.add_policy(f"{direction} ipsec {protocol}/{mode}/{ends}/require", source=a, destination=b)

    def opened(self, packet):
        """What a packet of the node's holds, dissected again from its IP header on."""
        return IP(bytes(self.from_node.decrypt(IP(bytes(packet)))))

    def exchange(self, packet, layer=IP, to=MAC):
        """Sends the packet; the answers are what comes within 0.2 s."""
        self.port.send(bytes(Ether(src=PEER_MAC, dst=to) / packet))
        end, came = self.net.now + 0.2, []
        while (received := self.port.recv_with_time(timeout=max(0, end - self.net.now))) is not None:
            packet = Ether(received[1])
            if layer in packet:
                came.append(packet[IP])
        return came


@pytest.fixture
def side():
    return Side()


def request(data=b"kamesim", **fields):
    return IP(src=PEER, dst=NODE, **fields) / ICMP() / data


FORMS = [(protocol, mode) for protocol in ("esp", "ah") for mode in ("transport", "tunnel")]


@pytest.mark.parametrize("protocol, mode", FORMS)
def test_what_comes_protected_is_answered_protected(side, protocol, mode):
    side.protect(protocol, mode)
    (answer,) = side.exchange(side.to_node.encrypt(request()), SCAPY[protocol]["proto"])
    assert bytes(side.opened(answer)[ICMP]).endswith(b"kamesim")
    assert side.exchange(request()) == []
    assert side.node.drops["ipsec.unprotected"] == 1


def test_ah_leaves_out_what_routers_change(side):
    """RFC 4302 section 3.3.3.1.1: time to live, checksum, and an option that records the route."""
    side.protect("ah")
    route = IPOption_RR(length=7, pointer=4, routers=["0.0.0.0"])
    sealed = side.to_node.encrypt(request(ttl=60, options=[route]))
    octets = bytearray(bytes(sealed))
    octets[8] = 3
    octets[22], octets[23:27] = 8, bytes((198, 51, 100, 1))
    changed = IP(bytes(octets))
    del changed.chksum
    assert len(side.exchange(IP(bytes(changed)), AH)) == 1
    octets = bytearray(bytes(side.to_node.encrypt(request())))
    octets[5] ^= 1  # the identification
    changed = IP(bytes(octets))
    del changed.chksum
    assert side.exchange(IP(bytes(changed)), AH) == []
    assert side.node.drops["ah.bad_icv"] == 1


@pytest.mark.parametrize("protocol, mode", FORMS)
def test_fragments_are_put_together_before_and_made_after(side, protocol, mode):
    side.protect(protocol, mode)
    pieces = fragment(side.to_node.encrypt(request(bytes(2000), id=7)), 1200)
    answers = [answer for piece in pieces for answer in side.exchange(piece)]
    assert [int(a.flags.MF) for a in answers] == [1, 0]
    whole = answers[0].copy()
    whole.remove_payload()
    whole.flags, whole.len, whole.chksum = 0, None, None
    payload = b"".join(bytes(a.payload) for a in answers)
    assert len(bytes(side.opened(whole / Raw(payload))[ICMP])) == 8 + 2000


def test_fragmentation_needed_about_an_association_shortens_the_next(side):
    """RFC 4301 section 8.2: it is believed, as there is such an association."""
    side.protect("esp")
    (long,) = side.exchange(side.to_node.encrypt(request(bytes(1300))), ESP)
    assert len(long) > 1300
    side.exchange(IP(src="192.0.2.50", dst=NODE) / ICMP(type=3, code=4, nexthopmtu=1000) / Raw(bytes(long)[:28]))
    answers = side.exchange(side.to_node.encrypt(request(bytes(1300))))
    assert len(answers) == 2 and all(len(a) <= 1000 for a in answers)


def test_esp_in_udp_has_no_checksum(side):
    """RFC 3948 section 2.1: zero over IPv4, and whatever it is that comes."""
    for a, b, spi, direction in ((PEER, NODE, TO_NODE, "in"), (NODE, PEER, FROM_NODE, "out")):
        side.node.ipsec.add_sa(a, b, spi=spi, protocol="esp-udp", mode="transport", **OURS["esp"])
        side.node.ipsec.add_policy(f"{direction} ipsec esp/transport//require", source=a, destination=b)
    sealed = SecurityAssociation(spi=TO_NODE, **SCAPY["esp"]).encrypt(request())
    for number, checksum in enumerate((0, 0xBEEF)):
        datagram = UDP(sport=4500, dport=4500, chksum=checksum) / Raw(bytes(sealed[ESP]))
        (answer,) = side.exchange(IP(src=PEER, dst=NODE) / datagram, UDP)
        assert answer[UDP].chksum == 0, number


@pytest.mark.parametrize(
    "treatment, inner, outer", [("copy", 0, 0), ("copy", 1, 1), ("clear", 1, 0), ("set", 0, 1), ("set", 1, 1)]
)
def test_the_df_bit_of_a_tunnel_is_copied_cleared_or_set(treatment, inner, outer):
    """RFC 4301 section 8.1; what cannot be cut outside is reported with what fits."""
    net = ks.Network(seed=1)
    gateway = net.router("gateway")
    ports = {}
    for name, mac, address in (("near", MAC, NODE), ("far", "02:00:00:00:00:02", "198.51.100.1")):
        lan = net.lan(name)
        interface = lan.attach(gateway, mac=mac)
        gateway.add_address(f"{address}/24", interface=interface)
        ports[name] = lan.tester(mac=f"02:00:00:00:01:{mac[-2:]}")
    gateway.add_route("203.0.113.0/24", via="198.51.100.99")
    ends = ("198.51.100.1", "198.51.100.99")
    gateway.ipsec.add_sa(*ends, spi=FROM_NODE, mode="tunnel", dont_fragment=treatment, **OURS["esp"])
    policy = f"out ipsec esp/tunnel/{ends[0]}-{ends[1]}/require"
    gateway.ipsec.add_policy(policy, source="192.0.2.0/24", destination="203.0.113.0/24")
    net.run(until=3)
    for name, address, at in (("near", PEER, NODE), ("far", ends[1], ends[0])):
        ask = ARP(op=1, hwsrc=ports[name].mac, psrc=address, pdst=at)
        ports[name].send(bytes(Ether(src=ports[name].mac, dst="ff:ff:ff:ff:ff:ff") / ask))

    def came(name, protocol):
        packets = []
        while (frame := ports[name].recv(timeout=0.2)) is not None:
            packet = Ether(frame)
            if IP in packet and packet[IP].proto == protocol:
                packets.append(packet)
        return packets

    def send(size):
        packet = IP(src=PEER, dst=BEHIND, flags="DF" if inner else 0) / ICMP() / bytes(size)
        ports["near"].send(bytes(Ether(src=ports["near"].mac, dst=MAC) / packet))
        return [int(p[IP].flags.DF) for p in came("far", 50)], [p[ICMP] for p in came("near", 1)]

    assert send(100) == ([outer], [])
    passed, errors = send(1450)
    if inner or outer:
        assert passed == [] and [(e.type, e.code) for e in errors] == [(3, 4)] and 1400 < errors[0].nexthopmtu < 1450
    else:
        assert passed == [0, 0] and errors == []
