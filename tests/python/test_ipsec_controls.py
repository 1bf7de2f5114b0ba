"""node.ipsec: setkey's scripts, associations, policies, tables, key files; what a reboot and a file keep."""

import pytest

import kamesim as ks
from kamesim.ipsec import ALGORITHMS, IpsecError

ONE, TWO = "2001:db8::1", "2001:db8::2"
KEY = bytes(range(16))


@pytest.fixture
def node():
    return ks.Network(seed=1).host("n")


def test_a_node_that_is_given_nothing_has_no_ipsec(node):
    assert not node.ipsec.running
    assert (node.ipsec.associations, node.ipsec.policies, node.ipsec.script) == ([], [], "")
    node.ipsec.flush()
    assert node.ipsec.prefer_old_associations
    assert not node.ipsec.running
    assert repr(node.ipsec) == "<ipsec of 'n': none>"


def test_associations_stand_in_the_table_as_they_were_given(node):
    node.ipsec.add_sa(ONE, TWO, spi=0x1001, mode="tunnel", encryption="aes-cbc", encryption_key=KEY,
                      integrity="hmac-sha1-96", integrity_key="00" * 20, reqid=7, replay_window=100, esn=True,
                      soft_lifetime=50, hard_lifetime=60)  # fmt: skip
    node.ipsec.add_sa("192.0.2.1", "192.0.2.2", spi=0x1001, protocol="ah", integrity="hmac-md5-96", integrity_key=KEY)
    node.ipsec.add_sa(ONE, TWO, spi=2, protocol="ipcomp")
    first, second, third = node.ipsec.associations
    assert (first["spi"], first["mode"], first["reqid"], first["esn"]) == (0x1001, "tunnel", 7, True)
    assert first["replay_window"] == 104  # rounded up to whole octets of the map
    assert (first["encryption"], first["integrity"], first["state"]) == ("aes-cbc", "hmac-sha1-96", "mature")
    assert (second["protocol"], second["source"], second["encryption"]) == ("ah", "192.0.2.1", "")
    assert third["compression"] == "deflate"
    assert list(node.ipsec.sa_frame().spi) == [0x1001, 0x1001, 2]
    node.ipsec.delete_sa(ONE, TWO, spi=0x1001)
    assert len(node.ipsec.associations) == 2
    node.ipsec.flush()
    assert node.ipsec.associations == []


def test_policies_are_asked_by_priority_and_then_by_age(node):
    last = node.ipsec.add_policy("out discard")
    node.ipsec.add_policy("out ipsec esp/transport//unique:5", destination=TWO, upper="tcp", destination_port=80,
                          name="web")  # fmt: skip
    first = node.ipsec.add_policy("out prio 10 none", source="10.0.0.0/8", upper="icmp 8")
    assert [p["id"] for p in node.ipsec.policies] == [first, last, last + 1]
    assert node.ipsec.policies[0]["selector"] == "10.0.0.0/8 0.0.0.0/0 icmp 8"
    web = node.ipsec.policies[2]
    assert (web["name"], web["policy"]) == ("web", "out ipsec esp/transport//unique:5")
    assert list(node.ipsec.policy_frame().action) == ["none", "discard", "ipsec"]
    node.ipsec.delete_policy("out")
    node.ipsec.delete_policy(first)
    assert [p["name"] for p in node.ipsec.policies] == ["web"]


def test_a_script_is_done_as_a_whole_or_not_at_all(node):
    script = f'add {ONE} {TWO} esp 0x1001 -E aes-cbc "0123456789abcdef";\nspdadd ::/0 ::/0 any -P in discard;\n'
    with pytest.raises(IpsecError, match="line 3, column 5: expected the source's address, or the name") as caught:
        node.ipsec.setkey(script + "add x;")
    assert (caught.value.line, caught.value.column) == (3, 5)
    assert node.ipsec.associations == []
    assert node.ipsec.setkey(script) == ""
    assert "add 2001:db8::1 2001:db8::2 esp 0x00001001" in node.ipsec.setkey("dump;")
    assert "spdadd ::/0[any] ::/0[any] any -P in discard" in node.ipsec.setkey("spddump;")


def test_names_of_nodes_stand_for_their_addresses():
    net = ks.Network(seed=1)
    left, right = net.host("left"), net.host("right-2")
    net.lan("lan", prefix="2001:db8:1::/64")
    for number, host in enumerate((left, right), 1):
        net.medium("lan").attach(host, address=f"2001:db8:1::{number}/64")
        host.add_address(f"192.0.2.{number}/24")
    net.run(until=3)
    left.ipsec.setkey('add left right-2 esp 0x1001 -E aes-cbc "0123456789abcdef";')
    ends = [("2001:db8:1::1", "2001:db8:1::2"), ("192.0.2.1", "192.0.2.2")]
    assert [(a["source"], a["destination"]) for a in left.ipsec.associations] == ends
    left.ipsec.setkey("delete -4 left right-2 esp 0x1001; spdadd -6 left ::/0[domain] udp -P out none;")
    assert [a["destination"] for a in left.ipsec.associations] == ["2001:db8:1::2"]
    assert left.ipsec.policies[0]["selector"] == "2001:db8:1::1[any] ::/0[53] udp"
    with pytest.raises(IpsecError, match="or the name of a node that has one, found 'middle'"):
        left.ipsec.setkey("add left middle esp 0x1001 -A null;")


