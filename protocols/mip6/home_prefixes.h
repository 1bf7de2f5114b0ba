// The prefixes of a home link as its home agent is to know and tell them (RFC 6275 §10.6.1).
#pragma once

#include <vector>

#include "protocols/wire/nd_options.h"

namespace kamesim {

// What the home link's router advertises; told to the home agent daemon by who starts it.
class HomePrefixSource {
 public:
  // The options of a Router Advertisement that would be sent now.
  virtual std::vector<PrefixInformation> home_prefixes() const = 0;

 protected:
  ~HomePrefixSource() = default;
};

}  // namespace kamesim
