#include "protocols/mip6/authentication_option.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/tlv_options.h"

namespace kamesim {
namespace {

constexpr std::size_t kSpiSize = 4;
constexpr std::size_t kAuthenticationFixedSize = 1 + kSpiSize;  // Subtype and mobility SPI
constexpr std::size_t kTimestampSize = 8;

using Sha1 = std::array<std::uint8_t, SHA_DIGEST_LENGTH>;

// care-of address | home address | MH Data
std::vector<std::uint8_t> mobility_data(const Ipv6Address& care_of, const Ipv6Address& home, Bytes mh_data) {
  std::vector<std::uint8_t> data;
  ByteWriter out(data);
  out.address(care_of);
  out.address(home);
  const std::size_t start = out.size();
  out.bytes(mh_data);
  store_be16(out.at(start + kMhChecksumOffset).data(), 0);
  return data;
}

Sha1 hmac_sha1(const MobilityKey& key, Bytes data) {
  Sha1 mac;
  unsigned size = mac.size();
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), mac.data(), &size);
  return mac;
}

// An alignment of 4n+1 (RFC 4285 §5), chosen so that the option ends the message: 2 + 5 + 12 octets from 8n+5 on, and
// 2 + 5 + 20 as well.
constexpr TlvAlignment kAuthenticationAlignment{8, 5};
static_assert((5 + kTlvHeaderSize + kAuthenticationFixedSize + sizeof(MnHaAuthenticator)) % 8 == 0);
static_assert((5 + kTlvHeaderSize + kAuthenticationFixedSize + sizeof(MnAaaAuthenticator)) % 8 == 0);

// Type to mobility SPI; the data, which covers the message with its final length, follows.
void begin_authentication(ByteWriter& out, TlvOptionsWriter& options, std::uint8_t subtype, std::uint32_t spi,
                          std::size_t data_size) {
  options.begin_option(kAuthenticationOption, static_cast<std::uint8_t>(kAuthenticationFixedSize + data_size),
                       kAuthenticationAlignment);
  out.u8(subtype);
  out.u32(spi);
}

}  // namespace

Parsed<AuthenticationOptions> authentication_options(const MobilityHeaderView& mh) {
  AuthenticationOptions found;
  const Bytes message = mh.bytes();
  bool authentication_is_last = true;
  for (const Tlv option : mh.options()) {
    const bool authenticated = found.mn_ha || found.mn_aaa;
    switch (option.type) {
      case kMobileNodeIdentifierOption:
        if (option.data.size() < 2) return drop(kAuthenticationMalformed);
        if (authenticated) return drop(kAuthenticationOrder);  // RFC 4283 §3.2
        if (option.data[0] == kMnNaiSubtype) {
          found.identifier = std::string_view(reinterpret_cast<const char*>(option.data.data()) + 1,
                                              option.data.size() - 1);
        }
        break;
      case kReplayProtectionOption:
        if (option.data.size() != kTimestampSize) return drop(kAuthenticationMalformed);
        found.timestamp = load_be64(option.data.data());
        break;
      case kAuthenticationOption: {
        if (option.data.size() < kAuthenticationFixedSize) return drop(kAuthenticationMalformed);
        const std::uint8_t subtype = option.data[0];
        const std::size_t covered = option.offset + kTlvHeaderSize + kAuthenticationFixedSize;
        const AuthenticationOptions::Authentication value{load_be32(option.data.data() + 1),
                                                          option.data.subspan(kAuthenticationFixedSize),
                                                          message.first(covered)};
        if (subtype == kMnHaSubtype) {
          if (found.mn_ha || found.mn_aaa) return drop(kAuthenticationOrder);
          found.mn_ha = value;
        } else if (subtype == kMnAaaSubtype) {
          if (found.mn_aaa) return drop(kAuthenticationOrder);
          found.mn_aaa = value;
        }
        break;
      }
      default: break;
    }
    if (found.mn_ha || found.mn_aaa) {
      authentication_is_last = option.type == kAuthenticationOption &&
                               option.offset + kTlvHeaderSize + option.data.size() == message.size();
    }
  }
  if (!authentication_is_last) return drop(kAuthenticationNotLast);
  return found;
}

MnHaAuthenticator mn_ha_authenticator(const MobilityKey& key, const Ipv6Address& care_of, const Ipv6Address& home,
                                      Bytes mh_data) {
  const Sha1 mac = hmac_sha1(key, mobility_data(care_of, home, mh_data));
  MnHaAuthenticator value;
  std::copy_n(mac.begin(), value.size(), value.begin());
  return value;
}

MnAaaAuthenticator mn_aaa_authenticator(const MobilityKey& key, const Ipv6Address& care_of, const Ipv6Address& home,
                                        Bytes mh_data) {
  const std::vector<std::uint8_t> data = mobility_data(care_of, home, mh_data);
  Sha1 digest;
  SHA1(data.data(), data.size(), digest.data());
  return hmac_sha1(key, digest);
}

bool authentication_valid(Bytes expected, Bytes received) {
  return expected.size() == received.size() &&
         CRYPTO_memcmp(expected.data(), received.data(), expected.size()) == 0;
}

void append_authentication(std::vector<std::uint8_t>& message, const AuthenticationToAppend& what) {
  std::vector<std::uint8_t> longer;
  ByteWriter out(longer);
  out.bytes(message);
  TlvOptionsWriter options(out, 0);
  const std::string_view identifier = what.identifier.substr(0, kMaxIdentifierSize);
  options.begin_option(kMobileNodeIdentifierOption, static_cast<std::uint8_t>(1 + identifier.size()));
  out.u8(kMnNaiSubtype);
  out.bytes(Bytes(reinterpret_cast<const std::uint8_t*>(identifier.data()), identifier.size()));
  if (what.timestamp) {
    options.begin_option(kReplayProtectionOption, kTimestampSize, {8, 2});  // RFC 4285 §6
    out.u64(*what.timestamp);
  }
  begin_authentication(out, options, kMnHaSubtype, what.spi, sizeof(MnHaAuthenticator));
  const std::size_t mn_ha_at = out.size();
  out.zeros(sizeof(MnHaAuthenticator));
  std::size_t mn_aaa_at = 0;
  if (what.aaa_key) {
    begin_authentication(out, options, kMnAaaSubtype, kHmacSha1Spi, sizeof(MnAaaAuthenticator));
    mn_aaa_at = out.size();
    out.zeros(sizeof(MnAaaAuthenticator));
  }
  out.at(0)[kMhHeaderLenOffset] = options.finish();
  const auto fill = [&out](std::size_t at, const auto& value) { std::ranges::copy(value, out.at(at).begin()); };
  fill(mn_ha_at, mn_ha_authenticator(what.key, what.care_of, what.home, out.written().first(mn_ha_at)));
  if (what.aaa_key) {
    fill(mn_aaa_at, mn_aaa_authenticator(*what.aaa_key, what.care_of, what.home, out.written().first(mn_aaa_at)));
  }
  message = std::move(longer);
}

}  // namespace kamesim
