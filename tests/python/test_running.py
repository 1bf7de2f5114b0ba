"""Virtual time: scheduling, running, stopping."""

import os
import signal
import threading
import time

import pytest

import kamesim as ks


def test_callables_run_at_their_times_and_in_order(net):
    calls = []
    net.at(2, calls.append, "b")
    net.at(1, calls.append, "a")
    net.at(2, calls.append, "c")
    net.after(2.5, lambda: calls.append(net.now))
    net.run(until=2)
    assert calls == ["a", "b", "c"]
    net.run(until=3)
    assert calls[-1] == 2.5
    assert net.now == 3


def test_keyword_arguments_are_handed_on(net):
    seen = []
    net.at(1, lambda *args, **kwargs: seen.append((args, kwargs)), 1, 2, key="value")
    net.run(until=1)
    assert seen == [((1, 2), {"key": "value"})]


def test_every_repeats_until_it_is_cancelled(net):
    times = []
    ticking = net.every(0.5, lambda: times.append(net.now), start=1, until=3)
    net.run(until=2.2)
    assert times == [1, 1.5, 2]
    net.run(until=5)
    assert times[-1] == 3
    assert not ticking.pending
    again = net.every(1, times.append, None)
    again.cancel()
    count = len(times)
    net.run(until=9)
    assert len(times) == count


def test_a_cancelled_callable_does_not_run(net):
    scheduled = net.at(1, pytest.fail)
    assert scheduled.pending
    assert scheduled.time == 1
    scheduled.cancel()
    net.run(until=2)
    assert not scheduled.pending


def test_for_counts_from_now(net):
    net.run(for_=1.5)
    net.run(for_=1.5)
    assert net.now == 3


def test_an_exception_ends_the_run_and_says_when_and_where(two_hosts):
    net = two_hosts

    def explode():
        raise RuntimeError("no good")

    net.at(4.25, explode)
    flow = net.udp_flow("a", "b", rate=10)
    with pytest.raises(RuntimeError, match="no good") as caught:
        net.run(until=10)
    assert caught.value.__notes__ == [
        "in test_an_exception_ends_the_run_and_says_when_and_where.<locals>.explode, at 4.25 s of virtual time"
    ]
    assert net.now == 4.25
    assert flow.received == 13
    assert net.results.interrupted
    net.run(until=10)  # what is left goes on
    assert flow.received == 70
    assert not net.results.interrupted


def test_stop_ends_a_run_after_the_present_event(net):
    net.every(1, lambda: None)
    net.at(3, net.stop)
    net.run(until=10)
    assert net.now == 3
    net.run(until=10)
    assert net.now == 10


def test_a_network_cannot_be_run_from_inside_itself(net):
    net.at(1, net.run, until=5)
    with pytest.raises(ks.Error, match="running already"):
        net.run(until=2)
    assert net.now == 1


def test_control_c_ends_a_run_with_what_it_has(two_hosts):
    net = two_hosts
    flow = net.udp_flow("a", "b", rate=100_000)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        net.run(until=1e6)
    assert time.monotonic() - started < 5
    timer.join()
    assert 3 < net.now < 1e6
    assert net.results.interrupted
    assert flow.received > 0
    reached = net.now
    net.run(for_=0.1)
    assert net.now == pytest.approx(reached + 0.1)


def test_control_c_inside_a_callable(net):
    net.at(1, os.kill, os.getpid(), signal.SIGINT)
    net.every(0.001, lambda: None)
    with pytest.raises(KeyboardInterrupt):
        net.run(until=1e5)
    assert net.now >= 1


def test_other_threads_run_meanwhile(two_hosts):
    net = two_hosts
    net.udp_flow("a", "b", rate=100_000)
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    net.run(for_=10)
    done.set()
    thread.join()
    assert counted > 10


def test_two_networks_run_in_two_threads():
    def simulate(seed, hashes):
        net = ks.Network(seed=seed, trace_hash=True)
        net.link(net.host("a"), net.host("b"), loss=0.1)
        net.run(until=3)
        net.udp_flow("a", "b", rate=1000)
        net.run(for_=3)
        hashes.append((seed, net.trace_hash))

    hashes = []
    threads = [threading.Thread(target=simulate, args=(seed, hashes)) for seed in (1, 2, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(hashes)) == 2


@pytest.mark.parametrize("progress", [True, False])
def test_the_progress_bar_shows_virtual_time(net, capsys, progress):
    net.every(0.5, lambda: None)
    net.run(until=20, progress=progress)
    assert ("20.0/20 s" in capsys.readouterr().err) == progress
