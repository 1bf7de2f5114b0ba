"""ICMPv6 (RFC 4443)."""

from __future__ import annotations

from mutation import Mutation

ERROR, INPUT, FORWARD = "protocols/ip6/icmp6_error.cc", "protocols/ip6/icmp6_input.cc", "protocols/ip6/forward.cc"

MUTATIONS = [
    Mutation(
        id="icmpv6.error-to-group-frame",
        rule="what came in a group frame is not answered by an error (RFC 4443 §2.4 e.4)",
        file=ERROR,
        old="if ((destination.is_multicast() || link_layer_multicast) && !may_answer_multicast(error)) return;",
        new="if (destination.is_multicast() && !may_answer_multicast(error)) return;\n"
        "  if (link_layer_multicast && source.is_multicast()) return;",
        cases=("icmpv6-errors.packet-in-a-group-frame-is-not-answered-by-an-error",),
    ),
    Mutation(
        id="icmpv6.error-about-error",
        rule="an error is not answered by an error (RFC 4443 §2.4 e.1)",
        file=ERROR,
        old="return is_error(type) || type == Icmp6Type::Redirect;",
        new="return type == Icmp6Type::Redirect;",
        cases=("icmpv6-errors.error-is-not-answered-by-an-error",),
    ),
    Mutation(
        id="icmpv6.error-about-redirect",
        rule="a redirect is not answered by an error (RFC 4443 §2.4 e.2)",
        file=ERROR,
        old="return is_error(type) || type == Icmp6Type::Redirect;",
        new="return is_error(type);",
        cases=("icmpv6-errors.redirect-is-not-answered-by-an-error",),
    ),
    Mutation(
        id="icmpv6.quotation",
        rule="an error quotes as much as fits the minimum MTU (RFC 4443 §2.4 c)",
        file=ERROR,
        old="error.invoking_packet.first(std::min(error.invoking_packet.size(), kIcmp6MaxInvokingPacket));",
        new="error.invoking_packet.first(std::min(error.invoking_packet.size(), kIcmp6MaxInvokingPacket - 8));",
        cases=("icmpv6-errors.quotation-is-whole-up-to-the-minimum-mtu",),
    ),
    Mutation(
        id="icmpv6.error-source",
        rule="an error comes from the address that the packet was sent to (RFC 4443 §2.2 a)",
        file=ERROR,
        old="if (own != nullptr && !own->anycast) out.source = destination;",
        new="if (own != nullptr && own->anycast) out.source = destination;",
        cases=("icmpv6-errors.error-comes-from-the-address-that-the-packet-was-sent-to",),
    ),
    Mutation(
        id="icmpv6.rate-limit",
        rule="errors are limited by a token bucket (RFC 4443 §2.4 f)",
        file=INPUT,
        old="config.icmp6_error_rate, config.icmp6_error_burst);",
        new="config.icmp6_error_rate, config.icmp6_error_burst + 1);",
        cases=(
            "icmpv6-rate-limit.burst-of-errors-is-limited-to-the-bucket",
            "icmpv6-rate-limit.steady-errors-are-limited-to-the-rate",
        ),
    ),
    Mutation(
        id="icmpv6.checksum",
        rule="a message with a wrong checksum is discarded (RFC 4443 §2.3)",
        file=INPUT,
        old="if (!upper_layer_checksum_ok(in.source, in.destination, NextHeader::Icmp6, message)) {",
        new="if (message.empty()) {",
        cases=("icmpv6-input.wrong-checksum-is-discarded",),
    ),
    Mutation(
        id="icmpv6.no-route-code",
        rule="without a route the code is 0 (RFC 4443 §3.1)",
        file=FORWARD,
        old="if (to.interface == nullptr) return unreachable(kIp6NoRoute, DestinationUnreachableCode::NoRoute);",
        new="if (to.interface == nullptr) return unreachable(kIp6NoRoute, DestinationUnreachableCode::AddressUnreachable);",
        cases=("icmpv6-router-errors.router-without-a-route-says-so",),
    ),
    Mutation(
        id="icmpv6.reject-route-code",
        rule="a reject route is code 6 (RFC 4443 §3.1)",
        file=FORWARD,
        old="return unreachable(kIp6RejectRoute, DestinationUnreachableCode::RejectRoute);",
        new="return unreachable(kIp6RejectRoute, DestinationUnreachableCode::NoRoute);",
        cases=("icmpv6-router-errors.reject-route-is-reported-as-such",),
    ),
    Mutation(
        id="icmpv6.packet-too-big",
        rule="Packet Too Big tells the MTU of the next link (RFC 4443 §3.2)",
        file=FORWARD,
        old="Icmp6Error::packet_too_big(to.link_mtu, packet.bytes()));",
        new="Icmp6Error::packet_too_big(to.link_mtu - 8, packet.bytes()));",
        cases=("icmpv6-router-errors.router-reports-the-mtu-of-a-link-that-is-too-small",),
    ),
    Mutation(
        id="icmpv6.address-unreachable",
        rule="the sender of a packet whose neighbour does not answer is told so, code 3 (RFC 4861 §7.2.2)",
        file="protocols/ip6/nd_resolution.cc",
        old="Icmp6Error::destination_unreachable(DestinationUnreachableCode::AddressUnreachable, packet.bytes()),",
        new="Icmp6Error::destination_unreachable(DestinationUnreachableCode::NoRoute, packet.bytes()),",
        cases=(
            "icmpv6-router-errors.neighbor-that-does-not-answer-is-unreachable",
            "address-resolution.each-waiting-packet-is-answered-by-address-unreachable",
        ),
    ),
    Mutation(
        id="icmpv6.error-to-group",
        rule="a packet to a group is not answered by an error (RFC 4443 §2.4 e.3)",
        file=ERROR,
        old="if ((destination.is_multicast() || link_layer_multicast) && !may_answer_multicast(error)) return;",
        new="if (link_layer_multicast && !may_answer_multicast(error)) return;",
        cases=("icmpv6-errors.packet-to-a-group-in-a-frame-for-the-node-alone-is-not-answered-by-an-error",),
    ),
    Mutation(
        id="icmpv6.error-to-unspecified",
        rule="no error goes to the unspecified address (RFC 4443 §2.4 e.6)",
        file=ERROR,
        old="if (source.is_unspecified() || source.is_multicast()) return;",
        new="if (source.is_multicast()) return;",
        cases=("icmpv6-errors.error-to-the-unspecified-address-does-not-go-to-a-router-either",),
    ),
    Mutation(
        id="icmpv6.echo-source",
        rule="an echo reply comes from the address that was asked (RFC 4443 §4.2)",
        file=INPUT,
        old="  if (unicast) {\n    out.source = in.destination;",
        new="  if (unicast && asked == nullptr) {\n    out.source = in.destination;",
        cases=("icmpv6-echo.each-address-of-a-node-answers-for-itself",),
    ),
]
