#!/usr/bin/python3
"""Writes the corpora that the fuzz targets begin with: valid packets and messages of each kind, built by Scapy.

    ./kamesim python tests/fuzz/make_corpus.py

Files that a fuzzer found (their names are hashes) stay. Run it again after a change of what a target reads.
"""

from __future__ import annotations

import socket
import struct
import zlib
from pathlib import Path

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR
from scapy.layers.inet6 import (
    HAO,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6HAADReply,
    ICMPv6HAADRequest,
    ICMPv6MPAdv,
    ICMPv6MPSol,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptAdvInterval,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptHAInfo,
    ICMPv6NDOptMAP,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptRouteInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    Jumbo,
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptBindingAuthData,
    MIP6OptBRAdvice,
    MIP6OptMNID,
    MIP6OptMobNetPrefix,
    MIP6OptMsgAuth,
    MIP6OptNonceIndices,
    MIP6OptReplayProtection,
    PadN,
    RouterAlert,
)
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.layers.l2 import ARP
from scapy.packet import Packet, Raw

CORPUS = Path(__file__).parent / "corpus"

NODE_LINK_LOCAL = "fe80::ff:fe00:1"  # of the node target's first interface, 02:00:00:00:00:01
NODE = "2001:db8:1::1"
PEER_LINK_LOCAL = "fe80::99"
PEER = "2001:db8:1::99"
FAR = "2001:db8:9::9"
HOME = "2001:db8:1::50"
PEER_MAC = "02:00:00:00:00:99"


def write(target: str, name: str, content: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def ip6(**fields: object) -> Packet:
    return IPv6(**({"src": PEER, "dst": NODE} | fields))


def nd(**fields: object) -> Packet:
    return IPv6(**({"src": PEER_LINK_LOCAL, "dst": "ff02::1", "hlim": 255} | fields))


QUOTED = bytes(IPv6(src=NODE, dst=FAR) / UDP(sport=7, dport=9) / b"quoted")

OPTIONS = {
    "padn": PadN(optdata=b"\0" * 3),
    "router_alert": RouterAlert(value=0),
    "home_address": HAO(hoa=HOME),
    "jumbo": Jumbo(jumboplen=70000),
    "unknown_10": Raw(b"\x9e\x02ab"),
}

CHAINS = {
    "hop_by_hop": ip6() / IPv6ExtHdrHopByHop(options=[RouterAlert(value=0), PadN(optdata=b"")]) / UDP(dport=7) / b"a",
    "destination_options": ip6() / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME)]) / UDP(sport=9, dport=7) / b"abc",
    "type_0": ip6() / IPv6ExtHdrRouting(type=0, segleft=1, addresses=[FAR]) / UDP(dport=7),
    "type_2": ip6() / IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8:5::50"]) / UDP(dport=7),
    "first_fragment": ip6() / IPv6ExtHdrFragment(nh=17, offset=0, m=1, id=1) / Raw(bytes(UDP(dport=7, len=24)) + b"12345678"),
    "last_fragment": ip6() / IPv6ExtHdrFragment(nh=17, offset=2, m=0, id=1) / Raw(b"87654321"),
    "atomic": ip6() / IPv6ExtHdrFragment(nh=58, offset=0, m=0, id=2) / ICMPv6EchoRequest(id=1, seq=1),
    "jumbogram": ip6(plen=0) / IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=70000)]) / UDP(dport=7),
    "tunnel": ip6(src="2001:db8:5::1") / IPv6(src=FAR, dst=HOME) / UDP(dport=7) / b"inner",
    "udp": ip6() / UDP(sport=9, dport=7) / b"hello",
    "udp_closed_port": ip6() / UDP(sport=9, dport=99) / b"hello",
    "tcp_syn": ip6() / TCP(sport=1234, dport=7, flags="S", seq=1, options=[("MSS", 1440), ("WScale", 7), ("SAckOK", b""),
                                                                           ("Timestamp", (1, 0))]),
    "tcp_ack": ip6() / TCP(sport=1234, dport=7, flags="A", seq=2, ack=1),
    "to_forward": ip6(dst=FAR) / UDP(dport=7) / b"far",
    "to_other_link": ip6(dst="2001:db8:2::77") / UDP(dport=7) / b"near",
    "no_next_header": ip6(nh=59),
}