def test_an_association_goes_on_behind_the_numbers_that_were_used(node):
    node.ipsec.add_sa(ONE, TWO, spi=300, encryption="AES-CBC", encryption_key=KEY, sequence=41)
    assert node.ipsec.associations[0]["sequence"] == 41
    assert "-f sequence 41" in node.ipsec.script
    node.reboot()
    assert node.ipsec.associations[0]["sequence"] == 41


def test_a_script_may_stand_in_a_file(node, tmp_path):
    path = tmp_path / "setkey.conf"
    path.write_text("spdadd ::/0 ::/0 any -P in none; # all\n")
    node.ipsec.setkey(path)
    assert len(node.ipsec.policies) == 1


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda i: i.add_sa("x", TWO, spi=300, encryption="null"), "source"),
        (lambda i: i.add_sa(ONE, "192.0.2.1", spi=300, encryption="null"), "same IP version"),
        (lambda i: i.add_sa(ONE, TWO, spi=255, encryption="null"), "256"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, protocol="gre"), "esp"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="rot13"), "rot13"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="aes-cbc", encryption_key=b"x"), "16 or 24 or 32 bytes"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="aes-gcm-16", encryption_key=KEY), "4 of them the salt"),
        (lambda i: i.add_sa(ONE, TWO, spi=300), "encryption"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="null"), "protects nothing \\(RFC 4301"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="null", dont_fragment="yes"), "copy"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="null", sequence=2**32), "4294967295"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, protocol="ah", encryption="null"), "does not encrypt"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, protocol="ah"), "ah needs -A"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="null", replay_window=5000), "4096"),
        (lambda i: i.add_sa(ONE, TWO, spi=300, encryption="null", hard_lifetime=1.5), "whole seconds"),
        (lambda i: i.delete_sa(ONE, TWO, spi=300), "there is no association"),
        (lambda i: i.add_policy("out drop"), "expected discard, none, bypass, entrust or ipsec, found 'drop'"),
        (lambda i: i.add_policy("out none; spdflush"), "setkey\\(\\) takes whole scripts"),
        (lambda i: i.add_policy("out none", source="2001:db8::/129"), "prefix length"),
        (lambda i: i.add_policy("out none", destination_port=70000), "65535"),
        (lambda i: i.delete_policy(9), "policy"),
        (lambda i: i.delete_policy("in"), 'there is no policy "in"'),
        (lambda i: setattr(i, "udp_encapsulation_port", 0), "udp_encapsulation_port"),
        (lambda i: i.send_dummy(ONE, TWO, spi=300), "association of ESP"),
    ],
)
def test_errors_name_what_is_wrong_and_what_would_be_right(node, call, message):
    with pytest.raises(ks.Error, match=message) as caught:
        call(node.ipsec)
    assert "'n'" in str(caught.value)


def test_one_association_cannot_be_told_from_another(node):
    node.ipsec.add_sa(ONE, TWO, spi=300, integrity="hmac-md5-96", integrity_key=KEY)
    with pytest.raises(ks.Error, match="there is one already"):
        node.ipsec.add_sa(ONE, TWO, spi=300, integrity="hmac-md5-96", integrity_key=KEY)


def test_every_algorithm_can_be_given_by_both_of_its_names(node):
    for number, row in enumerate(ALGORITHMS):
        key = bytes(row["key_bytes_max"])
        for kind, name in enumerate({row["name"], row["setkey"]}):
            protocol = "ah" if row["ah_only"] else "esp"
            given = {row["kind"]: name, f"{row['kind']}_key": key}
            if row["name"] == "null":  # which goes with one that does something (RFC 4301 section 4.2)
                given |= (
                    {"integrity": "hmac-md5-96", "integrity_key": KEY}
                    if row["kind"] == "encryption"
                    else {"encryption": "aes-cbc", "encryption_key": KEY}
                )
            node.ipsec.add_sa(ONE, TWO, spi=1000 + 2 * number + kind, protocol=protocol, **given)
            assert node.ipsec.associations[-1][row["kind"]] == row["name"]


def test_settings_are_kept_and_shown(node):
    node.ipsec.discard_unmatched = True
    node.ipsec.cost_per_packet = 0.001
    node.ipsec.acquire_count = 3
    node.reboot()
    assert (node.ipsec.discard_unmatched, node.ipsec.cost_per_packet, node.ipsec.acquire_count) == (True, 0.001, 3)
    assert not node.ipsec.default_level_use


