"""UDP and raw sockets of nodes, from Python (RFC 3493)."""

import errno
import ipaddress
import struct

import pytest

import kamesim as ks

PORT = 7777


@pytest.fixture
def pair(net):
    """Two hosts on a link of 10 ms, with addresses that are tested."""
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=0.010, prefix="2001:db8:1::/64")
    net.run(until=3)
    return a, b


async def echo(node, port=PORT):
    with node.socket() as s:
        s.bind(("::", port))
        while True:
            data, source = await s.recvfrom()
            s.sendto(data, source)


def test_a_datagram_goes_there_and_back(net, pair):
    a, b = pair

    async def client():
        with a.socket() as s:
            assert s.sendto(b"hello", (b, PORT)) == 5
            data, source = await s.recvfrom()
            return data, source, net.now

    b.start(echo(b))
    task = a.start(client())
    net.run(until=5)
    data, source, when = task.result
    assert (data, source) == (b"hello", ("2001:db8:1::2", PORT, 0, 0))
    assert when == pytest.approx(3.040)  # two round trips: one resolves the address


def test_tasks_take_the_same_steps_each_time():
    def outcome(threads):
        net = ks.Network(seed=3, trace_hash=True)
        a, b = net.host("a"), net.host("b")
        net.link(a, b, delay=0.010, loss=0.2, jitter=0.005)
        log = []

        async def client():
            with a.socket() as s:
                for n in range(50):
                    s.sendto(bytes([n]), (b, PORT))
                    try:
                        async with ks.timeout(0.05):
                            data, _ = await s.recvfrom()
                            log.append((net.now, data))
                    except TimeoutError:
                        log.append((net.now, None))

        net.run(until=3)
        b.start(echo(b))
        a.start(client())
        net.run(until=10, threads=threads)
        return net.trace_hash, log

    first = outcome(1)
    assert first == outcome(1) == outcome(2)
    assert any(data is None for _, data in first[1]) and any(data for _, data in first[1])


def test_bind_says_what_is_taken(net, pair):
    a, _ = pair
    first, second = a.socket(), a.socket()
    first.bind(("::", PORT))
    assert first.getsockname() == ("::", PORT, 0, 0)
    with pytest.raises(OSError, match=r"'a': bind") as caught:
        second.bind(("::", PORT))
    assert caught.value.errno == errno.EADDRINUSE
    with pytest.raises(OSError) as caught:
        second.bind(("2001:db8:1::77", PORT + 1))
    assert caught.value.errno == errno.EADDRNOTAVAIL
    first.close()
    second.bind(("", PORT))
    with pytest.raises(OSError) as caught:
        second.bind(("", PORT + 1))
    assert caught.value.errno == errno.EINVAL


def test_connect_fixes_both_ends(net, pair):
    a, b = pair
    s, other, peer = a.socket(), b.socket(), b.socket()
    with pytest.raises(OSError) as caught:
        s.getpeername()
    assert caught.value.errno == errno.ENOTCONN
    s.connect((b, PORT))
    assert s.getpeername() == ("2001:db8:1::2", PORT, 0, 0)
    assert s.getsockname()[0] == "2001:db8:1::1"
    peer.bind(("::", PORT))
    s.send(b"to the peer")
    other.sendto(b"not from the peer", s.getsockname())
    net.run(for_=1)
    assert peer.recv_nowait() == b"to the peer"
    with pytest.raises(BlockingIOError):
        s.recv_nowait()
    assert a.drops["udp.no_port"] == 1
    with pytest.raises(OSError) as caught:
        s.sendto(b"", (b, PORT))
    assert caught.value.errno == errno.EISCONN
    s.connect(None)
    assert s.getsockname()[0] == "::"
    with pytest.raises(OSError) as caught:
        s.send(b"")
    assert caught.value.errno == errno.EDESTADDRREQ


def test_a_connected_socket_hears_of_a_closed_port(net, pair):
    a, b = pair

    async def client():
        with a.socket() as s:
            s.connect((b, PORT))
            s.send(b"anybody?")
            with pytest.raises(ConnectionRefusedError):
                await s.recv()
            assert s.getsockopt(ks.SOL_SOCKET, ks.SO_ERROR) == 0  # told once
            return net.now

    task = a.start(client())
    net.run(until=5)
    assert task.done


def test_an_unconnected_socket_hears_of_it_only_in_its_error_queue(net, pair):
    a, b = pair
    s = a.socket()
    s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_RECVERR, 1)

    async def client():
        s.sendto(b"anybody?", (b, PORT))
        return await s.recverr()

    task = a.start(client())
    net.run(for_=1)
    error = task.result
    assert (error.type, error.code, error.sender) == (1, 4, "2001:db8:1::2")
    assert error.destination == ("2001:db8:1::2", PORT, 0, 0)
    assert error.errno == errno.ECONNREFUSED and error.data == b"anybody?"
    with pytest.raises(BlockingIOError):
        s.recv_nowait()


