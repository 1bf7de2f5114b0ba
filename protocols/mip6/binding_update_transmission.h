// The sending of Binding Updates to one destination (RFC 6275 §11.8): sequence numbers, retransmission with
// exponential back-off, the limit on their rate, and which acknowledgement belongs to them (§11.7.3).
#pragma once

#include <optional>

#include "protocols/mip6/constants.h"
#include "protocols/mip6/messages.h"
#include "protocols/mip6/rate_limit.h"
#include "protocols/mip6/specification.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kBackUnmatched{"mip6.back_unmatched", "RFC 6275 §11.7.3"};

// The binding an acknowledged (or unacknowledged but sent) update has made, as its sender knows it.
struct Binding {
  Ipv6Address care_of;
  Time expires;
  friend bool operator==(const Binding&, const Binding&) = default;
};

// What the updates to one destination have in common, if several machines send them (RFC 5648 §4.1).
struct BindingUpdateNumbering {
  SeqNum16 last;  // the number used last
  UpdateRateLimit limit{};
};

class BindingUpdateTransmission {
 public:
  struct Sent {
    SeqNum16 sequence;
    Time at;
    Duration lifetime;
  };
  enum class Acknowledgement { Requested, NotRequested };
  enum class Match {
    Unmatched,
    Renumbered,  // status 135: send again, with a sequence number after the one it tells
    Answered,
  };

  // previous: the number before the first to be used. §11.7.2: it SHOULD be random.
  explicit BindingUpdateTransmission(SeqNum16 previous, const MobilityRules& rules = {})
      : own_{previous}, rules_(rules) {}
  // common: lives as long as this; null: it sends all that there are.
  BindingUpdateTransmission(SeqNum16 previous, const MobilityRules& rules, BindingUpdateNumbering* common)
      : own_{previous}, common_(common), rules_(rules) {}

  // A new update is to be sent: due() from now on, with this timeout until it is sent again.
  void start(Time now, Duration initial_timeout);
  void stop();
  // Whether the update is to be sent now, for the first time or again.
  bool due(Time now) const { return send_at_ && now >= *send_at_; }
  std::optional<Time> next_timeout() const { return send_at_; }

  // Call when due(): the number to send the update with, or empty if the limit puts it off (next_timeout() moves).
  std::optional<SeqNum16> send(Time now, Duration lifetime, Acknowledgement acknowledgement);
  // How often the update has been sent.
  int count() const { return count_; }

  // The last update sent since start().
  const std::optional<Sent>& sent() const { return sent_; }
  // Answered ends the transmission; sent() is what the acknowledgement is about.
  Match match(Time now, const BindingAck& ack);

 private:
  BindingUpdateNumbering& numbering() { return common_ != nullptr ? *common_ : own_; }

  BindingUpdateNumbering own_;
  BindingUpdateNumbering* common_ = nullptr;
  MobilityRules rules_;
  std::optional<Sent> sent_;
  bool answered_ = true;
  std::optional<Time> send_at_;
  Duration timeout_;
  int count_ = 0;
};

}  // namespace kamesim