def test_lifetimes_end_in_virtual_time():
    net = ks.Network(seed=1)
    node = net.host("n")
    node.ipsec.add_sa(
        ONE, TWO, spi=300, encryption="des-cbc", encryption_key=KEY[:8], soft_lifetime=5, hard_lifetime=10
    )
    node.ipsec.add_policy("in discard", lifetime=7)
    net.run(until=4.9)
    assert node.ipsec.associations[0]["state"] == "mature"
    net.run(until=6)
    assert node.ipsec.associations[0]["state"] == "dying"
    assert len(node.ipsec.policies) == 1
    net.run(until=11)
    assert (node.ipsec.associations, node.ipsec.policies) == ([], [])


def give_some(node):
    node.ipsec.add_sa(ONE, TWO, spi=300, encryption="aes-cbc", encryption_key=KEY, hard_lifetime=100)
    node.ipsec.add_policy("out ipsec esp/transport//require", destination=TWO, name="web")
    node.ipsec.default_level_use = True


def test_a_reboot_keeps_what_was_given(node):
    give_some(node)
    script = node.ipsec.script
    node.reboot()
    assert node.ipsec.script == script != ""


def test_a_scenario_file_keeps_what_was_given(tmp_path):
    net = ks.Network(seed=1)
    give_some(net.host("n"))
    net.save_scenario(tmp_path / "scenario.pb")
    again = ks.Network.load_scenario(tmp_path / "scenario.pb").node("n")
    assert again.ipsec.script == net.node("n").ipsec.script
    assert again.ipsec.policies[0]["name"] == "web"
    assert again.ipsec.default_level_use


def test_the_key_file_has_a_line_for_each_association_of_esp(node, tmp_path):
    give_some(node)
    node.ipsec.add_sa(ONE, TWO, spi=0x301, protocol="ah", integrity="hmac-md5-96", integrity_key=KEY)
    node.ipsec.add_sa("192.0.2.1", "192.0.2.2", spi=0x302, encryption="aes-gcm-16", encryption_key=bytes(20))
    assert node.ipsec.write_key_file(tmp_path / "esp_sa") == 2
    _, one, two = (tmp_path / "esp_sa").read_text().splitlines()
    assert one == f'"IPv6","{ONE}","{TWO}","0x0000012c","AES-CBC [RFC3602]","0x{KEY.hex()}","NULL",""'
    assert two.startswith('"IPv4","192.0.2.1","192.0.2.2","0x00000302","AES-GCM with 16 octet ICV [RFC4106]"')


def test_keys_are_written_beside_a_capture_if_there_are_any(tmp_path):
    net = ks.Network(seed=1)
    a, b = net.host("a"), net.host("b")
    net.link(a, b)
    for name, keys in (("none", None), ("asked", True)):
        net.capture(tmp_path / name, keys=keys).close()
    give_some(a)
    for name, keys in (("some", None), ("refused", False)):
        net.capture(tmp_path / name, keys=keys).close()
    assert sorted(p.name for p in tmp_path.glob("*.esp_sa")) == ["asked.esp_sa", "some.esp_sa"]


@pytest.mark.parametrize(("mode", "octets"), [("transport", 64), ("tunnel", 104)])
def test_a_lifetime_in_bytes_counts_the_same_octets_at_both_ends(mode, octets):
    """RFC 4301 section 4.4.2.1: of an echo of 64 octets, in a tunnel with its header of 40; no header of ESP, no padding."""
    net = ks.Network(seed=1)
    ends = net.host("a"), net.host("b")
    link = net.link(*ends, delay=0.001)
    keys = f" -m {mode} -E aes-gcm-16 0x{bytes(range(20)).hex()};\n"
    tunnels = {way: "-".join(link.address_of(name) for name in way) if mode == "tunnel" else "" for way in ("ab", "ba")}
    for node, out, into in zip(ends, ("ab", "ba"), ("ba", "ab")):
        script = "".join(f"add {way[0]} {way[1]} esp {spi}{keys}" for way, spi in (("ab", 1001), ("ba", 1002)))
        for way, direction in ((out, "out"), (into, "in")):
            for echo in (128, 129):
                script += f"spdadd {way[0]} {way[1]} icmp6 {echo},0 -P {direction} ipsec esp/{mode}/{tunnels[way]}/require;"
        node.ipsec.setkey(script)
    net.run(until=3)
    ping = ends[0].ping("b", count=5)
    net.run(until=10)
    assert ping.received == 5
    for node in ends:
        assert [(sa["spi"], sa["packets"], sa["bytes"]) for sa in node.ipsec.associations] == [
            (1001, 5, 5 * octets), (1002, 5, 5 * octets),
        ]  # fmt: skip
