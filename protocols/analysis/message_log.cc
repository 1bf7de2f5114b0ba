#include "protocols/analysis/message_log.h"

#include <optional>
#include <utility>

#include "protocols/wire/ethernet.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/udp.h"
#include "sim/random.h"

namespace kamesim {

namespace {

struct Named {
  std::uint8_t type;
  std::string_view name;
};

constexpr Named kIcmp6Names[] = {
    {1, "Destination Unreachable"}, {2, "Packet Too Big"},         {3, "Time Exceeded"},
    {4, "Parameter Problem"},       {128, "Echo Request"},         {129, "Echo Reply"},
    {133, "Router Solicitation"},   {134, "Router Advertisement"}, {135, "Neighbor Solicitation"},
    {136, "Neighbor Advertisement"}, {137, "Redirect"},
};
constexpr Named kMobilityNames[] = {  // RFC 6275 §6.1, by MH Type
    {0, "Binding Refresh Request"}, {1, "Home Test Init"}, {2, "Care-of Test Init"},
    {3, "Home Test"},               {4, "Care-of Test"},   {5, "Binding Update"},
    {6, "Binding Acknowledgement"}, {7, "Binding Error"},
    // RFC 5568 §11
    {8, "Fast Binding Update"},     {9, "Fast Binding Acknowledgment"},
    {14, "Handover Initiate"},      {15, "Handover Acknowledge"},
};

template <std::size_t N>
std::string_view name_of(const Named (&table)[N], std::uint8_t type) {
  for (const Named& entry : table) {
    if (entry.type == type) return entry.name;
  }
  return {};
}

std::string icmp6_detail(Bytes message) {
  const auto type = static_cast<Icmp6Type>(message[0]);
  const bool has_target = type == Icmp6Type::NeighborSolicitation || type == Icmp6Type::NeighborAdvertisement;
  if (has_target && message.size() >= 24) return Ipv6Address::from_bytes(message.data() + 8).to_string();
  return {};
}

std::string mobility_detail(Bytes message) {
  constexpr std::uint8_t kUpdate = 5, kAcknowledgement = 6;
  if (message.size() < 12) return {};
  if (message[2] == kUpdate) {
    return "sequence " + std::to_string(load_be16(message.data() + 6)) + ", lifetime " +
           std::to_string(4 * load_be16(message.data() + 10)) + " s";
  }
  if (message[2] == kAcknowledgement) {
    return "status " + std::to_string(message[6]) + ", sequence " + std::to_string(load_be16(message.data() + 8));
  }
  return {};
}

std::uint64_t identity_of(NextHeader protocol, Bytes message) {
  const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
  return stable_hash(text) ^ static_cast<std::uint64_t>(protocol);
}

struct Innermost {
  Ipv6HeaderView header;
  UpperLayer upper;
  bool tunnelled;
};

// What a packet of IPv4 carries, in UDP (RFC 5555 §4.1) or not; empty: none of IPv6.
Bytes out_of_ip4(Bytes packet) {
  constexpr std::uint16_t kDsmip6Port = 4191;
  const auto header = Ipv4HeaderView::check(packet);
  if (!header || header->is_fragment()) return {};
  if (header->protocol() == NextHeader::Ipv6) return header->payload();
  if (header->protocol() != NextHeader::Udp) return {};
  const auto datagram = UdpView::check_allowing_zero_checksum(header->payload());
  const bool carries = datagram && (datagram->source_port() == kDsmip6Port || datagram->destination_port() == kDsmip6Port);
  return carries ? datagram->data() : Bytes();
}

std::optional<Innermost> innermost(Bytes packet, bool in_ip4) {
  for (bool tunnelled = in_ip4;; tunnelled = true) {
    const auto header = Ipv6HeaderView::check(packet);
    if (!header) return std::nullopt;
    const auto upper = find_upper_layer(*header);
    if (!upper || upper->in_non_first_fragment) return std::nullopt;
    if (upper->protocol != NextHeader::Ipv6) return Innermost{*header, *upper, tunnelled};
    packet = header->packet().subspan(upper->offset);
  }
}

}  // namespace

void MessageLog::on_frame(const Nic& nic, Direction direction, Time now, Bytes frame) {
  const auto ethernet = EthernetHeaderView::check(frame);
  if (!ethernet || (ethernet->ethertype() != EtherType::Ipv6 && ethernet->ethertype() != EtherType::Ipv4)) return;
  const bool in_ip4 = ethernet->ethertype() == EtherType::Ipv4;
  const auto found = innermost(in_ip4 ? out_of_ip4(ethernet->payload()) : ethernet->payload(), in_ip4);
  if (!found) return;
  const Bytes message = found->header.packet().subspan(found->upper.offset);
  const NextHeader protocol = found->upper.protocol;
  std::string_view name;
  std::string detail;
  if (protocol == NextHeader::Icmp6 && message.size() >= kIcmp6HeaderSize) {
    name = name_of(kIcmp6Names, message[0]);
    detail = icmp6_detail(message);
  } else if (protocol == NextHeader::Mobility && message.size() >= 8) {
    name = name_of(kMobilityNames, message[2]);
    detail = mobility_detail(message);
  }
  if (name.empty()) return;
  messages_.push_back({now, &nic, direction, std::string(name), std::move(detail), found->header.source(),
                       found->header.destination(), found->tunnelled, identity_of(protocol, message)});
}

}  // namespace kamesim
