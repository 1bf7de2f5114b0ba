"""Shared by the cases on address autoconfiguration."""

from __future__ import annotations


PREFIX = "2001:db8:5::"
FORMED = "2001:db8:5::ff:fe00:1"  # with the modified EUI-64 identifier of NODE.mac (RFC 2464 §4)
MAX_RTR_SOLICITATION_DELAY, RETRANS_TIMER = 1.0, 1.0


def state(host, address):
    """tentative, preferred, ...; None if the host does not have the address."""
    rows = host.addresses()
    found = rows[rows["address"] == address]
    return None if found.empty else found["state"].iloc[0]


def lifetime(host, address, column="valid_until_s"):
    """What is left of it, in seconds."""
    rows = host.addresses()
    return rows[rows["address"] == address][column].iloc[0] - host.network.now
