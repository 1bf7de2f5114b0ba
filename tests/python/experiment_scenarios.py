"""Scenarios that the tests of kamesim.experiment run, in a module that worker processes can import."""

import os
import random
import signal
import time

import kamesim as ks


def ping(*, seed, delay, loss=0.0):
    """The round-trip time between two hosts, by real simulation."""
    net = ks.Network(seed=seed)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=delay, loss=loss)
    net.run(until=3)
    pinged = a.ping(b, count=5, interval=0.1)
    net.run(for_=2)
    answered = [rtt for rtt in pinged.rtts if rtt is not None]
    return {"rtt_s": min(answered, default=float("nan")), "lost": pinged.lost}


def draws(*, seed, mean, log=None, wait=0.0):
    """Random numbers; notes in a file that it ran."""
    if log is not None:
        with open(log, "a", encoding="ascii") as file:
            file.write(f"{mean} {seed}\n")
    time.sleep(wait)
    return [{"value": random.Random(seed).gauss(mean, 1.0), "global": random.random()} for _ in range(2)]


class Wordless(Exception):
    """Whose text raises."""

    def __str__(self):
        raise RuntimeError("no words")


def troubled(*, seed, kind):
    """Fails in many ways with seed 2, and not with others."""
    if seed == 2:
        if kind == "raise":
            raise RuntimeError("no binding")
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)  # as when memory runs out
        if kind == "exit":
            os._exit(3)
        if kind == "sys.exit":
            raise SystemExit("gave up")
        if kind == "hang":
            time.sleep(60)
        if kind == "large":
            return {"value": 10**400}
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "wordless":
            raise Wordless
        if kind == "signal":
            os.kill(os.getpid(), 35)  # a real-time signal, which has no name
        if kind == "object":
            return {"value": object()}
        if kind == "text":
            return "a text"
        if kind == "name":
            return {"seed": 1}
    return {"value": seed}
