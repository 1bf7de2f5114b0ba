// The Proxy Binding Update and Acknowledgement (RFC 5213 §8.1, §8.2): RFC 6275's messages with the P flag and options
// of their own. `emit` leaves the checksum zero.
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/mip6/messages.h"
#include "protocols/mip6/mobility_header.h"
#include "protocols/pmip6/options.h"

namespace kamesim::pmip6 {

struct ProxyBindingUpdate {
  SeqNum16 sequence{0};
  bool acknowledge = true;  // A; "P & A flags MUST be set to value 1" (§6.9.1.5)
  Duration lifetime;        // zero: the mobile node has left
  std::optional<Ipv6Address> alternate_care_of_address;
  Options options;
  friend bool operator==(const ProxyBindingUpdate&, const ProxyBindingUpdate&) = default;
};

struct ProxyBindingAck {
  std::uint8_t status = 0;  // status.h has the names
  SeqNum16 sequence{0};
  Duration lifetime;
  Options options;
  std::optional<Duration> refresh_interval{};  // Binding Refresh Advice (RFC 6275 §6.2.4)
  bool accepted() const { return status < 128; }  // §8.2
  friend bool operator==(const ProxyBindingAck&, const ProxyBindingAck&) = default;
};

// The header is of the type Binding Update, with the P flag.
Parsed<ProxyBindingUpdate> read_proxy_binding_update(const MobilityHeaderView& mh);
// The header is of the type Binding Acknowledgement, with the P flag.
Parsed<ProxyBindingAck> read_proxy_binding_ack(const MobilityHeaderView& mh);

void emit(ByteWriter& out, const ProxyBindingUpdate& message);
void emit(ByteWriter& out, const ProxyBindingAck& message);

}  // namespace kamesim::pmip6
