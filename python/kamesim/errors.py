"""The errors that users meet, and the checks that raise them.

Every message names the object, the parameter and its value, and says what would be right:

    link 'a-b': delay is -0.001; it must be a number of seconds, 0 or more
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import numbers
import os
import re
from collections.abc import Iterable
from typing import Any, NoReturn, Union

from kamesim._core import Error

__all__ = ["Error", "UnknownName"]

PathLike = Union[str, "os.PathLike[str]"]

MINIMUM_MTU = 1280  # bytes, RFC 8200 section 5
MAXIMUM_MTU = 2**24  # bytes; links beyond 65,575 carry jumbograms (RFC 2675)
_LONGEST_NAME = 255  # characters; captures and scenario files have room for these
_LONGEST_VALUE = 200  # characters of a value that a message repeats
LARGEST_TIME = 9.2e9  # seconds: what fits into 64 bits of nanoseconds, some 290 years


class UnknownName(Error, KeyError):
    """There is no object of that name."""

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        names = list(known)
        close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
        if close:
            hint = "did you mean " + " or ".join(repr(c) for c in close) + "?"
        elif names:
            hint = "there are " + ", ".join(repr(n) for n in names[:5]) + (", ..." if len(names) > 5 else "")
        else:
            hint = "there are none yet"
        self.message = f"{what} {_shown(name)} is not known; {hint}"
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would print the message's repr
        return self.message


def fail(what: str, parameter: str, value: object, right: str) -> NoReturn:
    """Raises the error `what: parameter is value; it must be right`."""
    raise Error(f"{what}: {parameter} is {_shown(value)}; it must be {right}")


def _shown(value: object) -> str:
    """What it is, in a line of a message."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."


def number(
    what: str,
    parameter: str,
    value: Any,
    unit: str,
    *,
    minimum: float = 0.0,
    above: float | None = None,
    maximum: float | None = None,
) -> float:
    """`value` as a finite float within its bounds."""
    bounds = f"above {above:g}" if above is not None else f"{minimum:g} or more" if minimum > -math.inf else ""
    if maximum is not None:
        bounds += f", at most {maximum:g}" if above is not None else f" and at most {maximum:g}"
    right = f"a number{' of ' + unit if unit else ''}, {bounds}".rstrip(", ")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        fail(what, parameter, value, right)
    try:
        result = float(value)
    except OverflowError:  # whole numbers have no bound
        fail(what, parameter, value, right)
    too_low = result <= above if above is not None else result < minimum
    if not math.isfinite(result) or too_low or (maximum is not None and result > maximum):
        fail(what, parameter, value, right)
    return result


def nanoseconds(
    what: str, parameter: str, value: Any, *, minimum: float = 0.0, above: float | None = None
) -> int:
    """A number of seconds as whole nanoseconds."""
    seconds = number(what, parameter, value, "seconds", minimum=minimum, above=above, maximum=LARGEST_TIME)
    if above is not None and above >= 0 and seconds < 0.5e-9:
        fail(what, parameter, value, "a nanosecond (1e-9) or more")
    return round(seconds * 1e9)


def integer(what: str, parameter: str, value: Any, unit: str, *, minimum: int, maximum: int | None = None) -> int:
    """`value` as an int within its bounds; a float that is a whole number will do."""
    right = f"a whole number{' of ' + unit if unit else ''}, {minimum} or more"
    if maximum is not None:
        right = f"a whole number{' of ' + unit if unit else ''} from {minimum} to {maximum}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        fail(what, parameter, value, right)
    if not isinstance(value, numbers.Integral) and not math.isfinite(value):
        fail(what, parameter, value, right)
    result = int(value)
    if result != value or result < minimum or (maximum is not None and result > maximum):
        fail(what, parameter, value, right)
    return result


def flag(what: str, parameter: str, value: Any) -> bool:
    """`value` as a bool; nothing else passes for one."""
    if not isinstance(value, bool):
        fail(what, parameter, value, "True or False")
    return value


