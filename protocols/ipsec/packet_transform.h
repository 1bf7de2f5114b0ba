// The packet path's side of one association: its transform with expanded keys, made with the first packet, and what a
// packet changes in it: number, IV, window, lifetime.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/ipsec/ah.h"
#include "protocols/ipsec/esp.h"
#include "protocols/ipsec/ipcomp.h"
#include "protocols/ipsec/security_association.h"
#include "sim/random.h"

namespace kamesim::ipsec {

class PacketTransform;

// The transforms of one node. OpenSSL's contexts take more than all else of an association: so many have one at once; of
// the others it is made again with their next packet. What is taken back is wiped.
class TransformPool {
 public:
  static constexpr std::size_t kMostAtOnce = 1 << 14;

  explicit TransformPool(std::size_t most = kMostAtOnce) : most_(most) {}
  TransformPool(const TransformPool&) = delete;
  TransformPool& operator=(const TransformPool&) = delete;

  // For its next packet; valid until another is asked for.
  PacketTransform& of(SecurityAssociation& association, Cipher::Direction direction);
  std::size_t size() const { return used_; }

 private:
  friend class PacketTransform;
  PacketTransform& make(SecurityAssociation& association, Cipher::Direction direction);
  std::size_t free_slot();

  std::size_t most_;
  // A clock: the hand goes round, and takes what has not been used since it last came by.
  std::vector<PacketTransform*> slots_;  // null: free
  std::size_t hand_ = 0, used_ = 0;
};

class PacketTransform final : public SaTransform {
 public:
  PacketTransform(TransformPool& pool, std::size_t slot, SecurityAssociation& association, Cipher::Direction direction);
  ~PacketTransform() override;
  PacketTransform(const PacketTransform&) = delete;
  PacketTransform& operator=(const PacketTransform&) = delete;

  std::optional<EspTransform> esp;
  std::optional<AhTransform> ah;

 private:
  friend class TransformPool;
  TransformPool& pool_;
  SecurityAssociation& association_;
  std::size_t slot_;
  bool used_lately_ = true;
};

inline PacketTransform& TransformPool::of(SecurityAssociation& sa, Cipher::Direction direction) {
  if (sa.transform == nullptr) [[unlikely]] return make(sa, direction);
  auto& transform = static_cast<PacketTransform&>(*sa.transform);
  transform.used_lately_ = true;
  return transform;
}

// Whether the next packet would have a number that was used (RFC 4303 §3.3.3).
bool sequence_is_used_up(const SecurityAssociation& association);

// ESP over all of `packet`, of the type `what`, as the payload of a tunnel's outer header that is yet to be written. The
// type that this is to announce: ESP, or the UDP around it. The next number is known not to be used up.
NextHeader seal_for_tunnel(TransformPool& pool, SecurityAssociation& association, Packet& packet, NextHeader what,
                           RandomStream& random);

// What the association makes of a whole packet whose ends are its own: in transport mode of the packet, in tunnel mode
// already with the outer header. `deflate`: of IPComp, else not used. Null: done; else why it cannot be.
const DropInfo* protect(TransformPool& pool, SecurityAssociation& association, Packet& packet, RandomStream& random,
                        Deflate* deflate);

// What of a packet its cryptography is about, as lifetimes count (RFC 4301 §4.4.2.1): the payload, at both ends the same.
std::size_t octets_to_protect(Bytes packet, Mode mode);

// The longest packet that this association makes no longer than `size`; 0: there is none. `tunnel`: with its outer
// header.
std::size_t fits_within(TransformPool& pool, SecurityAssociation& association, std::size_t size, bool tunnel);

// The window's view of a number that a packet told.
struct ArrivedNumber {
  std::uint64_t whole;
  ReplayWindow::Verdict verdict;
  // The high half, for an ICV that covers it; null without ESN.
  const std::uint32_t* high(std::uint32_t& storage) const {
    if (!extended) return nullptr;
    storage = static_cast<std::uint32_t>(whole >> 32);
    return &storage;
  }
  bool extended;
};
ArrivedNumber number_of(SecurityAssociation& association, std::uint32_t told);
// The packet was authentic.
void accept(SecurityAssociation& association, const ArrivedNumber& number);

}  // namespace kamesim::ipsec
