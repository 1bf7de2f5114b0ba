// Labels for the flows of this node (RFC 6437).
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

// Both halves of a 64 by 64 bit product: each bit of the input moves all of the result.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

}  // namespace

std::uint64_t Ip6Stack::flow_label_secret() {
  if (common_upper_layers_ == nullptr) [[unlikely]] start_upper_layers();
  std::uint64_t& secret = common_upper_layers().flow_label_secret;
  if (secret == 0) secret = node_.stream("ip6.flow_label").next_u64();
  return secret;
}

// RFC 6437 §3, the stateless way: a hash of the 5-tuple, keyed so that others cannot guess it.
std::uint32_t Ip6Stack::flow_label(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol,
                                   Bytes upper) {
  if (!config().auto_flow_label) return 0;
  const bool ports = protocol == NextHeader::Udp || protocol == NextHeader::Tcp || protocol == NextHeader::Sctp;
  if (!ports || upper.size() < 4) return 0;
  const std::uint64_t flow = std::uint64_t{load_be32(upper.data())} << 8 | static_cast<std::uint8_t>(protocol);
  const std::uint64_t secret = flow_label_secret();
  std::uint64_t hash = fold(source.high() ^ secret, source.low() ^ 0x9e3779b97f4a7c15ull);
  hash = fold(destination.high() ^ hash, destination.low() ^ 0xd1b54a32d192ed03ull);
  hash = fold(flow ^ hash, secret | 1);
  const auto label = static_cast<std::uint32_t>(hash >> 44);
  return label != 0 ? label : 1;  // zero says that there is none
}

}  // namespace kamesim
