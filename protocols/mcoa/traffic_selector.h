// The IPv6 binary traffic selector (RFC 6088 §3.2): which packets belong to a flow.
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"

namespace kamesim::mcoa {

inline constexpr std::uint8_t kIpv4BinarySelector = 1;  // TS Format, RFC 6088 §3.1
inline constexpr std::uint8_t kIpv6BinarySelector = 2;  // TS Format, RFC 6088 §3.2

template <typename T>
struct SelectorRange {
  T first{}, last{};
  bool contains(const T& value) const { return first <= value && value <= last; }
  friend bool operator==(const SelectorRange&, const SelectorRange&) = default;
};

// What a selector looks at. The protocol is the first that is no extension header; ports and SPI are there if it has
// them and the packet is no fragment but the first.
struct FlowFields {
  Ipv6Address source, destination;
  std::uint32_t flow_label = 0;
  std::uint8_t traffic_class = 0;
  std::uint8_t protocol = 0;
  std::optional<std::uint16_t> source_port, destination_port;
  std::optional<std::uint32_t> spi;

  // Of the flow in the other direction.
  FlowFields reversed() const;
};
// `packet` begins with its IPv6 header, which has been checked.
FlowFields flow_fields(Bytes packet);

struct TrafficSelector {
  std::optional<SelectorRange<Ipv6Address>> source, destination;
  std::optional<SelectorRange<std::uint32_t>> spi, flow_label;
  std::optional<SelectorRange<std::uint16_t>> source_port, destination_port;
  std::optional<SelectorRange<std::uint8_t>> traffic_class, protocol;

  bool matches(const FlowFields& packet) const;
  friend bool operator==(const TrafficSelector&, const TrafficSelector&) = default;
};

// Empty: too short, an end without a start, or one before it.
std::optional<TrafficSelector> parse_traffic_selector(Bytes data);
void emit(ByteWriter& out, const TrafficSelector& selector);

}  // namespace kamesim::mcoa
