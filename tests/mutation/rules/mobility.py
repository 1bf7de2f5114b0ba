"""Mobile IPv6 (RFC 6275)."""

from __future__ import annotations

from mutation import Mutation

KERNEL, HEADER = "protocols/mip6/mobility_kernel.cc", "protocols/mip6/mobility_header.cc"
CORRESPONDENT = "protocols/mip6/correspondent_registration.cc"
HOME_AGENT = "protocols/mip6/home_agent_registration.cc"
UPDATER, TRANSMISSION = "protocols/mip6/binding_updater.cc", "protocols/mip6/binding_update_transmission.cc"
CORRESPONDENT_UPDATER = "protocols/mip6/correspondent_updater.cc"
TESTS = "protocols/mip6/return_routability.cc"

MUTATIONS = [
    Mutation(
        id="mobility.payload-proto",
        rule="a Payload Proto other than 59 is reported (RFC 6275 §9.2)",
        file=HEADER,
        old="  if (mh[kMhPayloadProtoOffset] != static_cast<std::uint8_t>(NextHeader::NoNextHeader)) "
        "return drop(kMhBadPayloadProto);\n",
        new="",
        cases=(
            "mobility-headers.payload-proto-that-is-not-none-is-pointed-to",
            "correspondent-headers.payload-proto-of-any-message-is-none",
        ),
    ),
    Mutation(
        id="mobility.header-len",
        rule="a Header Len below that of the message is reported (RFC 6275 §9.2)",
        file=HEADER,
        old="if (size < kFixedSizes[type]) return drop(kMhHeaderLenTooSmall);",
        new="if (size < kFixedSizes[type]) return drop(kMhTruncated);",
        cases=("correspondent-headers.header-len-below-that-of-the-message-is-pointed-to",),
    ),
    Mutation(
        id="mobility.checksum",
        rule="a message with a wrong checksum is discarded (RFC 6275 §9.2)",
        file=HEADER,
        old="  if (!upper_layer_checksum_ok(source, destination, NextHeader::Mobility, mh)) "
        "return drop(kMhBadChecksum);\n",
        new="",
        cases=(
            "mobility-headers.bad-checksum-is-discarded-silently",
            "correspondent-headers.checksum-is-verified-before-the-type",
        ),
    ),
    Mutation(
        id="mobility.pointer",
        rule="the pointer of a Parameter Problem counts the headers before the message (RFC 6275 §9.2)",
        file=KERNEL,
        old="static_cast<std::uint32_t>(in.offset + field)",
        new="static_cast<std::uint32_t>(40 + field)",
        cases=("correspondent-headers.pointer-counts-the-extension-headers-before-the-message",),
    ),
    Mutation(
        id="mobility.home-address-option",
        rule="a Home Address option is believed only with a binding of that care-of address (RFC 6275 §9.3.1)",
        file=KERNEL,
        old="if (const auto it = bindings_.find(home); it != bindings_.end() && it->second.care_of == care_of) {",
        new="if (const auto it = bindings_.find(home); it != bindings_.end()) {",
        cases=(
            "correspondent-packets.home-address-option-from-another-care-of-address-is-a-binding-error",
            "correspondent-destination-options.packet-does-not-make-or-move-a-binding",
        ),
    ),
    Mutation(
        id="mobility.signalling-past-bindings",
        rule="Mobility Headers bypass the Binding Cache (RFC 6275 §6.1)",
        file=KERNEL,
        old="if (!signalling && !bindings_.empty()) {",
        new="if (!bindings_.empty()) {",
        cases=("correspondent-tests.home-test-goes-to-the-home-address-even-with-a-binding",),
    ),
    Mutation(
        id="mobility.reverse-tunnel-source",
        rule="what leaves the reverse tunnel comes from the home address (RFC 6275 §10.4.5)",
        file=KERNEL,
        old="tunnel.allows_inner_source = [home](const Ipv6Address& source) { return source == home; };",
        new="tunnel.allows_inner_source = [](const Ipv6Address&) { return true; };",
        cases=(
            "home-agent-tunnels.reverse-tunnel-is-for-the-home-address-alone",
            "home-agent-interception.reverse-tunnel-carries-no-other-source",
        ),
    ),
    Mutation(
        id="mobility.home-agents-own-packets",
        rule="the home agent's own packets go by a routing header (RFC 6275 §10.4.2)",
        file=KERNEL,
        old="actions.route_to_care_of = it->second.care_of;\n    }\n  }\n  const auto home",
        new="actions.route_to_care_of.reset();\n    }\n  }\n  const auto home",
        cases=("home-agent-tunnels.home-agent-itself-sends-by-a-routing-header",),
    ),
    Mutation(
        id="mobility.proxy-advertisement",
        rule="a home agent tells all nodes of the home link that it stands in (RFC 6275 §10.4.1)",
        file=KERNEL,
        old="    nd->send_unsolicited_advertisement(home, true);\n    if (link_local) {",
        new="    if (link_local) {",
        cases=("home-agent-proxy.proxy-tells-all-nodes",),
    ),
    Mutation(
        id="mobility.sequence-number",
        rule="the sequence number is greater than the last, modulo 2**16 (RFC 6275 §9.5.1)",
        file="protocols/mip6/messages.h",
        old="return static_cast<std::int16_t>(",
        new="return static_cast<std::int32_t>(",
        cases=(
            "correspondent-sequence-numbers.newer-sequence-number-is-accepted",
            "correspondent-sequence-numbers.sequence-number-that-is-not-newer-is-told-the-last-one",
            "home-agent-validation.newer-sequence-number-is-accepted",
        ),
    ),
    Mutation(
        id="mobility.authenticator",
        rule="a Binding Update without the right authenticator is discarded (RFC 6275 §9.5.1)",
        file=CORRESPONDENT,
        old="if (!authenticator_valid(kbm, registered, r.destination, r.mobility_header)) {",
        new="if (r.mobility_header.empty()) {",
        cases=(
            "correspondent-bindings.wrong-authenticator-is-discarded-silently",
            "correspondent-authorization.each-bit-of-the-authenticator-counts",
            "correspondent-authorization.key-is-of-the-home-token-and-then-the-care-of-token",
        ),
    ),
    Mutation(
        id="mobility.expired-nonces",
        rule="status 136, 137 or 138 tells which of the nonces has expired (RFC 6275 §9.5.1)",
        file=CORRESPONDENT,
        old="if (!home_known) return kExpiredHomeNonceIndex;",
        new="if (!home_known) return kExpiredCareOfNonceIndex;",
        cases=(
            "correspondent-bindings.expired-nonces-are-told-unauthenticated",
            "correspondent-authorization.nonce-index-that-was-never-given-out-is-told-expired",
        ),
    ),
    Mutation(
        id="mobility.deletion-key",
        rule="a deletion is authorized by the home keygen token alone (RFC 6275 §5.2.5)",
        file=CORRESPONDENT,
        old="deletion ? binding_management_key_for_deletion(home_token)",
        new="deletion ? binding_management_key(home_token, home_token)",
        cases=("correspondent-bindings.deletion-from-home-needs-the-home-token-alone",),
    ),
    Mutation(
        id="mobility.max-rr-binding-lifetime",
        rule="bindings by return routability last MAX_RR_BINDING_LIFETIME at most (RFC 6275 §5.2.6, §12)",
        file="protocols/mip6/constants.h",
        old="kMaxRrBindingLifetime = 420_s;",
        new="kMaxRrBindingLifetime = 424_s;",
        cases=(
            "correspondent-bindings.lifetime-is-at-most-max-rr-binding-lifetime",
            "correspondent-lifetimes.lifetime-granted-is-that-asked-for-up-to-the-limit",
        ),
    ),
    Mutation(
        id="mobility.nonce-lifetime",
        rule="nonces are not used beyond MAX_NONCE_LIFETIME (RFC 6275 §5.2.7, §12)",
        file="protocols/mip6/constants.h",
        old="kMaxNonceLifetime = 240_s;",
        new="kMaxNonceLifetime = 400_s;",
        cases=("correspondent-authorization.tokens-are-not-good-beyond-max-nonce-lifetime",),
    ),
    Mutation(
        id="mobility.retired-sequence",
        rule="the sequence number of a binding that is gone is remembered as long as its nonces (RFC 6275 §5.2.8)",
        file=CORRESPONDENT,
        old="return entry ? std::optional(entry->sequence) : retired_.last_sequence(now, home_address);",
        new="(void)now;\n  return entry ? std::optional(entry->sequence) : std::nullopt;",
        cases=(
            "correspondent-sequence-numbers.sequence-number-is-remembered-when-the-binding-was-deleted",
            "correspondent-sequence-numbers.sequence-number-is-remembered-when-the-binding-has-expired",
        ),
    ),
    Mutation(
        id="mobility.refresh-in-use",
        rule="only bindings in use are asked to be refreshed (RFC 6275 §9.5.5)",
        file=CORRESPONDENT,
        old="  if (now - *last_used > config_.active_use) return {};\n",
        new="",
        cases=("correspondent-bindings.refresh-is-not-requested-for-an-unused-binding",),
    ),
    Mutation(
        id="mobility.home-dad",
        rule="the home address is tested before the acknowledgement (RFC 6275 §10.3.1)",
        file=HOME_AGENT,
        old="  if (known && known->valid) return accept(now, r);\n",
        new="  if (known || !known) return accept(now, r);\n",
        cases=(
            "home-agent-registration.home-address-is-tested-before-the-acknowledgement",
            "home-agent-registration.duplicate-home-address-is-rejected",
        ),
    ),
    Mutation(
        id="mobility.not-home-subnet",
        rule="a home address that is not on the home link is status 132 (RFC 6275 §10.3.1)",
        file=HOME_AGENT,
        old="if (!prefix_of(now, home)) return kNotHomeSubnet;",
        new="if (!prefix_of(now, home)) return kAdministrativelyProhibited;",
        cases=(
            "home-agent-registration.home-address-of-another-subnet-is-rejected",
            "home-agent-validation.home-address-that-is-not-on-the-home-link-is-refused",
        ),
    ),
    Mutation(
        id="mobility.deregistered-entry",
        rule="a deregistered entry is kept MAX_DELETE_BCE_TIMEOUT (RFC 6275 §10.3.2)",
        file=HOME_AGENT,
        old="entry.expires = entry.deadline = now + kMaxDeleteBceTimeout;",
        new="entry.expires = entry.deadline = now;",
        cases=("home-agent-validation.update-that-a-deregistration-overtook-is-out-of-window",),
    ),
    Mutation(
        id="mobility.link-local-bit",
        rule="with L the link-local address is tested and defended too (RFC 6275 §10.3.1)",
        file=HOME_AGENT,
        old="if (link_local) d.link_local =",
        new="if (!link_local) d.link_local =",
        cases=(
            "home-agent-proxy.l-bit-covers-the-link-local-address",
            "home-agent-proxy.without-the-l-bit-the-link-local-address-is-free",
        ),
    ),
    Mutation(
        id="mobility.prefix-lifetime",
        rule="a registration lasts no longer than its prefix (RFC 6275 §10.3.1)",
        file=HOME_AGENT,
        old="std::min({r.update.lifetime, prefix.valid_until - now, config_.max_lifetime})",
        new="std::min({r.update.lifetime, config_.max_lifetime})",
        cases=("home-agent-prefixes.registration-lasts-no-longer-than-the-advertised-prefix",),
    ),
    Mutation(
        id="mobility.back-off",
        rule="unanswered updates are repeated at doubled intervals (RFC 6275 §11.8)",
        file=TRANSMISSION,
        old="timeout_ = std::min(timeout_ * 2, kMaxBindackTimeout);",
        new="timeout_ = std::min(timeout_ * 3, kMaxBindackTimeout);",
        cases=(
            "mobile-node-registration.unanswered-updates-back-off-with-new-sequence-numbers",
            "mobile-node-acknowledgements.refresh-that-is-not-answered-backs-off-from-a-second",
            "mobile-node-acknowledgements.updates-to-a-correspondent-back-off-and-end",
        ),
    ),
    Mutation(
        id="mobility.first-registration",
        rule="the first registration waits InitialBindackTimeoutFirstReg (RFC 6275 §11.8, §13)",
        file=UPDATER,
        old="binding_ ? kInitialBindackTimeout : config_.initial_bindack_timeout_first_reg",
        new="binding_ ? kInitialBindackTimeout : kInitialBindackTimeout",
        cases=("mobile-node-registration.unanswered-updates-back-off-with-new-sequence-numbers",),
    ),
    Mutation(
        id="mobility.granted-lifetime",
        rule="the lifetime granted counts from when the update was sent (RFC 6275 §11.7.3)",
        file=UPDATER,
        old="const Duration granted = std::min(ack.lifetime, sent.lifetime);",
        new="const Duration granted = sent.lifetime;",
        cases=(
            "mobile-node-registration.shorter-lifetime-granted-is-refreshed-sooner",
            "mobile-node-acknowledgements.shorter-lifetime-granted-is-refreshed-within-it",
        ),
    ),
    Mutation(
        id="mobility.duplicate-home-address",
        rule="a home address that is a duplicate is not tried again (RFC 6275 §11.7.1)",
        file=UPDATER,
        old="address_refused_ = status == kDuplicateAddressDetectionFailed;",
        new="address_refused_ = false;",
        cases=("mobile-node-acknowledgements.home-address-that-is-a-duplicate-is-not-used-again",),
    ),
    Mutation(
        id="mobility.unauthenticated-acknowledgement",
        rule="acknowledgements of correspondents are authenticated (RFC 6275 §11.7.3)",
        file=CORRESPONDENT_UPDATER,
        old="  if (!expired_tokens(ack.status) && !authentic(received)) return {.dropped = &kBackBadAuthenticator};\n",
        new="",
        cases=(
            "mobile-node-correspondents.acknowledgement-with-a-wrong-authenticator-is-ignored",
            "mobile-node-acknowledgements.acknowledgement-that-is-not-authenticated-does-not-bind",
        ),
    ),
    Mutation(
        id="mobility.home-test-by-tunnel",
        rule="a Home Test comes by the home agent's tunnel (RFC 6275 §11.6.2)",
        file=TESTS,
        old="  if (away && path != Path::FromHomeAgentTunnel) return {.dropped = &kTestNotFromHomeAgent};\n",
        new="  (void)away, (void)path;\n",
        cases=("mobile-node-tests.home-test-outside-the-tunnel-is-ignored",),
    ),
    Mutation(
        id="mobility.cookies",
        rule="a test returns the cookie of the last init (RFC 6275 §11.6.2)",
        file=TESTS,
        old="  if (cookie != test.cookie) return &kTestWrongCookie;\n",
        new="  (void)cookie;\n",
        cases=(
            "mobile-node-tests.tests-with-wrong-cookies-are-ignored",
            "mobile-node-return-routability.home-test-that-does-not-match-is-ignored",
        ),
    ),
    Mutation(
        id="mobility.token-lifetime",
        rule="tokens are not used beyond MAX_TOKEN_LIFETIME (RFC 6275 §5.2.7)",
        file="protocols/mip6/constants.h",
        old="kMaxTokenLifetime = 210_s;",
        new="kMaxTokenLifetime = 2100_s;",
        cases=("mobile-node-return-routability.tokens-are-not-used-beyond-max-token-lifetime",),
    ),
]
