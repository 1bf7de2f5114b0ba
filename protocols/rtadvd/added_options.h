// Options that others add to the Router Advertisements of an interface, such as those of Mobility Anchor Points (RFC 5380
// §5). An AdvertisingListener may be this as well.
#pragma once

#include <cstdint>
#include <vector>

namespace kamesim {

class EthernetInterface;

class AddedOptions {
 public:
  // Whole options, each of a multiple of 8 octets.
  virtual std::vector<std::vector<std::uint8_t>> options(const EthernetInterface& interface) const = 0;

 protected:
  ~AddedOptions() = default;
};

}  // namespace kamesim
