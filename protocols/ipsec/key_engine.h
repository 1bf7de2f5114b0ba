// The kernel's side of key management: both databases, and what is told to daemons about them. A machine: time comes in,
// and what is to be told goes to listeners (of which the PF_KEY sockets are made).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "protocols/ipsec/sad.h"
#include "protocols/ipsec/spd.h"
#include "sim/random.h"

namespace kamesim::ipsec {

struct IpsecConfig {
  // What Level::Default asks. Deviation: KAME's (net.inet6.ipsec6.*_deflev) was Use; RFC 4301 §5.1 protects or discards.
  Level default_level = Level::Require;
  // KAME's key.blockacq_count and key.blockacq_lifetime: so many packets that want the same association follow without
  // a further SADB_ACQUIRE, for so long.
  std::uint32_t blockacq_count = 10;
  Duration blockacq_lifetime = Duration::seconds(20);
  // KAME's key.spi_minval and key.spi_maxval: what SADB_GETSPI gives out if nothing is asked for.
  Spi spi_min = 0x100, spi_max = 0x0fff'ffff;
};

// A packet wants an association that is not there (RFC 2367 §3.1.6).
struct Acquire {
  std::uint32_t sequence = 0;         // sadb_msg_seq: what answers it has the same
  const SecurityPolicy* policy = nullptr;
  const Request* request = nullptr;   // of the policy
  Ipv6Address source, destination;    // the ends that the association is to have
  Flow flow;                          // of the packet
  Bytes packet;                       // SADB_X_EXT_PACKET: the packet itself, from its IP header on; may be empty
};

// Listeners take note, and change nothing in the databases before they return.
class KeyListener {
 public:
  virtual void on_acquire(const Acquire& acquire) { (void)acquire; }
  // Soft: it is still in the database. Hard: it has just been taken out. Larval ones go without a word.
  virtual void on_expire(const SecurityAssociation& association, Sad::Expiration::Kind kind) {
    (void)association, (void)kind;
  }
  virtual void on_policy_expire(const SecurityPolicy& policy) { (void)policy; }

 protected:
  ~KeyListener() = default;
};

class KeyEngine {
 public:
  // `random`: of the node, for SPIs.
  explicit KeyEngine(RandomStream random) : random_(random) {}

  IpsecConfig config;
  Spd& spd() { return spd_; }
  const Spd& spd() const { return spd_; }
  Sad& sad() { return sad_; }
  const Sad& sad() const { return sad_; }

  Level level_of(const Request& request) const {
    return request.level == Level::Default ? config.default_level : request.level;
  }

  // The packet path found no association for a request of the policy, between these ends. Tells the listeners, but of
  // the same ends again only after blockacq_count more packets or blockacq_lifetime.
  void acquire(Time now, const SecurityPolicy& policy, const Request& request, const Ipv6Address& source,
               const Ipv6Address& destination, const Flow& flow, Bytes packet);

  // SADB_GETSPI (RFC 2367 §3.1.1): reserves an SPI that is free for incoming packets. `low`, `high`: from these, both
  // included; 0: the configured ones. Null: none is free.
  SecurityAssociation* reserve_spi(Time now, SaAddress address, Spi low, Spi high, Mode mode, std::uint32_t reqid,
                                   std::uint32_t sequence);

  // Changes the ends of a tunnel's policies and associations (draft-sugimoto-mip6-pfkey-migrate §5): requests that go
  // from old to new ones. How many policies and associations moved.
  struct Ends {
    Ipv6Address source, destination;
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  std::size_t migrate(SecurityPolicy& policy, const Ends& old_ends, const Ends& new_ends);

  void add_listener(KeyListener& listener) { listeners_.push_back(&listener); }
  void remove_listener(KeyListener& listener) { std::erase(listeners_, &listener); }

  std::optional<Time> next_timeout() const;
  void on_timeout(Time now);

 private:
  using Wanted = std::tuple<Protocol, Mode, std::uint32_t, Ipv6Address, Ipv6Address>;  // protocol, mode, reqid, ends
  struct Blocked {
    std::uint32_t count = 0;  // packets since it was told
    Time until;
  };
  static constexpr std::size_t kMaxBlocked = 4096;
  static constexpr int kSpiTries = 1000;  // KAME's key.spi_trycnt
  template <typename Tell>
  void tell(Tell tell) {
    const std::vector<KeyListener*> listeners = listeners_;  // they may leave as they are told
    for (KeyListener* listener : listeners) tell(*listener);
  }

  Spd spd_;
  Sad sad_;
  RandomStream random_;
  std::vector<KeyListener*> listeners_;
  std::map<Wanted, Blocked> blocked_;
  std::uint32_t next_sequence_ = 1;
};

}  // namespace kamesim::ipsec
