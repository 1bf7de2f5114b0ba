// The ICMPv6 messages of Mobile IPv6: Home Agent Address Discovery and Mobile Prefix Solicitation and Advertisement
// (RFC 6275 §6.5 to §6.8). The ICMPv6 checksum has been verified before; `emit` leaves it zero. The options of
// §6.7 and §6.8 are those of Neighbor Discovery and are emitted behind the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kHaadTruncated{"mip6.haad_truncated", "RFC 6275 §6.5, §6.6"};
inline constexpr DropInfo kHaadBadLength{"mip6.haad_bad_length", "RFC 6275 §6.6"};
inline constexpr DropInfo kMobilePrefixTruncated{"mip6.mobile_prefix_truncated", "RFC 6275 §6.7, §6.8"};

// The Mobile IPv6 Home-Agents anycast address of a subnet: RFC 2526 §2, with the identifier 126 of §3.
Ipv6Address home_agents_anycast(const Ipv6Prefix& prefix);

struct HomeAgentAddressDiscoveryRequest {
  std::uint16_t identifier = 0;
  bool mobile_router_support = false;  // R, RFC 3963 §7.1: home agents that support mobile routers are wanted
};

struct HomeAgentAddressDiscoveryReply {
  std::uint16_t identifier = 0;
  std::vector<Ipv6Address> home_agent_addresses;  // most preferable first
  bool mobile_router_support = false;             // R, RFC 3963 §7.2: they support mobile routers
};

struct MobilePrefixSolicitation {
  std::uint16_t identifier = 0;
};

struct MobilePrefixAdvertisement {
  std::uint16_t identifier = 0;
  bool managed = false;              // M
  bool other_configuration = false;  // O
};

class HomeAgentAddressDiscoveryRequestView {
 public:
  static Parsed<HomeAgentAddressDiscoveryRequestView> check(Bytes message);
  std::uint16_t identifier() const { return load_be16(message_.data() + 4); }
  bool mobile_router_support() const { return (message_[6] & 0x80) != 0; }
  HomeAgentAddressDiscoveryRequest value() const { return {identifier(), mobile_router_support()}; }

 private:
  explicit HomeAgentAddressDiscoveryRequestView(Bytes message) : message_(message) {}
  Bytes message_;
};

class HomeAgentAddressDiscoveryReplyView {
 public:
  static Parsed<HomeAgentAddressDiscoveryReplyView> check(Bytes message);
  std::uint16_t identifier() const { return load_be16(message_.data() + 4); }
  bool mobile_router_support() const { return (message_[6] & 0x80) != 0; }
  std::size_t size() const { return (message_.size() - 8) / Ipv6Address::kSize; }
  Ipv6Address home_agent_address(std::size_t i) const {  // i < size()
    return Ipv6Address::from_bytes(message_.data() + 8 + i * Ipv6Address::kSize);
  }
  HomeAgentAddressDiscoveryReply value() const;

 private:
  explicit HomeAgentAddressDiscoveryReplyView(Bytes message) : message_(message) {}
  Bytes message_;
};

class MobilePrefixSolicitationView {
 public:
  static Parsed<MobilePrefixSolicitationView> check(Bytes message);
  std::uint16_t identifier() const { return load_be16(message_.data() + 4); }
  NdOptions options() const { return options_; }
  MobilePrefixSolicitation value() const { return {identifier()}; }

 private:
  MobilePrefixSolicitationView(Bytes message, const NdOptions& options) : message_(message), options_(options) {}
  Bytes message_;
  NdOptions options_;
};

class MobilePrefixAdvertisementView {
 public:
  static Parsed<MobilePrefixAdvertisementView> check(Bytes message);
  std::uint16_t identifier() const { return load_be16(message_.data() + 4); }
  bool managed() const { return (message_[6] & 0x80) != 0; }
  bool other_configuration() const { return (message_[6] & 0x40) != 0; }
  NdOptions options() const { return options_; }
  MobilePrefixAdvertisement value() const { return {identifier(), managed(), other_configuration()}; }

 private:
  MobilePrefixAdvertisementView(Bytes message, const NdOptions& options) : message_(message), options_(options) {}
  Bytes message_;
  NdOptions options_;
};

void emit(ByteWriter& out, const HomeAgentAddressDiscoveryRequest& message);
void emit(ByteWriter& out, const HomeAgentAddressDiscoveryReply& message);
void emit(ByteWriter& out, const MobilePrefixSolicitation& message);
void emit(ByteWriter& out, const MobilePrefixAdvertisement& message);

}  // namespace kamesim