def listed(what: str, parameter: str, value: Any, right: str) -> list[Any]:
    """`value` as a list of its elements."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        fail(what, parameter, value, right)
    return list(value)


def one_of(what: str, parameter: str, value: Any, choices: tuple[str, ...]) -> str:
    """`value` if it is one of the words."""
    if value not in choices:
        fail(what, parameter, value, " or ".join(repr(c) for c in choices))
    return str(value)


def name(what: str, value: Any) -> str:
    """`value` as the name of an object."""
    if not isinstance(value, str) or not value or value != value.strip() or not value.isprintable():
        fail(what, "name", value, "a text that is not empty, without spaces around it")
    if len(value) > _LONGEST_NAME:
        fail(what, "name", value, f"of {_LONGEST_NAME} characters at the most")
    return value


def address(what: str, parameter: str, value: Any) -> str:
    """`value` (text or ipaddress.IPv6Address) as the text of an IPv6 address."""
    right = "an IPv6 address, such as '2001:db8::1'"
    if not isinstance(value, (str, ipaddress.IPv6Address)):
        fail(what, parameter, value, right)
    try:
        parsed = ipaddress.IPv6Address(value)
    except ValueError:
        fail(what, parameter, value, right)
    if parsed.scope_id is not None:
        fail(what, parameter, value, right + ", without a zone; name the interface instead")
    return str(parsed)


def routable_address(what: str, parameter: str, value: Any) -> str:
    """`value` as the text of an IPv6 address that one interface may have and routers know the way to."""
    text = address(what, parameter, value)
    parsed = ipaddress.IPv6Address(text)
    if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or parsed.is_link_local:
        fail(what, parameter, value, "a unicast address that is routed, such as '2001:db8::1'")
    return text


def ip_address(what: str, parameter: str, value: Any) -> str:
    """`value` (text, or of ipaddress) as the text of an IPv6 or IPv4 address; '::ffff:192.0.2.1' is '192.0.2.1'."""
    if isinstance(value, ipaddress.IPv4Address) or (isinstance(value, str) and is_ipv4(value)):
        return str(ipaddress.IPv4Address(value))
    if isinstance(value, str) and ":" not in value:
        fail(what, parameter, value, "an IPv6 or IPv4 address, such as '2001:db8::1' or '192.0.2.1'")
    text = address(what, parameter, value)
    mapped = ipaddress.IPv6Address(text).ipv4_mapped
    return text if mapped is None else str(mapped)


def is_ipv4(text: str) -> bool:
    """Whether it is the text of an IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def ip_prefix(what: str, parameter: str, value: Any) -> ipaddress.IPv6Network | ipaddress.IPv4Network:
    """`value` (text, or of ipaddress) as an IPv6 or IPv4 prefix."""
    if isinstance(value, ipaddress.IPv4Network):
        return value
    if not isinstance(value, str) or ":" in value or "." not in value:
        return prefix(what, parameter, value)
    right = "an IPv6 or IPv4 prefix, such as '2001:db8:1::/64' or '192.0.2.0/24'"
    if not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value):
        fail(what, parameter, value, right)
    try:
        return ipaddress.IPv4Network(value)
    except ValueError as error:
        if "host bits" in str(error):
            network = ipaddress.IPv4Network(value, strict=False)
            fail(what, parameter, value, f"a prefix without bits set behind its length: '{network}'")
        fail(what, parameter, value, right)


def prefix(what: str, parameter: str, value: Any) -> ipaddress.IPv6Network:
    """`value` (text or ipaddress.IPv6Network) as an IPv6 prefix."""
    right = "an IPv6 prefix, such as '2001:db8:1::/64'"
    if isinstance(value, ipaddress.IPv6Network):
        return value
    if not isinstance(value, str) or "/" not in value:
        fail(what, parameter, value, right)
    try:
        return ipaddress.IPv6Network(value)
    except ValueError as error:
        if "host bits" in str(error):
            network = ipaddress.IPv6Network(value, strict=False)
            fail(what, parameter, value, f"a prefix without bits set behind its length: '{network}'")
        fail(what, parameter, value, right)


