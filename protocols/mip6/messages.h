// The messages of the Mobility Header (RFC 6275 §6.1.2 to §6.1.9).
//
// A view is made from a MobilityHeaderView of its type, which has passed every check on the bytes. `emit` writes a
// whole Mobility Header with its options and padding and leaves the checksum zero.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/mip6/mobility_header.h"
#include "protocols/mip6/mobility_options.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

class SeqNum16 {
 public:
  explicit constexpr SeqNum16(std::uint16_t value) : value_(value) {}
  // RFC 6275 §9.5.1: modulo 2^16. Not operator<: the order is not total, a std::map of these is a bug.
  constexpr bool newer_than(SeqNum16 o) const { return static_cast<std::int16_t>(value_ - o.value_) > 0; }
  constexpr SeqNum16 next() const { return SeqNum16(static_cast<std::uint16_t>(value_ + 1)); }
  constexpr std::uint16_t value() const { return value_; }
  friend constexpr bool operator==(SeqNum16, SeqNum16) = default;

 private:
  std::uint16_t value_;
};

using InitCookie = std::array<std::uint8_t, 8>;
using KeygenToken = std::array<std::uint8_t, 8>;

struct BindingRefreshRequest {
  friend bool operator==(const BindingRefreshRequest&, const BindingRefreshRequest&) = default;
};

struct HomeTestInit {
  InitCookie home_init_cookie{};
  friend bool operator==(const HomeTestInit&, const HomeTestInit&) = default;
};

struct CareOfTestInit {
  InitCookie care_of_init_cookie{};
  friend bool operator==(const CareOfTestInit&, const CareOfTestInit&) = default;
};

struct HomeTest {
  std::uint16_t home_nonce_index = 0;
  InitCookie home_init_cookie{};
  KeygenToken home_keygen_token{};
  friend bool operator==(const HomeTest&, const HomeTest&) = default;
};

struct CareOfTest {
  std::uint16_t care_of_nonce_index = 0;
  InitCookie care_of_init_cookie{};
  KeygenToken care_of_keygen_token{};
  friend bool operator==(const CareOfTest&, const CareOfTest&) = default;
};

// Those with the P flag (RFC 5213) are read and written in protocols/pmip6.
struct BindingUpdate {
  SeqNum16 sequence{0};
  bool acknowledge = false;                       // A
  bool home_registration = false;                 // H
  bool link_local_address_compatibility = false;  // L
  bool key_management_mobility = false;           // K
  bool map_registration = false;                  // M, RFC 5380 §4
  bool mobile_router = false;                     // R, RFC 3963 §4.1
  Duration lifetime;                              // zero: delete the binding
  std::optional<Ipv6Address> alternate_care_of_address;
  std::vector<MobileNetworkPrefix> mobile_network_prefixes;
  std::optional<NonceIndices> nonce_indices;
  // In a message to send: the value, or zeros that hold its place until it has been computed over the message.
  std::optional<Authenticator> authenticator;
  friend bool operator==(const BindingUpdate&, const BindingUpdate&) = default;
};

struct BindingAck {
  std::uint8_t status = 0;               // binding_status.h has the names
  bool key_management_mobility = false;  // K
  bool mobile_router = false;            // R, RFC 3963 §4.2
  SeqNum16 sequence{0};
  Duration lifetime;
  std::optional<Duration> refresh_interval;  // Binding Refresh Advice
  std::optional<Authenticator> authenticator;
  bool accepted() const { return status < 128; }  // RFC 6275 §6.1.8
  friend bool operator==(const BindingAck&, const BindingAck&) = default;
};

struct BindingError {
  std::uint8_t status = 0;  // binding_status.h has the names
  Ipv6Address home_address;
  friend bool operator==(const BindingError&, const BindingError&) = default;
};

class HomeTestInitView {
 public:
  explicit HomeTestInitView(const MobilityHeaderView& mh);
  InitCookie home_init_cookie() const;
  HomeTestInit value() const { return {home_init_cookie()}; }

