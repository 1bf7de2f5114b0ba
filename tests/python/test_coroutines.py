"""Tasks in virtual time: what waits, who goes first, how they end."""

import asyncio

import pytest

import kamesim as ks


def run(net, coroutine, seconds=60):
    """The result of a coroutine, within so many virtual seconds."""
    task = net.start(coroutine)
    net.run(for_=seconds)
    return task.result


def test_sleep_takes_virtual_time(net):
    async def app():
        await ks.sleep(1.25)
        first = net.now
        await ks.sleep_until(10)
        await ks.sleep_until(3)  # has passed: no wait
        return first, net.now

    assert run(net, app()) == (1.25, 10.0)


def test_a_task_starts_with_the_run_not_before(net):
    seen = []

    async def app():
        seen.append(net.now)

    net.run(until=2)
    task = net.start(app())
    assert seen == [] and not task.done
    net.run(until=2)
    assert seen == [2.0] and task.done


def test_tasks_that_are_ready_run_in_order(net):
    order = []

    async def app(name):
        for turn in range(2):
            order.append((name, turn))
            await ks.sleep(0)

    for name in "abc":
        net.start(app(name))
    net.run(for_=0)
    assert order == [(name, turn) for turn in range(2) for name in "abc"]


def test_awaiting_a_task_gives_its_result(net):
    async def child():
        await ks.sleep(2)
        return 42

    async def app():
        task = net.start(child())
        return await task, await task, net.now

    assert run(net, app()) == (42, 42, 2.0)


def test_gather_runs_side_by_side(net):
    async def child(seconds):
        await ks.sleep(seconds)
        return seconds

    async def app():
        return await ks.gather(child(3), child(1), child(2)), net.now

    assert run(net, app()) == ([3, 1, 2], 3.0)


def test_gather_of_nothing(net):
    async def app():
        return await ks.gather()

    assert run(net, app()) == []


def test_the_first_failure_of_a_gather_cancels_the_rest(net):
    ended = []

    async def good():
        try:
            await ks.sleep(10)
        finally:
            ended.append(net.now)

    async def bad():
        await ks.sleep(1)
        raise KeyError("bad")

    async def app():
        with pytest.raises(KeyError):
            await ks.gather(good(), bad())
        await ks.sleep(0)
        return net.now

    assert run(net, app()) == 1.0
    assert ended == [1.0]


def test_gather_may_return_exceptions(net):
    async def bad():
        raise KeyError("bad")

    async def good():
        await ks.sleep(1)
        return 1

    async def app():
        return await ks.gather(bad(), good(), return_exceptions=True)

    failure, one = run(net, app())
    assert isinstance(failure, KeyError) and one == 1


def test_an_exception_that_nobody_awaits_ends_the_run_and_names_the_task(net):
    node = net.host("server")

    async def app():
        await ks.sleep(1)
        raise RuntimeError("out of paper")

    node.start(app(), name="printer")
    with pytest.raises(RuntimeError, match="out of paper") as caught:
        net.run(until=5)
    notes = "\n".join(caught.value.__notes__)
    assert "task 'printer' of host 'server'" in notes and "1 s of virtual time" in notes
    net.run(until=5)  # the rest goes on
    assert net.now == 5


def test_others_go_on_after_a_failure(net):
    seen = []

    async def bad():
        raise RuntimeError

    async def good():
        seen.append(net.now)

    net.start(bad())
    net.start(good())
    with pytest.raises(RuntimeError):
        net.run(until=1)
    net.run(until=1)
    assert seen == [0.0]


def test_timeout_cancels_the_block(net):
    async def app():
        with pytest.raises(TimeoutError, match="2 s"):
            async with ks.timeout(2) as limit:
                await ks.sleep(10)
        assert limit.expired
        async with ks.timeout(2) as limit:
            await ks.sleep(1)
        await ks.sleep(10)  # the second limit no longer counts
        return limit.expired, net.now

    assert run(net, app()) == (False, 13.0)


def test_nested_timeouts_are_told_apart(net):
    async def app():
        with pytest.raises(TimeoutError, match="1 s"):
            async with ks.timeout(1):
                async with ks.timeout(5):
                    await ks.sleep(10)
        return net.now

    assert run(net, app()) == 1.0


