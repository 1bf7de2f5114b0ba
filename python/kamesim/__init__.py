"""kamesim: a discrete-event simulator of IPv6 networks whose nodes run complete stacks, with real wire bytes.

    import kamesim as ks

    net = ks.Network(seed=1)
    client, router, server = net.host("client"), net.router("router"), net.host("server")
    net.link(client, router, delay=0.005)
    net.link(router, server, delay=0.020, rate=10e6)
    net.shortest_path_routes()
    net.run(until=3)                  # addresses pass Duplicate Address Detection
    ping = client.ping(server, count=10)
    net.run(for_=15)
    print(ping.rtts)

Times are virtual seconds, rates bits per second, sizes bytes, places metres, unless a docstring says otherwise.
"""

import os as _os


def _find_built_parts() -> None:
    """In a checkout, what Bazel builds lies under bazel-bin: the compiled module and the file formats."""
    root = _os.path.dirname(_os.path.dirname(_os.path.dirname(_os.path.abspath(__file__))))
    for part in ("bazel-bin/python/kamesim", "sim/formats", "bazel-bin/sim/formats"):
        folder = _os.path.join(root, *part.split("/"))
        if _os.path.isdir(folder) and folder not in __path__:
            __path__.append(folder)


_find_built_parts()

try:
    from kamesim._core import Error
except ModuleNotFoundError as _error:
    if _error.name != "kamesim._core":
        raise
    raise ImportError("kamesim is not built yet; run `./kamesim build` in its folder") from None

from kamesim import ancillary, topology
from kamesim.advertising import AdvertisedMap, AdvertisedPrefix, AdvertisedRoute
from kamesim.authentication_option import AuthenticationOption
from kamesim.bulk import Lans, Links, Nodes
from kamesim.capture import Capture
from kamesim.dual_stack import Ipv4Access, Ipv4Pool
from kamesim.errors import UnknownName
from kamesim.flow import Flow, OnOff, Ping
from kamesim.fmip6 import FastHandoverRouter, FastMobileNode
from kamesim.hmip6 import HierarchicalMobileNode, MobilityAnchorPoint
from kamesim.interface import Interface
from kamesim.media import Lan, Link, Medium
from kamesim.mobile_ip import Correspondent, HomeAgent, MobileIp, MobileNode, MobileRouter, MovementDetection
from kamesim.multihomed import MultihomedMobileNode
from kamesim.network import Network
from kamesim.node import Host, Node
from kamesim.proxy_mobile_ip import AnchorProfile, LocalMobilityAnchor, MobileAccessGateway, ProxyProfile
from kamesim.radio import Exponential, LogNormal, Scan, Shadowing, TwoRay
from kamesim.results import Run
from kamesim.routing import RouteEntry, RoutingMessage, RoutingSocket
from kamesim.router import Router
from kamesim.schedule import Scheduled
from kamesim.signalling import Sighting, SignallingLog, handoff_ladder
from kamesim.signalling_protection import SignallingProtection
from kamesim.socket_names import (
    AF_INET6,
    ICMP6_FILTER,
    IPPROTO_ICMPV6,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    IPV6_ADDR_PREFERENCES,
    IPV6_AUTOFLOWLABEL,
    IPV6_CHECKSUM,
    IPV6_DONTFRAG,
    IPV6_DSTOPTS,
    IPV6_FLOWINFO,
    IPV6_HOPLIMIT,
    IPV6_HOPOPTS,
    IPV6_IPSEC_POLICY,
    IPV6_JOIN_GROUP,
    IPV6_LEAVE_GROUP,
    IPV6_MULTICAST_HOPS,
    IPV6_MULTICAST_IF,
    IPV6_MULTICAST_LOOP,
    IPV6_NEXTHOP,
    IPV6_PATHMTU,
    IPV6_PKTINFO,
    IPV6_PREFER_SRC_CGA,
    IPV6_PREFER_SRC_COA,
    IPV6_PREFER_SRC_HOME,
    IPV6_PREFER_SRC_NONCGA,
    IPV6_PREFER_SRC_PUBLIC,
    IPV6_PREFER_SRC_TMP,
    IPV6_RECVDSTOPTS,
    IPV6_RECVERR,
    IPV6_RECVHOPLIMIT,
    IPV6_RECVHOPOPTS,
    IPV6_RECVPATHMTU,
    IPV6_RECVPKTINFO,
    IPV6_RECVRTHDR,
    IPV6_RECVTCLASS,
    IPV6_RTHDR,
    IPV6_RTHDRDSTOPTS,
    IPV6_TCLASS,
    IPV6_UNICAST_HOPS,
    IPV6_USE_MIN_MTU,
    IPV6_V6ONLY,
    MCAST_BLOCK_SOURCE,
    MCAST_EXCLUDE,
    MCAST_INCLUDE,
    MCAST_JOIN_GROUP,
    MCAST_JOIN_SOURCE_GROUP,
    MCAST_LEAVE_GROUP,
    MCAST_LEAVE_SOURCE_GROUP,
    MCAST_MSFILTER,
    MCAST_UNBLOCK_SOURCE,
    MSG_PEEK,
    MSG_TRUNC,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_STREAM,
    SOL_SOCKET,
    SO_DOMAIN,
    SO_ERROR,
    SO_KEEPALIVE,
    SO_PROTOCOL,
    SO_RCVBUF,
    SO_REUSEADDR,
    SO_REUSEPORT,
    SO_SNDBUF,
    SO_TYPE,
    TCP_CONGESTION,
    TCP_CORK,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_MAXSEG,
    TCP_NODELAY,
    UDP_NO_CHECK6_RX,
    UDP_NO_CHECK6_TX,
)
from kamesim.sockets import Socket, SocketError
from kamesim.streams import SHUT_RD, SHUT_RDWR, SHUT_WR, Stream
from kamesim.tasks import Cancelled, Event, Queue, Task, current_task, gather, sleep, sleep_until, timeout, wait_for
from kamesim.tcp import Tcp, TcpFlow, TcpListener, TcpOptions, TcpSocket
from kamesim.tester import Tester, recv_any
from kamesim.traceroute import Hop, traceroute
from kamesim.transactions import RequestResponse
from kamesim.version import VERSION as __version__

