"""What we protect, tshark decrypts with our key file, and Scapy's IPsec layer opens; what Scapy protects, we open."""

import subprocess

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.layers.l2 import Ether

import kamesim as ks
from kamesim.ipsec import ALGORITHMS

NODE, PEER = "2001:db8:1::1", "2001:db8:1::2"
ENCRYPTION = {row["name"]: row for row in ALGORITHMS if row["kind"] == "encryption"}
INTEGRITY = {row["name"]: row for row in ALGORITHMS if row["kind"] == "integrity"}
SCAPY_ENCRYPTION = {
    "null": "NULL",
    "des-cbc": "DES",
    "3des-cbc": "3DES",
    "aes-cbc": "AES-CBC",
    "aes-ctr": "AES-CTR",
    "aes-gcm-16": "AES-GCM",
    "aes-ccm-16": "AES-CCM",
    "chacha20-poly1305": "CHACHA20-POLY1305",
    "blowfish-cbc": "Blowfish",
    "cast128-cbc": "CAST",
}
SCAPY_INTEGRITY = {
    "hmac-sha1-96": "HMAC-SHA1-96",
    "hmac-sha2-256-128": "SHA2-256-128",
    "hmac-sha2-384-192": "SHA2-384-192",
    "hmac-sha2-512-256": "SHA2-512-256",
    "hmac-md5-96": "HMAC-MD5-96",
    "aes-cmac-96": "AES-CMAC-96",
}
#: What this tshark has no name for is not decrypted: its table knows no CCM, ChaCha20, GMAC.
TSHARK = [name for name, row in ENCRYPTION.items() if row["wireshark"]]


def key(row, fill):
    size = 16 if row["name"] == "blowfish-cbc" else row["key_bytes_max"]  # what tshark's library takes of Blowfish
    return bytes((fill + i) % 256 for i in range(size))


class Link:
    """A node and a tester on one LAN; what the tester sends is Scapy's."""

    def __init__(self):
        self.net = ks.Network(seed=3)
        self.node = self.net.host("node")
        self.lan = self.net.lan("lan", prefix="2001:db8:1::/64")
        self.lan.attach(self.node)
        self.node.add_address(f"{NODE}/64", dad=False)
        self.port = self.lan.tester()
        self.node.add_neighbor(PEER, self.port.mac)
        self.net.run(until=3)

    def protect(self, protocol, mode, encryption=None, integrity=None):
        """Associations and policies of the node, for UDP with the peer; the same for Scapy, (to node, from node)."""
        parameters, scapy = {}, {}
        if encryption:
            parameters |= {"encryption": encryption, "encryption_key": key(ENCRYPTION[encryption], 1)}
            scapy |= {"crypt_algo": SCAPY_ENCRYPTION.get(encryption), "crypt_key": key(ENCRYPTION[encryption], 1)}
        if integrity:
            parameters |= {"integrity": integrity, "integrity_key": key(INTEGRITY[integrity], 7)}
            scapy |= {"auth_algo": SCAPY_INTEGRITY.get(integrity), "auth_key": key(INTEGRITY[integrity], 7)}
        sides = []
        for source, destination, spi, direction in ((PEER, NODE, 0x1001, "in"), (NODE, PEER, 0x2001, "out")):
            self.node.ipsec.add_sa(source, destination, spi=spi, protocol=protocol, mode=mode, replay_window=64,
                                   **parameters)  # fmt: skip
            ends = f"{source}-{destination}" if mode == "tunnel" else ""
            self.node.ipsec.add_policy(f"{direction} ipsec {protocol}/{mode}/{ends}/require", source=source,
                                       destination=destination, upper="udp")  # fmt: skip
            if None in scapy.values():
                continue
            tunnel = IPv6(src=source, dst=destination) if mode == "tunnel" else None
            header = AH if protocol == "ah" else ESP
            sides.append(SecurityAssociation(header, spi=spi, tunnel_header=tunnel, **scapy))
        return sides

    def send(self, packet):
        frame = Ether(src=self.port.mac, dst=self.node.interface("eth0").mac) / packet
        self.port.send(bytes(frame))

    def receive(self, wanted):
        """The next frame that `wanted` says yes to."""
        while (frame := self.port.recv(timeout=2.0)) is not None:
            packet = Ether(frame)
            if IPv6 in packet and packet[IPv6].src == NODE and wanted(packet[IPv6]):
                return packet[IPv6]
        return None


