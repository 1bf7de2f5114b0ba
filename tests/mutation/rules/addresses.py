"""Address autoconfiguration (RFC 4862), Duplicate Address Detection and the choice of a source (RFC 6724)."""

from __future__ import annotations

from mutation import Mutation

SLAAC, DAD = "protocols/ip6/nd_slaac.cc", "protocols/ip6/nd_dad_control.cc"
SELECTION = "protocols/ip6/source_selection.cc"

MUTATIONS = [
    Mutation(
        id="slaac.two-hours",
        rule="an advertisement does not shorten a valid lifetime to less than two hours (RFC 4862 §5.5.3 e)",
        file=SLAAC,
        old="if (valid_until <= now + kTwoHours) return valid_until;                // e.2: not authenticated\n"
        "  return now + kTwoHours;                                                // e.3",
        new="if (valid_until <= now + kTwoHours) return offered;\n  return offered;",
        cases=("address-lifetimes.valid-lifetime-is-not-shortened-to-less-than-two-hours",),
    ),
    Mutation(
        id="slaac.preferred-beyond-valid",
        rule="a preferred lifetime longer than the valid one makes the option useless (RFC 4862 §5.5.3 c)",
        file=SLAAC,
        old="if (option.preferred_lifetime > option.valid_lifetime) return {.dropped = &kNdBadAutonomousPrefix};    // c\n",
        new="",
        cases=("autoconfiguration.no-address-is-formed-from-an-unusable-prefix",),
    ),
    Mutation(
        id="slaac.prefix-length",
        rule="prefix and interface identifier together have 128 bits (RFC 4862 §5.5.3 d)",
        file=SLAAC,
        old="if (option.prefix_length + kInterfaceIdLength != 128) return",
        new="if (option.prefix_length + kInterfaceIdLength > 128) return",
        cases=("autoconfiguration.no-address-is-formed-from-an-unusable-prefix",),
    ),
    Mutation(
        id="slaac.autonomous-flag",
        rule="without the autonomous flag no address is formed (RFC 4862 §5.5.3 a)",
        file=SLAAC,
        old="if (!option.autonomous) return {};                 // a\n",
        new="",
        cases=("autoconfiguration.no-address-is-formed-from-an-unusable-prefix",),
    ),
    Mutation(
        id="slaac.deprecated",
        rule="an address is deprecated when its preferred lifetime is over (RFC 4862 §5.5.4)",
        file="protocols/ip6/nd_autoconfiguration.cc",
        old="if (a->state == AddressState::Preferred && past) {",
        new="if (a->state == AddressState::Preferred && past && a->temporary) {",
        cases=("address-lifetimes.address-becomes-deprecated-when-its-preferred-lifetime-is-over",),
    ),
    Mutation(
        id="dad.other-tests-too",
        rule="an address that another node tests at the same time is nobody's (RFC 4862 §5.4.3)",
        file="protocols/ip6/nd_input.cc",
        old="    return finish_dad(*dad_.stop(target), false);\n  }\n  const InterfaceAddress* own",
        new="    return;\n  }\n  const InterfaceAddress* own",
        cases=("duplicate-addresses.address-of-another-is-not-assigned",),
    ),
    Mutation(
        id="dad.advertised",
        rule="an address that another node advertises is not assigned (RFC 4862 §5.4.4)",
        file="protocols/ip6/nd_input.cc",
        old="if (dad_.testing(target)) return finish_dad(*dad_.stop(target), false);",
        new="if (dad_.testing(target)) return;",
        cases=("duplicate-addresses.address-of-another-is-not-assigned",),
    ),
    Mutation(
        id="dad.interface-disabled",
        rule="a duplicate of the hardware's own address disables IPv6 on the interface (RFC 4862 §5.4.5)",
        file=DAD,
        old="    interface_.set_disabled(true);\n",
        new="",
        cases=("duplicate-addresses.interface-with-a-duplicate-hardware-address-is-disabled",),
    ),
    Mutation(
        id="dad.tentative",
        rule="a tentative address is not answered for (RFC 4862 §5.4.3)",
        file="protocols/ip6/nd_input.cc",
        old="if (own != nullptr && !own->assigned()) return stack_.drop(kNdTentativeTarget, in.packet.bytes());\n",
        new="",
        cases=("duplicate-addresses.tentative-address-is-not-used",),
    ),
    Mutation(
        id="dad.delay",
        rule="the first test is delayed at random (RFC 4862 §5.4.2)",
        file=DAD,
        old="return nothing_sent ? std::max(now(), first_message_at_) : now();",
        new="return nothing_sent ? now() : now();",
        cases=("duplicate-addresses.first-test-is-delayed-at-random-for-up-to-a-second",),
    ),
    Mutation(
        id="selection.scope",
        rule="a source has a scope that suits the destination (RFC 6724 §5, rule 2)",
        file=SELECTION,
        old="? 2 * kScopes - scope : scope;",
        new="? scope : 2 * kScopes - scope;",
        cases=("source-selection.source-is-chosen-by-rule",),
    ),
    Mutation(
        id="selection.deprecated",
        rule="a deprecated address is avoided (RFC 6724 §5, rule 3)",
        file=SELECTION,
        old="AddressState::Deprecated ? 0 :",
        new="AddressState::Deprecated ? 2 :",
        cases=("source-selection.deprecated-address-is-avoided",),
    ),
    Mutation(
        id="selection.label",
        rule="a source has the label of the destination (RFC 6724 §5, rule 6)",
        file=SELECTION,
        old=".label == c.label;",
        new=".label != c.label;",
        cases=("source-selection.source-is-chosen-by-rule",),
    ),
    Mutation(
        id="selection.longest-prefix",
        rule="of else equal sources the one with the longest common prefix is chosen (RFC 6724 §5, rule 8)",
        file=SELECTION,
        old="return common_prefix(*a.address, c.destination, c.config.address_selection);",
        new="return 128 - common_prefix(*a.address, c.destination, c.config.address_selection);",
        cases=("source-selection.source-is-chosen-by-rule",),
    ),
]