__all__ = [
    "AF_INET6",
    "ICMP6_FILTER",
    "IPPROTO_ICMPV6",
    "IPPROTO_IPV6",
    "IPPROTO_TCP",
    "IPPROTO_UDP",
    "IPV6_ADDR_PREFERENCES",
    "IPV6_AUTOFLOWLABEL",
    "IPV6_CHECKSUM",
    "IPV6_DONTFRAG",
    "IPV6_DSTOPTS",
    "IPV6_FLOWINFO",
    "IPV6_HOPLIMIT",
    "IPV6_HOPOPTS",
    "IPV6_IPSEC_POLICY",
    "IPV6_JOIN_GROUP",
    "IPV6_LEAVE_GROUP",
    "IPV6_MULTICAST_HOPS",
    "IPV6_MULTICAST_IF",
    "IPV6_MULTICAST_LOOP",
    "IPV6_NEXTHOP",
    "IPV6_PATHMTU",
    "IPV6_PKTINFO",
    "IPV6_PREFER_SRC_CGA",
    "IPV6_PREFER_SRC_COA",
    "IPV6_PREFER_SRC_HOME",
    "IPV6_PREFER_SRC_NONCGA",
    "IPV6_PREFER_SRC_PUBLIC",
    "IPV6_PREFER_SRC_TMP",
    "IPV6_RECVDSTOPTS",
    "IPV6_RECVERR",
    "IPV6_RECVHOPLIMIT",
    "IPV6_RECVHOPOPTS",
    "IPV6_RECVPATHMTU",
    "IPV6_RECVPKTINFO",
    "IPV6_RECVRTHDR",
    "IPV6_RECVTCLASS",
    "IPV6_RTHDR",
    "IPV6_RTHDRDSTOPTS",
    "IPV6_TCLASS",
    "IPV6_UNICAST_HOPS",
    "IPV6_USE_MIN_MTU",
    "IPV6_V6ONLY",
    "MCAST_BLOCK_SOURCE",
    "MCAST_EXCLUDE",
    "MCAST_INCLUDE",
    "MCAST_JOIN_GROUP",
    "MCAST_JOIN_SOURCE_GROUP",
    "MCAST_LEAVE_GROUP",
    "MCAST_LEAVE_SOURCE_GROUP",
    "MCAST_MSFILTER",
    "MCAST_UNBLOCK_SOURCE",
    "MSG_PEEK",
    "MSG_TRUNC",
    "SHUT_RD",
    "SHUT_RDWR",
    "SHUT_WR",
    "SOCK_DGRAM",
    "SOCK_RAW",
    "SOCK_STREAM",
    "SOL_SOCKET",
    "SO_DOMAIN",
    "SO_ERROR",
    "SO_KEEPALIVE",
    "SO_PROTOCOL",
    "SO_RCVBUF",
    "SO_REUSEADDR",
    "SO_REUSEPORT",
    "SO_SNDBUF",
    "SO_TYPE",
    "TCP_CONGESTION",
    "TCP_CORK",
    "TCP_KEEPCNT",
    "TCP_KEEPIDLE",
    "TCP_KEEPINTVL",
    "TCP_MAXSEG",
    "TCP_NODELAY",
    "UDP_NO_CHECK6_RX",
    "UDP_NO_CHECK6_TX",
    "AdvertisedMap",
    "AdvertisedPrefix",
    "AdvertisedRoute",
    "AnchorProfile",
    "AuthenticationOption",
    "Cancelled",
    "Capture",
    "Correspondent",
    "Error",
    "Event",
    "Exponential",
    "Flow",
    "FastHandoverRouter",
    "FastMobileNode",
    "HierarchicalMobileNode",
    "HomeAgent",
    "Hop",
    "Host",
    "Interface",
    "Ipv4Access",
    "Ipv4Pool",
    "Lan",
    "Lans",
    "Link",
    "Links",
    "LocalMobilityAnchor",
    "LogNormal",
    "Medium",
    "MobileAccessGateway",
    "MobileIp",
    "MobileNode",
    "MobileRouter",
    "MobilityAnchorPoint",
    "MovementDetection",
    "MultihomedMobileNode",
    "Network",
    "Node",
    "Nodes",
    "OnOff",
    "Ping",
    "ProxyProfile",
    "Queue",
    "RequestResponse",
    "RouteEntry",
    "Router",
    "RoutingMessage",
    "RoutingSocket",
    "Run",
    "Scan",
    "Scheduled",
    "Shadowing",
    "Sighting",
    "SignallingLog",
    "SignallingProtection",
    "Socket",
    "SocketError",
    "Stream",
    "Task",
    "Tcp",
    "TcpFlow",
    "TcpListener",
    "TcpOptions",
    "TcpSocket",
    "Tester",
    "TwoRay",
    "UnknownName",
    "__version__",
    "ancillary",
    "current_task",
    "gather",
    "handoff_ladder",
    "recv_any",
    "sleep",
    "sleep_until",
    "timeout",
    "topology",
    "traceroute",
    "wait_for",
]
