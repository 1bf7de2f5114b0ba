"""IPsec of a node (RFC 4301): policies, associations, setkey's scripts, and keys for Wireshark."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors, tables
from kamesim.settings import Setting, Settings

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.node import Node

#: All algorithms: kind, name, setkey, rule, key_bytes_min, key_bytes_max, key_bytes_step, salt_bytes, icv_bytes, ...
ALGORITHMS: list[dict[str, Any]] = _core.ipsec_algorithms()
PROTOCOLS = ("esp", "ah", "ipcomp", "esp-udp")
MODES = ("transport", "tunnel", "any")
ECN_MODES = ("rfc4301", "copy", "forbidden", "allowed")
DONT_FRAGMENT = ("copy", "clear", "set")
PADDINGS = ("sequential", "zero", "random")
_LEAST_SPI = 256  # RFC 4303 section 2.1
_LARGEST_CPI = 65535  # RFC 3173 section 3.3
_LARGEST_WINDOW = 4096  # packets
_FOREVER = 0x7FFFFFFF  # seconds


class IpsecError(errors.Error):
    """What setkey refuses: `line` and `column` say where in its script, from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class Ipsec(Settings):
    """IPsec of one node, as `node.ipsec`: its policies and associations. A node that is given none has no IPsec.

    node.ipsec.add_sa("2001:db8::1", "2001:db8::2", spi=0x1001, encryption="aes-cbc", encryption_key=key)
    node.ipsec.add_policy("out ipsec esp/transport//require", destination="2001:db8::2")

    What is given here is configuration: a reboot keeps it (sequence numbers start again), and scenarios save it.
    """

    discard_unmatched = Setting(bool)  #: packets of no policy are discarded (RFC 4301 section 5); else they pass (KAME)
    bypass_neighbor_discovery = Setting(bool)  #: unless a policy names ICMPv6, so that nodes can find each other
    accept_unprotected_icmp_errors = Setting(bool)  #: about protected packets (RFC 4301 section 6.1.1)
    report_discards = Setting(bool)  #: sources of transit packets that a policy discards are told (RFC 4301 section 5.1.1)
    require_protected_home_registrations = Setting(bool)  #: of Mobile IPv6 (RFC 6275 section 5.1)
    udp_encapsulation_port = Setting(int, minimum=1, maximum=65535)  #: where ESP in UDP is heard (RFC 3948)
    cost_per_packet = Setting(float, unit="seconds")  #: of cryptography, to study slow devices
    cost_per_kilobyte = Setting(float, unit="seconds")  #: the same, for each 1000 bytes
    default_level_use = Setting(bool)  #: what level "default" is: use (KAME), else require
    prefer_old_associations = Setting(bool)  #: of two that fit, until it ends (KAME's key.preferred_oldsa)
    acquire_count = Setting(int)  #: packets without a further request to key management (KAME's key.blockacq_count)
    acquire_lifetime = Setting(float, unit="seconds")  #: so long at most (KAME's key.blockacq_lifetime)

    _part = "ipsec"

    def _get(self, name: str) -> float:
        return self._node._core.ipsec_setting(name)

    def _set(self, name: str, value: float) -> None:
        self._node._core.set_ipsec_setting(name, value)

    @property
    def running(self) -> bool:
        """Whether the node has IPsec: it was given a policy, an association or a setting."""
        return self._node._core.ipsec_running()

    # --- Scripts -----------------------------------------------------------------------------------------------------

    def setkey(self, script: str | os.PathLike[str]) -> str:
        """Does what a script in setkey's language says; what its get, dump and spddump show is the answer.

        script: the text, or the path of a file as a pathlib.Path. Where addresses stand there may be names of nodes of
        this network, for all their addresses but link-local ones (-4, -6: of IPv4, of IPv6 alone). Nothing is done if
        it is not right as a whole; the error, an IpsecError, says line and column.
        """
        if isinstance(script, os.PathLike):
            text = errors.read_file(f"{self._what}: setkey", "script", os.fspath(script)).decode("utf-8", "replace")
        elif isinstance(script, str):
            text = script
        else:
            errors.fail(f"{self._what}: setkey", "script", script, "a script as text, or the path of one")
        shown, line, column, message = self._node._core.ipsec_setkey(text, self._addresses_of)
        if line:
            raise IpsecError(f"{self._what}: setkey: line {line}, column {column}: {message}", line, column)
        return shown

    def _addresses_of(self, name: str) -> list[str]:
        """What a script's name of a node stands for."""
        node = self._node.network._nodes.get(name)
        if node is None:
            return []
        rows = [(row[1], row[3]) for row in node._address_rows() + node._core.ipv4_addresses()]
        return [a for a, state in rows if state != "duplicated" and not ipaddress.ip_address(a).is_link_local]

    @property
    def script(self) -> str:
        """What was given to the node, as a script in setkey's language."""
        return self._node._core.ipsec_script()

    # --- Associations ------------------------------------------------------------------------------------------------

    def add_sa(
        self,
        source: str,
        destination: str,
        *,
        spi: int,
        protocol: str = "esp",
        mode: str = "any",
        encryption: str | None = None,
        encryption_key: bytes | str = b"",
        integrity: str | None = None,
        integrity_key: bytes | str = b"",
        reqid: int = 0,
        replay_window: int = 0,
        esn: bool = False,
        cyclic_sequence: bool | None = None,
        padding: str = "sequential",
        ecn: str = "rfc4301",
        dscp: int | None = None,
        dont_fragment: str = "copy",
        tfc_pad_to: int = 0,
        sequence: int = 0,
        source_port: int = 4500,
        destination_port: int = 4500,
        soft_lifetime: float = 0,
        hard_lifetime: float = 0,
        soft_bytes: int = 0,
        hard_bytes: int = 0,
    ) -> None:
        """Adds an association, for packets from source to destination; the node sends or receives with it.

        spi: 256 or more; the CPI of ipcomp. protocol: "esp", "ah", "ipcomp" (with DEFLATE), or "esp-udp", whose ports
        are source_port and destination_port (RFC 3948). mode: "transport", "tunnel", "any": what a policy asks.
        encryption, integrity: names of `ipsec.ALGORITHMS`; None: none. Keys are bytes, or text of hexadecimal digits,
        with the salt of counter modes at the end. reqid: only for policies that ask for it; 0: for all. replay_window:
        in packets, 32 to 4096, rounded up to a multiple of 8; 0: no replay protection. esn: 64-bit sequence numbers.
        cyclic_sequence: whether the number may start again; None: without replay protection (RFC 4303 section 3.3.3).
        padding: "sequential", "zero", "random". ecn: of tunnels, "rfc4301", or KAME's "copy", "forbidden", "allowed".
        dscp: of the tunnel's header; None: copied. dont_fragment: the DF bit of IPv4 tunnels, "copy", "clear" or
        "set". tfc_pad_to: bytes that payloads
        of an ESP tunnel are padded to. sequence: the last number that was used before, by the sender elsewhere or for
        an experiment; it goes on behind that. Lifetimes are in whole seconds from now on, and in bytes; 0: no end.
        """
        what = f"{self._what}: add_sa"
        errors.one_of(what, "protocol", protocol, PROTOCOLS)
        ends = _ends(what, source, destination)
        address = self._sa_address(what, ends, protocol, spi, source_port, destination_port)
        words = [f"add {address} -m {errors.one_of(what, 'mode', mode, MODES)}"]
        words.append(f"-u {errors.integer(what, 'reqid', reqid, '', minimum=0, maximum=2**32 - 1)}")
        window = errors.integer(what, "replay_window", replay_window, "packets", minimum=0, maximum=_LARGEST_WINDOW)
        words.append(f"-r {(window + 7) // 8}")
        if errors.flag(what, "esn", esn):
            words.append("-f esn")
        if cyclic_sequence is not None:
            cyclic = errors.flag(what, "cyclic_sequence", cyclic_sequence)
            words.append("-f cyclic-seq" if cyclic else "-f nocyclic-seq")
        pad = errors.one_of(what, "padding", padding, PADDINGS)
        words.append(f"-f {'seq' if pad == 'sequential' else pad}-pad")
        if errors.one_of(what, "ecn", ecn, ECN_MODES) != "rfc4301":
            words.append(f"-f ecn-{ecn}")
        if dscp is not None:
            words.append(f"-f dscp {errors.integer(what, 'dscp', dscp, '', minimum=0, maximum=63)}")
        if errors.one_of(what, "dont_fragment", dont_fragment, DONT_FRAGMENT) != "copy":
            words.append(f"-f {dont_fragment}-df")
        words.append(f"-f tfc {errors.integer(what, 'tfc_pad_to', tfc_pad_to, 'bytes', minimum=0, maximum=65535)}")
        most = 2**64 - 1 if esn else 2**32 - 1
        words.append(f"-f sequence {errors.integer(what, 'sequence', sequence, '', minimum=0, maximum=most)}")
        for option, name, value in (("-ls", "soft_lifetime", soft_lifetime), ("-lh", "hard_lifetime", hard_lifetime)):
            words.append(f"{option} {_whole_seconds(what, name, value)}")
        for option, name, count in (("-bs", "soft_bytes", soft_bytes), ("-bh", "hard_bytes", hard_bytes)):
            words.append(f"{option} {errors.integer(what, name, count, 'bytes', minimum=0, maximum=2**63)}")
        if protocol == "ipcomp":
            for name, given in (("encryption", encryption), ("integrity", integrity)):
                if given is not None:
                    errors.fail(what, name, given, "None for ipcomp, which compresses")
            words.append("-C deflate")
        else:
            if protocol == "ah" and encryption is not None:
                errors.fail(what, "encryption", encryption, "None for ah, which does not encrypt")
            words += _algorithm(what, "encryption", "-E", encryption, encryption_key)
            words += _algorithm(what, "integrity", "-A", integrity, integrity_key)
            if encryption is None and protocol != "ah":
                words.append("-E null")
                if integrity is None:
                    errors.fail(what, "encryption", None, "an algorithm; without one, esp needs integrity")
        self._run(what, " ".join(words) + ";")

    def delete_sa(self, source: str, destination: str, *, spi: int, protocol: str = "esp") -> None:
        """Takes an association away."""
        what = f"{self._what}: delete_sa"
        errors.one_of(what, "protocol", protocol, PROTOCOLS)
        self._run(what, f"delete {self._sa_address(what, _ends(what, source, destination), protocol, spi)};")

    @property
    def associations(self) -> list[dict[str, Any]]:
        """Its associations in the order of their being added: what was given of each, its state, and its counters.

        state: "larval", "mature", "dying" (the soft lifetime is over) or "dead". packets, bytes: protected or found
        good. replayed, too_old, bad_icv, malformed, policy_mismatch: discarded. added_s, first_used_s, last_used_s:
        seconds.
        """
        return self._node._core.ipsec_associations()

    def sa_frame(self) -> pd.DataFrame:
        """`associations` as a table."""
        return _frame(self.associations, _SA_COLUMNS)

    def send_dummy(self, source: str, destination: str, *, spi: int, size: int = 64) -> None:
        """Sends a dummy packet (RFC 4303 section 2.6) of so many bytes by an association of ESP."""
        what = f"{self._what}: send_dummy"
        ends = _ends(what, source, destination)
        number = errors.integer(what, "spi", spi, "", minimum=_LEAST_SPI, maximum=2**32 - 1)
        length = errors.integer(what, "size", size, "bytes", minimum=0, maximum=65000)
        if not self._node._core.send_ipsec_dummy(*ends, number, length):
            errors.fail(what, "spi", spi, "that of an association of ESP from source to destination which can be used")

    # --- Policies ----------------------------------------------------------------------------------------------------

    def add_policy(
        self,
        policy: str,
        *,
        source: str = "::/0",
        destination: str = "::/0",
        upper: str = "any",
        source_port: int | str = "any",
        destination_port: int | str = "any",
        name: str = "",
        lifetime: float = 0,
    ) -> int:
        """Adds a policy behind those of its direction and priority; the answer is its number, for `delete_policy`.

        policy: a policy string as of ipsec_set_policy: "out ipsec esp/tunnel/2001:db8::1-2001:db8::2/require", "in
        discard", "out prio 10 none". source, destination: an address, a prefix, or a range of addresses ("a-b"). upper:
        "any", a protocol by name or number, a message with its type and code ("icmp6 135,0", "mh 5"), or "opaque".
        Ports: a number, a range ("1024-65535"), "any" or "opaque". name: for the tables. lifetime: seconds, then it
        goes; 0: it stays.
        """
        what = f"{self._what}: add_policy"
        for parameter, value in (("policy", policy), ("name", name)):
            if not isinstance(value, str):
                errors.fail(what, parameter, value, "text")
        selector = _selector(what, source, destination, upper, source_port, destination_port)
        seconds = errors.number(what, "lifetime", lifetime, "seconds", minimum=0)
        _check_whole(what, policy)
        text = f"spdadd {selector} -P {policy};"
        number, line, column, message = self._node._core.add_ipsec_policy(text, name, round(seconds * 1e9))
        if line:
            raise IpsecError(f"{what}: {message} (in {text!r}, column {column})", line, column)
        return number

    def delete_policy(
        self,
        policy: int | str,
        *,
        source: str = "::/0",
        destination: str = "::/0",
        upper: str = "any",
        source_port: int | str = "any",
        destination_port: int | str = "any",
    ) -> None:
        """Takes a policy away: by its number, or by its direction ("in", "out", "fwd") and what it is about."""
        what = f"{self._what}: delete_policy"
        if isinstance(policy, int):
            if not self._node._core.remove_ipsec_policy(policy):
                raise errors.UnknownName(f"{what}: policy", str(policy), [str(p["id"]) for p in self.policies])
            return
        errors.one_of(what, "policy", policy, ("in", "out", "fwd"))
        selector = _selector(what, source, destination, upper, source_port, destination_port)
        self._run(what, f"spddelete {selector} -P {policy};")

    @property
    def policies(self) -> list[dict[str, Any]]:
        """Its policies in the order in which they are asked, direction by direction.

        Of each: id, name, direction, action, priority, selector and policy as setkey writes them, lookups (how often it
        was the answer for a new flow), added_s.
        """
        return self._node._core.ipsec_policies()

    def policy_frame(self) -> pd.DataFrame:
        """`policies` as a table."""
        return _frame(self.policies, _POLICY_COLUMNS)

    def flush(self) -> None:
        """Takes away all associations and policies."""
        if self.running:
            self._run(f"{self._what}: flush", "flush; spdflush;")

    @property
    def counters(self) -> dict[str, int]:
        """Sums over its associations: packets, bytes, replayed, too_old, bad_icv, malformed, policy_mismatch.

        What was discarded is counted by reason in `node.drops` as well, also after its association has gone.
        """
        rows = self.associations
        return {name: sum(row[name] for row in rows) for name in _COUNTERS}

    # --- Keys for Wireshark -----------------------------------------------------------------------------------------

    def write_key_file(self, path: errors.PathLike) -> int:
        """Writes the keys of its ESP associations as Wireshark's file `esp_sa`; the answer is how many there are.

        Wireshark reads it in its profile's folder; tshark takes the lines as well: -o 'uat:esp_sa:LINE', with
        -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE. Associations with AES-CCM,
        ChaCha20-Poly1305 or AES-GMAC, which it does not know, are left out; ICVs of AES-CMAC and AES-XCBC are cut off,
        and not checked.
        """
        return write_key_file(path, [self._node])

    @property
    def _what(self) -> str:
        return f"{self._node._what}: {self._part}"

    def _run(self, what: str, script: str) -> None:
        _, line, column, message = self._node._core.ipsec_setkey(script, lambda name: [])
        if line:
            raise IpsecError(f"{what}: {message}", line, column)

    @staticmethod
    def _sa_address(
        what: str, ends: tuple[str, str], protocol: str, spi: Any, source_port: Any = None, destination_port: Any = None
    ) -> str:
        least, largest = (1, _LARGEST_CPI) if protocol == "ipcomp" else (_LEAST_SPI, 2**32 - 1)
        number = errors.integer(what, "spi", spi, "", minimum=least, maximum=largest)
        source, destination = ends
        if protocol == "esp-udp" and source_port is not None:
            source += f"[{errors.integer(what, 'source_port', source_port, '', minimum=1, maximum=65535)}]"
            port = errors.integer(what, "destination_port", destination_port, "", minimum=1, maximum=65535)
            destination += f"[{port}]"
        return f"{source} {destination} {protocol} {number}"

    def __repr__(self) -> str:
        if not self.running:
            return f"<ipsec of {self._node.name!r}: none>"
        return f"<ipsec of {self._node.name!r}: {len(self.associations)} associations, {len(self.policies)} policies>"


