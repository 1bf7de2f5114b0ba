// Which home agent a mobile node registers with (RFC 6275 §11.4.1): the one it was told, or one after the other of those
// that discovery found.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class HomeAgentChoice {
 public:
  struct Output {
    std::optional<Ipv6Address> use;  // from now on
    bool discover = false;           // dynamic home agent address discovery is to find some
  };
  enum class Discovery { Allowed, Forbidden };

  // configured: empty if none is known from the start, which discovery is then to change.
  HomeAgentChoice(const std::optional<Ipv6Address>& configured, Discovery discovery)
      : discovery_(configured ? discovery : Discovery::Allowed), current_(configured) {
    if (configured) known_ = {*configured};
  }

  const std::optional<Ipv6Address>& current() const { return current_; }
  // The most preferable first; empty before the first discovery.
  const std::vector<Ipv6Address>& known() const { return known_; }

  // There is something to register.
  Output on_needed() const { return current_ ? Output{.use = current_} : Output{.discover = true}; }
  // "the mobile node SHOULD try each of them in the order they appear", but first those that have not just failed.
  Output on_found(const std::vector<Ipv6Address>& home_agents);
  // The present one does not answer, or refuses to serve.
  Output on_failed();
  // RFC 3963 §5.3: the present one will not do; discovery is to find others, even if some are known.
  Output on_unsuitable();
  // All that are known may be tried again.
  Output start_over();

 private:
  void mark_failed();
  Discovery discovery_;
  std::optional<Ipv6Address> current_;
  std::vector<Ipv6Address> known_;
  std::vector<Ipv6Address> failed_;  // of those known
};

}  // namespace kamesim
