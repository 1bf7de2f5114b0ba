"""Dual Stack Mobile IPv6 (RFC 5555)."""

from __future__ import annotations

from mutation import Mutation

TABLE, SELECTION = "protocols/dsmip6/ipv4_home_addresses.cc", "protocols/dsmip6/care_of_selection.cc"
OPTIONS, UDP = "protocols/dsmip6/options.cc", "protocols/dsmip6/udp_encapsulation.cc"
HOME_AGENT, MOBILE_NODE = "protocols/mip6/home_agent_dual_stack.cc", "protocols/mip6/mobile_node_dual_stack.cc"

MUTATIONS = [
    Mutation(
        id="dsmip6.allocated",
        rule="an IPv4 home address is that of the mobile node of the IPv6 home address (RFC 5555 §4.5)",
        file=TABLE,
        old="} else if (address != v4_mapped(option.address)) {",
        new="} else if (!address) {",
        cases=("home-agent-ipv4-addresses.address-of-another-mobile-node-is-incorrect",),
    ),
    Mutation(
        id="dsmip6.prefix-length-zero",
        rule="a prefix length of zero is an error (RFC 5555 §3.1.1)",
        file=TABLE,
        old="if (option.prefix_length == 0 || option.prefix_length > kIpv4AddressBits) {",
        new="if (option.prefix_length > kIpv4AddressBits) {",
        cases=("home-agent-ipv4-addresses.prefix-length-that-cannot-be-is-an-error/0",),
    ),
    Mutation(
        id="dsmip6.replaced",
        rule="an update without the option removes the IPv4 binding (RFC 5555 §4.4.2.1)",
        file=TABLE,
        old="  if (answer.bound.empty()) {\n    unbind(home);",
        new="  if (answer.bound.empty()) {\n    if (!options.empty()) unbind(home);",
        cases=("home-agent-ipv4-addresses.update-without-the-option-removes-the-ipv4-binding-alone",),
    ),
    Mutation(
        id="dsmip6.nat",
        rule="a NAT is told by the two addresses that differ (RFC 5555 §4.2)",
        file=HOME_AGENT,
        old="request.nat = message.options.care_of && v4_mapped(*message.options.care_of) != peer->address;",
        new="request.nat = false;",
        cases=(
            "home-agent-ipv4-care-of.nat-is-detected-by-the-two-addresses",
            "home-agent-ipv4-care-of.packets-behind-a-nat-are-in-udp",
        ),
    ),
    Mutation(
        id="dsmip6.not-in-udp",
        rule="Binding Updates from IPv4 networks are in UDP (RFC 5555 §4.2)",
        file=HOME_AGENT,
        old="  if (!peer && plain_tunnel) return discard(kBindingUpdateNotInUdp);\n",
        new="  (void)plain_tunnel;\n",
        cases=("home-agent-ipv4-care-of.update-in-plain-ipv4-is-discarded",),
    ),
    Mutation(
        id="dsmip6.force-udp",
        rule="UDP that cannot be forced is refused with status 144 (RFC 5555 §4.5)",
        file=HOME_AGENT,
        old="const bool can_force = request.peer && config_.accept_forced_udp;",
        new="const bool can_force = config_.accept_forced_udp;",
        cases=("home-agent-ipv4-addresses.udp-is-not-forced-in-a-network-of-ipv6",),
    ),
    Mutation(
        id="dsmip6.proxy",
        rule="the home agent stands in for the IPv4 home address on the home link (RFC 5555 §4.5)",
        file=HOME_AGENT,
        old="  for (const Ipv6Address& address : wanted) ip4->add_proxy(link, address);\n",
        new="",
        cases=(
            "home-agent-ipv4-addresses.home-agent-answers-arp-for-the-home-address",
            "home-agent-ipv4-addresses.neighbours-are-told-when-the-binding-is-made",
        ),
    ),
    Mutation(
        id="dsmip6.strangers",
        rule="in UDP only signalling is taken in of those who are not registered (RFC 5555 §4.2)",
        file=UDP,
        old="if (!header || stack_.find_own_address(header->destination(), nullptr) == nullptr) return false;",
        new="if (!header) return false;",
        cases=("home-agent-ipv4-care-of.payload-in-udp-of-a-stranger-is-discarded/to-another",),
    ),
    Mutation(
        id="dsmip6.three-attempts",
        rule="after three updates by IPv6 the IPv4 care-of address is registered (RFC 5555 §4.4.1)",
        file=SELECTION,
        old="  ipv6_failed_ = true;\n",
        new="",
        cases=("mobile-node-ipv4-care-of.ipv4-is-used-after-three-updates-by-ipv6",),
    ),
    Mutation(
        id="dsmip6.family-stays",
        rule="the family is not changed back by a movement (RFC 5555 §4.4.1)",
        file=SELECTION,
        old="  access_.reset();\n  ipv6_ = Ipv6::Silent;",
        new="  access_.reset();\n  ipv6_failed_ = false;\n  ipv6_ = Ipv6::Silent;",
        cases=("mobile-node-ipv4-care-of.family-is-not-changed-back-by-the-next-movement",),
    ),
    Mutation(
        id="dsmip6.unsupported",
        rule="the option is left out where it was not acknowledged (RFC 5555 §2.3.1)",
        file=MOBILE_NODE,
        old="if (registers && !unsupported_) asked_ = wanted();",
        new="if (registers) asked_ = wanted();",
        cases=("mobile-node-ipv4-home-address.option-is-left-out-where-the-home-agent-does-not-know-it",),
    ),
    Mutation(
        id="dsmip6.keepalive",
        rule="the binding is refreshed as often as the NAT's (RFC 5555 §4.3)",
        file=MOBILE_NODE,
        old="  ack.refresh_interval = std::min(told, ack.refresh_interval.value_or(told));\n",
        new="  static_cast<void>(told), static_cast<void>(ack);\n",
        cases=("mobile-node-ipv4-care-of.nat-is-refreshed-by-binding-updates/30-30.0",),
    ),
    Mutation(
        id="dsmip6.alignment",
        rule="the options are aligned to 4n (RFC 5555 §3)",
        file=OPTIONS,
        old="constexpr TlvAlignment kOptionAlignment{4, 0};",
        new="constexpr TlvAlignment kOptionAlignment{4, 2};",
        cases=("home-agent-ipv4-addresses.ipv4-home-address-is-acknowledged",),
    ),
]