def test_what_one_waits_for_may_not_be_what_comes(net, pair):
    a, b = pair
    s = a.socket()
    s.bind(("::", PORT))
    s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_RECVERR, 1)
    data = net.start(s.recv())
    s.sendto(b"anybody?", (b, PORT))  # comes back as an error, which nobody takes yet
    net.run(for_=1)
    assert not data.done
    b.socket().sendto(b"data", (a, PORT))
    net.run(for_=1)
    assert data.result == b"data"
    b.socket().sendto(b"more", (a, PORT))
    net.run(for_=1)
    first, second = net.start(s.recverr()), net.start(s.recverr())
    net.run(for_=1)
    assert first.done and not second.done and s.recv_nowait() == b"more"


def test_the_receive_buffer_is_bounded(net, pair):
    a, b = pair
    s, sender = b.socket(), a.socket()
    s.bind(("::", PORT))
    s.setsockopt(ks.SOL_SOCKET, ks.SO_RCVBUF, 1000)
    a.ping(b, count=1)
    net.run(for_=1)  # the address is resolved: nothing waits for that
    for _ in range(10):
        sender.sendto(bytes(300), (b, PORT))
    net.run(for_=1)
    assert s.dropped == 7 and b.drops["socket.receive_buffer_full"] == 7
    assert [len(s.recv_nowait()) for _ in range(3)] == [300] * 3
    with pytest.raises(BlockingIOError):
        s.recv_nowait()


def test_a_datagram_is_no_longer_than_the_send_buffer(net, pair):
    a, b = pair
    s = a.socket()
    assert s.sendto(bytes(9216), (b, PORT)) == 9216
    with pytest.raises(OSError) as caught:
        s.sendto(bytes(9217), (b, PORT))
    assert caught.value.errno == errno.EMSGSIZE
    s.setsockopt(ks.SOL_SOCKET, ks.SO_SNDBUF, 65527)
    assert s.sendto(bytes(65527), (b, PORT)) == 65527


def test_what_is_longer_than_asked_for_is_cut(net, pair):
    a, b = pair
    s = b.socket()
    s.bind(("::", PORT))
    a.socket().sendto(b"0123456789", (b, PORT))
    net.run(for_=1)
    assert s.recv_nowait(4, ks.MSG_PEEK) == b"0123"
    data, _, flags, _ = s.recvmsg_nowait(4)
    assert (data, flags) == (b"0123", ks.MSG_TRUNC)
    assert not s.readable


def test_link_local_addresses_have_a_zone(net, pair):
    a, b = pair
    to = b.interfaces[0].addresses[0]
    assert ipaddress.IPv6Address(to).is_link_local
    s, peer = a.socket(), b.socket()
    peer.bind((to + "%" + b.interfaces[0].name, PORT))
    s.sendto(b"here", (f"{to}%eth0", PORT))
    net.run(for_=1)
    data, source = peer.recvfrom_nowait()
    assert data == b"here" and source[3] == b.interfaces[0]._core.index
    assert ipaddress.IPv6Address(source[0]).is_link_local


def test_groups_are_heard_by_all_who_joined(net):
    lan = net.lan("lan", "2001:db8:2::/64")
    nodes = [net.host(name) for name in ("a", "b", "c")]
    for node in nodes:
        lan.attach(node)
    net.run(until=3)
    a, b, c = nodes
    group = "ff02::1234"
    heard = {}
    for node in (b, c):
        for number in range(2):
            s = heard[node.name, number] = node.socket()
            s.setsockopt(ks.SOL_SOCKET, ks.SO_REUSEADDR, 1)
            s.bind((group, PORT))
    heard["b", 0].join_group(group)
    heard["b", 1].join_group(group)
    a.socket().sendto(b"all", (group, PORT))
    net.run(for_=1)
    assert heard["b", 0].recv_nowait() == heard["b", 1].recv_nowait() == b"all"
    assert not heard["c", 0].readable
    heard["b", 0].leave_group(group)
    a.socket().sendto(b"again", (group, PORT))
    net.run(for_=1)
    assert heard["b", 1].readable  # the node is a member as long as one of its sockets is


def test_a_member_on_the_sending_node_hears_it_too(net, pair):
    a, _ = pair
    s = a.socket()
    s.bind(("::", PORT))
    s.join_group("ff02::1234")
    s.sendto(b"me", ("ff02::1234", PORT))
    net.run(for_=1)
    assert s.recv_nowait() == b"me"
    s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_MULTICAST_LOOP, 0)  # RFC 3493 section 5.2
    s.sendto(b"not me", ("ff02::1234", PORT))
    net.run(for_=1)
    assert not s.readable


