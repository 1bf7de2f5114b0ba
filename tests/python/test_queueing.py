"""Delays of a link's queue against queueing theory."""

import math

import numpy as np
import pytest

import kamesim as ks

SIZE, PACKETS_A_SECOND = 500, 1000.0
ON_THE_WIRE = SIZE + 8 + 40 + 14  # UDP, IPv6 and Ethernet headers
PROPAGATION = 0.003
BATCHES = 40
T_99 = 2.708  # Student's t for 39 degrees of freedom, two-sided 99 %


def delays(pattern, load, seconds):
    """Delays beyond the first 20 s; the link is busy for the part `load` of the time."""
    net = ks.Network(seed=7)
    net.host("a"), net.host("b")
    net.link("a", "b", delay=PROPAGATION, rate=ON_THE_WIRE * 8 * PACKETS_A_SECOND / load, queue=100_000)
    net.run(until=5)
    net["a"].ping("b", count=1)
    net.run(until=8)
    flow = net.udp_flow("a", "b", rate=PACKETS_A_SECOND, size=SIZE, pattern=pattern, stop=28 + seconds)
    net.run(until=40 + seconds)
    assert flow.lost == 0
    frame = flow.frame()
    return frame["delay_s"][frame["time_s"] >= 28].to_numpy()


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_waiting_time_of_poisson_arrivals_is_that_of_m_d_1(load):
    """Pollaczek-Khinchine: W = load * S / (2 * (1 - load)), S the time of a packet on the wire.

    The mean over some 200,000 packets is to lie in its own confidence interval of 99 %, from 40 batch means; and that
    is to be narrower than 7 % of W.
    """
    service = load / PACKETS_A_SECOND
    waits = delays("poisson", load, 200) - PROPAGATION - service
    assert waits.min() == pytest.approx(0, abs=1e-8)
    expected = load * service / (2 * (1 - load))
    means = np.array([batch.mean() for batch in np.array_split(waits, BATCHES)])
    half = T_99 * means.std(ddof=1) / math.sqrt(BATCHES)
    assert half < 0.07 * expected
    assert abs(means.mean() - expected) < half
    # Of M/D/1, the part that does not wait at all is 1 - load.
    assert (waits < 1e-8).mean() == pytest.approx(1 - load, abs=0.01)


def test_regular_arrivals_do_not_wait():
    """D/D/1; but a packet may find a solicitation of Neighbor Discovery's on the wire, now and then."""
    waits = np.abs(delays("constant", 0.9, 5) - (PROPAGATION + 0.9 / PACKETS_A_SECOND))
    assert (waits < 1e-8).mean() > 0.999
