// When Router Advertisements are sent on one interface (RFC 4861 §6.2.4 to §6.2.6). A machine: it knows no message.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

// RFC 4861 §10, router constants.
inline constexpr Duration kMaxInitialRtrAdvertInterval = 16_s;       // MAX_INITIAL_RTR_ADVERT_INTERVAL
inline constexpr unsigned kMaxInitialRtrAdvertisements = 3;          // MAX_INITIAL_RTR_ADVERTISEMENTS
inline constexpr unsigned kMaxFinalRtrAdvertisements = 3;            // MAX_FINAL_RTR_ADVERTISEMENTS
inline constexpr Duration kMaxRaDelayTime = 500_ms;                  // MAX_RA_DELAY_TIME

class AdvertisementSchedule {
 public:
  struct Intervals {
    Duration min_rtr_adv_interval, max_rtr_adv_interval;
    Duration min_delay_between_ras;
  };
  struct Output {
    bool multicast = false;              // to all nodes
    bool final = false;                  // it is one of those that say goodbye: Router Lifetime zero
    std::vector<Ipv6Address> unicast;    // answers to these
  };
  enum class State : std::uint8_t { Silent, Advertising, Ceasing };

  static constexpr std::size_t kMaxPendingAnswers = 64;

  explicit AdvertisementSchedule(RandomStream random) : random_(random) {}

  // §6.2.2: the interface becomes an advertising interface; or what it advertises changes (§6.2.4).
  void start(Time now, const Intervals& intervals);
  // §6.2.5: it ceases to be one, and says so.
  void cease(Time now);
  // It is gone without a word, as when the link went down.
  void stop();

  // §6.2.6. Answered by multicast, or by unicast to `source` if that is given. False: there are too many already.
  bool on_solicitation(Time now, std::optional<Ipv6Address> unicast_to);

  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;
  State state() const { return state_; }

 private:
  struct Answer {
    Time at;
    Ipv6Address to;
  };
  void schedule_next(Time now);

  RandomStream random_;
  Intervals intervals_{};
  State state_ = State::Silent;
  unsigned initial_left_ = 0;
  unsigned final_left_ = 0;
  std::optional<Time> next_multicast_;   // unsolicited or solicited, whichever comes first
  std::optional<Time> last_multicast_;   // kept while silent: the rate limit of §6.2.6 outlives a restart
  std::vector<Answer> answers_;
};

}  // namespace kamesim
