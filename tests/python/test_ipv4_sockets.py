"""IPv4 on the sockets of IPv6 (RFC 3493 sections 3.7 and 5.3), between two nodes, and what tshark says of it."""

import errno

import pytest
from tshark_check import assert_clean, fields

import kamesim as ks


def pair():
    net = ks.Network(seed=2)
    lan = net.lan("wire")
    a, b = net.host("a"), net.host("b")
    for node, address in ((a, "10.0.0.1/8"), (b, "10.0.0.2/8")):
        lan.attach(node)
        node.add_address(address)
    net.run(for_=3)
    return net, a, b


def test_a_socket_of_ipv6_takes_ipv4():
    """RFC 3493 section 3.7: in the v4-mapped form; section 5.3: unless it is said not to."""
    net, a, b = pair()
    seen = []

    async def server():
        with b.socket() as s:
            s.bind(("", 7))
            data, peer = await s.recvfrom(100)
            seen.append((data, peer[0]))
            s.sendto(b"back", peer)

    async def client():
        with a.socket() as s:
            s.sendto(b"there", ("10.0.0.2", 7))
            seen.append(await s.recvfrom(100))

    b.start(server())
    a.start(client())
    net.run(for_=2)
    assert seen[0] == (b"there", "::ffff:10.0.0.1")
    assert (seen[1][0], seen[1][1][0]) == (b"back", "::ffff:10.0.0.2")


def test_a_socket_for_ipv6_only_hears_nothing_of_ipv4():
    net, a, b = pair()
    s = b.socket()
    s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_V6ONLY, 1)
    s.bind(("", 7))
    other = b.socket()
    other.bind(("0.0.0.0", 7))  # RFC 3493 section 5.3: the port is free for IPv4
    out = a.socket()
    out.sendto(b"x", ("10.0.0.2", 7))
    net.run(for_=1)
    with pytest.raises(BlockingIOError):
        s.recvfrom_nowait(10)
    assert other.recvfrom_nowait(10)[0] == b"x"
    with pytest.raises(OSError) as refused:
        s.sendto(b"x", ("10.0.0.1", 7))
    assert refused.value.errno == errno.ENETUNREACH


@pytest.mark.parametrize(
    ("first", "second", "v6_only", "free"),
    [
        ("::", "0.0.0.0", False, False),
        ("0.0.0.0", "::", False, False),
        ("0.0.0.0", "0.0.0.0", False, False),
        ("10.0.0.2", "10.0.0.2", False, False),
        ("::", "0.0.0.0", True, True),
        ("0.0.0.0", "::", True, True),
        ("10.0.0.2", "::", True, True),
        ("::", "10.0.0.2", True, True),
    ],
)
@pytest.mark.parametrize("kind", [ks.SOCK_DGRAM, ks.SOCK_STREAM])
def test_which_addresses_share_a_port(kind, first, second, v6_only, free):
    """KAME's bindtest: IPv4 and IPv6 on one port, with and without IPV6_V6ONLY."""
    _, _, b = pair()
    sockets = []
    for address in (first, second):
        s = b.socket(type=kind)
        if v6_only and ":" in address:
            s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_V6ONLY, 1)
        sockets.append((s, address))

    def take(s, address):
        s.bind((address, 99))
        if kind == ks.SOCK_STREAM:
            s.listen()

    take(*sockets[0])
    if free:
        take(*sockets[1])
    else:
        with pytest.raises(OSError) as refused:
            take(*sockets[1])
        assert refused.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize(("first", "second"), [("::", "10.0.0.2"), ("10.0.0.2", "0.0.0.0")])
def test_one_address_and_all_share_a_port_for_connections_only(first, second):
    """KAME's bindtest for UDP; of TCP, connections go to the listener that knows the address."""
    _, _, b = pair()
    b.socket().bind((first, 99))
    with pytest.raises(OSError) as refused:
        b.socket().bind((second, 99))
    assert refused.value.errno == errno.EADDRINUSE
    for address in (first, second):
        s = b.socket(type=ks.SOCK_STREAM)
        s.bind((address, 99))
        s.listen()