def address_with_length(what: str, parameter: str, value: Any, default_length: int = 64) -> tuple[str, int]:
    """'2001:db8::1/64' or '2001:db8::1' as (address, length of its prefix); of IPv4, '192.0.2.1/24' only."""
    classes = (ipaddress.IPv6Address, ipaddress.IPv6Interface, ipaddress.IPv4Address, ipaddress.IPv4Interface)
    text = str(value) if isinstance(value, classes) else value
    if not isinstance(text, str):
        fail(what, parameter, value, "an IPv6 address, such as '2001:db8::1' or '2001:db8::1/64'")
    host, slash, length = text.partition("/")
    if is_ipv4(host):
        if not (re.fullmatch(r"[0-9]{1,2}", length) and int(length) <= 32):
            fail(what, parameter, value, f"with the length of its prefix, from 0 to 32, such as '{host}/24'")
        return ip_address(what, parameter, host), int(length)
    if slash and not (re.fullmatch(r"[0-9]{1,3}", length) and int(length) <= 128):
        fail(what, parameter, value, "an address whose prefix length is from 0 to 128")
    return address(what, parameter, host), int(length) if slash else default_length


def mac(what: str, parameter: str, value: Any) -> str | None:
    """`value` as the text of a MAC address; None stays None (one is made up)."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", value):
        fail(what, parameter, value, "a MAC address, such as '02:00:00:00:00:01'")
    if int(value[:2], 16) & 1:
        fail(what, parameter, value, "the address of one station; the lowest bit of its first byte is clear")
    if int(value.replace(":", ""), 16) == 0:
        fail(what, parameter, value, "other than all zeros")
    return value.lower()


def position(what: str, parameter: str, value: Any) -> tuple[float, float]:
    """`value` as (x, y) in metres."""
    try:
        x, y = value
    except (TypeError, ValueError):
        fail(what, parameter, value, "a pair (x, y) of metres")
    return (
        number(what, f"{parameter}[0]", x, "metres", minimum=-math.inf),
        number(what, f"{parameter}[1]", y, "metres", minimum=-math.inf),
    )


def writable_path(what: str, parameter: str, value: Any) -> str:
    """`value` as the path of a file that can be written; its folder must be there."""
    path = _path(what, parameter, value, "the path of a file")
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        fail(what, parameter, path, "a file; this is a folder")
    if not os.path.isdir(folder):
        fail(what, parameter, path, f"in a folder that exists; there is no {folder!r}")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        fail(what, parameter, path, "a path that you may write to")
    return path


def writable_folder(what: str, parameter: str, value: Any) -> str:
    """`value` as the path of a folder, which is made if it is not there."""
    path = _path(what, parameter, value, "the path of a folder")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Error(f"{what}: {parameter} is {path!r}, which cannot be made a folder: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        fail(what, parameter, path, "a folder that you may write to")
    return path


def write_file(what: str, path: str, content: bytes) -> None:
    """Writes a file; what the system says against it becomes an Error."""
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise Error(f"{what}: cannot write {path!r}: {error.strerror}") from None


def read_file(what: str, parameter: str, value: Any) -> bytes:
    """The content of a file; what the system says against it becomes an Error."""
    path = _path(what, parameter, value, "the path of a file")
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Error(f"{what}: cannot read {path!r}: {error.strerror}") from None


def file_name(text: str) -> str:
    """`text` as a part of a file's name: what is not a letter, digit, '.', '-' or '_' becomes '_'."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)


def _path(what: str, parameter: str, value: Any, right: str) -> str:
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(path, str) or not path or "\0" in path:
        fail(what, parameter, value, right)
    try:
        path.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        fail(what, parameter, value, right)
    return path
