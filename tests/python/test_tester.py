"""Raw ports for test programs: lock step with virtual time, on LANs and point-to-point links."""

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import Ether

import kamesim as ks

NODE_MAC, PORT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:aa"
NODE, PORT = "fe80::ff:fe00:1", "fe80::aa"


def echo_request(**fields):
    return Ether(src=PORT_MAC, dst=NODE_MAC) / IPv6(src=PORT, dst=NODE) / ICMPv6EchoRequest(**fields)


@pytest.fixture
def lan(net):
    """A LAN with one host, whose link-local address may be used."""
    lan = net.lan("lan", delay=0.001)
    lan.attach(net.host("node"), mac=NODE_MAC)
    net.run(until=3)
    return lan


def recv_as(port, layer, timeout=1.0):
    """The next frame with such a layer."""
    while (frame := port.recv(timeout=timeout)) is not None:
        if layer in (packet := Ether(frame)):
            return packet
    return None


def test_an_exchange_takes_exactly_its_virtual_time(net, lan):
    with lan.tester(mac=PORT_MAC) as port:
        port.send(bytes(echo_request(id=7, seq=1, data=b"kame")))
        solicitation = recv_as(port, ICMPv6ND_NS)
        assert net.now == pytest.approx(3.002, abs=1e-9)  # there and back
        assert solicitation[ICMPv6ND_NS].tgt == PORT
        advertisement = ICMPv6ND_NA(tgt=PORT, R=0, S=1, O=1)
        header = Ether(src=PORT_MAC, dst=NODE_MAC) / IPv6(src=PORT, dst=NODE, hlim=255)
        port.send(bytes(header / advertisement))
        # Without a target link-layer address option the advertisement says nothing of use (RFC 4861 section 7.2.5).
        assert recv_as(port, ICMPv6EchoReply, timeout=0.5) is None
        option = b"\x02\x01" + bytes.fromhex(PORT_MAC.replace(":", ""))
        port.send(bytes(header / advertisement / option))
        reply = recv_as(port, ICMPv6EchoReply)
        assert (reply[ICMPv6EchoReply].id, reply[ICMPv6EchoReply].data) == (7, b"kame")


def test_a_packet_of_scapys_is_sent_as_its_bytes(lan):
    with lan.tester(mac=PORT_MAC) as port, lan.tester() as other:
        port.send(echo_request(id=7))
        assert other.recv(timeout=0.1) == bytes(echo_request(id=7))


def test_a_timeout_ends_when_it_should(net, lan):
    with lan.tester() as port:
        assert port.recv(timeout=0.25) is None
        assert net.now == 3.25
        assert port.recv() is None
        assert port.recv(timeout=0) is None
        assert net.now == 3.25


def test_a_port_sees_every_frame_but_its_own(net, lan):
    node2 = net.host("node2")
    lan.attach(node2)
    net.run(for_=3)
    with lan.tester() as everything, lan.tester(promiscuous=False) as filtered:
        everything.send(bytes.fromhex("ffffffffffff 0200000000bb 88b5") + b"broadcast")
        assert everything.recv(timeout=0.1) is None
        assert filtered.recv(timeout=0.1).endswith(b"broadcast")
        net["node"].ping(node2.interfaces[0].link_local, count=1)
        kinds = set()
        while (frame := everything.recv(timeout=0.1)) is not None:
            kinds.add(Ether(frame)[IPv6].payload.name)
        assert {"ICMPv6 Echo Request", "ICMPv6 Echo Reply"} <= kinds
        assert filtered.recv(timeout=0.1) is None


def test_recv_any_says_which_port_and_when(net):
    one, two = net.lan("one", delay=0.001), net.lan("two", delay=0.003)
    senders = [medium.tester() for medium in (one, two)]
    ports = [medium.tester() for medium in (one, two)]
    frame = bytes.fromhex("ffffffffffff 0200000000bb 88b5") + b"to all"
    net.after(1.0, senders[1].send, frame)
    net.after(2.0, senders[0].send, frame)
    port, time, seen = ks.recv_any(ports, timeout=5)
    assert (port, time, seen) == (ports[1], pytest.approx(1.003), frame)
    assert net.now == pytest.approx(1.003)
    assert ks.recv_any(ports, timeout=0.5) is None
    assert ks.recv_any(ports, timeout=5)[:2] == (ports[0], pytest.approx(2.001))


def test_frames_wait_in_order_and_can_be_thrown_away(net):
    lan = net.lan("lan")
    sender, port = lan.tester(), lan.tester()
    for number in range(3):
        net.after(0.1 * (number + 1), sender.send, bytes.fromhex("ffffffffffff 0200000000bb 88b5") + bytes([number]))
    net.run(for_=1)
    assert port.pending == 3
    assert port.recv_with_time() == (pytest.approx(0.1), bytes.fromhex("ffffffffffff 0200000000bb 88b5 00"))
    port.clear()
    assert port.recv(timeout=1) is None


def test_a_port_at_the_end_of_a_point_to_point_link(net):
    node = net.host("node")
    link = net.link(node, None, delay=0.002, mac_a=NODE_MAC)
    with link.tester(mac=PORT_MAC) as port:
        net.run(for_=3)
        port.clear()
        port.send(bytes(echo_request(id=1)))
        assert recv_as(port, ICMPv6ND_NS) is not None
        assert net.now == pytest.approx(3.004)


def test_a_port_on_a_link_between_two_nodes_sees_both_directions(two_hosts):
    a, b = two_hosts["a"].interfaces[0], two_hosts["b"].interfaces[0]
    with two_hosts["ab"].tester() as port:
        two_hosts["a"].ping(b.link_local, count=1)
        request = recv_as(port, ICMPv6EchoRequest)
        assert (request.src, request.dst) == (a.mac, b.mac)
        assert recv_as(port, ICMPv6EchoReply).dst == a.mac
        port.send(bytes(Ether(src=PORT_MAC, dst=b.mac) / IPv6(src=PORT, dst=b.link_local) / ICMPv6EchoRequest()))
        assert recv_as(port, ICMPv6ND_NS)[ICMPv6ND_NS].tgt == PORT


def test_a_closed_port_says_so(net, lan):
    port = lan.tester("probe")
    port.close()
    port.close()
    assert port.closed
    for call in (port.recv, port.clear, lambda: port.send(bytes(60))):
        with pytest.raises(ks.Error, match="tester 'probe'.*closed"):
            call()


@pytest.mark.parametrize("frame", ["text", b"short", bytes(1515), None, 7])
def test_what_is_no_frame_is_refused(lan, frame):
    port = lan.tester()
    with pytest.raises(ks.Error, match="tester 'tester1': send: frame is"):
        port.send(frame)
    port.send(bytes.fromhex("ffffffffffff 0200000000bb 88b5") + bytes(1500))


def test_ports_of_two_networks_have_no_common_time(net):
    other = ks.Network()
    ports = [n.lan("lan").tester() for n in (net, other)]
    with pytest.raises(ks.Error, match="different networks"):
        ks.recv_any(ports, timeout=1)
    with pytest.raises(ks.Error, match="ports is empty"):
        ks.recv_any([])


def test_a_port_does_not_wait_inside_a_callable(net):
    port = net.lan("lan").tester()
    net.at(1, port.recv, timeout=1)
    with pytest.raises(ks.Error, match="running already") as caught:
        net.run(until=2)
    assert "at 1 s of virtual time" in caught.value.__notes__[0]