 private:
  Bytes mh_;
};

class CareOfTestInitView {
 public:
  explicit CareOfTestInitView(const MobilityHeaderView& mh);
  InitCookie care_of_init_cookie() const;
  CareOfTestInit value() const { return {care_of_init_cookie()}; }

 private:
  Bytes mh_;
};

class HomeTestView {
 public:
  explicit HomeTestView(const MobilityHeaderView& mh);
  std::uint16_t home_nonce_index() const { return load_be16(mh_.data() + 6); }
  InitCookie home_init_cookie() const;
  KeygenToken home_keygen_token() const;
  HomeTest value() const { return {home_nonce_index(), home_init_cookie(), home_keygen_token()}; }

 private:
  Bytes mh_;
};

class CareOfTestView {
 public:
  explicit CareOfTestView(const MobilityHeaderView& mh);
  std::uint16_t care_of_nonce_index() const { return load_be16(mh_.data() + 6); }
  InitCookie care_of_init_cookie() const;
  KeygenToken care_of_keygen_token() const;
  CareOfTest value() const { return {care_of_nonce_index(), care_of_init_cookie(), care_of_keygen_token()}; }

 private:
  Bytes mh_;
};

class BindingUpdateView {
 public:
  explicit BindingUpdateView(const MobilityHeaderView& mh);
  SeqNum16 sequence() const { return SeqNum16(load_be16(mh_.data() + 6)); }
  bool acknowledge() const { return (mh_[8] & 0x80) != 0; }
  bool home_registration() const { return (mh_[8] & 0x40) != 0; }
  bool link_local_address_compatibility() const { return (mh_[8] & 0x20) != 0; }
  bool key_management_mobility() const { return (mh_[8] & 0x10) != 0; }
  bool map_registration() const { return (mh_[8] & 0x08) != 0; }
  bool mobile_router() const { return (mh_[8] & 0x04) != 0; }
  // RFC 5213 §8.1, the P flag: the message is a mobile access gateway's (protocols/pmip6).
  bool proxy_registration() const { return (mh_[8] & 0x02) != 0; }
  Duration lifetime() const { return duration_of_units(load_be16(mh_.data() + 10)); }
  BindingUpdate value() const;

 private:
  Bytes mh_;
  TlvOptions options_;
};

class BindingAckView {
 public:
  explicit BindingAckView(const MobilityHeaderView& mh);
  std::uint8_t status() const { return mh_[6]; }
  bool key_management_mobility() const { return (mh_[7] & 0x80) != 0; }
  bool mobile_router() const { return (mh_[7] & 0x40) != 0; }
  bool proxy_registration() const { return (mh_[7] & 0x20) != 0; }  // RFC 5213 §8.2, the P flag
  SeqNum16 sequence() const { return SeqNum16(load_be16(mh_.data() + 8)); }
  Duration lifetime() const { return duration_of_units(load_be16(mh_.data() + 10)); }
  BindingAck value() const;

 private:
  Bytes mh_;
  TlvOptions options_;
};

class BindingErrorView {
 public:
  explicit BindingErrorView(const MobilityHeaderView& mh);
  std::uint8_t status() const { return mh_[6]; }
  Ipv6Address home_address() const { return Ipv6Address::from_bytes(mh_.data() + 8); }
  BindingError value() const { return {status(), home_address()}; }

 private:
  Bytes mh_;
};

void emit(ByteWriter& out, const BindingRefreshRequest& message);
void emit(ByteWriter& out, const HomeTestInit& message);
void emit(ByteWriter& out, const CareOfTestInit& message);
void emit(ByteWriter& out, const HomeTest& message);
void emit(ByteWriter& out, const CareOfTest& message);
void emit(ByteWriter& out, const BindingUpdate& message);
void emit(ByteWriter& out, const BindingAck& message);
void emit(ByteWriter& out, const BindingError& message);

}  // namespace kamesim
