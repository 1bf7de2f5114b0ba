"""What `./kamesim bench` knows: each workload, what it is compared with, and the goal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Command:
    """A program of this folder with its `name=value` words, and the figure of its output that counts."""

    program: str  # "chain"; "wide.py" is run by Python
    words: tuple[str, ...]
    figure: str


class Ratio(Enum):
    """How a ratio is made of our figure and the one beside it."""

    MORE = "times as much"  # more is better: ours / theirs
    LESS = "times less"  # less is better: theirs / ours
    GROWTH = "times the cost"  # of a cost: ours / theirs


@dataclass(frozen=True)
class Goal:
    """A bound; of what, the fields' names say."""

    ratio_at_least: float | None = None
    ratio_at_most: float | None = None
    ours_at_most: float | None = None

    def __str__(self) -> str:
        if self.ratio_at_least is not None:
            return f"{self.ratio_at_least:g} times"
        if self.ratio_at_most is not None:
            return f"at most {self.ratio_at_most:g} times"
        return f"at most {self.ours_at_most:g}"

    def met(self, ours: float, ratio: float | None) -> bool | None:
        """Whether it is met; None if what it is about was not measured."""
        if self.ours_at_most is not None:
            return ours <= self.ours_at_most
        if ratio is None:
            return None
        if self.ratio_at_least is not None:
            return ratio >= self.ratio_at_least
        return ratio <= (self.ratio_at_most or 0)


@dataclass(frozen=True)
class Workload:
    """One line of the results."""

    name: str
    about: str
    unit: str
    ours: Command
    ns3: Command | None = None  # the peer's program, run with --against ns3
    baseline: Command | None = None  # a run of our own that this one is compared with
    ratio: Ratio = Ratio.MORE
    goal: Goal | None = None
    at: float | None = None  # the place on the axis of a series, whose name is that before the slash

    @property
    def series(self) -> str | None:
        """The series that it is a point of."""
        return self.name.split("/")[0] if self.at is not None else None


@dataclass(frozen=True)
class Micro:
    """A program of Google Benchmark's, which measures many small things; one of its lines is `name/ITS NAME`."""

    name: str
    about: str
    binary: str  # below tests/benchmarks

    @property
    def target(self) -> str:
        """The Bazel target, below //tests/benchmarks."""
        folder, _, name = self.binary.rpartition("/")
        return f"/{folder}:{name}" if folder else f":{name}"


FAST = "scheduler=PriorityQueue"  # ns-3's fastest
PER_SECOND = "packet-hops per CPU second"


def at_least(ratio: float) -> Goal:
    return Goal(ratio_at_least=ratio)


def at_most(ratio: float) -> Goal:
    return Goal(ratio_at_most=ratio)


def _command(program: str, words: str, figure: str) -> Command:
    return Command(program, tuple(words.split()), figure)


def _hops(name: str, about: str, program: str, ours: str, ns3: str, goal: float | None) -> Workload:
    figure = "hops_per_cpu_s"
    return Workload(
        name,
        about,
        PER_SECOND,
        _command(program, ours, figure),
        _command(program, f"{ns3} {FAST}", figure),
        goal=None if goal is None else at_least(goal),
    )


def _hold(name: str, pending: float, ours: float, ns3: float, goal: float | None, at: float | None = None) -> Workload:
    figure = "events_per_cpu_s"
    return Workload(
        name,
        f"{pending:.0e} timers that arm themselves again (HOLD)".replace("e+0", "e"),
        "events per CPU second",
        _command("hold", f"pending={pending:.0f} events={ours:.0f}", figure),
        _command("hold", f"pending={pending:.0f} events={ns3:.0f} {FAST}", figure) if ns3 else None,
        goal=None if goal is None else at_least(goal),
        at=at,
    )


