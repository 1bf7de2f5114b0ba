"""TCP sockets in coroutines."""

import errno

import pytest

import kamesim as ks

PORT = 7


@pytest.fixture
def pair(net):
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=0.01, rate=10e6, prefix="2001:db8:1::/64")
    net.run(until=3)
    return a, b


async def echo(node, connections=1):
    with node.socket(type=ks.SOCK_STREAM) as server:
        server.bind(("::", PORT))
        server.listen()
        for _ in range(connections):
            stream, _peer = await server.accept()
            node.start(serve(stream))


async def serve(stream):
    with stream:
        while data := await stream.recv(4096):
            await stream.sendall(data)


def test_echo(net, pair):
    a, b = pair

    async def client():
        with a.socket(type=ks.SOCK_STREAM) as s:
            await s.connect((b, PORT))
            assert s.getpeername()[1] == PORT
            await s.sendall(b"hello " * 10_000)
            s.shutdown()
            received = b""
            while data := await s.recv(1 << 16):
                received += data
            return received, s.state

    b.start(echo(b))
    task = a.start(client())
    net.run(until=10)
    received, state = task.result
    assert received == b"hello " * 10_000
    assert state in ("FIN-WAIT-2", "TIME-WAIT")
    net.run(until=300)
    assert a.tcp.connections == b.tcp.connections == 0


def test_many_clients_at_once(net, pair):
    a, b = pair

    async def client(number):
        with a.socket(type=ks.SOCK_STREAM) as s:
            await s.connect((b, PORT))
            await s.sendall(bytes([number]) * 100)
            return await s.recv_exactly(100)

    b.start(echo(b, connections=20))
    task = a.start(together(client))
    net.run(until=10)
    assert task.result == [bytes([n]) * 100 for n in range(20)]


async def together(client):
    return await ks.gather(*(client(n) for n in range(20)))


def errno_of(net, node, coroutine, seconds=300):
    async def catch():
        try:
            await coroutine
        except OSError as error:
            return error.errno
        return 0

    task = node.start(catch())
    net.run(for_=seconds)
    return task.result


async def connect(node, address):
    with node.socket(type=ks.SOCK_STREAM) as s:
        await s.connect(address)


def test_what_connect_raises(net, pair):
    a, b = pair
    assert errno_of(net, a, connect(a, (b, 9)), 1) == errno.ECONNREFUSED
    assert errno_of(net, a, connect(a, ("2001:db8:7::1", 9)), 1) == errno.ENETUNREACH
    assert errno_of(net, a, connect(a, ("ff02::1", 9)), 1) == errno.EADDRNOTAVAIL
    net.media[0].configure(loss=1.0)
    assert errno_of(net, a, connect(a, (b, 9))) == errno.ETIMEDOUT


def test_reset_of_the_peer_is_raised(net, pair):
    a, b = pair

    async def server():
        with b.socket(type=ks.SOCK_STREAM) as s:
            s.bind(("", PORT))
            s.listen()
            stream, _ = await s.accept()
            await ks.sleep(1)
            stream.abort()

    async def client():
        with a.socket(type=ks.SOCK_STREAM) as s:
            await s.connect((b, PORT))
            await s.recv(10)

    b.start(server())
    assert errno_of(net, a, client(), 5) == errno.ECONNRESET


def test_both_ends_open_at_once(net, pair):
    """RFC 9293 section 3.5, figure 7 (MUST-10): four segments, and one connection."""
    a, b = pair
    left = a.tcp.connect(b.address, 9000, source_port=9001)
    right = b.tcp.connect(a.address, 9001, source_port=9000)
    net.run(for_=0.1)
    assert left.state == right.state == "ESTABLISHED"
    assert a.tcp.counters["segments_sent"] == b.tcp.counters["segments_sent"] == 2
    left.write(b"from the left")
    right.write(b"from the right")
    net.run(for_=1)
    assert left.read() == b"from the right"
    assert right.read() == b"from the left"