ICMP6 = {
    "echo_request": ICMPv6EchoRequest(id=1, seq=2, data=b"data"),
    "echo_reply": ICMPv6EchoReply(id=1, seq=2, data=b"data"),
    "unreachable": ICMPv6DestUnreach(code=4) / QUOTED,
    "too_big": ICMPv6PacketTooBig(mtu=1300) / QUOTED,
    "time_exceeded": ICMPv6TimeExceeded(code=1) / QUOTED,
    "parameter_problem": ICMPv6ParamProblem(code=1, ptr=6) / QUOTED,
    "haad_request": ICMPv6HAADRequest(id=1),
    "haad_request_mobile_router": ICMPv6HAADRequest(id=2, R=1),
    "haad_reply_mobile_router": ICMPv6HAADReply(id=2, R=1, addresses=[FAR]),
    "haad_reply": ICMPv6HAADReply(id=1, addresses=[FAR, NODE]),
    "mobile_prefix_solicitation": ICMPv6MPSol(id=1),
    "mobile_prefix_advertisement": ICMPv6MPAdv(id=1) / ICMPv6NDOptPrefixInfo(prefix="2001:db8:5::", prefixlen=64),
    # RFC 4620: type 139, code, checksum, Qtype, flags, nonce, subject; Scapy puts subjects of its own choice.
    "ni_query_noop": Raw(bytes.fromhex("8b010000 0000 0000 3132333435363738")),
    "ni_query_name": Raw(bytes.fromhex("8b000000 0002 0000 3132333435363738 20010db8000100000000000000000001")),
    "ni_query_addresses": Raw(bytes.fromhex("8b010000 0003 003e 3132333435363738 046e6f64650000")),
}

MLD = {
    "mld_query": bytes.fromhex("8200000027100000") + bytes(16),
    "mld_query_of_group": bytes.fromhex("8200000000640000ff0200000000000000000001ff000001"),
    "mld_report": bytes.fromhex("8300000000000000ff020000000000000000000000000123"),
    "mld2_query": bytes.fromhex("8200000027100000") + bytes(16) + bytes.fromhex("02 7d 0001") + bytes.fromhex(
        "20010db8000100000000000000000099"),
    "mld2_report": bytes.fromhex("8f0000000000000104000000ff020000000000000000000000000123"),
}

ND = {
    "router_solicitation": ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC),
    "router_advertisement": ICMPv6ND_RA(routerlifetime=1800, reachabletime=30000, retranstimer=1000)
    / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
    / ICMPv6NDOptMTU(mtu=1400)
    / ICMPv6NDOptPrefixInfo(prefix="2001:db8:7::", prefixlen=64, L=1, A=1)
    / ICMPv6NDOptAdvInterval(advint=1000)
    / ICMPv6NDOptHAInfo(pref=1, lifetime=600)
    / ICMPv6NDOptRouteInfo(prefix="2001:db8:8::", plen=48, rtlifetime=600)
    / ICMPv6NDOptRDNSS(dns=["2001:db8::53"], lifetime=1200)
    / ICMPv6NDOptDNSSL(searchlist=["example.com.", "lab.example.org."], lifetime=1200),
    "neighbor_solicitation": ICMPv6ND_NS(tgt=NODE) / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC),
    "neighbor_solicitation_nonce": ICMPv6ND_NS(tgt=NODE_LINK_LOCAL) / Raw(b"\x0e\x01abcdef"),
    "neighbor_advertisement": ICMPv6ND_NA(tgt=PEER, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=PEER_MAC),
    "redirect": ICMPv6ND_Redirect(tgt=PEER_LINK_LOCAL, dst=FAR)
    / ICMPv6NDOptDstLLAddr(lladdr=PEER_MAC)
    / ICMPv6NDOptRedirectedHdr(pkt=QUOTED),
    "map": ICMPv6ND_RA() / ICMPv6NDOptMAP(dist=2, pref=15, validlifetime=3600, addr="2001:db8:5::1"),
    "captive_portal": ICMPv6ND_RA() / Raw(b"\x25\x03https://example.org/\0\0") / Raw(b"\x1a\x01" + b"\0" * 6),
}

