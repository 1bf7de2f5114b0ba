"""Mobile IPv6 with its signalling under ESP (RFC 3776): hand-offs of whole nodes, and what goes over the wires."""

import os

import pytest
import tshark_check

import kamesim as ks
from kamesim import ipsec

PREFIXES = {"home": "2001:db8:a::/64", "first": "2001:db8:b::/64", "second": "2001:db8:c::/64"}
HOME = "2001:db8:a::100"
MOVES = {10: "first", 25: "second", 40: "first", 55: "home", 70: "second"}
UPDATE, HOME_TEST_INIT = 0x1000, 0x1004


def protection(**fields):
    return ks.SignallingProtection(**{"encryption_key": b"k" * 16, "integrity_key": b"i" * 32, **fields})


class World:
    """A home and two foreign links round a core, and a correspondent."""

    def __init__(self, at_mobile, at_home_agent, **role):
        self.net = ks.Network(seed=4)
        core = self.net.router("core")
        for name, prefix in PREFIXES.items():
            router = self.net.router(name)
            lan = self.net.lan(f"{name}-link", prefix)
            lan.attach(router)
            router.advertise(lan, min_interval=0.05, max_interval=0.15)
            self.net.link(core, router, delay=0.005)
        self.correspondent = self.net.host("cn")
        self.net.link(core, self.correspondent, delay=0.005)
        self.mobile = self.net.host("mn")
        self.net.medium("home-link").attach(self.mobile, address=False)
        self.net.shortest_path_routes()
        self.home_agent = self.net.router_named("home")
        address = self.net.medium("home-link").address_of(self.home_agent)
        protected = {} if at_home_agent is None else {HOME: at_home_agent}
        self.home_agent.enable(ks.HomeAgent(protection=protected))
        self.correspondent.enable(ks.Correspondent())
        self.mobile.enable(ks.MobileNode(home_address=HOME, home_agent=address, protection=at_mobile, **role))
        for time, link in MOVES.items():
            self.net.at(time, self.mobile.move, f"{link}-link")

    def flows(self, start=5, stop=80):
        down = self.net.udp_flow(self.correspondent, self.mobile, rate=20, size=200, start=start, stop=stop,
                                 destination_address=HOME)  # fmt: skip
        up = self.net.udp_flow(self.mobile, self.correspondent, rate=20, size=200, start=start, stop=stop,
                               source_address=HOME)  # fmt: skip
        return down, up

    def counts(self, spi):
        rows = [a for a in self.home_agent.ipsec.associations if a["spi"] == spi]
        return rows[0]["packets"] if rows else 0


@pytest.mark.parametrize("payload", [False, True], ids=["signalling", "payload"])
@pytest.mark.parametrize("route_optimization", [False, True], ids=["by home agent", "optimized"])
def test_handoffs_work_with_protection_on(payload, route_optimization):
    how = protection(payload=payload)
    world = World(how, how, route_optimization=route_optimization)
    down, up = world.flows()
    for until, link in ((24, "b"), (39, "c"), (54, "b"), (69, "a"), (84, "c")):
        world.net.run(until=until)
        mip = world.mobile.mobile_ip
        if link == "a":
            assert mip.location == "home"
            assert world.home_agent.mobile_ip.binding_cache().empty
            continue
        assert mip.registered and mip.care_of.startswith(f"2001:db8:{link}:")
        assert list(world.home_agent.mobile_ip.binding_cache()["care_of"]) == [mip.care_of]
        if route_optimization:
            assert mip.care_of in list(world.correspondent.mobile_ip.binding_cache()["care_of"])
    for flow in (down, up):
        assert flow.lost < 0.25 * flow.sent and flow.sent == 1500
    assert world.counts(UPDATE) >= 5
    assert (world.counts(HOME_TEST_INIT) > 0) == route_optimization
    assert (world.counts(0x1006) > 100) == (payload and not route_optimization) or payload
    for node in (world.mobile, world.home_agent):
        assert not [name for name in node.drops if name.startswith("mip6.protection")]


EACH_LINK = (r"Wrong Sequence Number for SPI", "a packet is seen on each link that it crosses")


@pytest.mark.tshark_allows(*EACH_LINK)
def test_the_wires_have_no_signalling_in_the_clear_and_tshark_reads_it_by_the_key_file(tmp_path):
    how = protection()
    world = World(how, how)
    world.flows(stop=50)
    path = tmp_path / "handoff.pcapng"
    with world.net.capture(path):
        world.net.run(until=50)
    tshark_check.assert_clean(path, [EACH_LINK])
    types = {row[0] for row in tshark_check.fields(path, "mip6.mhtype", display_filter="mipv6")}
    home = tshark_check.fields(path, "mip6.mhtype", display_filter="mipv6 && mip6.bu.h_flag == 1")
    assert home == [], "no Binding Update to the home agent can be read"
    assert {"2", "4"} <= types, "care-of tests go directly"
    uat = [line for line in ipsec.key_file_lines([world.home_agent]) if line]
    options = [x for line in uat for x in ("-o", f"uat:esp_sa:{line}")]
    options += ["-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE"]
    seen = tshark_check.tshark("-r", path, *options, "-T", "fields", "-e", "mip6.mhtype", "-Y", "esp && mipv6")
    assert {"5", "6"} <= set(seen.replace(",", "\n").split())
    assert os.path.exists(f"{path}.esp_sa")


def test_a_home_agent_that_is_given_keys_refuses_a_mobile_node_without_them():
    world = World(None, protection())
    world.net.run(until=20)
    assert not world.mobile.mobile_ip.registered
    assert world.home_agent.drops["ipsec.unprotected"] > 0


def test_other_keys_do_not_register():
    world = World(protection(encryption_key=b"x" * 16, integrity_key=b"y" * 32), protection())
    world.net.run(until=20)
    assert not world.mobile.mobile_ip.registered
    assert world.home_agent.drops["esp.bad_icv"] > 0


def test_a_reboot_of_the_home_agent_keeps_the_protection():
    how = protection()
    world = World(how, how)
    world.net.run(until=20)
    world.home_agent.reboot()
    world.net.run(until=39)  # with a move to the second link
    assert world.mobile.mobile_ip.registered
    assert world.counts(UPDATE) > 0


def test_combined_algorithms_and_a_scenario_file_keep_it(tmp_path):
    how = protection(encryption="aes-gcm-16", encryption_key="0x" + "ab" * 20, integrity=None, integrity_key=b"")
    world = World(how, how)
    world.net.save_scenario(tmp_path / "world.pb", duration=90)
    again = ks.Network.load_scenario(tmp_path / "world.pb")
    again.at(10, again.node("mn").move, "first-link")
    again.run(until=20)
    mobile = again.node("mn")
    assert mobile.mobile_ip.registered
    assert {a["encryption"] for a in mobile.ipsec.associations} == {"aes-gcm-16"}


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"encryption_key": b"short"}, "16 or 24 or 32 bytes"),
        ({"encryption": "null", "encryption_key": b""}, "encrypts"),
        ({"integrity": None, "integrity_key": b""}, "an algorithm"),
        ({"spi": 7}, "256"),
        ({"encryption": "aes-cbd"}, "aes-cbd"),
    ],
)
def test_errors_tell_what_would_be_right(fields, message):
    with pytest.raises(ks.Error, match=message):
        World(protection(**fields), None)
