#include "protocols/ipsec/selector.h"

#include <utility>

namespace kamesim::ipsec {

AddressRange AddressRange::of(const Ipv6Prefix& prefix) {
  const unsigned length = prefix.length();
  const std::uint64_t high = length == 0 ? ~0ull : length >= 64 ? 0 : ~0ull >> length;
  const std::uint64_t low = length <= 64 ? ~0ull : length == 128 ? 0 : ~0ull >> (length - 64);
  return {prefix.address(), Ipv6Address::from_halves(prefix.address().high() | high, prefix.address().low() | low)};
}

int AddressRange::prefix_length() const {
  const unsigned length = common_prefix_length(first, last);
  return of(Ipv6Prefix(first, length)) == *this ? static_cast<int>(length) : -1;
}

Selector Selector::reversed() const {
  Selector r = *this;
  std::swap(r.source, r.destination);
  if (next_layer.kind != NextLayer::Kind::Protocol || !has_message_type(NextHeader{next_layer.protocol})) {
    std::swap(r.source_port, r.destination_port);
  }
  return r;
}

}  // namespace kamesim::ipsec
