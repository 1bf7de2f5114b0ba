"""IPv6 and its extension headers (RFC 8200), scopes (RFC 4007) and tunnels (RFC 2473)."""

from __future__ import annotations

from mutation import Mutation

INPUT, EXTENSIONS = "protocols/ip6/input.cc", "protocols/ip6/extension_input.cc"
FORWARD = "protocols/ip6/forward.cc"

MUTATIONS = [
    Mutation(
        id="base.multicast-source",
        rule="a packet whose source is a group is discarded (RFC 4291 §2.7)",
        file=INPUT,
        old="if (source.is_multicast()) return &kIp6MulticastSource;",
        new="if (source.is_multicast() && destination.is_unspecified()) return &kIp6MulticastSource;",
        cases=("icmpv6-errors.packet-from-a-group-is-discarded",),
    ),
    Mutation(
        id="base.hop-by-hop-first",
        rule="Hop-by-Hop Options stand right behind the IPv6 header only (RFC 8200 §4.1)",
        file=INPUT,
        old="if (in.next_header_field != kIpv6NextHeaderOffset) {",
        new="if (in.next_header_field == 0) {",
        cases=("header-chain.hop-by-hop-options-not-first-are-an-unrecognized-next-header",),
    ),
    Mutation(
        id="base.unrecognized-next-header-code",
        rule="an unrecognized Next Header is code 1 (RFC 8200 §4, RFC 4443 §3.4)",
        file=INPUT,
        old="return parameter_problem(in, ParameterProblemCode::UnrecognizedNextHeader, in.next_header_field, "
        "kIp6UnrecognizedNextHeader);",
        new="return parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.next_header_field, "
        "kIp6UnrecognizedNextHeader);",
        cases=("header-chain.unrecognized-next-header-of-the-ipv6-header-is-pointed-at",),
    ),
    Mutation(
        id="base.option-action-multicast",
        rule="options of kind 11 are not reported if the destination is a group (RFC 8200 §4.2)",
        file=EXTENSIONS,
        old="(action == DiscardAndReportUnlessMulticast && !in.destination.is_multicast())",
        new="action == DiscardAndReportUnlessMulticast",
        cases=("options.unrecognized-option-is-treated-by-its-two-high-bits",),
    ),
    Mutation(
        id="base.option-pointer",
        rule="the pointer of an unrecognized option is its type's offset in the packet (RFC 4443 §3.4)",
        file=EXTENSIONS,
        old="static_cast<std::uint32_t>(in.offset + offset), in.packet.bytes()),",
        new="static_cast<std::uint32_t>(in.offset + offset + 1), in.packet.bytes()),",
        cases=(
            "options.unrecognized-option-is-treated-by-its-two-high-bits",
            "options.pointer-counts-the-headers-before",
        ),
    ),
    Mutation(
        id="base.option-skip",
        rule="options of kind 00 are skipped, the rest of the packet is processed (RFC 8200 §4.2)",
        file=EXTENSIONS,
        old="if (action == Skip) return Walk::Next;",
        new="if (action == Skip) return discard(in, kIp6UnrecognizedOption);",
        cases=("options.unrecognized-option-is-treated-by-its-two-high-bits",),
    ),
    Mutation(
        id="base.options-on-the-way",
        rule="options that a router reports it reports on the way, too (RFC 8200 §4.3)",
        file=INPUT,
        old="packet = look.packet.share();\n    if (process_hop_by_hop(look, OptionsFor::Path) == Walk::Stop) return;",
        new="packet = look.packet.share();\n    process_hop_by_hop(look, OptionsFor::Path);",
        cases=("options-on-the-way.option-to-discard-is-discarded-silently",),
    ),
    Mutation(
        id="base.routing-type",
        rule="a routing header of unknown type with segments left is reported (RFC 8200 §4.4)",
        file=EXTENSIONS,
        old="parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + kRoutingTypeOffset,",
        new="parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + kRoutingTypeOffset + 1,",
        cases=(
            "routing-headers.unrecognized-routing-type-with-segments-left-is-pointed-at",
            "routing-headers.routing-type-pointer-counts-the-headers-before",
        ),
    ),
    Mutation(
        id="base.routing-no-segments",
        rule="a routing header of unknown type without segments left is ignored (RFC 8200 §4.4)",
        file=EXTENSIONS,
        old="if (header->segments_left() == 0 && !type2_of_ours) {",
        new="if (header->segments_left() == 0 && header->routing_type() == kType2RoutingType) {",
        cases=("routing-headers.routing-header-without-segments-left-is-ignored",),
    ),
    Mutation(
        id="base.no-next-header",
        rule="nothing follows No Next Header, and nothing is said of it (RFC 8200 §4.7)",
        file=INPUT,
        old="case NextHeader::NoNextHeader: return drop(kIp6NoNextHeader, in.packet.bytes());",
        new="case NextHeader::NoNextHeader: return deliver(in);",
        cases=("base-header.nothing-follows-no-next-header",),
    ),
    Mutation(
        id="base.payload-length-longer",
        rule="bytes behind the payload are not part of the packet (RFC 8200 §3)",
        file=INPUT,
        old="  packet.truncate(header->packet().size());  // Ethernet padding\n",
        new="",
        cases=("base-header.bytes-behind-the-payload-are-ignored",),
    ),
    Mutation(
        id="base.host-forwards",
        rule="a host does not forward (RFC 8200 §2)",
        file=INPUT,
        old="if (!config().forwarding) return drop(kIp6NotForUs, packet.bytes());\n",
        new="",
        cases=("base-header.host-does-not-forward",),
    ),
    Mutation(
        id="forward.hop-limit",
        rule="each hop lowers the hop limit by one (RFC 8200 §3)",
        file=FORWARD,
        old="const auto hop_limit = static_cast<std::uint8_t>(header.hop_limit() - 1);",
        new="const auto hop_limit = header.hop_limit();",
        cases=(
            "forwarding.hop-limit-is-lowered-by-one",
            "icmpv6-router-errors.router-forwards-a-hop-limit-of-two-as-one",
        ),
    ),
    Mutation(
        id="forward.hop-limit-exceeded",
        rule="a packet whose hop limit would become zero is not forwarded (RFC 8200 §3, RFC 4443 §3.3)",
        file=FORWARD,
        old="if (header.hop_limit() <= 1) {",
        new="if (header.hop_limit() < 1) {",
        cases=("icmpv6-router-errors.router-reports-an-exceeded-hop-limit",),
    ),
    Mutation(
        id="forward.unspecified-source",
        rule="a packet from the unspecified address is not forwarded (RFC 4291 §2.5.2)",
        file=FORWARD,
        old="if (source.is_unspecified()) return drop(kIp6UnspecifiedSource, packet.bytes());\n",
        new="",
        cases=("impossible-addresses.packet-from-the-unspecified-address-is-not-forwarded",),
    ),
    Mutation(
        id="forward.group-frame",
        rule="a packet that came in a group frame is not forwarded (RFC 1812 §5.3.4)",
        file=FORWARD,
        old="if (link_layer_multicast) return drop(kIp6LinkMulticastForward, packet.bytes());\n",
        new="",
        cases=("impossible-addresses.packet-in-a-group-frame-is-not-forwarded",),
    ),
    Mutation(
        id="forward.scope",
        rule="a packet of a link-local source does not leave its link (RFC 4007 §9)",
        file=FORWARD,
        old="if (to.interface != &interface && (source.is_link_local() || to.address.is_link_local())) {",
        new="if (to.interface != &interface && to.address.is_link_local()) {",
        cases=(
            "icmpv6-router-errors.packet-of-a-link-local-source-is-beyond-its-scope",
            "scope-zones.link-local-source-does-not-leave-its-link",
        ),
    ),
    Mutation(
        id="tunnel.limit-zero",
        rule="an encapsulation limit of zero ends the way (RFC 2473 §4.1.1)",
        file="protocols/ip6/tunnel.cc",
        old="if (inner->value == 0) {  // RFC 2473 §4.1.1",
        new="if (inner->value == 255) {",
        cases=("tunnels.encapsulation-limit-of-zero-ends-the-way",),
    ),
    Mutation(
        id="tunnel.congestion",
        rule="a mark of congestion on the outer header is told to the receiver (RFC 6040 §4.2)",
        file="protocols/ip6/tunnel_header.h",
        old="/* ECT(0) */ {{EcnField::Ect0}, {EcnField::Ect1}, {EcnField::Ect0}, {EcnField::Ce}},",
        new="/* ECT(0) */ {{EcnField::Ect0}, {EcnField::Ect1}, {EcnField::Ect0}, {EcnField::Ect0}},",
        cases=("tunnels.congestion-in-the-tunnel-is-told-to-the-receiver",),
    ),
    Mutation(
        id="ip6.mapped-on-wire",
        rule="IPv4-mapped addresses are not taken from the wire (draft-itojun-v6ops-v4mapped-harmful)",
        file="protocols/ip6/input.cc",
        old="if (source.is_v4_mapped() || destination.is_v4_mapped()) return &kIp6MappedOnWire;",
        new="if (source.is_v4_mapped() && destination.is_v4_mapped()) return &kIp6MappedOnWire;",
        cases=("impossible-addresses.packet-with-an-impossible-address-is-discarded",),
    ),
    Mutation(
        id="options.pad1",
        rule="Pad1 is one octet (RFC 8200 §4.2)",
        file="protocols/wire/tlv_options.cc",
        old="offset_ += header_[offset_] == kTlvPad1 ? 1 : kTlvHeaderSize + header_[offset_ + 1];",
        new="offset_ += header_[offset_] == kTlvPad1 ? 2 : kTlvHeaderSize + header_[offset_ + 1];",
        cases=("options.option-behind-octets-of-padding-is-pointed-at",),
    ),
]
