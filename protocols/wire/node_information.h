// Node Information Queries and Replies (RFC 4620 §4, §6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocols/wire/icmp6.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kNodeInformationTruncated{"ni6.truncated", "RFC 4620 §4"};

inline constexpr std::size_t kNodeInformationHeaderSize = 16;

enum class NodeInformationSubject : std::uint8_t { Ipv6Address = 0, Name = 1, Ipv4Address = 2 };   // Code of a Query
enum class NodeInformationResult : std::uint8_t { Success = 0, Refused = 1, UnknownQtype = 2 };  // Code of a Reply

enum class NodeInformationQtype : std::uint16_t {  // RFC 4620 §6
  Noop = 0,
  NodeName = 2,
  NodeAddresses = 3,
  Ipv4Addresses = 4,
};

// The flags of Node Addresses (RFC 4620 §6.3).
inline constexpr std::uint16_t kNiTruncated = 0x01;        // T, of Replies only
inline constexpr std::uint16_t kNiAllInterfaces = 0x02;    // A
inline constexpr std::uint16_t kNiIpv4Mapped = 0x04;       // C
inline constexpr std::uint16_t kNiLinkLocal = 0x08;        // L
inline constexpr std::uint16_t kNiSiteLocal = 0x10;        // S
inline constexpr std::uint16_t kNiGlobal = 0x20;           // G

class NodeInformationView {
 public:
  static Parsed<NodeInformationView> check(Bytes message) {
    if (message.size() < kNodeInformationHeaderSize) return drop(kNodeInformationTruncated);
    return NodeInformationView(message);
  }
  std::uint8_t code() const { return message_[1]; }
  NodeInformationSubject subject_kind() const { return static_cast<NodeInformationSubject>(message_[1]); }
  NodeInformationQtype qtype() const { return static_cast<NodeInformationQtype>(load_be16(message_.data() + 4)); }
  std::uint16_t flags() const { return load_be16(message_.data() + 6); }
  Bytes nonce() const { return message_.subspan(8, 8); }
  Bytes data() const { return message_.subspan(kNodeInformationHeaderSize); }  // of a Query: the Subject

 private:
  explicit NodeInformationView(Bytes message) : message_(message) {}
  Bytes message_;
};

// A name in DNS wire format (RFC 4620 §4): fully qualified with one zero octet at its end, a single label with two.
// Empty: it is no name of the DNS (RFC 1035 §2.3.4).
std::vector<std::uint8_t> node_information_name(std::string_view name);

// RFC 4620 §5: whether a name of a Query, in wire format, is the node's: a single label matches the first of a fully
// qualified name; letters match in either case.
bool node_information_name_matches(Bytes subject, Bytes own);

}  // namespace kamesim