def write_key_file(path: errors.PathLike, nodes: Iterable[Node]) -> int:
    """Writes the keys of all ESP associations of some nodes, each once, as Wireshark's file `esp_sa`."""
    target = errors.writable_path("key file", "path", path)
    lines = key_file_lines(nodes)
    header = "# Keys of ESP for Wireshark and tshark: its table of ESP SAs (esp_sa)\n"
    errors.write_file("key file", target, (header + "".join(f"{line}\n" for line in lines)).encode())
    return len(lines)


def key_file_lines(nodes: Iterable[Node]) -> list[str]:
    """The lines of such a file."""
    lines: dict[str, None] = {}
    for node in nodes:
        for row in node._core.ipsec_key_rows():
            source, destination, spi, encryption, encryption_key, integrity, integrity_key, icv = row
            if not encryption:
                continue
            if not integrity:
                integrity, integrity_key = f"ANY {8 * icv} bit authentication [no checking]", ""
            version = "IPv4" if errors.is_ipv4(source) else "IPv6"
            fields = (
                version,
                source,
                destination,
                f"0x{spi:08x}",
                encryption,
                encryption_key if len(encryption_key) > 2 else "",
                integrity,
                integrity_key if len(integrity_key) > 2 else "",
            )
            lines[",".join(f'"{field}"' for field in fields)] = None
    return list(lines)


