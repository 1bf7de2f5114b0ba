// The options of Neighbor Discovery messages: RFC 4861 §4.6, RFC 6275 §7, RFC 4191 §2.3, RFC 8106 §5, RFC 3971 §5.3.2,
// RFC 5175, RFC 8910.
//
// NdOptions checks what makes a message invalid: lengths. Each option type checks the rest in `parse`, which gives
// nothing when the option is malformed; such an option is ignored, the message is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kNdOptionZeroLength{"nd.option_zero_length", "RFC 4861 §4.6"};
inline constexpr DropInfo kNdOptionTruncated{"nd.option_truncated", "RFC 4861 §4.6"};

enum class NdOptionType : std::uint8_t {
  SourceLinkLayerAddress = 1,  // RFC 4861 §4.6.1
  TargetLinkLayerAddress = 2,
  PrefixInformation = 3,      // RFC 4861 §4.6.2, RFC 6275 §7.2
  RedirectedHeader = 4,       // RFC 4861 §4.6.3
  Mtu = 5,                    // RFC 4861 §4.6.4
  AdvertisementInterval = 7,  // RFC 6275 §7.3
  HomeAgentInformation = 8,   // RFC 6275 §7.4
  Nonce = 14,                 // RFC 3971 §5.3.2, RFC 7527
  RouteInformation = 24,      // RFC 4191 §2.3
  RecursiveDnsServers = 25,   // RFC 8106 §5.1
  FlagsExpansion = 26,        // RFC 5175 §4
  DnsSearchList = 31,         // RFC 8106 §5.2
  CaptivePortal = 37,         // RFC 8910 §2.3
};

struct NdOption {
  NdOptionType type;
  Bytes bytes;  // the whole option: type, length, content; a multiple of 8, at least 8
};

class NdOptions {
 public:
  class Iterator {
   public:
    using value_type = NdOption;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    NdOption operator*() const { return {static_cast<NdOptionType>(rest_[0]), rest_.first(8 * std::size_t{rest_[1]})}; }
    Iterator& operator++() {
      rest_ = rest_.subspan(8 * std::size_t{rest_[1]});
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.rest_.size() == b.rest_.size(); }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return a.rest_.empty(); }

   private:
    friend class NdOptions;
    explicit Iterator(Bytes rest) : rest_(rest) {}
    Bytes rest_;
  };

  // The options field of a message, up to the message's end.
  static Parsed<NdOptions> check(Bytes options);

  Iterator begin() const { return Iterator(options_); }
  std::default_sentinel_t end() const { return {}; }
  bool contains(NdOptionType type) const;
  // The first well-formed option of the kind: find<Mtu>().
  template <typename Option>
  std::optional<Option> find() const {
    for (const NdOption option : *this) {
      if (const auto value = Option::parse(option)) return value;
    }
    return std::nullopt;
  }

 private:
  explicit NdOptions(Bytes options) : options_(options) {}
  Bytes options_;
};

// The lifetime that 0xffffffff stands for (RFC 4861 §4.6.2).
inline constexpr Duration kInfiniteLifetime = Duration::max();

struct SourceLinkLayerAddress {
  static std::optional<SourceLinkLayerAddress> parse(const NdOption& option);
  MacAddress address;
};

struct TargetLinkLayerAddress {
  static std::optional<TargetLinkLayerAddress> parse(const NdOption& option);
  MacAddress address;
};

struct PrefixInformation {
  static std::optional<PrefixInformation> parse(const NdOption& option);
  Ipv6Prefix prefix() const { return Ipv6Prefix(address, prefix_length); }

  Ipv6Address address;  // the prefix, or, with router_address, an address of the router within it
  std::uint8_t prefix_length = 64;
  bool on_link = false;         // L
  bool autonomous = false;      // A
  bool router_address = false;  // R, RFC 6275 §7.2
  Duration valid_lifetime;
  Duration preferred_lifetime;
};