AGAINST_NS3 = [
    _hold("hold-1e3", 1e3, 5e6, 2e6, 3),
    _hold("hold-1e5", 1e5, 5e6, 1e6, 4),
    _hold("hold-1e6", 1e6, 3e6, 1e6, 5),
    _hops("chain", "UDP through 10 routers", "chain", "routers=10 packets=1000000", "routers=10 packets=100000", 40),
    _hops(
        "chain-100",
        "UDP through 100 routers",
        "chain",
        "routers=100 packets=100000",
        "routers=100 packets=10000",
        40,
    ),
    _hops(
        "chain-stock",
        "UDP through 10 routers; ns-3 as a plain script sets it up",
        "chain",
        "routers=10 packets=1000000",
        "routers=10 packets=50000 stock=1",
        None,
    ),
    _hops("tree", "200 flows in a tree of 1,000 nodes", "tree", "packets=2000", "packets=200", 60),
    _hops(
        "grid",
        "200 flows in a grid of 1,000 nodes",
        "tree",
        "topology=grid packets=500",
        "topology=grid packets=50",
        60,
    ),
    _hops("lan", "a LAN of 100 hosts: RAs, SLAAC, UDP", "lan", "packets=10000", "packets=100", 40),
    _hops(
        "tcp",
        "one TCP transfer through 3 routers, 2.5 ms links",
        "tcp",
        "routers=3 seconds=10 delay_us=2500 window=3000000",
        "routers=3 seconds=2 delay_us=2500 window=3000000",
        30,
    ),
    _hops(
        "tcp-short",
        "the same, 0.25 ms links",
        "tcp",
        "routers=3 seconds=10 delay_us=250 window=300000",
        "routers=3 seconds=2 delay_us=250 window=300000",
        None,
    ),
    Workload(
        "idle-memory",
        "memory of each of 100,000 idle hosts once they have their addresses; of ns-3's 20,000 before that",
        "KiB a node",
        _command("idle", "hosts=1e5", "rss_kib_per_node"),
        _command("idle", f"hosts=20000 {FAST}", "setup_rss_kib_per_node"),  # 1.6 % less than of 2,000
        ratio=Ratio.LESS,
        goal=at_least(10),
    ),
    Workload(
        "idle-setup",
        "setting up idle hosts from C++",
        "microseconds a node",
        _command("idle", "hosts=20000", "setup_us_per_node"),
        _command("idle", f"hosts=2000 {FAST}", "setup_us_per_node"),
        ratio=Ratio.LESS,
    ),
    Workload(
        "python-setup",
        "setting up idle hosts from Python; ns-3 from C++",
        "microseconds a node",
        _command("python_setup.py", "hosts=2000", "setup_us_per_node"),
        _command("idle", f"hosts=2000 {FAST}", "setup_us_per_node"),
        ratio=Ratio.LESS,
        goal=at_least(20),
    ),
]

CHAIN = "routers=10 packets=1000000"
SMALL_GRID, LARGE_GRID = "side=2 width=5 packets=8000", "side=100 width=100 packets=280"  # as many packet-hops each


def _capture(name: str, about: str, figure: str, goal: Goal | None) -> Workload:
    return Workload(
        name,
        about,
        "ns a packet-hop",
        _command("chain", "routers=10 packets=20000 capture=1", figure),
        baseline=_command("chain", "routers=10 packets=20000", figure),
        ratio=Ratio.GROWTH,
        goal=goal,
    )


def _threads_against_one(name: str, about: str, program: str, words: str) -> list[Workload]:
    one = _command(program, f"{words} threads=1", "run_s")
    return [
        Workload(
            f"threads-{name}",
            f"{about}: real time on two threads against one",
            "s",
            _command(program, f"{words} threads=2", "run_s"),
            baseline=one,
            ratio=Ratio.LESS,
            goal=at_least(1.8),
        ),
        Workload(
            f"processes-{name}",
            f"{about}: twice at once, in two processes, against once; no thread of these waits for another",
            "s",
            Command("twice.py", (program, *one.words), "run_s"),
            baseline=one,
            ratio=Ratio.LESS,
        ),
    ]


ALONE = [
    Workload(
        "hop",
        "CPU of one packet-hop in a chain of 10 routers",
        "ns",
        _command("chain", CHAIN, "ns_per_hop"),
        goal=Goal(ours_at_most=200),
    ),
    Workload(
        "cores",
        "passing a cache line between two threads: a fifth of it, or less, where they share one core",
        "ns a pass",
        _command("cores", "passes=200000", "ns_per_pass"),
        ratio=Ratio.LESS,
    ),
    *_threads_against_one("grid", "grid", "tree", "topology=grid packets=8000"),
    *_threads_against_one("wide", "WIDE's map with traffic", "wide.py", "packets=16000"),
    *_threads_against_one("wide-busy", "WIDE's map with four times the traffic", "wide.py", "packets=16000 pps=4000"),
    _capture("capture", "chain with a capture of all NICs, both directions, against none", "ns_per_hop", at_most(2.5)),
    _capture("capture-system", "the same with the system's part, which takes the file", "total_ns_per_hop", None),
    Workload(
        "growth-routers",
        "a grid of 10,000 routers against one of 10, equal packet-hops",
        "ns a packet-hop",
        _command("tree", f"topology=grid {LARGE_GRID}", "ns_per_hop"),
        baseline=_command("tree", f"topology=grid {SMALL_GRID}", "ns_per_hop"),
        ratio=Ratio.GROWTH,
        goal=at_most(2.5),
    ),
    Workload(
        "growth-memory",
        "memory of each of 10^6 idle hosts against each of 10^3",
        "KiB a node",
        _command("idle", "hosts=1e6", "rss_kib_per_node"),
        baseline=_command("idle", "hosts=1e3", "rss_kib_per_node"),
        ratio=Ratio.GROWTH,
        goal=at_most(1.1),
    ),
]


