// Duplicate Address Detection (RFC 4862 §5.4): the tests that are under way on an interface. A machine: it knows no
// messages and no addresses of the node, only targets and deadlines.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

class DuplicateAddressDetection {
 public:
  // On behalf of another node (RFC 6275 §10.3.1): told of the result, once. Empty for the node's own addresses.
  using Done = std::function<void(bool unique)>;
  struct Test {
    Ipv6Address target;
    unsigned transmits;  // DupAddrDetectTransmits, what is left of it
    Time next;           // of the next solicitation, or of the end
    Done done;
  };
  // A solicitation for the target is due, or the target has been found unique and the test is over.
  struct Step {
    Ipv6Address target;
    std::optional<Test> unique;
  };

  // Begins the test, or begins it again. The first solicitation is sent at `first`.
  void start(const Ipv6Address& target, Time first, unsigned transmits, Done done = {});
  bool testing(const Ipv6Address& target) const { return tests_.contains(target); }
  // Ends the test without result: it was cancelled, or the target has another owner.
  std::optional<Test> stop(const Ipv6Address& target);
  // Ends the tests of the node's own addresses (the link went down); those for other nodes go on.
  void stop_own();

  // One thing that is due now, if there is one.
  std::optional<Step> on_timeout(Time now, Duration retrans_timer);
  std::optional<Time> next_timeout() const;
  std::size_t size() const { return tests_.size(); }

 private:
  std::unordered_map<Ipv6Address, Test> tests_;
  std::multimap<Time, Ipv6Address> deadlines_;  // equal times in the order of arming

  void forget_deadline(const Test& test);
};

}  // namespace kamesim