def test_an_error_is_told_to_the_socket():
    """An ICMP error reaches the application as ECONNREFUSED."""
    net, a, _ = pair()
    s = a.socket()
    s.connect(("10.0.0.2", 9))
    s.send(b"x")
    net.run(for_=1)
    with pytest.raises(ConnectionRefusedError):
        s.send(b"x")


def test_a_connection_of_tcp_over_ipv4():
    net, a, b = pair()
    got = []

    async def server():
        with b.socket(type=ks.SOCK_STREAM) as listener:
            listener.bind(("", 80))
            listener.listen()
            connection, peer = await listener.accept()
            got.append(peer[0])
            with connection:
                while data := await connection.recv(65536):
                    got.append(len(data))

    async def client():
        with a.socket(type=ks.SOCK_STREAM) as s:
            await s.connect(("10.0.0.2", 80))
            await s.sendall(b"y" * 100_000)

    b.start(server())
    a.start(client())
    net.run(for_=5)
    assert got[0] == "::ffff:10.0.0.1"
    assert sum(got[1:]) == 100_000


def test_a_broadcast_reaches_every_socket_of_its_port():
    """RFC 1122 section 4.1.3."""
    net, a, b = pair()
    ears = []
    for _ in range(2):
        s = b.socket()
        s.setsockopt(ks.SOL_SOCKET, ks.SO_REUSEPORT, 1)
        s.bind(("", 67))
        ears.append(s)
    out = a.socket()
    out.sendto(b"all", ("10.255.255.255", 67))
    out.sendto(b"here", ("255.255.255.255", 67))
    net.run(for_=1)
    assert [[s.recvfrom_nowait(10)[0] for _ in range(2)] for s in ears] == [[b"all", b"here"]] * 2


def test_ping_and_its_errors():
    net, a, b = pair()
    ping = a.ping("10.0.0.2", count=3)
    net.run(for_=5)
    assert ping.received == 3
    lost = a.ping("10.0.0.9", count=1)
    net.run(for_=10)
    assert lost.received == 0
    assert [e.reason for e in lost.errors] == ["address unreachable"]


def test_what_goes_over_links_pleases_tshark(tmp_path):
    """Nothing malformed, no bad checksum, over a router that cuts packets, with TCP, UDP and errors."""
    net = ks.Network(seed=3)
    near, far = net.lan("near"), net.lan("far")
    a, b, r = net.host("a"), net.host("b"), net.router("r")
    near.attach(a)
    far.attach(b)
    near.attach(r)
    far.attach(r)
    a.add_address("10.1.0.1/16")
    r.add_address("10.1.0.254/16", interface="eth0")
    r.add_address("10.2.0.254/16", interface="eth1")
    b.add_address("10.2.0.1/16")
    a.add_route("0.0.0.0/0", via="10.1.0.254")
    b.add_route("0.0.0.0/0", via="10.2.0.254")
    r.interface("eth1").mtu = 1280
    net.run(for_=3)
    near_pcap = net.capture(tmp_path / "near.pcapng", near.interfaces)
    far_pcap = net.capture(tmp_path / "far.pcapng", far.interfaces)
    ping = a.ping("10.2.0.1", count=2, size=2000)  # cut at both links, and no more than wait for ARP
    net.run(for_=1)
    stopped = [a.ping("10.2.0.1", count=1, hop_limit=1), a.ping("10.3.0.1", count=1)]
    udp = net.udp_flow(a, b, destination_address="10.2.0.1", size=1400, rate=10)
    tcp = net.tcp_flow(a, b, destination_address="10.2.0.1", size=200_000)
    net.run(for_=5)
    near_pcap.close()
    far_pcap.close()
    assert ping.received == 2
    assert [p.errors[0].reason for p in stopped] == ["hop limit exceeded in transit", "no route to destination"]
    assert tcp.received == 200_000
    assert udp.received >= 49
    for name in ("near", "far"):
        assert_clean(tmp_path / f"{name}.pcapng")
        assert fields(tmp_path / f"{name}.pcapng", "ip.src", display_filter="ip")
        assert not fields(tmp_path / f"{name}.pcapng", "ip.src", display_filter='icmp.checksum.status == "Bad"')
