"""IPsec as sockets ask for it, TCP's above all; and what it leaves of paths' MTUs, over both versions of IP."""

import errno

import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.utils import PcapNgReader

import kamesim as ks

PORT = 7
A, B = "2001:db8:1::1", "2001:db8:1::2"
KEY, ICV_KEY = b"k" * 16, b"i" * 32
ESP = 50


class Pair:
    """Two hosts on a link, with associations of both directions and no policies."""

    def __init__(self, a=A, b=B, mode="transport"):
        self.net = ks.Network(seed=5)
        self.a, self.b = self.net.host("a"), self.net.host("b")
        self.link = self.net.link(self.a, self.b, delay=0.01, rate=10e6)
        for node, address in ((self.a, a), (self.b, b)):
            node.add_address(f"{address}/{24 if '.' in address else 64}", dad=False)
        for node in (self.a, self.b):
            for source, destination, spi in ((a, b, 0x1001), (b, a, 0x1002)):
                node.ipsec.add_sa(source, destination, spi=spi, mode=mode, replay_window=64, encryption="aes-cbc",
                                  encryption_key=KEY, integrity="hmac-sha2-256-128", integrity_key=ICV_KEY)  # fmt: skip
        self.net.run(until=3)


def protocols(path):
    """The next headers of all IP packets but Neighbor Discovery's, of those that were captured."""
    found = []
    for packet in PcapNgReader(str(path)):
        if IPv6 in packet and packet[IPv6].nh != 58 or IP in packet:
            found.append(packet[IPv6].nh if IPv6 in packet else packet[IP].proto)
    return found


def ask(sock, what="esp/transport//require"):
    for direction in ("out", "in"):
        sock.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_IPSEC_POLICY, f"{direction} ipsec {what}")


async def serve(node, protected):
    with node.socket(type=ks.SOCK_STREAM) as server:
        if protected:
            ask(server)
        server.bind(("::", PORT))
        server.listen()
        stream, _peer = await server.accept()
        with stream:
            while data := await stream.recv(4096):
                await stream.sendall(data)


async def talk(node, to, protected, data):
    with node.socket(type=ks.SOCK_STREAM) as s:
        if protected:
            ask(s)
        await s.connect((to, PORT))
        await s.sendall(data)
        s.shutdown()
        received = b""
        while piece := await s.recv(1 << 16):
            received += piece
        return received


def test_tcp_sockets_have_policies_of_their_own(tmp_path):
    pair = Pair()
    path = tmp_path / "tcp.pcapng"
    with pair.net.capture(path, direction="out"):
        pair.b.start(serve(pair.b, True))
        task = pair.a.start(talk(pair.a, B, True, b"secret " * 5000))
        pair.net.run(until=20)
    assert task.result == b"secret " * 5000
    assert set(protocols(path)) == {ESP}
    assert pair.a.ipsec.policies == [], "the node has none"


def test_a_listener_with_a_policy_hears_nothing_in_the_clear():
    pair = Pair()
    pair.b.start(serve(pair.b, True))
    task = pair.a.start(talk(pair.a, B, False, b"hello"))
    pair.net.run(until=10)
    assert not task.done
    assert pair.b.drops["ipsec.unprotected"] > 0


def test_a_socket_on_a_node_without_ipsec_sends_nothing_in_the_clear(tmp_path):
    net = ks.Network(seed=1)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=0.01, prefix="2001:db8:1::/64")
    net.run(until=3)
    with net.capture(tmp_path / "none.pcapng", direction="out"):
        with a.socket() as datagrams:
            ask(datagrams)
            with pytest.raises(OSError):
                datagrams.sendto(b"x", (b, PORT))
        task = a.start(talk(a, b, True, b"x"))
        net.run(until=10)
    assert protocols(tmp_path / "none.pcapng") == []
    assert not task.done or task.exception is not None
    assert a.drops["ipsec.no_association"] > 0


def test_policies_of_tcp_sockets_are_read_back_and_nonsense_is_refused():
    pair = Pair()
    with pair.a.socket(type=ks.SOCK_STREAM) as s:
        ask(s)
        said = s.getsockopt(ks.IPPROTO_IPV6, ks.IPV6_IPSEC_POLICY)
        assert "out ipsec" in said and "in ipsec" in said and "esp/transport//require" in said
        with pytest.raises(OSError) as refused:
            s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_IPSEC_POLICY, "out nonsense")
        assert refused.value.errno == errno.EINVAL


@pytest.mark.tshark_allows(r"Wrong Sequence Number for SPI", "a packet is seen on each link that it crosses")
@pytest.mark.parametrize("mtu", [1280, 1400, 1450])
def test_tcp_in_transport_mode_keeps_to_the_path_mtu(tmp_path, mtu):
    """A router with a narrow link between the two; segments, their ESP headers included, fit without fragments."""
    net = ks.Network(seed=2)
    a, router, b = net.host("a"), net.router("r"), net.host("b")
    net.link(a, router, delay=0.005, prefix="2001:db8:1::/64")
    net.link(router, b, delay=0.005, prefix="2001:db8:2::/64", mtu=mtu)
    net.shortest_path_routes()
    net.run(until=3)
    from_a, to_b = a.interfaces[0].addresses[-1], b.interfaces[0].addresses[-1]
    ends = (from_a, to_b)
    assert not any(x.startswith("fe80") for x in ends)
    for node in (a, b):
        for source, destination, spi in ((*ends, 0x1001), (*reversed(ends), 0x1002)):
            node.ipsec.add_sa(source, destination, spi=spi, mode="transport", replay_window=64, encryption="aes-gcm-16",
                              encryption_key=b"k" * 20)  # fmt: skip
    path = tmp_path / "narrow.pcapng"
    with net.capture(path, direction="out"):
        b.start(serve(b, True))
        task = a.start(talk(a, to_b, True, bytes(200_000)))
        net.run(until=60)
    assert task.result == bytes(200_000)
    sizes = [40 + p[IPv6].plen for p in PcapNgReader(str(path)) if IPv6 in p and p[IPv6].nh == ESP]
    assert mtu - 16 <= max(s for s in sizes if s <= mtu) <= mtu
    assert 44 not in protocols(path), "no fragments"
    assert router.drops.get("ip6.packet_too_big", 0) <= 12, "what was sent before the first Packet Too Big"


@pytest.mark.parametrize("mode", ["transport", "tunnel"])
def test_ipv4_is_protected_in_both_modes(tmp_path, mode):
    a, b = "192.0.2.1", "192.0.2.2"
    pair = Pair(a, b, mode)
    for node, (mine, other) in ((pair.a, (a, b)), (pair.b, (b, a))):
        for direction, source, destination in (("out", mine, other), ("in", other, mine)):
            ends = f"{source}-{destination}" if mode == "tunnel" else ""
            node.ipsec.add_policy(f"{direction} ipsec esp/{mode}/{ends}/require", source=source, destination=destination)
    path = tmp_path / "v4.pcapng"
    with pair.net.capture(path, direction="out"):
        ping = pair.a.ping(b, count=3)
        pair.net.run(until=10)
    assert len(ping.rtts) == 3
    assert [p for p in protocols(path) if p != ESP] == []
    assert pair.b.ipsec.counters["packets"] == 6