struct RedirectedHeader {
  static std::optional<RedirectedHeader> parse(const NdOption& option);
  Bytes packet;  // IP header and data, possibly followed by padding to a multiple of 8
};

struct Mtu {
  static std::optional<Mtu> parse(const NdOption& option);
  std::uint32_t mtu = 0;
};

struct AdvertisementInterval {
  static std::optional<AdvertisementInterval> parse(const NdOption& option);
  Duration interval;  // whole milliseconds
};

struct HomeAgentInformation {
  static std::optional<HomeAgentInformation> parse(const NdOption& option);
  std::uint16_t preference = 0;
  Duration lifetime;  // whole seconds, not zero
  bool mobile_router_support = false;  // R, RFC 3963 §7.3
};

struct NdNonce {
  static std::optional<NdNonce> parse(const NdOption& option);
  Bytes nonce;  // at least 6 bytes, and 6 more than a multiple of 8
};

// RFC 4191 §2.1: two bits, signed.
enum class RouterPreference : std::int8_t { Low = -1, Medium = 0, High = 1 };

struct RouteInformation {
  static std::optional<RouteInformation> parse(const NdOption& option);
  Ipv6Prefix prefix;
  RouterPreference preference = RouterPreference::Medium;
  Duration lifetime;
};

struct RecursiveDnsServers {
  Duration lifetime;
  std::vector<Ipv6Address> addresses;  // at least one, at most 127
};

class RecursiveDnsServersView {
 public:
  static std::optional<RecursiveDnsServersView> parse(const NdOption& option);
  Duration lifetime() const;
  std::size_t size() const { return (option_.size() - 8) / Ipv6Address::kSize; }
  Ipv6Address address(std::size_t i) const {  // i < size()
    return Ipv6Address::from_bytes(option_.data() + 8 + i * Ipv6Address::kSize);
  }
  RecursiveDnsServers value() const;

 private:
  explicit RecursiveDnsServersView(Bytes option) : option_(option) {}
  Bytes option_;
};

struct DnsSearchList {
  Duration lifetime;
  std::vector<std::string> domain_names;  // "lab.example.org", labels of 1 to 63 bytes
};

class DnsSearchListView {
 public:
  static std::optional<DnsSearchListView> parse(const NdOption& option);
  Duration lifetime() const;
  DnsSearchList value() const;

 private:
  explicit DnsSearchListView(Bytes option) : option_(option) {}
  Bytes option_;
};

struct FlagsExpansion {
  static std::optional<FlagsExpansion> parse(const NdOption& option);
  std::uint64_t bits = 0;  // of 48: bit 47 is the one that RFC 5175 numbers 8, bit 0 is 55. None is assigned but to tests
};

struct CaptivePortal {
  static std::optional<CaptivePortal> parse(const NdOption& option);
  std::string uri;  // of the API; 1 to 2038 bytes
};

void emit(ByteWriter& out, const SourceLinkLayerAddress& option);
void emit(ByteWriter& out, const TargetLinkLayerAddress& option);
void emit(ByteWriter& out, const PrefixInformation& option);
void emit(ByteWriter& out, const RedirectedHeader& option);
void emit(ByteWriter& out, const Mtu& option);
void emit(ByteWriter& out, const AdvertisementInterval& option);
void emit(ByteWriter& out, const HomeAgentInformation& option);
void emit(ByteWriter& out, const NdNonce& option);
void emit(ByteWriter& out, const RouteInformation& option);
void emit(ByteWriter& out, const RecursiveDnsServers& option);
void emit(ByteWriter& out, const DnsSearchList& option);
void emit(ByteWriter& out, const FlagsExpansion& option);
void emit(ByteWriter& out, const CaptivePortal& option);

// RFC 4191 §2.2: the two bits. The reserved value gives nothing.
std::optional<RouterPreference> router_preference_from_bits(std::uint8_t bits);
constexpr std::uint8_t to_bits(RouterPreference preference) { return static_cast<std::uint8_t>(preference) & 3; }

}  // namespace kamesim