MOBILITY = {
    "brr": MIP6MH_BRR(),
    "hoti": MIP6MH_HoTI(cookie=b"12345678"),
    "coti": MIP6MH_CoTI(cookie=b"12345678"),
    "hot": MIP6MH_HoT(index=1, cookie=b"12345678", token=b"abcdefgh"),
    "cot": MIP6MH_CoT(cookie=b"12345678", token=b"abcdefgh"),
    "bu_home": MIP6MH_BU(seq=1, flags="AHL", mhtime=105, options=[MIP6OptAltCoA(acoa=PEER)]),
    "bu_authenticated": MIP6MH_BU(
        seq=1,
        flags="AH",
        mhtime=105,
        options=[MIP6OptMNID(id="alice@example"), MIP6OptReplayProtection(timestamp=7), MIP6OptMsgAuth(mspi=4711)],
    ),
    "bu_correspondent": MIP6MH_BU(seq=2, flags="A", mhtime=105, options=[
        MIP6OptNonceIndices(hni=1, coni=2), MIP6OptBindingAuthData(authenticator=0x1234)]),
    "bu_mobile_router": MIP6MH_BU(seq=4, flags="AHR", mhtime=105, options=[
        MIP6OptAltCoA(acoa=PEER), MIP6OptMobNetPrefix(plen=64, prefix="2001:db8:a::"),
        MIP6OptMobNetPrefix(plen=129, prefix="2001:db8:b::1")]),
    "bu_deletion": MIP6MH_BU(seq=3, flags="AH", mhtime=0),
    "bu_map": MIP6MH_BU(seq=4, flags="AM", mhtime=105),
    "ba": MIP6MH_BA(status=0, seq=1, mhtime=105, options=[MIP6OptBRAdvice(rinter=30)]),
    "ba_mobile_router": MIP6MH_BA(status=0, flags="R", seq=4, mhtime=105),
    "be": MIP6MH_BE(status=1, ha=HOME),
}


NODE4, PEER4, FAR4 = "192.0.2.1", "192.0.2.99", "203.0.113.9"
QUOTED4 = bytes(IP(src=NODE4, dst=FAR4) / UDP(sport=7, dport=9) / b"quoted")


def ip4(**fields: object) -> Packet:
    return IP(**({"src": PEER4, "dst": NODE4} | fields))


IPV4 = {
    "echo": ip4() / ICMP(id=1, seq=1) / b"data",
    "udp": ip4() / UDP(sport=9, dport=7) / b"hello",
    "udp_closed_port": ip4() / UDP(sport=9, dport=99) / b"hello",
    "tcp_syn": ip4() / TCP(sport=1234, dport=7, flags="S", seq=1, options=[("MSS", 1460)]),
    "unknown_protocol": ip4(proto=200) / b"12345678",
    "first_fragment": ip4(id=5, flags="MF", proto=17) / Raw(bytes(UDP(dport=7, len=24)) + b"12345678"),
    "last_fragment": ip4(id=5, frag=2, proto=17) / Raw(b"87654321"),
    "record_route": ip4(options=[IPOption_RR(routers=["0.0.0.0"])]) / ICMP(id=2),
    "source_route": ip4(options=[IPOption_LSRR(routers=[FAR4])]) / ICMP(id=2),
    "to_forward": ip4(dst="198.51.100.77") / UDP(dport=7) / b"near",
    "to_forward_nowhere": ip4(dst=FAR4) / UDP(dport=7) / b"far",
    "ttl_exceeded": ip4(dst="198.51.100.77", ttl=1) / UDP(dport=7),
    "broadcast": ip4(dst="192.0.2.255") / UDP(dport=7) / b"all",
    "unreachable": ip4() / ICMP(type=3, code=3) / QUOTED4,
    "fragmentation_needed": ip4() / ICMP(type=3, code=4, nexthopmtu=1000) / QUOTED4,
    "redirect": ip4() / ICMP(type=5, code=1, gw="192.0.2.254") / QUOTED4,
    "parameter_problem": ip4() / ICMP(type=12, ptr=8) / QUOTED4,
    "tunnel": ip4(proto=41) / Raw(bytes(ip6() / UDP(dport=7) / b"inner")),
}
ARPS = {
    "arp_request": ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=NODE4),
    "arp_reply": ARP(op=2, hwsrc=PEER_MAC, psrc=PEER4, hwdst="02:00:00:00:00:01", pdst=NODE4),
    "arp_claim": ARP(op=2, hwsrc=PEER_MAC, psrc=NODE4, pdst=NODE4),
}