PROTECTIONS = [
    *[("esp", mode, name, None if row["combined"] else "hmac-sha2-256-128") for name, row in ENCRYPTION.items()
      if name in SCAPY_ENCRYPTION for mode in ("transport", "tunnel")],
    *[("esp", "transport", "aes-cbc", name) for name in SCAPY_INTEGRITY],
    *[("ah", mode, None, name) for name in SCAPY_INTEGRITY for mode in ("transport", "tunnel")],
]  # fmt: skip


@pytest.mark.parametrize("protocol, mode, encryption, integrity", PROTECTIONS)
def test_scapy_opens_what_we_protect_and_the_other_way_round(protocol, mode, encryption, integrity):
    link = Link()
    to_node, from_node = link.protect(protocol, mode, encryption, integrity)
    echoed = []

    async def answer():
        with link.node.socket() as sock:
            sock.bind(("::", 7))
            data, peer = await sock.recvfrom()
            echoed.append(data)
            sock.sendto(data[::-1], peer)

    link.net.start(answer())
    message = bytes(range(200))
    link.send(to_node.encrypt(IPv6(src=PEER, dst=NODE) / UDP(sport=4000, dport=7) / message))
    received = link.receive(lambda p: p.nh == (51 if protocol == "ah" else 50))
    assert echoed == [message], f"not opened: {link.node.drops}"
    assert received is not None
    opened = IPv6(bytes(from_node.decrypt(received)))
    assert bytes(opened[UDP].payload) == message[::-1]
    assert opened[UDP].dport == 4000


def test_what_scapy_sends_twice_is_opened_once():
    link = Link()
    to_node, _ = link.protect("esp", "transport", "aes-gcm-16")
    packet = to_node.encrypt(IPv6(src=PEER, dst=NODE) / UDP(sport=4000, dport=7) / b"once")
    link.send(packet)
    link.send(packet)
    link.net.run(for_=1)
    (inbound,) = [a for a in link.node.ipsec.associations if a["spi"] == 0x1001]
    assert (inbound["packets"], inbound["replayed"]) == (1, 1)
    assert link.node.drops["esp.replayed"] == 1


def sent_by_us(link, count=3):
    async def send():
        with link.node.socket() as sock:
            for number in range(count):
                sock.sendto(bytes([number]) * 100, (PEER, 9999))
                await ks.sleep(0.1)

    link.net.start(send())
    link.net.run(for_=2)


def decrypted(pcap):
    """(protocols, ICV good, ICV bad) of each packet of ESP, by tshark with the keys beside the capture."""
    options = ["esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE"]
    lines = (pcap.parent / f"{pcap.name}.esp_sa").read_text().splitlines()
    options += [f"uat:esp_sa:{line}" for line in lines if not line.startswith("#")]
    preferences = [argument for option in options for argument in ("-o", option)]
    names = ("frame.protocols", "esp.icv_good", "esp.icv_bad", "udp.dstport")
    fields = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-r", str(pcap), "-Y", "esp", "-T", "fields", "-E", "separator=|", *fields, *preferences]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("mode", ["transport", "tunnel"])
@pytest.mark.parametrize("encryption", TSHARK)
def test_tshark_decrypts_with_our_key_file(encryption, mode, tmp_path):
    link = Link()
    combined = ENCRYPTION[encryption]["combined"]
    link.protect("esp", mode, encryption, None if combined else "hmac-sha2-256-128")
    pcap = tmp_path / "esp.pcapng"
    with link.net.capture(pcap, direction="out"):
        sent_by_us(link)
    rows = decrypted(pcap)
    assert len(rows) >= 3
    for protocols, good, bad, port in rows:
        assert port == "9999", f"not decrypted: {protocols}"
        assert bad in ("", "0", "False")
        assert combined or good in ("1", "True")


@pytest.mark.parametrize("integrity", [name for name, row in INTEGRITY.items() if row["wireshark"] not in ("", "NULL")])
def test_tshark_finds_our_icvs_good(integrity, tmp_path):
    link = Link()
    link.protect("esp", "transport", "aes-cbc", integrity)
    pcap = tmp_path / "esp.pcapng"
    with link.net.capture(pcap, direction="out"):
        sent_by_us(link)
    rows = decrypted(pcap)
    assert len(rows) >= 3
    assert all(good in ("1", "True") and port == "9999" for _, good, _, port in rows)