def key_file_beside(capture: str) -> Path:
    """Where the keys for a capture are written: its name and ".esp_sa"."""
    return Path(capture + ".esp_sa")


_COUNTERS = ("packets", "bytes", "replayed", "too_old", "bad_icv", "malformed", "policy_mismatch")
_SA_COLUMNS = (
    "protocol",
    "spi",
    "source",
    "destination",
    "mode",
    "state",
    "encryption",
    "integrity",
    "compression",
    "reqid",
    "replay_window",
    "esn",
    "sequence",
    "highest_received",
    *_COUNTERS,
    "added_s",
    "first_used_s",
    "last_used_s",
)
_POLICY_COLUMNS = ("id", "name", "direction", "action", "priority", "selector", "policy", "lookups", "added_s")


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    return tables.frame([[row[column] for column in columns] for row in rows], columns)


def _ends(what: str, source: Any, destination: Any) -> tuple[str, str]:
    texts = errors.ip_address(what, "source", source), errors.ip_address(what, "destination", destination)
    if errors.is_ipv4(texts[0]) != errors.is_ipv4(texts[1]):
        errors.fail(what, "destination", destination, "an address of the same IP version as source")
    return texts


def _whole_seconds(what: str, name: str, value: Any) -> int:
    seconds = errors.number(what, name, value, "seconds", minimum=0)
    if seconds != int(seconds) or seconds > _FOREVER:
        errors.fail(what, name, value, f"whole seconds, up to {_FOREVER}")
    return int(seconds)