# --- The node target: a role, then records ----------------------------------------------------------------------------

FMIP6 = {
    "rtsolpr": bytes.fromhex("9a000000 02000001 13020002000000000100000000000000 13020402000000000100000000000000"),
    "prrtadv": bytes.fromhex(
        "9a000000 03000001 13020102000000000100000000000000 13020302000000000100000000000000"
        "1103038000000000 20010db8000b00000000000000000001 1103044000000000 20010db8000b00000000000000000000"),
    "naack": bytes.fromhex("9a000000 03000001 1403000200000000 20010db8000b00000000000000000042"),
    "fbu": bytes.fromhex(
        "3b070800 0000 0007 c000 0014 0100 0310 20010db8000b00000000000000000042 070702 020000000101 0103000000"
        "1510 00000000 000000000000000000000000"),
    "fback": bytes.fromhex("3b030900 0000 0000 0007 0014 0100 1510 00000000 000000000000000000000000"),
    "hi": bytes.fromhex("3b040e00 0000 0005 4000 070702 020000000101 00 22120280 20010db8000b00000000000000000042"),
    "hack": bytes.fromhex("3b030f00 0000 0005 0002 0100 2212028020010db8000b00000000000000000042"),
}

ROLES = {"host": 0, "router": 1, "mobile_node": 2, "home_agent": 3}


def frame(packet: Packet | bytes, *, link: int = 0, group: bool = False) -> bytes:
    content = bytes(packet)
    return bytes([link | (2 if group else 0) | 4]) + struct.pack(">H", len(content)) + content


def wait(ms: int) -> bytes:
    return bytes([7 << 3, min(255, int(ms**0.5))])


REBOOT = b"\xf7"


def conversation(packets: list[tuple[Packet, bool]]) -> bytes:
    return b"".join(frame(packet, group=group) + wait(20) for packet, group in packets)


def node_inputs() -> dict[str, bytes]:
    advertisement = (nd() / ND["router_advertisement"], True)
    neighbor = (nd(src=PEER, dst=NODE) / ND["neighbor_advertisement"], False)
    inputs = {
        "nd": conversation(
            [advertisement, (nd(dst="ff02::1:ff00:1", src=PEER) / ND["neighbor_solicitation"], True), neighbor]
            + [(nd() / ND["redirect"], False), (nd(src="fe80::1") / ND["router_solicitation"], True)]
        ),
        "headers": conversation([neighbor] + [(packet, False) for packet in CHAINS.values()]),
        "icmp6": conversation([neighbor] + [(ip6() / message, False) for message in ICMP6.values()]),
        "mld": conversation([
            (nd(hlim=1, nh=0) / IPv6ExtHdrHopByHop(nh=58, options=[RouterAlert(value=0), PadN(optdata=b"")]) / Raw(m), True)
            for m in MLD.values()]),
        "ipv4": conversation(
            [(ARPS["arp_request"], True)] + [(p, n == "broadcast") for n, p in IPV4.items()]
            + [(p, True) for p in ARPS.values()]
        ),
        "mobility": conversation(
            [advertisement, neighbor]
            + [(ip6() / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME)]) / MOBILITY["bu_home"], False)]
            + [(ip6() / message, False) for message in MOBILITY.values()]
        ),
        "time": conversation([advertisement, (CHAINS["first_fragment"], False)]) + wait(65000) + wait(65000)
        + frame(CHAINS["udp"]) + REBOOT + wait(5000) + frame(CHAINS["udp"]),
    }
    return {
        f"{role}_{name}": bytes([number]) + content
        for role, number in ROLES.items()
        for name, content in inputs.items()
    }


