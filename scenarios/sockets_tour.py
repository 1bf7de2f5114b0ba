#!/usr/bin/env python3
"""Programs on nodes: a server, clients that ask it over a lossy link and try again, and the way between them.

    ./kamesim run scenarios/sockets_tour.py --loss 0.2
"""

import argparse

import kamesim as ks

PORT = 4242


async def server(node: ks.Node) -> None:
    """Answers every question with the time at which it came."""
    with node.socket() as s:
        s.bind(("::", PORT))
        while True:
            question, source = await s.recvfrom()
            s.sendto(question + b" at %.6f" % node.network.now, source)


async def client(node: ks.Node, peer: ks.Node, questions: int) -> list[tuple[float, int]]:
    """Asks, and asks again with a doubled wait. For each question: seconds until the answer, and how many tries."""
    outcome = []
    with node.socket() as s:
        s.connect((peer, PORT))
        for number in range(questions):
            question, start, tries, wait = b"%d" % number, node.network.now, 0, 0.2
            while True:
                tries += 1
                s.send(question)
                try:
                    async with ks.timeout(wait):
                        while not (await s.recv()).startswith(question + b" "):
                            pass  # a late answer to an earlier question
                    break
                except TimeoutError:
                    wait *= 2
            outcome.append((node.network.now - start, tries))
            await ks.sleep(0.1)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loss", type=float, default=0.1, help="of frames on the link in the middle (default 0.1)")
    parser.add_argument("--questions", type=int, default=50, help="a client (default 50)")
    arguments = parser.parse_args()

    net = ks.Network(seed=arguments.seed)
    near, far, host = net.router("near"), net.router("far"), net.host("server")
    clients = [net.host(f"client{n}") for n in range(3)]
    for node in clients:
        net.link(node, near, delay=0.002)
    net.link(near, far, delay=0.020, loss=arguments.loss)
    net.link(far, host, delay=0.001)
    net.shortest_path_routes()
    net.run(until=5)

    host.start(server(host))
    tasks = [node.start(client(node, host, arguments.questions)) for node in clients]
    way = clients[0].start(ks.traceroute(clients[0], host, method="icmp6"))
    while not all(task.done for task in [*tasks, way]):
        net.run(for_=10)

    for node, task in zip(clients, tasks):
        times = [seconds for seconds, _ in task.result]
        tries = sum(count for _, count in task.result)
        print(f"{node.name}: {len(times)} answers to {tries} questions, {1e3 * min(times):.1f} ms at best, "
              f"{1e3 * max(times):.1f} ms at worst")  # fmt: skip
    for hop in way.result:
        rtts = " ".join("*" if rtt is None else f"{1e3 * rtt:.1f} ms" for rtt in hop.rtts)
        print(f"{hop.hop_limit:2} {hop.sender or '*'}  {rtts}")


if __name__ == "__main__":
    main()
