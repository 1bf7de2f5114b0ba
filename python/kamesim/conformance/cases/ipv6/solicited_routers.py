"""Router discovery of a host that has just come up (RFC 4861 §6.3.7), and Router Solicitations that it hears itself."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS

from kamesim.conformance.cases.ipv6._hosts import FAR, next_hop
from kamesim.conformance.exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE,
    TESTER,
    case,
    expect,
    expect_none,
    find,
    ip,
    must,
    ra,
    rs,
)

RTR_SOLICITATION_INTERVAL, MAX_RTR_SOLICITATIONS = 4.0, 3

# A Router Advertisement in answer to the first solicitation, and whether it ends the search.
ANSWERS = {
    "without address": (ra(lladdr=None), True),
    "with address": (ra(), True),
    "source is global": (ra(source=TESTER.address), False),
    "hop limit": (ra(hop_limit=254), False),
    "checksum": (ra(cksum=0x1234), False),
    "code": (ra(code=1), False),
}


@case(
    must("RFC 4861 §6.3.7", "RFC 4861 §6.1.2"),
    logo={name: f"v6LC.2.2.2 {part}" for name, part in zip(ANSWERS, "ABCDEF")},
)
@pytest.mark.parametrize(("answer", "valid"), ANSWERS.values(), ids=ANSWERS)
def valid_advertisement_ends_the_search_for_routers(fresh_host, fresh_port, answer, valid):
    expect(fresh_port, ICMPv6ND_RS, within=3.0)
    fresh_port.run(1.0)
    fresh_port.send(answer)
    more = [p for p in fresh_port.run(5 * RTR_SOLICITATION_INTERVAL) if find(p, ICMPv6ND_RS)]
    assert len(more) == (0 if valid else MAX_RTR_SOLICITATIONS - 1)
    assert next_hop(fresh_host, fresh_port, FAR) == (TESTER.mac if valid else None)


@case(must("RFC 4861 §6.2.6"), logo={ALL_ROUTERS: "v6LC.2.2.3 A", ALL_NODES: "v6LC.2.2.3 B", "link-local": "v6LC.2.2.3 C"})
@pytest.mark.parametrize(
    "destination", [ALL_ROUTERS, ALL_NODES, NODE.link_local], ids=[ALL_ROUTERS, ALL_NODES, "link-local"]
)
def host_does_not_answer_router_solicitations_to(host, port, destination):
    port.send(ip(destination, source=TESTER.link_local, hlim=255) / rs()[ICMPv6ND_RS])
    expect_none(port, ICMPv6ND_RA, within=2.0)
