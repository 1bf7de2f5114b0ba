// When Router Solicitations are sent on one interface (RFC 4861 §6.3.7, RFC 7559). A machine.
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/ip6/nd_constants.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr Duration kMaxRtrSolicitationTime = 3600_s;  // RFC 7559 §2: MRT

struct RouterSolicitorConfig {
  Duration rtr_solicitation_interval = kRtrSolicitationInterval;  // RFC 7559 §2: IRT
  Duration max_rtr_solicitation_delay = kMaxRtrSolicitationDelay;
  unsigned max_rtr_solicitations = kMaxRtrSolicitations;
  // §6.3.7: "a mobile node [...] moving to a new link [...] MAY send a Router Solicitation immediately".
  bool immediate_on_handoff = false;
  // RFC 7559: solicits until a router answers, at intervals that double up to an hour; max_rtr_solicitations is then
  // without effect. "It MUST enable RS retransmissions by default" (§3).
  bool resilient = true;
  friend bool operator==(const RouterSolicitorConfig&, const RouterSolicitorConfig&) = default;
};

// Small, as each host has one: the configuration is its owner's, and may change from call to call.
class RouterSolicitor {
 public:
  enum class Attachment : std::uint8_t { First, Again, Moved };  // Moved: to another link

  void on_link_up(const RouterSolicitorConfig& config, Time now, Attachment attachment, RandomStream& random);
  void on_link_down();
  // Somebody asks for advertisements now.
  void solicit(Time now);
  // A valid advertisement came.
  void on_router_advertisement(Duration router_lifetime);
  // True if a solicitation is to be sent.
  bool on_timeout(const RouterSolicitorConfig& config, Time now, RandomStream& random);
  std::optional<Time> next_timeout() const { return next_ != kNever ? std::optional(next_) : std::nullopt; }
  // When it is known whether there is a router, as far as this machine asks. §6.3.7: none, if "no advertisements are
  // received [...] after MAX_RTR_SOLICITATION_DELAY seconds after sending the last solicitation". Empty: it asks on.
  std::optional<Time> done_at(const RouterSolicitorConfig& config, Time now) const;

 private:
  static constexpr Time kNever = Time::max();
  Duration next_interval(const RouterSolicitorConfig& config, Duration interval, RandomStream& random) const;

  Time last_sent_;
  Time next_ = kNever;        // nothing to send
  unsigned sent_ = 0;
};

}  // namespace kamesim