def fragment(packet: int, offset: int, size: int, *, more: bool, pause: int = 0) -> bytes:
    return bytes([more | packet << 1]) + struct.pack(">HH", offset // 8, size) + bytes([pause])


SETKEY = {
    "policy_transport": b"out ipsec esp/transport//require ah/transport//unique:5",
    "policy_tunnel": b"in prio high + 7 ipsec esp/tunnel/2001:db8::1-2001:db8::2/require",
    "associations": b"""add 2001:db8::1 2001:db8::2 esp 0x1001 -m tunnel -r 32 -u 7 -lh 60 -bs 9 -f esn
        -E aes-gcm-16 0x000102030405060708090a0b0c0d0e0f10111213; # comment
        add -6 ::1 ::2 ah 256 -A hmac-sha1 "AH SA configuration!"; add ::1 ::2 ipcomp 2 -C deflate;
        add 192.0.2.1[4500] 192.0.2.2[30000] esp-udp 0x200 -f zero-pad -f tfc 99 -A hmac-md5 "16 octets of key";
        add -6 left right-2.lan esp 300 -f sequence 9 -f set-df -A hmac-md5 "16 octets of key";
        get ::1 ::2 ah 256; delete ::1 ::2 ipcomp 2; deleteall ::1 ::2 esp; flush ah; dump;""",
    "policies": b"""spdadd 10.0.0.0/8[21] 10.1.2.3-10.1.2.9[1024-65535] tcp name "web" -P out none;
        spdupdate ::/0 ::/0 icmp6 135,0 -P in discard; spdadd ::/0[opaque] ::/0 opaque -P fwd discard;
        spdadd tagged "voice" -P out ipsec ipcomp/transport//use; spddelete ::/0 ::/0 mh 5 -P in; spdflush; spddump;""",
}


def pfkey(kind: int, sa_type: int, *extensions: bytes) -> bytes:
    """A message of PF_KEY, behind what the target reads of each: a pause, and the length."""
    body = b"".join(extensions)
    size = 16 + len(body)
    return struct.pack("<BBB", 3, size // 8, 0) + struct.pack("<BBBBHHII", 2, kind, 0, sa_type, size // 8, 0, 7, 42) + body


def pfkey_inputs() -> dict[str, bytes]:
    """Exchanges of a daemon with the kernel (RFC 2367 section 3)."""

    def extension(kind: int, body: bytes) -> bytes:
        body += bytes(-(len(body) + 4) % 8)
        return struct.pack("<HH", (len(body) + 4) // 8, kind) + body

    def address(kind: int, text: str, protocol: int = 0) -> bytes:
        packed = socket.inet_pton(socket.AF_INET6, text)
        return extension(kind, struct.pack("<BBHHHI", protocol, 128, 0, 10, 0, 0) + packed + bytes(4))

    ends = address(5, "2001:db8::1") + address(6, "2001:db8::2")
    association = extension(1, struct.pack("<IBBBBI", 1000, 4, 1, 3, 12, 0))
    keys = extension(8, struct.pack("<HH", 160, 0) + bytes(20)) + extension(9, struct.pack("<HH", 128, 0) + bytes(16))
    lifetime = extension(3, struct.pack("<IQQQ", 0, 0, 5, 0))
    spi_range = extension(16, struct.pack("<III", 1000, 1000, 0))
    request = struct.pack("<HHBBHII", 16, 50, 1, 2, 0, 0, 0)
    policy = extension(18, struct.pack("<HBBIi", 2, 2, 0, 0, 0) + request)
    return {
        "two_steps": pfkey(7, 3) + pfkey(1, 3, ends, spi_range) + pfkey(2, 3, association, lifetime, ends, keys)
        + pfkey(10, 3) + pfkey(4, 3, association, ends),
        "policies": pfkey(14, 0, ends, policy) + pfkey(13, 0, ends, policy) + pfkey(18, 0) + pfkey(15, 0, ends, policy)
        + pfkey(19, 0),
    }


def ipsec_inputs() -> dict[str, bytes]:
    """What the target reads: the part, the algorithm by its place in the target's list, and the packet. Keys are sevens."""

    def esp(place: int, crypt: str, crypt_key: int, auth: str | None = None, auth_key: int = 0) -> bytes:
        sa = SecurityAssociation(
            ESP, 256, seq_num=1, crypt_algo=crypt, crypt_key=b"\7" * crypt_key, auth_algo=auth, auth_key=b"\7" * auth_key
        )
        return bytes((0, place)) + bytes(sa.encrypt(ip6() / UDP(sport=9, dport=7) / b"hello"))[40:]

    def ah(place: int, packet: Packet, algorithm: str, key: int) -> bytes:
        sa = SecurityAssociation(AH, 256, seq_num=1, auth_algo=algorithm, auth_key=b"\7" * key)
        return bytes((1, place)) + bytes(sa.encrypt(packet))

    deflate = zlib.compressobj(wbits=-15)
    compressed = deflate.compress(b"KAME, the turtle " * 20) + deflate.flush()
    return {
        "esp_null_sha1": esp(0, "NULL", 0, "HMAC-SHA1-96", 20),
        "esp_aes_cbc": esp(1, "AES-CBC", 32, "SHA2-256-128", 32),
        "esp_aes_gcm": esp(3, "AES-GCM", 36),
        "esp_without_icv": esp(8, "NULL", 0),
        "ah_sha1": ah(1, ip6() / UDP() / b"hello", "HMAC-SHA1-96", 20),
        "ah_type_0": ah(1, CHAINS["type_0"], "HMAC-SHA1-96", 20),
        "ipcomp": b"\2\0" + bytes(IPv6(nh=108)) + b"\x11\0\0\2" + compressed,
        "flow": b"\3\0" + bytes(CHAINS["type_0"]),
    }


UDP_SOCKET, RAW_SOCKET, ICMP6_SOCKET = range(3)
SET, GET, SEND, RECEIVE = range(4)
LEVELS = {"ipv6": 0, "socket": 1, "udp": 2, "icmp6": 3}


def call(what: int, name: int, data: bytes = b"", socket: int = UDP_SOCKET, level: str = "ipv6") -> bytes:
    """A call of the target socket_options: of which socket, which one, of what option, and what is given to it."""
    return struct.pack("!BBBBH", socket, what, LEVELS[level], name, len(data)) + data


def storage(address: str) -> bytes:
    """struct sockaddr_storage with an address of IPv6."""
    return struct.pack("=HHI16sI", 10, 0, 0, socket.inet_pton(socket.AF_INET6, address), 0).ljust(128, b"\0")


def group_filter(group: str, mode: int, sources: list[str], interface: int = 2) -> bytes:
    """struct group_filter (RFC 3678 section 5.2)."""
    head = struct.pack("=II", interface, 0) + storage(group) + struct.pack("=II", mode, len(sources))
    return head + b"".join(map(storage, sources))


def socket_option_inputs() -> dict[str, bytes]:
    number, group = struct.pack("=i", 1), socket.inet_pton(socket.AF_INET6, "ff05::77")
    one, two = "2001:db8:1::5", "2001:db8:1::6"
    packet_info = socket.inet_pton(socket.AF_INET6, "2001:db8:1::1") + struct.pack("=I", 2)
    padding = bytes(IPv6ExtHdrDestOpt(nh=59, options=[PadN(optdata=bytes(4))]))
    route = bytes(IPv6ExtHdrRouting(nh=59, type=0, segleft=1, addresses=["2001:db8:1::9"]))
    received = b"".join(call(SET, name, number) for name in (11, 25, 49, 51, 53, 56, 58, 60, 66))
    join_source = struct.pack("=II", 2, 0) + storage("ff05::77") + storage(one)
    return {
        "filter_include": call(SET, 48, group_filter("ff05::77", 1, [one, two])) + call(SEND, 67, number),
        "filter_exclude": call(SET, 48, group_filter("ff05::77", 0, [one])) * 2,
        "filter_leave": call(SET, 48, group_filter("ff05::77", 0, [])) + call(SET, 48, group_filter("ff05::77", 1, [])),
        "filter_too_short": call(SET, 48, group_filter("ff05::77", 1, [one])[:-1]),
        "sources": call(SET, 46, join_source) + call(SET, 47, join_source) + call(SET, 43, join_source),
        "membership": call(SET, 20, group + struct.pack("=I", 2)) + call(SET, 21, group + struct.pack("=I", 2)),
        "sticky": call(SET, 50, packet_info) + call(SET, 54, padding) + call(SET, 57, route) + call(SET, 59, padding)
        + call(SEND, 67, number) + call(GET, 57),
        "ancillary": received + call(SEND, 50, packet_info) + call(SEND, 54, padding) + call(SEND, 59, padding)
        + call(SEND, 57, route) + call(SEND, 52, number) + call(RECEIVE, 0),
        "raw": call(SET, 7, struct.pack("=i", 4), RAW_SOCKET) + call(SEND, 59, padding, RAW_SOCKET),
        "icmp6_filter": call(SET, 1, bytes(32), ICMP6_SOCKET, "icmp6") + call(GET, 1, b"", ICMP6_SOCKET, "icmp6")
        + call(SEND, 67, number, ICMP6_SOCKET),
        "buffers": call(SET, 8, struct.pack("=i", 100), level="socket") + call(SET, 7, number, level="socket"),
    }


# RFC 5213 section 8, with RFC 4283's identifier: Scapy has none of these options.
PROXY_OPTIONS = bytes.fromhex(
    "0810016d6e31406578616d706c652e6e65740104000000001612004020010db8ff000000000000000000000017020001180200040100"
    "1b080000000003e88000190800000200000001020100"
)
LINK_LOCAL_OPTION = bytes.fromhex("0104000000001a10fe800000000000000000000000000001")
PROXY_MOBILITY = {
    "update": bytes.fromhex("3b0a05000000000782000384") + PROXY_OPTIONS,
    "deregistration": bytes.fromhex("3b0a05000000000882000000") + PROXY_OPTIONS,
    "acknowledgement": bytes.fromhex("3b0a06000000002000070384") + PROXY_OPTIONS,
    "rejection": bytes.fromhex("3b0a060000009d2000070000") + PROXY_OPTIONS,
    "with_link_local": bytes.fromhex("3b0d05000000000782000384") + PROXY_OPTIONS + LINK_LOCAL_OPTION,
    "no_options": bytes.fromhex("3b010500000000078200038401020000"),
    "bad_prefix_length": bytes.fromhex("3b03050000000007820003841612008120010db8ff00000000000000000000000000"),
}

# Of RFC 5648 and RFC 6089, which Scapy does not know. Care-of addresses stand at 8n+2.
BID_1 = bytes.fromhex("0104000000002314000100" "0a20010db8000b00000000000000000100" "0104000000002314000200" "1420010db8000c00000000000000000100")
FLOWS = bytes.fromhex(
    "0100" "0100" "2d1a0004000a0000" "0310020000320000" "0fa00fa706000000" "02040001" "0002" "0102" "0000" "2c0400050006" "0000"
)
MULTIPLE_BINDINGS = {
    "bulk": (0x05, bytes.fromhex("00000001c0400069") + BID_1),
    "flows": (0x05, bytes.fromhex("00000002c0000069") + BID_1 + FLOWS),
    "known_bids": (0x05, bytes.fromhex("00000003c0000069") + bytes.fromhex("230400010005230400020005")),
    "deregistration": (0x05, bytes.fromhex("00000004c0000000") + bytes.fromhex("230400010000")),
    "home_binding": (0x05, bytes.fromhex("00000005c0000069") + bytes.fromhex("2304000300800707020200000009")),
    "ipv4": (0x05, bytes.fromhex("00000006c0000069") + bytes.fromhex("01040000000023080001000ac0000207")),
    "wrong_length": (0x05, bytes.fromhex("00000007c0000069") + bytes.fromhex("2306000100050000")),
    "malformed_flow": (0x05, bytes.fromhex("00000008c0000069") + bytes.fromhex("2d0a0004000a0000020800012d0200042304000100")),
    "not_complete": (0x06, bytes.fromhex("0000040000090069") + bytes.fromhex("23040001000a23040002a714")),
}


# By MH Type and what follows the checksum: Binding Updates and Acknowledgements with the options of RFC 5555.
DUAL_STACK = {
    "ipv4_home_and_care_of": (0x05, bytes.fromhex("00000001c1000069") + bytes.fromhex("1d068000c000020a20060000c6336414")),
    "ipv4_requests": (0x05, bytes.fromhex("00000002c0000069") + bytes.fromhex("1d068000000000001d06720000000000")),
    "ipv4_wrong_lengths": (0x05, bytes.fromhex("00000003c0000069") + bytes.fromhex("1d0580000000002001000000")),
    "ipv4_zero_prefix": (0x05, bytes.fromhex("00000004c0000069") + bytes.fromhex("1d06feffffffffff")),
    "ipv4_acknowledged": (0x06, bytes.fromhex("0000000000010069") + bytes.fromhex("1e060080c000020a1f06800000000000")),
    "ipv4_refused": (0x06, bytes.fromhex("0000000000020069") + bytes.fromhex("1e068400000000001f060000ffffffff")),
}


def multiple_bindings(kind: int, body: bytes) -> bytes:
    message = bytes([59, 0, kind, 0]) + body
    message += bytes(-len(message) % 8)
    return message[:1] + bytes([len(message) // 8 - 1]) + message[2:]


def main() -> None:
    for name, content in socket_option_inputs().items():
        write("socket_options", name, content)
    for name, content in SETKEY.items():
        write("setkey", name, content)
    for name, content in ipsec_inputs().items():
        write("ipsec", name, content)
    for name, content in pfkey_inputs().items():
        write("pfkey", name, content)
    for name, packet in CHAINS.items():
        write("ipv6_packet", name, bytes(packet))
    for name, packet in {**IPV4, **ARPS}.items():
        write("ipv4_packet", name, bytes(packet))
    for name, option in OPTIONS.items():
        header = bytes(IPv6ExtHdrDestOpt(nh=59, options=[option])) if name != "unknown_10" else b"\x3b\0" + bytes(option) + b"\1\0"
        write("extension_header", name, b"\0" + header)
    for kind in ("type_0", "type_2"):
        write("extension_header", kind, b"\1" + bytes(CHAINS[kind][IPv6ExtHdrRouting])[:24])
    write("extension_header", "fragment", b"\2" + bytes(IPv6ExtHdrFragment(nh=17, offset=3, m=1, id=7)))
    for name, message in ICMP6.items():
        write("icmp6", name, bytes(message))
    for name, content in MLD.items():
        write("icmp6", name, content)
    for name, message in ND.items():
        write("nd", name, bytes(message))
    for name, message in MOBILITY.items():
        write("mobility_header", name, bytes(message))
    for name, content in PROXY_MOBILITY.items():
        write("proxy_mobility", name, content)
    for name, (kind, body) in MULTIPLE_BINDINGS.items():
        write("multiple_bindings", name, multiple_bindings(kind, body))
    for name, (kind, body) in DUAL_STACK.items():
        write("mobility_header", name, multiple_bindings(kind, body))
    for name, content in FMIP6.items():
        write("fmip6", name, content + bytes(-len(content) % 8))
    write("transport", "udp", b"\0" + bytes((ip6() / UDP(sport=9, dport=7) / b"hello")[UDP]))
    write("transport", "tcp_syn", b"\1" + bytes(CHAINS["tcp_syn"][TCP]))
    sack = TCP(sport=1, dport=7, flags="PA", seq=9, ack=9, options=[("NOP", None), ("NOP", None), ("SAck", (1, 2, 5, 9))])
    write("transport", "tcp_sack", b"\1" + bytes((ip6() / sack / b"data")[TCP]))
    write("reassembly", "in_order", b"\0" + fragment(0, 0, 1232, more=True) + fragment(0, 1232, 500, more=False))
    write("reassembly", "backwards",
          b"\0" + fragment(1, 16, 5, more=False) + fragment(1, 8, 8, more=True) + fragment(1, 0, 8, more=True))
    write("reassembly", "overlap",
          b"\1" + fragment(1, 0, 16, more=True) + fragment(1, 8, 16, more=True) + fragment(1, 16, 8, more=False))
    write("reassembly", "too_late", b"\0" + b"".join(fragment(i % 4, 8 * i, 8, more=True, pause=200) for i in range(8)))
    for name, content in node_inputs().items():
        write("node", name, content)


if __name__ == "__main__":
    main()
