"""What the tests share. Every capture that a test writes is checked by tshark when the test is over."""

import functools
import pathlib
import weakref

import pytest

import kamesim as ks
from tshark_check import assert_clean


@pytest.fixture(autouse=True)
def captures_are_clean(request, monkeypatch):
    """tshark finds no fault with any capture; @pytest.mark.tshark_allows(pattern, reason) excuses some."""
    captures = []  # (path, reference: the fixture keeps nothing alive)
    open_capture = ks.Network.capture

    @functools.wraps(open_capture)
    def capture(self, *args, **kwargs):
        opened = open_capture(self, *args, **kwargs)
        captures.append((opened.path, weakref.ref(opened)))
        return opened

    monkeypatch.setattr(ks.Network, "capture", capture)
    yield
    allowed = [mark.args for mark in request.node.iter_markers("tshark_allows")]
    for path, reference in captures:
        if (still_there := reference()) is not None:
            still_there.close()
        if pathlib.Path(path).is_file():
            assert_clean(path, allowed)


def pytest_configure(config):
    config.addinivalue_line("markers", "tshark_allows(pattern, reason): an expert finding that the test causes")


@pytest.fixture
def net():
    """An empty network."""
    return ks.Network(seed=1)


@pytest.fixture
def two_hosts(net):
    """Two hosts, a and b, on a link of 5 ms, with addresses that may be used."""
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=0.005, name="ab")
    net.run(until=3)
    return net