def _nodes(count: int, side: int, width: int, packets: int) -> Workload:
    words = f"topology=grid side={side} width={width}"
    return Workload(
        f"nodes/{count}",
        f"a grid of {count:,} routers",
        "ns a packet-hop",
        _command("tree", f"{words} packets={packets}", "ns_per_hop"),
        _command("tree", f"{words} packets={max(packets // 20, 10)} {FAST}", "ns_per_hop"),
        ratio=Ratio.LESS,
        at=count,
    )


def _flows(count: int) -> Workload:
    return Workload(
        f"flows/{count}",
        f"{count:,} flows through 10 routers, as many packets a second together",
        "ns a packet-hop",
        _command("chain", f"routers=10 flows={count} pps={10000 // count} packets=200000", "ns_per_hop"),
        _command("chain", f"routers=10 flows={count} pps={10000 // count} packets=20000 {FAST}", "ns_per_hop"),
        ratio=Ratio.LESS,
        at=count,
    )


def _memory(hosts: int, ns3: bool) -> Workload:
    return Workload(
        f"memory/{hosts}",
        f"{hosts:,} idle hosts",
        "KiB a node",
        _command("idle", f"hosts={hosts}", "rss_kib_per_node"),
        _command("idle", f"hosts={hosts} {FAST}", "setup_rss_kib_per_node") if ns3 else None,
        ratio=Ratio.LESS,
        at=hosts,
    )


def _threads(count: int) -> Workload:
    return Workload(
        f"threads/{count}",
        f"the grid on {count} thread{'s' if count > 1 else ''} against one",
        "s",
        _command("tree", f"topology=grid packets=500 threads={count}", "run_s"),
        baseline=_command("tree", "topology=grid packets=500 threads=1", "run_s"),
        ratio=Ratio.LESS,
        at=count,
    )


def _structure(name: str, about: str, pending: int) -> Workload:
    return Workload(
        f"{name}/{pending}",
        f"{pending:,} timers that arm themselves again (HOLD) in {about}, against the simulation's own queue",
        "ns an event",
        _command("event_queues", f"structure={name} pending={pending} events=1e6", "ns_per_event"),
        baseline=_command("event_queues", f"structure=wheel pending={pending} events=1e6", "ns_per_event"),
        ratio=Ratio.GROWTH,
        at=pending,
    )


STRUCTURES = {
    "tournament": "the tournament of what is near alone",
    "heap": "a 4-ary heap",
    "ladder": "a ladder queue",
}

SERIES = [
    _nodes(10, 2, 5, 8000),
    _nodes(100, 10, 10, 2800),
    _nodes(1000, 25, 40, 860),
    _nodes(10000, 100, 100, 280),
    *(_flows(count) for count in (1, 10, 100, 1000, 10000)),
    *(_hold(f"pending/{n:.0f}", n, 2e6, 5e5, None, at=n) for n in (1e2, 1e3, 1e4, 1e5, 1e6)),
    _hold("pending/10000000", 1e7, 2e6, 0, None, at=1e7),
    *(_memory(hosts, hosts <= 10**5) for hosts in (10**3, 10**4, 10**5, 10**6)),
    *(_threads(count) for count in (1, 2, 4)),
    *(_structure(name, about, 10**n) for name, about in STRUCTURES.items() for n in range(2, 8)),
]

MICRO = [
    Micro("micro/events", "the event queue; timers armed, armed again, cancelled", "micro/events"),
    Micro("micro/packets", "packet buffers; the Internet checksum", "micro/packets"),
    Micro("micro/headers", "codecs: IPv6, extension headers, fragments, UDP, TCP", "micro/headers"),
    Micro("micro/messages", "codecs: ICMPv6, Neighbor Discovery and its options, Mobility Headers", "micro/messages"),
    Micro("micro/tables", "routes (10 and a full table), neighbours, destinations", "micro/tables"),
    Micro("micro/ipsec", "policies and associations, by how many there are", "micro/ipsec"),
    Micro("micro/source-selection", "the choice of a source address (RFC 6724)", "source_selection"),
]

WORKLOADS: list[Workload | Micro] = [*AGAINST_NS3, *ALONE, *MICRO, *SERIES]


class UnknownName(ValueError):
    """Nothing is called that."""


def names() -> list[str]:
    """What may be named: workloads, and the series and the micro benchmarks as a whole."""
    single = [w.name for w in WORKLOADS if not (isinstance(w, Workload) and w.series)]
    return [*single, "micro", "series", *dict.fromkeys(w.series for w in SERIES if w.series)]


def select(wanted: list[str]) -> list[Workload | Micro]:
    """Those named, in the order of the table; without a name all but the series."""
    if not wanted:
        return [w for w in WORKLOADS if isinstance(w, Micro) or w.series is None]
    chosen = set()
    for name in wanted:
        found = [w.name for w in WORKLOADS if w.name == name or w.name.startswith(name + "/")]
        if name == "series":
            found = [w.name for w in SERIES]
        if not found:
            raise UnknownName(f"unknown benchmark {name!r}; there are {', '.join(names())}")
        chosen.update(found)
    return [w for w in WORKLOADS if w.name in chosen]
