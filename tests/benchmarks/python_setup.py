"""The network of idle.cc, set up from Python: hosts on links of their own to access routers, these to one core router.

Usage: python_setup.py [hosts=20000] [per_router=100]
"""

from __future__ import annotations

import numpy as np
from words import answer, arguments, total_cpu

import kamesim as ks


def main() -> None:
    """Builds, then lets addresses pass Duplicate Address Detection."""
    given = arguments(hosts=20000, per_router=100)
    begin = total_cpu()
    net = ks.Network(seed=1)
    core = net.routers(1, "core")
    routers = net.routers(-(-given["hosts"] // given["per_router"]), "r")
    hosts = net.hosts(given["hosts"], "h")
    net.links(np.repeat(core.numbers, len(routers)), routers, "up", delay=0.001, rate=1e9)
    access = routers.numbers[np.arange(len(hosts)) // given["per_router"]]
    net.links(access, hosts, "down", delay=0.001, rate=1e9)
    net.shortest_path_routes()
    built = total_cpu()
    net.run(until=5)
    nodes = 1 + len(routers) + len(hosts)
    answer(
        workload="python_setup",
        hosts=given["hosts"],
        setup_cpu_s=built - begin,
        setup_us_per_node=(built - begin) * 1e6 / nodes,
        run_cpu_s=total_cpu() - built,
    )


if __name__ == "__main__":
    main()