def checked_algorithm(what: str, kind: str, name: Any, key: Any) -> tuple[str, bytes]:
    """An algorithm of a kind and its key, as given: the name ("" for None) and bytes of a length that it takes."""
    parameter = f"{kind}_key"
    if name is None:
        if key not in (b"", ""):
            errors.fail(what, parameter, key, f"left out, as there is no {kind}")
        return "", b""
    rows = {row["name"]: row for row in ALGORITHMS if row["kind"] == kind}
    rows |= {row["setkey"]: row for row in ALGORITHMS if row["kind"] == kind}
    if isinstance(name, str):
        name = name.lower()
    if name not in rows:
        raise errors.UnknownName(f"{what}: {kind}", name, rows)
    if isinstance(key, str):
        try:
            key = bytes.fromhex(key.removeprefix("0x"))
        except ValueError:
            errors.fail(what, parameter, key, "bytes, or text of hexadecimal digits")
    if not isinstance(key, bytes | bytearray):
        errors.fail(what, parameter, key, "bytes, or text of hexadecimal digits")
    row = rows[name]
    least, largest, step = row["key_bytes_min"], row["key_bytes_max"], row["key_bytes_step"]
    if not (least <= len(key) <= largest and (len(key) - least) % step == 0):
        salt = f", the last {row['salt_bytes']} of them the salt" if row["salt_bytes"] else ""
        lengths = str(least) if least == largest else " or ".join(map(str, range(least, largest + 1, step)))
        right = lengths if step > 1 or least == largest else f"{least} to {largest}"
        errors.fail(what, parameter, bytes(key), f"{right} bytes for {name}{salt}")
    return row["name"], bytes(key)


