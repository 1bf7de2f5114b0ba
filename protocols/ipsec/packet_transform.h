// The packet path's side of one association: its transform with expanded keys, made with the first packet, and what a
// packet changes in it: number, IV, window, lifetime.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "protocols/ipsec/ah.h"
#include "protocols/ipsec/esp.h"
#include "protocols/ipsec/ipcomp.h"
#include "protocols/ipsec/security_association.h"
#include "sim/random.h"

namespace kamesim::ipsec {

class PacketTransform final : public SaTransform {
 public:
  PacketTransform(const SaParameters& association, Cipher::Direction direction);
  std::optional<EspTransform> esp;
  std::optional<AhTransform> ah;
};

inline PacketTransform& transform_of(SecurityAssociation& sa, Cipher::Direction direction) {
  if (sa.transform == nullptr) [[unlikely]] sa.transform = std::make_unique<PacketTransform>(sa.parameters, direction);
  return static_cast<PacketTransform&>(*sa.transform);
}

// Whether the next packet would have a number that was used (RFC 4303 §3.3.3).
bool sequence_is_used_up(const SecurityAssociation& association);

// ESP over all of `packet`, of the type `what`, as the payload of a tunnel's outer header that is yet to be written. The
// type that this is to announce: ESP, or the UDP around it. The next number is known not to be used up.
NextHeader seal_for_tunnel(SecurityAssociation& association, Packet& packet, NextHeader what, RandomStream& random);

// What the association makes of a whole packet whose ends are its own: in transport mode of the packet, in tunnel mode
// already with the outer header. `deflate`: of IPComp, else not used. Null: done; else why it cannot be.
const DropInfo* protect(SecurityAssociation& association, Packet& packet, RandomStream& random, Deflate* deflate);

// The longest packet that this association makes no longer than `size`; 0: there is none. `tunnel`: with its outer
// header.
std::size_t fits_within(SecurityAssociation& association, std::size_t size, bool tunnel);

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
