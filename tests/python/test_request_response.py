"""Requests and responses over TCP against what can be computed."""

import math

import numpy as np
import pytest

import kamesim as ks

DELAY, RATE = 0.02, 10e6
RTT = 2 * DELAY


@pytest.fixture
def net():
    net = ks.Network(seed=1)
    net.host("a"), net.host("b")
    net.link("a", "b", delay=DELAY, rate=RATE)
    net.run(for_=3)
    net.node("a").ping("b", count=1)
    net.run(for_=1)
    return net


def test_an_answer_takes_a_round_trip_and_its_time_on_the_wire(net):
    asked = net.request_response("a", "b", response_size=1000, think_time=0.5, think="constant", requests=5)
    net.run(for_=5)
    assert (asked.requests, asked.answered, asked.connections) == (5, 5, 1)
    request, answer = ((size + 72 + 14) * 8 / RATE for size in (100, 1000))
    assert asked.completion_time[1:] == pytest.approx(RTT + request + answer, abs=1e-6)
    assert asked.completion_time[0] - asked.completion_time[1] == pytest.approx(RTT, abs=0.001)  # SYN and SYN/ACK
    assert np.diff(asked.frame()["time_s"]) == pytest.approx(asked.completion_time[:-1] + 0.5)


def test_each_request_may_have_a_connection_of_its_own(net):
    asked = net.request_response("a", "b", response_size=1000, think_time=0.1, requests=5, persistent=False)
    net.run(for_=10)
    assert (asked.answered, asked.connections) == (5, 5)
    assert asked.completion_time == pytest.approx(asked.completion_time[0], abs=0.001)
    assert asked.completion_time[0] > 2 * RTT


def test_a_long_answer_comes_by_slow_start(net):
    """RFC 6928, RFC 5681: windows of 10, 20, 40 segments; 60 segments are there in the third round trip."""
    asked = net.request_response("a", "b", response_size=60 * 1428, requests=1)
    net.run(for_=5)
    last_round = 30 * (1428 + 72 + 14) * 8 / RATE
    assert asked.completion_time[0] == pytest.approx(RTT + 3 * RTT + last_round, abs=0.25 * RTT)


def test_pauses_are_exponential(net):
    """2,000 of them: mean and deviation within 5 standard errors, 11 % and 16 %."""
    asked = net.request_response("a", "b", response_size=100, think_time=0.1, requests=2000)
    net.run(for_=600)
    rows = asked.frame()
    pauses = np.diff(rows["time_s"]) - rows["completion_s"][:-1]
    assert asked.answered == 2000
    assert pauses.mean() == pytest.approx(0.1, rel=5 / math.sqrt(2000))
    assert pauses.std() == pytest.approx(0.1, rel=0.16)


def test_a_server_that_reboots_loses_an_answer_and_no_more(net):
    """The client has nothing to send that would tell it; its patience ends."""
    options = {"response_size": 2_000_000, "think_time": 0.5, "think": "constant", "requests": 4}
    asked = net.request_response("a", "b", timeout=5.0, **options)
    net.run(for_=0.5)
    net.node("b").reboot()
    net.run(for_=60)
    assert asked.requests == 4
    assert math.isnan(asked.completion_time[0])
    assert asked.answered == 3
    assert asked.connections == 2


def test_a_client_that_reboots_goes_on(net):
    """Requests made while it tests its address fail; those after do not."""
    asked = net.request_response("a", "b", response_size=200_000, think_time=0.5, think="constant", requests=20)
    net.run(for_=0.1)
    net.node("a").reboot()
    net.run(for_=60)
    assert asked.requests == 20
    assert not np.isnan(asked.completion_time[-12:]).any()
    assert np.isnan(asked.completion_time[0])


def test_several_clients_share_a_server_node(net):
    made = [net.request_response("a", "b", requests=10, think_time=0.1) for _ in range(3)]
    net.run(for_=20)
    assert [m.answered for m in made] == [10, 10, 10]
    assert [m.name for m in made] == ["a->b", "a->b.2", "a->b.3"]
    assert net.request_responses == made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"request_size": 15}, "request_size is 15"),
        ({"response_size": 0}, "response_size is 0"),
        ({"think": "normal"}, "'exponential' or 'constant'"),
        ({"think_time": -1}, "think_time is -1"),
        ({"requests": 0}, "requests is 0"),
        ({"timeout": 0}, "timeout is 0"),
        ({"request_size": 5000, "options": ks.TcpOptions(send_buffer=4000)}, "from 16 to 4000"),
        ({"options": {}}, "TcpOptions"),
    ],
)
def test_requests_that_cannot_be(net, arguments, message):
    with pytest.raises(ks.Error, match=message):
        net.request_response("a", "b", **arguments)


# --- Over UDP ---------------------------------------------------------------------------------------------------------


def test_a_datagram_asks_and_one_answers(net):
    asked = net.request_response(
        "a", "b", transport="udp", response_size=1000, think_time=0.5, think="constant", requests=5
    )
    net.run(for_=5)
    assert (asked.requests, asked.answered, asked.connections) == (5, 5, 0)
    request, answer = ((size + 48 + 14) * 8 / RATE for size in (100, 1000))
    assert asked.completion_time == pytest.approx(RTT + request + answer, abs=1e-6)
    assert np.diff(asked.frame()["time_s"]) == pytest.approx(asked.completion_time[:-1] + 0.5)


def test_what_is_lost_is_given_up_after_the_timeout(net):
    net.media[0].configure(loss=1.0)
    asked = net.request_response(
        "a", "b", transport="udp", timeout=0.25, think_time=0.5, think="constant", requests=3, response_size=100
    )
    net.run(for_=5)
    assert (asked.requests, asked.answered) == (3, 0)
    assert np.diff(asked.frame()["time_s"]) == pytest.approx([0.75, 0.75])


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(net):
    asked = net.request_response(
        "a", "b", transport="udp", timeout=RTT / 2, think_time=RTT / 4, think="constant", requests=3, response_size=100
    )
    net.run(for_=5)
    assert (asked.requests, asked.answered) == (3, 0)


def test_a_server_that_rebooted_answers_again(net):
    asked = net.request_response(
        "a", "b", transport="udp", think_time=0.5, think="constant", requests=20, response_size=100
    )
    net.at(net.now + 2.2, net.node("b").reboot, wait=False)
    net.run(for_=30)
    assert asked.requests == 20
    assert 15 <= asked.answered < 20


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"transport": "sctp"}, "transport"),
        ({"response_size": 65_528}, "response_size"),
        ({"persistent": False}, "persistent"),
        ({"options": ks.TcpOptions()}, "options"),
    ],
)
def test_udp_says_what_would_be_right(net, wrong, right):
    with pytest.raises(ks.Error, match=right):
        net.request_response("a", "b", **{"transport": "udp", **wrong})
