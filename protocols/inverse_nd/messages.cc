#include "protocols/inverse_nd/messages.h"

#include <algorithm>

namespace kamesim {

namespace {

constexpr std::uint8_t kSourceAddressList = 9;   // RFC 3122 §3.1
constexpr std::uint8_t kTargetAddressList = 10;
constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kLinkLayerAddressOptions = 16;
constexpr std::size_t kListHeaderSize = 8;
constexpr std::size_t kLeastSolicitation = 24, kLeastAdvertisement = 48;  // §4.3.1, §4.3.2
constexpr std::size_t kMostInAnOption = (255 * 8 - kListHeaderSize) / Ipv6Address::kSize;  // §3.1

std::uint8_t list_of(std::uint8_t type) {
  return type == kInverseNdSolicitation ? kSourceAddressList : kTargetAddressList;
}

}  // namespace

Parsed<InverseNdMessage> InverseNdMessage::check(Bytes message, const NdContext& ip) {
  InverseNdMessage parsed{.type = message[0], .source = {}, .target = {}, .addresses = {}};
  const bool solicitation = parsed.type == kInverseNdSolicitation;
  if (ip.hop_limit != kNdHopLimit) return drop(kInverseNdHopLimit);
  if (message.size() < (solicitation ? kLeastSolicitation : kLeastAdvertisement)) return drop(kInverseNdTooShort);
  if (message[1] != 0) return drop(kInverseNdBadCode);
  const auto options = NdOptions::check(message.subspan(kHeaderSize));
  if (!options) return drop(*options.error());
  const auto source = options->find<SourceLinkLayerAddress>();
  const auto target = options->find<TargetLinkLayerAddress>();
  if (!source || !target) return drop(kInverseNdMissingOption);
  parsed.source = source->address;
  parsed.target = target->address;
  for (const NdOption option : *options) {
    if (static_cast<std::uint8_t>(option.type) != list_of(parsed.type)) continue;
    for (std::size_t at = kListHeaderSize; at + Ipv6Address::kSize <= option.bytes.size(); at += Ipv6Address::kSize) {
      parsed.addresses.push_back(Ipv6Address::from_bytes(option.bytes.data() + at));
    }
  }
  if (!solicitation && parsed.addresses.empty()) return drop(kInverseNdMissingOption);
  return parsed;
}

std::size_t max_inverse_nd_addresses(std::size_t message_size) {
  const std::size_t others = kHeaderSize + kLinkLayerAddressOptions + kListHeaderSize;
  if (message_size < others) return 0;
  return std::min((message_size - others) / Ipv6Address::kSize, kMostInAnOption);
}

std::vector<std::uint8_t> to_bytes(const InverseNdMessage& message) {
  std::vector<std::uint8_t> bytes(kHeaderSize);
  bytes[0] = message.type;
  ByteWriter out(bytes);
  emit(out, SourceLinkLayerAddress{message.source});
  emit(out, TargetLinkLayerAddress{message.target});
  if (message.addresses.empty()) return bytes;
  bytes.push_back(list_of(message.type));
  bytes.push_back(static_cast<std::uint8_t>(1 + 2 * message.addresses.size()));
  bytes.insert(bytes.end(), 6, 0);
  for (const Ipv6Address& address : message.addresses) {
    bytes.insert(bytes.end(), address.bytes().begin(), address.bytes().end());
  }
  return bytes;
}

}  // namespace kamesim