def test_raw_sockets_carry_protocols_of_ones_own(net, pair):
    a, b = pair
    protocol = 253  # RFC 3692: for experiments
    sender = a.socket(ks.AF_INET6, ks.SOCK_RAW, protocol)
    sender.sendto(b"1", (b, 0))
    net.run(for_=1)
    assert b.drops["ip6.unrecognized_next_header"] == 1
    with b.socket(ks.AF_INET6, ks.SOCK_RAW, protocol) as s:
        sender.sendto(b"2", (b, 0))
        net.run(for_=1)
        assert s.recvfrom_nowait() == (b"2", ("2001:db8:1::1", 0, 0, 0))
    sender.sendto(b"3", (b, 0))
    net.run(for_=1)
    assert b.drops["ip6.unrecognized_next_header"] == 2


def test_a_ping_by_hand(net, pair):
    a, b = pair

    async def ping():
        with a.socket(ks.AF_INET6, ks.SOCK_RAW, ks.IPPROTO_ICMPV6) as s:
            s.setsockopt(ks.IPPROTO_ICMPV6, ks.ICMP6_FILTER, bytes(~(1 << 129 % 8) & 0xFF if i == 129 // 8 else 0xFF
                                                                   for i in range(32)))  # fmt: skip
            s.sendto(struct.pack("!BBHHH", 128, 0, 0, 7, 1) + b"data", (b, 0))
            return await s.recvfrom()

    task = a.start(ping())
    net.run(for_=1)
    reply, source = task.result
    assert reply[0] == 129 and reply[4:] == struct.pack("!HH", 7, 1) + b"data"
    assert source[0] == "2001:db8:1::2"


def test_options_that_are_read_back(net, pair):
    s = pair[0].socket()
    assert s.getsockopt(ks.SOL_SOCKET, ks.SO_TYPE) == ks.SOCK_DGRAM
    assert s.getsockopt(ks.IPPROTO_IPV6, ks.IPV6_UNICAST_HOPS) == 64
    assert s.getsockopt(ks.IPPROTO_IPV6, ks.IPV6_MULTICAST_HOPS) == 1  # RFC 3493 section 5.2
    assert s.getsockopt(ks.IPPROTO_IPV6, ks.IPV6_MULTICAST_LOOP) == 1
    s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_UNICAST_HOPS, 3)
    assert s.getsockopt(ks.IPPROTO_IPV6, ks.IPV6_UNICAST_HOPS) == 3
    s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_UNICAST_HOPS, -1)
    assert s.getsockopt(ks.IPPROTO_IPV6, ks.IPV6_UNICAST_HOPS) == 64
    for value in (256, -2, b"\0"):
        with pytest.raises(OSError) as caught:
            s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_UNICAST_HOPS, value)
        assert caught.value.errno == errno.EINVAL
    with pytest.raises(OSError) as caught:
        s.setsockopt(ks.IPPROTO_IPV6, 999, 1)
    assert caught.value.errno == errno.ENOPROTOOPT


def test_closing_wakes_who_waits(net, pair):
    a, _ = pair
    s = a.socket()

    async def reader():
        with pytest.raises(OSError) as caught:
            await s.recv()
        return caught.value.errno, net.now

    task = net.start(reader())
    net.at(4, s.close)
    net.run(until=5)
    assert task.result == (errno.EBADF, 4.0)
    s.close()
    with pytest.raises(OSError):
        s.getsockname()


def test_a_reboot_closes_sockets(net, pair):
    a, b = pair
    s = b.socket()
    s.bind(("::", PORT))
    b.reboot(wait=True)
    assert s.closed
    again = b.socket()
    again.bind(("::", PORT))
    a.socket().sendto(b"new", (b, PORT))
    net.run(for_=1)
    assert again.recv_nowait() == b"new"


def test_ephemeral_ports_cannot_be_foretold(net, pair):  # RFC 6056
    a, b = pair
    ports = []
    for _ in range(50):
        s = a.socket()
        s.bind(("::", 0))
        ports.append(s.getsockname()[1])
    assert len(set(ports)) == 50 and all(49152 <= port <= 65535 for port in ports)
    assert max(abs(x - y) for x, y in zip(ports, ports[1:])) > 1000


def test_mistakes_are_explained(net, pair):
    a, b = pair
    s = a.socket()
    for call, what in [
        (lambda: a.socket(2), "AF_INET6"),
        (lambda: a.socket(ks.AF_INET6, 99), "SOCK_DGRAM"),
        (lambda: a.socket(ks.AF_INET6, ks.SOCK_RAW), "protocol"),
        (lambda: a.socket(ks.AF_INET6, ks.SOCK_RAW, ks.IPPROTO_UDP), "keeps to itself"),
        (lambda: s.sendto("text", (b, PORT)), "encode"),
        (lambda: s.sendto(b"", "2001:db8::1"), "tuple"),
        (lambda: s.sendto(b"", (b, 65536)), "65535"),
        (lambda: s.sendto(b"", ("nobody", 1)), "nobody"),
        (lambda: s.join_group("2001:db8::1"), "multicast"),
    ]:
        with pytest.raises(ks.Error, match=what):
            call()


def test_several_threads_and_a_first_socket_in_the_run(net, pair):
    net.at(4, pair[0].socket)
    with pytest.raises(ks.Error, match="threads=1"):
        net.run(until=5, threads=2)
