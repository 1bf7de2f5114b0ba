// Duplicate Address Detection (RFC 4862 §5.4): the tests that are under way on an interface. A machine: it knows no
// messages and no addresses of the node, only targets and deadlines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/pool.h"
#include "sim/time.h"

namespace kamesim {

class DuplicateAddressDetection {
 public:
  DuplicateAddressDetection() = default;
  ~DuplicateAddressDetection() { clear(); }
  DuplicateAddressDetection(const DuplicateAddressDetection&) = delete;
  DuplicateAddressDetection& operator=(const DuplicateAddressDetection&) = delete;

  // On behalf of another node (RFC 6275 §10.3.1): told of the result, once. Empty for the node's own addresses.
  using Done = std::function<void(bool unique)>;
  using Nonce = std::array<std::uint8_t, 6>;  // RFC 3971 §5.3.2: "at least 6 bytes"
  struct Test {  // one that is over
    Ipv6Address target;
    std::unique_ptr<const Done> done{};  // null: of the node's own
  };
  // A solicitation for the target is due, or the target has been found unique and the test is over.
  struct Step {
    Ipv6Address target;
    std::optional<Test> unique;
  };

  // Begins the test, or begins it again. The first solicitation is sent at `first`.
  void start(const Ipv6Address& target, Time first, unsigned transmits, Done done = {});
  bool testing(const Ipv6Address& target) const { return find(target) != nullptr; }
  // Ends the test without result: it was cancelled, or the target has another owner.
  std::optional<Test> stop(const Ipv6Address& target);
  // Ends the tests of the node's own addresses (the link went down); those for other nodes go on.
  void stop_own();

  // RFC 7527 §4.1: the solicitation that is due bears this nonce.
  void use_nonce(const Ipv6Address& target, const Nonce& nonce);
  // RFC 7527 §4.2: whether a solicitation with the nonce is one that was sent for the target and came back. The test
  // then goes on with MAX_MULTICAST_SOLICIT more, until none of them comes back.
  bool on_solicitation(const Ipv6Address& target, Bytes nonce);

  // One thing that is due now, if there is one.
  std::optional<Step> on_timeout(Time now, Duration retrans_timer);
  std::optional<Time> next_timeout() const;
  std::size_t size() const { return running().size(); }
  std::size_t heap_bytes() const;  // beyond the object itself

 private:
  // All nodes of a network test their addresses at the same time, two or three an interface: what that takes is what
  // an idle network takes at most, so a test is small, and two of them stand in a block that has the size of what is known
  // of a neighbour, and of the table of neighbours, which take it over (neighbor_cache.h).
  struct Running {
    Ipv6Address target;
    Time next;                // of the next solicitation, or of the end
    std::uint8_t transmits;   // DupAddrDetectTransmits, what is left of it
    bool looped_back : 1;     // a solicitation that was sent came back
    bool has_nonce : 1;
    Nonce nonce;              // of the first solicitation; of those after it: More
  };
  // What few tests have.
  struct More {
    Ipv6Address target;
    std::unique_ptr<const Done> done;
    std::vector<Nonce> nonces;
  };
  static constexpr std::size_t kFew = 2;
  struct Few : Pooled {
    std::array<Running, kFew> running;
  };
  static_assert(sizeof(Few) == 64);
  struct Many : Pooled {
    std::vector<Running> running;
    std::vector<More> more;
  };
  Few* few() const { return is_many() ? nullptr : reinterpret_cast<Few*>(tests_ & ~kBits); }
  Many* many() const { return is_many() ? reinterpret_cast<Many*>(tests_ & ~kBits) : nullptr; }
  bool is_many() const { return (tests_ & kBits) == kMany; }
  void hold(const Few* few, std::size_t count) { tests_ = reinterpret_cast<std::uintptr_t>(few) | count; }
  Many& make_many();
  std::span<Running> running() const;  // in the order in which their deadlines were set
  void add(const Running& test);
  void remove(Running& test);
  void clear();
  Running* find(const Ipv6Address& target) const;
  Running& first_due() const;
  More* find_more(const Ipv6Address& target) const;
  More& more(const Ipv6Address& target);
  Test take(Running& test);

  // Where they stand; the lowest bits tell how many of few that are, or that they are many. 0: there are none.
  static constexpr std::uintptr_t kMany = kFew + 1, kBits = 3;
  std::uintptr_t tests_ = 0;
};

}  // namespace kamesim
