// The Security Association Database (RFC 4301 §4.4.2): found by what a packet says, or by what a policy asks for; with
// lifetimes as deadlines. Time comes in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "protocols/ipsec/security_association.h"

namespace kamesim::ipsec {

inline constexpr std::size_t kMaxAssociations = 1 << 20;
inline constexpr Duration kLarvalLifetime = Duration::seconds(30);  // KAME's key.larval_lifetime

class Sad {
 public:
  // KAME's key.preferred_oldsa: of two that a request may use the older is used, and it ends before the newer begins.
  bool prefer_old() const { return prefer_old_; }
  void set_prefer_old(bool on) { prefer_old_ = on, ++generation_; }

  // Refused: file_exists (a packet could not tell it from another), no_buffer_space (there are kMaxAssociations).
  using Added = tl::expected<SecurityAssociation*, std::errc>;
  Added add(SaParameters parameters, Time now);
  // SADB_GETSPI: an address with both ends and a protocol, and nothing yet behind it.
  Added add_larval(const SaAddress& address, Mode mode, std::uint32_t reqid, std::uint32_t sequence, Time now);
  // SADB_UPDATE: what was larval becomes an association; of any other its lifetimes change. The address stays the same.
  void update(SecurityAssociation& association, SaParameters parameters, Time now);
  // SADB_X_MIGRATE. False, and nothing done: there is one of that address.
  bool move(SecurityAssociation& association, const Ipv6Address& source, const Ipv6Address& destination);
  void remove(SecurityAssociation& association);
  void flush(std::optional<Protocol> protocol = {});

  // Exactly that one: of one with a group as destination also its source counts.
  SecurityAssociation* find(const SaAddress& address) const;
  // Larval ones, of the exchange with this sadb_msg_seq.
  SecurityAssociation* find_larval(std::uint32_t sequence) const;

  // For a packet that came (RFC 4301 §4.1): with its source if it went to a group and one has that source, else by SPI,
  // destination and protocol. Null: there is none that is usable.
  SecurityAssociation* inbound(Spi spi, Protocol protocol, const Ipv6Address& source,
                               const Ipv6Address& destination) const;
  // For a packet that a policy wants protected. Its ends: the tunnel's, or the packet's own. Null: there is none.
  SecurityAssociation* outbound(const Request& request, const Ipv6Address& source,
                                const Ipv6Address& destination) const;

  // A packet of so many bytes is about to use it. False: its hard lifetime is over (RFC 4301 §4.4.2.1). It is dead as
  // soon as no packet can use it any more; on_timeout takes it out.
  bool charge(SecurityAssociation& association, std::uint64_t bytes, Time now);

  std::size_t size() const { return associations_.size(); }
  // All, in the order of their being added.
  std::vector<SecurityAssociation*> in_order() const;
  // Changes whenever another association may be the answer, or one is gone.
  std::uint64_t generation() const { return generation_; }

  struct Expiration {
    enum class Kind : std::uint8_t { Soft, Hard, Larval } kind;
    SecurityAssociation* association;
    std::unique_ptr<SecurityAssociation> removed;  // hard, larval: it is no longer in the database
  };
  std::optional<Time> next_timeout() const;
  // Changes whenever next_timeout() may.
  std::uint64_t timetable() const { return timetable_; }
  std::vector<Expiration> on_timeout(Time now);

 private:
  // What tells one from the others. The source only if the destination is a group, else unspecified.
  struct AddressHash {
    std::size_t operator()(const SaAddress& a) const {
      const auto product = static_cast<unsigned __int128>(a.destination.low() ^ a.source.low() ^
                                                          (std::uint64_t{a.spi} << 8 | std::uint64_t(a.protocol))) *
                           (a.destination.high() ^ a.source.high() ^ 0x9e3779b97f4a7c15ull);
      return static_cast<std::size_t>(product >> 64) ^ static_cast<std::size_t>(product);
    }
  };
  using Ends = std::tuple<Protocol, Ipv6Address, Ipv6Address, std::uint32_t, std::uint64_t>;  // ..., reqid, number

  static SaAddress identity(SaAddress address);
  static Ends ends(const SecurityAssociation& association);
  Added insert(std::unique_ptr<SecurityAssociation> association, Time now);
  std::unique_ptr<SecurityAssociation> take(SecurityAssociation& association);
  // When something next happens to it by time; a deadline that has passed is reported once.
  std::optional<Time> deadline(const SecurityAssociation& association) const;
  void schedule(SecurityAssociation& association);
  void die(SecurityAssociation& association);
  bool better(const SecurityAssociation& a, const SecurityAssociation& b) const;

  struct Stored {
    std::unique_ptr<SecurityAssociation> association;
    std::optional<Time> deadline;  // as it stands in deadlines_
  };
  std::map<std::uint64_t, Stored> associations_;                                   // by number
  std::unordered_map<SaAddress, SecurityAssociation*, AddressHash> by_identity_;
  std::map<Ends, SecurityAssociation*> by_ends_;                                   // all but larval ones
  std::set<std::pair<Time, std::uint64_t>> deadlines_;                             // and the association's number
  std::set<std::uint64_t> larval_;
  bool prefer_old_ = true;
  std::uint64_t next_number_ = 1;
  std::uint64_t generation_ = 1;
  std::uint64_t timetable_ = 0;
};

}  // namespace kamesim::ipsec