def test_writer_waits_for_room(net, pair):
    a, b = pair
    read_at = []

    async def server():
        with b.socket(type=ks.SOCK_STREAM) as s:
            s.setsockopt(ks.SOL_SOCKET, ks.SO_RCVBUF, 10_000)
            s.bind(("::", PORT))
            s.listen()
            stream, _ = await s.accept()
            await ks.sleep(20)
            read_at.append(net.now)
            while await stream.recv(1 << 20):
                pass

    async def client():
        with a.socket(type=ks.SOCK_STREAM) as s:
            s.setsockopt(ks.SOL_SOCKET, ks.SO_SNDBUF, 10_000)
            await s.connect((b, PORT))
            await s.sendall(bytes(100_000))
            return net.now

    b.start(server())
    task = a.start(client())
    net.run(until=200)
    assert task.result > read_at[0]


def test_options(net, pair):
    a, _ = pair
    with a.socket(type=ks.SOCK_STREAM) as s:
        s.setsockopt(ks.IPPROTO_TCP, ks.TCP_NODELAY, 1)
        s.setsockopt(ks.IPPROTO_TCP, ks.TCP_KEEPIDLE, 30)
        s.setsockopt(ks.IPPROTO_TCP, ks.TCP_CONGESTION, "newreno")
        assert s.getsockopt(ks.IPPROTO_TCP, ks.TCP_NODELAY) == 1
        assert s.getsockopt(ks.IPPROTO_TCP, ks.TCP_KEEPIDLE) == 30
        assert s.getsockopt(ks.IPPROTO_TCP, ks.TCP_CONGESTION) == "newreno"
        with pytest.raises(OSError) as caught:
            s.setsockopt(ks.IPPROTO_TCP, 99, 1)
        assert caught.value.errno == errno.ENOPROTOOPT
        with pytest.raises(ks.Error, match="value is 'vegas'"):
            s.setsockopt(ks.IPPROTO_TCP, ks.TCP_CONGESTION, "vegas")


def test_misuse_is_told(net, pair):
    a, b = pair
    s = a.socket(type=ks.SOCK_STREAM)
    with pytest.raises(OSError) as caught:
        s.recv_nowait(1)
    assert caught.value.errno == errno.ENOTCONN
    first, second = b.socket(type=ks.SOCK_STREAM), b.socket(type=ks.SOCK_STREAM)
    for server in (first, second):
        server.bind(("::", PORT))
    first.listen()
    with pytest.raises(OSError) as caught:
        second.listen()
    assert caught.value.errno == errno.EADDRINUSE
    with pytest.raises(BlockingIOError):
        first.accept_nowait()
    s.close()
    s.close()
    with pytest.raises(OSError) as caught:
        s.bind(("::", 1))
    assert caught.value.errno == errno.EBADF


def test_reboot_closes(net, pair):
    a, b = pair
    server = b.socket(type=ks.SOCK_STREAM)
    server.bind(("::", PORT))
    server.listen()

    async def client():
        with a.socket(type=ks.SOCK_STREAM) as s:
            await s.connect((b, PORT))
            await s.sendall(b"x")
            await ks.sleep(5)
            await s.sendall(b"y")
            await s.recv(1)

    net.at(net.now + 2, b.reboot)
    assert errno_of(net, a, client(), 60) == errno.ECONNRESET
    assert server.closed


def test_same_seed_same_trace():
    def outcome():
        net = ks.Network(seed=7, trace_hash=True)
        a, b = net.host("a"), net.host("b")
        net.link(a, b, delay=0.01, loss=0.02, prefix="2001:db8:1::/64")

        async def client():
            with a.socket(type=ks.SOCK_STREAM) as s:
                await s.connect((b, PORT))
                await s.sendall(bytes(200_000))
                s.shutdown()
                return len(await s.recv_exactly(200_000))

        net.run(until=3)
        b.start(echo(b))
        task = a.start(client())
        net.run(until=100)
        return net.trace_hash, task.result

    assert outcome() == outcome()
