"""Captures, read by tshark as an independent dissector."""

import pytest

import kamesim as ks
from tshark_check import assert_clean, fields, findings


@pytest.fixture
def net():
    """A host behind a router, a host on a LAN with it: autoconfiguration, resolution, forwarding."""
    net = ks.Network(seed=2)
    lan = net.lan("lan", "2001:db8:1::/64", rate=100e6)
    router, near, far = net.router("router"), net.host("near"), net.host("far")
    lan.attach(router, name="inside")
    lan.attach(near)
    net.link(router, far, delay=0.01, if_a="outside")
    net.shortest_path_routes()
    return net


def test_every_frame_is_well_formed(net, tmp_path):
    path = tmp_path / "all.pcapng"
    with net.capture(path) as capture:
        net.run(until=10)
        net["near"].ping("far", count=3, size=1000)
        net["far"].ping(net["near"].address, count=3, size=4000)  # in fragments
        net.udp_flow("far", "near", rate=50, size=1400)
        refused = net["near"].ping("2001:db8:ffff::1", count=1)
        net.run(until=14)
        assert capture.frames > 400
    assert capture.closed
    assert_clean(path)
    assert "no route" in refused.errors[0].reason
    kinds = {kind for line in fields(path, "icmpv6.type", display_filter="icmpv6") for kind in line[0].split("^")}
    assert {"1", "128", "129", "133", "134", "135", "136"} <= kinds


def test_interfaces_have_names_and_times_have_nanoseconds(net, tmp_path):
    path = tmp_path / "names.pcapng"
    with net.capture(path):
        net.run(until=5)
    names = {name for (name,) in fields(path, "frame.interface_name")}
    assert {"router:inside", "router:outside", "near:eth0", "far:eth0"} <= names
    assert any(not time.endswith("000") for (time,) in fields(path, "frame.time_epoch"))


def test_out_has_each_frame_once(net, tmp_path):
    net.run(until=10)
    net.run(for_=5)
    with net.capture(tmp_path / "both.pcapng") as both, net.capture(tmp_path / "out.pcapng", direction="out") as out:
        net["near"].ping("far", count=1)
        net.run(for_=1)
    # Request and reply cross two links; each is there where it leaves and, in the other file, where it arrives too.
    echo = "icmpv6.type == 128 or icmpv6.type == 129"
    assert len(fields(out.path, "frame.number", display_filter=echo)) == 4
    assert len(fields(both.path, "frame.number", display_filter=echo)) == 8


def test_chosen_interfaces_only(net, tmp_path):
    with net.capture(tmp_path / "one.pcapng", [net["router"].interface("outside")]) as capture:
        net.run(until=5)
    assert {name for (name,) in fields(capture.path, "frame.interface_name")} == {"router:outside"}


def test_interfaces_and_testers_made_later_are_captured_too(net, tmp_path):
    with net.capture(tmp_path / "later.pcapng") as capture:
        net.run(until=3)
        net["lan"].attach(net.host("late"))
        net.run(until=6)
        with net["lan"].tester("probe") as port:
            port.send(bytes.fromhex("ffffffffffff 0200000000bb 86dd") + bytes.fromhex("6000000000003b40") + bytes(32))
        net.run(until=7)
    names = {name for (name,) in fields(capture.path, "frame.interface_name")}
    assert {"late:eth0", "probe:eth0"} <= names


@pytest.mark.tshark_allows("Bad checksum", "the test sends one to see it found")
def test_a_bad_checksum_is_found(net, tmp_path):
    with net.capture(tmp_path / "bad.pcapng") as capture, net["lan"].tester() as port:
        header = "6000000000083a40" + "fe80" + "00" * 13 + "01" + "ff02" + "00" * 13 + "01"
        port.send(bytes.fromhex("333300000001 0200000000bb 86dd" + header + "8000123400010001"))
        net.run(until=1)
    assert any("checksum" in finding.lower() for finding in findings(capture.path))


def test_a_capture_left_open_is_complete_up_to_the_end_of_the_run(net, tmp_path):
    capture = net.capture(tmp_path / "open.pcapng")
    net.run(until=5)
    assert len(fields(capture.path, "frame.number")) == capture.frames