def _algorithm(what: str, kind: str, option: str, name: Any, key: Any) -> list[str]:
    checked, octets = checked_algorithm(what, kind, name, key)
    if not checked:
        return []
    return [option, checked] + ([f"0x{octets.hex()}"] if octets else [])


def _selector(what: str, source: Any, destination: Any, upper: Any, source_port: Any, destination_port: Any) -> str:
    for parameter, value in (("source", source), ("destination", destination), ("upper", upper)):
        if not isinstance(value, str):
            errors.fail(what, parameter, value, "text")
        _check_whole(what, value)
    # The kind of IP of one end is that of the other, if that is left out.
    if source == "::/0" and "." in destination:
        source = "0.0.0.0/0"
    if destination == "::/0" and "." in source:
        destination = "0.0.0.0/0"
    ports = []
    for parameter, value in (("source_port", source_port), ("destination_port", destination_port)):
        if isinstance(value, bool) or not isinstance(value, int | str):
            errors.fail(what, parameter, value, 'a port, a range "a-b", "any" or "opaque"')
        if isinstance(value, str):
            _check_whole(what, value)
        ports.append("" if value == "any" else f"[{value}]")
    return f"{source}{ports[0]} {destination}{ports[1]} {upper}"


def _check_whole(what: str, text: str) -> None:
    """Text that goes into a command must not end it."""
    if ";" in text or "#" in text or "\n" in text:
        right = "setkey() takes whole scripts"
        raise errors.Error(f"{what}: {text!r} has a ';', a '#' or the end of a line in it; {right}")
