"""Conformance suites: catalogues of cases, each run against a fresh node over raw ports, in virtual time.

    ./kamesim conformance --suite ipv6

A case is a short function that reads like the exchange:

    from kamesim.conformance import case, echo, expect, ip, must
    from scapy.layers.inet6 import ICMPv6EchoReply

    @case(must("RFC 4443 §4.2"))
    def echo_reply_returns_identifier_and_sequence_number(host, port):
        port.send(ip() / echo(id=0xBEEF, seq=7))
        expect(port, ICMPv6EchoReply, id=0xBEEF, seq=7)

In a file of your own it runs by `./kamesim conformance my_cases.py`.
"""

from kamesim.conformance.exchange import *  # noqa: F403
from kamesim.conformance.exchange import __all__ as _vocabulary
from kamesim.conformance.runner import listed, run

__all__ = [*_vocabulary, "listed", "run"]
