#!/usr/bin/env python3
"""Two hosts and their sockets: transport mode where a policy or a socket asks for it, and in the clear elsewhere.

    ./kamesim run scenarios/ipsec_hosts.py --capture hosts.pcapng   # with the keys in hosts.pcapng.esp_sa
"""

import argparse
import contextlib
import random
from typing import Any

import kamesim as ks

CLIENT, SERVER = "2001:db8:1::c", "2001:db8:1::5"
WEB, ECHO, PLAIN = 443, 7007, 7008
SOCKET_POLICY = "{direction} ipsec esp/transport//unique:77"


def build(seed: int) -> ks.Network:
    """Two hosts on a LAN, with addresses of their own."""
    net = ks.Network(seed=seed)
    lan = net.lan("office", prefix="2001:db8:1::/64")
    for name, address in (("client", CLIENT), ("server", SERVER)):
        host = net.host(name)
        lan.attach(host)
        host.add_address(f"{address}/64")
    return net


def protect(net: ks.Network, seed: int) -> None:
    """AES-GCM for TCP to the web server by policies of both nodes, and ChaCha20 for sockets that ask for it."""
    keys = random.Random(seed)
    ways = ((CLIENT, SERVER, 0x1000), (SERVER, CLIENT, 0x2000))
    for source, destination, spi in ways:
        web, socket = keys.randbytes(20), keys.randbytes(36)
        for node in net.nodes:
            node.ipsec.add_sa(source, destination, spi=spi, mode="transport", encryption="aes-gcm-16",
                              encryption_key=web, replay_window=64)  # fmt: skip
            node.ipsec.add_sa(source, destination, spi=spi + 1, mode="transport", encryption="chacha20-poly1305",
                              encryption_key=socket, reqid=77, replay_window=64)  # fmt: skip
    client, server = net.node("client"), net.node("server")
    to_web: dict[str, Any] = {"source": CLIENT, "destination": SERVER, "upper": "tcp", "destination_port": WEB}
    from_web: dict[str, Any] = {"source": SERVER, "destination": CLIENT, "upper": "tcp", "source_port": WEB}
    client.ipsec.add_policy("out ipsec esp/transport//require", name="web", **to_web)
    server.ipsec.add_policy("in ipsec esp/transport//require", name="web", **to_web)
    server.ipsec.add_policy("out ipsec esp/transport//require", name="web", **from_web)
    client.ipsec.add_policy("in ipsec esp/transport//require", name="web", **from_web)


async def echo(net: ks.Network, port: int, *, protected: bool) -> None:
    """Answers each datagram with itself."""
    with net.node("server").socket() as sock:
        if protected:
            ask_for_protection(sock)
        sock.bind(("::", port))
        while True:
            data, peer = await sock.recvfrom()
            sock.sendto(data, peer)


def ask_for_protection(sock: ks.Socket) -> None:
    """This socket's own policies, one a direction (KAME's IPV6_IPSEC_POLICY)."""
    for direction in ("out", "in"):
        sock.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_IPSEC_POLICY, SOCKET_POLICY.format(direction=direction))


async def ask(net: ks.Network, port: int, *, protected: bool, answers: dict[str, bool]) -> None:
    """Sends one datagram, and waits a second for the answer."""
    with net.node("client").socket() as sock:
        if protected:
            ask_for_protection(sock)
        sock.sendto(b"hello", (SERVER, port))
        answered = False
        with contextlib.suppress(TimeoutError):
            async with ks.timeout(1.0):
                await sock.recvfrom()
            answered = True
        answers[f"port {port}, {'protected' if protected else 'in the clear'}"] = answered


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--capture", metavar="FILE", help="a pcapng file of the LAN; keys in FILE.esp_sa")
    arguments = parser.parse_args(argv)
    net = build(arguments.seed)
    protect(net, arguments.seed)
    answers: dict[str, bool] = {}
    with contextlib.ExitStack() as open_files:
        if arguments.capture:
            open_files.enter_context(net.capture(arguments.capture, net.node("client").interfaces))
        net.run(until=5)
        web = net.tcp_flow("client", "server", size=100_000, port=WEB, start=net.now)
        plain = net.tcp_flow("client", "server", size=100_000, start=net.now)
        net.start(echo(net, ECHO, protected=True))
        net.start(echo(net, PLAIN, protected=False))
        for port, protected in ((ECHO, True), (ECHO, False), (PLAIN, False)):
            net.start(ask(net, port, protected=protected, answers=answers))
        net.run(for_=10)
    print(f"TCP to port {WEB} (policies of the nodes): {web.received} bytes; to another port: {plain.received} bytes")
    for what, answered in answers.items():
        print(f"UDP to {what}: {'answered' if answered else 'no answer'}")
    columns = ["spi", "encryption", "packets", "bytes", "reqid"]
    print(net.node("client").ipsec.sa_frame()[columns].to_string(index=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
