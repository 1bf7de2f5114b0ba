#include "protocols/mip6/authentication_protocol.h"

#include <algorithm>

#include "protocols/mip6/binding_status.h"

namespace kamesim {
namespace {

constexpr std::uint64_t kNtpSecondsAtStart = 3'976'214'400;  // 2026-01-01 00:00 UTC
constexpr std::uint64_t kLowOrder = 0xffff'ffff;

Duration difference(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t distance = a > b ? a - b : b - a;
  return Duration::nanoseconds(static_cast<std::int64_t>((distance >> 32) * 1'000'000'000 +
                                                         ((distance & kLowOrder) * 1'000'000'000 >> 32)));
}

}  // namespace

std::uint64_t ntp_timestamp(Time now, Duration clock_offset) {
  constexpr std::int64_t kBillion = 1'000'000'000;
  const std::int64_t ns = now.ns() + clock_offset.ns();
  const std::int64_t seconds = ns >= 0 ? ns / kBillion : -((kBillion - 1 - ns) / kBillion);
  const auto fraction = static_cast<std::uint64_t>(ns - seconds * kBillion);
  return (kNtpSecondsAtStart + static_cast<std::uint64_t>(seconds)) << 32 | (fraction << 32) / kBillion;
}

void HomeAuthentication::add(const Ipv6Address& home_address, const MobilitySecurityAssociation& association) {
  mobile_nodes_.insert_or_assign(home_address, MobileNode{association, {}, {}, 0});
}

HomeAuthentication::Verdict HomeAuthentication::on_binding_update(Time now, const Ipv6Address& home_address,
                                                                  const Ipv6Address& care_of,
                                                                  const MobilityHeaderView& update) {
  MobileNode& mobile_node = mobile_nodes_.find(home_address)->second;
  const MobilitySecurityAssociation& association = mobile_node.association;
  const auto options = authentication_options(update);
  if (!options) return {.dropped = options.error()};
  // RFC 4285 §5: who is configured to use the option silently discards what comes without.
  if (!options->mn_ha && !options->mn_aaa) return {.dropped = &kAuthenticationMissing};
  if (!options->identifier || *options->identifier != association.identifier) {  // §4: the MN-NAI MUST be there
    return {.dropped = &kAuthenticationNoAssociation};
  }
  if (options->mn_ha && options->mn_ha->spi != association.spi) return {.dropped = &kAuthenticationNoAssociation};
  if (options->mn_aaa && (!association.aaa_key || options->mn_aaa->spi != kHmacSha1Spi)) {
    return {.dropped = &kAuthenticationNoAssociation};
  }
  mobile_node.care_of = care_of;
  mobile_node.reply = options->timestamp;
  const bool mn_ha_holds =
      !options->mn_ha || authentication_valid(mn_ha_authenticator(association.key, care_of, home_address,
                                                                  options->mn_ha->covered),
                                              options->mn_ha->data);
  const bool mn_aaa_holds =
      !options->mn_aaa || authentication_valid(mn_aaa_authenticator(*association.aaa_key, care_of, home_address,
                                                                    options->mn_aaa->covered),
                                               options->mn_aaa->data);
  const bool mn_aaa_lacks = association.aaa_key && !options->mn_aaa;
  if (!mn_ha_holds || !mn_aaa_holds || mn_aaa_lacks) return {.refused = kAuthFail};  // §5.1.1
  if (!association.timestamps) return {};
  if (!options->timestamp) return {.refused = kMesgIdRequired};  // §6
  const std::uint64_t own = ntp_timestamp(now);
  const bool valid = difference(*options->timestamp, own) <= association.close_enough &&
                     *options->timestamp > mobile_node.accepted;
  if (!valid) {
    mobile_node.reply = (own & ~kLowOrder) | (*options->timestamp & kLowOrder);
    return {.refused = kMesgIdMismatch};
  }
  mobile_node.accepted = *options->timestamp;
  return {};
}

AuthenticationToAppend HomeAuthentication::answer(const Ipv6Address& home_address) const {
  const MobileNode& mobile_node = mobile_nodes_.find(home_address)->second;
  const MobilitySecurityAssociation& association = mobile_node.association;
  // §5.2: the answer to an MN-AAA option has the MN-HA option alone.
  return {.care_of = mobile_node.care_of, .home = home_address, .identifier = association.identifier,
          .timestamp = mobile_node.reply, .spi = association.spi, .key = association.key, .aaa_key = {}};
}

AuthenticationToAppend MobileNodeAuthentication::authenticate(Time now, const Ipv6Address& home_address,
                                                              const Ipv6Address& care_of) {
  care_of_ = care_of;
  AuthenticationToAppend what{.care_of = care_of, .home = home_address, .identifier = association_.identifier,
                              .timestamp = {}, .spi = association_.spi, .key = association_.key,
                              .aaa_key = association_.aaa_key};
  if (association_.timestamps) {
    timestamp_ = std::max(timestamp_ + 1, ntp_timestamp(now, clock_offset_));
    what.timestamp = timestamp_;
  }
  return what;
}

DropReason MobileNodeAuthentication::on_binding_ack(Time now, const Ipv6Address& home_address, std::uint8_t status,
                                                    const MobilityHeaderView& ack) {
  const auto options = authentication_options(ack);
  if (!options) return options.error();
  if (!options->mn_ha) return &kAuthenticationMissing;
  if (options->mn_ha->spi != association_.spi) return &kAuthenticationNoAssociation;
  const bool mismatch = status == kMesgIdMismatch;
  if (association_.timestamps && !mismatch && options->timestamp != timestamp_) return &kAuthenticationTimestampDiffers;
  const MnHaAuthenticator expected =
      mn_ha_authenticator(association_.key, care_of_, home_address, options->mn_ha->covered);
  if (!authentication_valid(expected, options->mn_ha->data)) return &kAuthenticationFailed;
  if (mismatch && options->timestamp) {  // §6: the high-order 32 bits are of the home agent's time of day
    const auto theirs = static_cast<std::int64_t>(*options->timestamp >> 32);
    const auto ours = static_cast<std::int64_t>(ntp_timestamp(now, clock_offset_) >> 32);
    clock_offset_ = clock_offset_ + Duration::nanoseconds((theirs - ours) * 1'000'000'000);
    timestamp_ = 0;
  }
  return nullptr;
}

}  // namespace kamesim