def test_wait_for_cancels_what_is_late(net):
    async def child():
        await ks.sleep(10)

    async def app():
        task = net.start(child())
        with pytest.raises(TimeoutError):
            await ks.wait_for(task, 3)
        await ks.sleep(0)
        return task.cancelled, await ks.wait_for(ks.sleep(1), 3)

    assert run(net, app()) == (True, None)


def test_cancellation_reaches_the_task_where_it_waits(net):
    seen = []

    async def child():
        try:
            await ks.sleep(10)
        except ks.Cancelled:
            seen.append(net.now)
            raise

    async def app():
        task = net.start(child())
        await ks.sleep(1)
        assert task.cancel()
        with pytest.raises(ks.Cancelled):
            await task
        assert not task.cancel()

    run(net, app())
    assert seen == [1.0]


def test_events(net):
    order = []
    event = ks.Event()

    async def waiter(name):
        await event.wait()
        order.append((name, net.now))

    net.start(waiter("first"))
    net.start(waiter("second"))
    net.at(3, event.set)
    net.run(until=5)
    assert order == [("first", 3.0), ("second", 3.0)]
    net.start(waiter("late"))
    net.run(until=6)
    assert order[-1] == ("late", 5.0)


def test_queues_hand_values_over_in_order(net):
    queue, got = ks.Queue(), []

    async def consumer(name):
        while True:
            got.append((name, await queue.get(), net.now))

    async def producer():
        for value in range(3):
            await ks.sleep(1)
            queue.put(value)

    consumers = [net.start(consumer(name)) for name in "ab"]
    net.start(producer())
    net.run(until=10)
    assert got == [("a", 0, 1.0), ("b", 1, 2.0), ("a", 2, 3.0)]
    assert net.tasks == consumers


def test_a_value_is_not_lost_with_a_cancelled_consumer(net):
    queue = ks.Queue()

    async def consumer():
        return await queue.get()

    first, second = net.start(consumer()), net.start(consumer())
    net.run(for_=0)
    queue.put("value")
    first.cancel()
    net.run(for_=1)
    assert first.cancelled and second.result == "value"


def test_tasks_of_a_node_die_when_it_reboots(net):
    node, seen = net.host("node"), []

    async def app():
        try:
            while True:
                await ks.sleep(1)
                seen.append(net.now)
        finally:
            seen.append("down")

    task = node.start(app())
    other = net.start(app())
    net.at(2.5, node.reboot)
    net.run(until=3.5)
    assert seen == [1.0, 1.0, 2.0, 2.0, "down", 3.0]
    assert task.cancelled and not other.done
    assert node.tasks == [] and net.tasks == [other]


def test_a_task_may_reboot_its_own_node_and_gets_no_farther(net):
    node, seen = net.host("node"), []

    async def app():
        await ks.sleep(1)
        node.reboot()
        seen.append("still here")
        await ks.sleep(1)
        seen.append("never")

    task = node.start(app())
    net.run(until=5)
    assert seen == ["still here"] and task.cancelled and node.boots == 2


def test_waiting_while_the_node_goes_down_is_an_error(net):
    node = net.host("node")

    async def app():
        try:
            await ks.sleep(10)
        finally:
            await ks.sleep(1)

    node.start(app())
    net.run(until=1)
    with pytest.raises(ks.Error, match="waits for something while its node goes down"):
        node.reboot()


def test_mistakes_are_explained(net):
    async def app():
        pass

    with pytest.raises(ks.Error, match="coroutine"):
        net.start(app)
    coroutine = app()
    net.start(coroutine)
    with pytest.raises(ks.Error, match="started or awaited already"):
        net.start(coroutine)

    async def of_asyncio():
        await asyncio.sleep(1)

    net.start(of_asyncio())
    with pytest.raises((ks.Error, RuntimeError), match="asyncio|event loop"):
        net.run(for_=1)

    async def late():
        await ks.sleep(5)

    with pytest.raises(ks.Error, match="has not ended"):
        _ = net.start(late()).result
    net.run(for_=6)


def test_a_busy_run_can_be_stopped_between_steps(net):
    async def app():
        while True:
            await ks.sleep(0.1)
            if net.now > 1:
                net.stop()

    net.start(app())
    net.run(until=100)
    assert net.now == pytest.approx(1.1)
