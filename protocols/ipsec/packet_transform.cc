#include "protocols/ipsec/packet_transform.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "protocols/wire/checksum.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kUdpHeaderSize = 8, kUdpChecksumOffset = 6;  // RFC 768

bool counts_ivs(CipherMode mode) { return mode != CipherMode::Null && mode != CipherMode::Cbc; }

// RFC 3602 §3: of CBC unpredictable. Of the counting modes unique (RFC 3686 §3.1, RFC 4106 §3.1): from a random start,
// so that associations by hand which have a key in common do not begin alike.
std::array<std::uint8_t, kMaxEspIv> next_iv(SecurityAssociation& sa, CipherMode mode, std::size_t size,
                                            RandomStream& random) {
  std::array<std::uint8_t, kMaxEspIv> iv{};
  if (counts_ivs(mode)) {
    if (sa.iv_counter == 0) sa.iv_counter = random.next_u64() | 1;
    store_be64(iv.data(), sa.iv_counter++);
  } else {
    random.fill(MutableBytes(iv).first(size));
  }
  return iv;
}

// Before what stands at `offset`, which goes from one address to the other.
void put_udp_header(Packet& packet, std::size_t offset, const UdpEncapsulation& udp, const Ipv6Address& source,
                    const Ipv6Address& destination) {
  std::uint8_t* header = open_gap(packet, offset, kUdpHeaderSize);
  store_be16(header, udp.source_port);
  store_be16(header + 2, udp.destination_port);
  store_be16(header + 4, static_cast<std::uint16_t>(packet.size() - offset));
  store_be16(header + kUdpChecksumOffset, 0);  // RFC 3948 §2.1: zero over IPv4
  if (destination.is_v4_mapped()) return;
  fill_upper_layer_checksum(source, destination, NextHeader::Udp, packet.mutable_bytes().subspan(offset),
                            kUdpChecksumOffset);
}

std::optional<std::array<std::uint8_t, 16>> padding_of(Padding kind, RandomStream& random) {
  if (kind == Padding::Sequential) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  if (kind == Padding::Random) random.fill(bytes);
  return bytes;
}

void seal_by_esp(TransformPool& pool, SecurityAssociation& sa, Packet& packet, std::size_t offset, NextHeader what,
                 RandomStream& random) {
  EspTransform& esp = *pool.of(sa, Cipher::Direction::Encrypt).esp;
  const std::size_t payload = packet.size() - offset;
  const bool ip = what == NextHeader::Ipv6 || what == NextHeader::Ipv4;
  const std::size_t pad_to = ip ? sa.parameters.tfc_pad_to : 0;
  esp.seal(packet, offset,
           {.spi = sa.address().spi, .sequence = ++sa.sequence,
            .extended_sequence = sa.parameters.extended_sequence_numbers, .next_header = what,
            .iv = next_iv(sa, esp.encryption().mode, esp.encryption().iv_bytes, random),
            .tfc_padding = pad_to > payload ? pad_to - payload : 0,
            .padding = padding_of(sa.parameters.padding, random)});
}

void protect_by_esp(TransformPool& pool, SecurityAssociation& sa, Packet& packet, const HeaderPlace& place,
                    RandomStream& random) {
  seal_by_esp(pool, sa, packet, place.offset, static_cast<NextHeader>(packet.data()[place.next_header_field]), random);
  if (!sa.parameters.udp.enabled()) return announce(packet, place.next_header_field, NextHeader::Esp);
  Ipv6Address source, destination = kV4MappedAny;
  if (packet.data()[0] >> 4 != 4) {
    const Ipv6HeaderView ip = Ipv6HeaderView::of_checked(packet.bytes());
    source = ip.source(), destination = ip.destination();
  }
  put_udp_header(packet, place.offset, sa.parameters.udp, source, destination);
  announce(packet, place.next_header_field, NextHeader::Udp);
}

const DropInfo* protect_by_ah(TransformPool& pool, SecurityAssociation& sa, Packet& packet, const HeaderPlace& place,
                              RandomStream& random) {
  AhTransform& ah = *pool.of(sa, Cipher::Direction::Encrypt).ah;
  AhTransform::ToSeal parameters{.spi = sa.address().spi, .sequence = sa.sequence,
                                 .extended_sequence = sa.parameters.extended_sequence_numbers};
  if (ah.integrity().iv_bytes != 0) {
    const auto iv = next_iv(sa, CipherMode::Gmac, ah.integrity().iv_bytes, random);
    std::memcpy(parameters.iv.data(), iv.data(), parameters.iv.size());
  }
  return ah.seal(packet, place, parameters) ? nullptr : &kAhHeadersTooLong;
}

}  // namespace

PacketTransform::PacketTransform(TransformPool& pool, std::size_t slot, SecurityAssociation& association,
                                 Cipher::Direction direction)
    : pool_(pool), association_(association), slot_(slot) {
  const SaParameters& p = association.parameters;
  const IntegrityAlgorithm& integrity = algorithm(p.integrity);
  if (p.address.protocol == Protocol::Esp) {
    esp.emplace(algorithm(p.encryption), p.encryption_key.bytes(), integrity, p.integrity_key.bytes(), direction);
    esp->checks_padding = p.padding == Padding::Sequential;
  } else if (p.address.protocol == Protocol::Ah) {
    ah.emplace(integrity, p.integrity_key.bytes());
  }
}

PacketTransform::~PacketTransform() {
  pool_.slots_[slot_] = nullptr;
  --pool_.used_;
}

// RFC 4301 leaves the number of associations to the implementation; that of contexts at hand is of no account outside.
std::size_t TransformPool::free_slot() {
  if (used_ == slots_.size() && slots_.size() < most_) {
    slots_.push_back(nullptr);
    return slots_.size() - 1;
  }
  for (;; hand_ = (hand_ + 1) % slots_.size()) {
    PacketTransform* transform = slots_[hand_];
    if (transform == nullptr) return hand_;
    if (!std::exchange(transform->used_lately_, false)) {
      transform->association_.transform.reset();
      return hand_;
    }
  }
}

PacketTransform& TransformPool::make(SecurityAssociation& sa, Cipher::Direction direction) {
  const std::size_t slot = free_slot();
  auto made = std::make_unique<PacketTransform>(*this, slot, sa, direction);
  slots_[slot] = made.get();
  ++used_;
  PacketTransform& transform = *made;
  sa.transform = std::move(made);
  return transform;
}

bool sequence_is_used_up(const SecurityAssociation& sa) {
  const bool extended = sa.parameters.extended_sequence_numbers;
  const std::uint64_t last = extended ? std::numeric_limits<std::uint64_t>::max()
                                      : std::numeric_limits<std::uint32_t>::max();
  return sa.address().protocol != Protocol::IpComp && !sa.parameters.cyclic_sequence && sa.sequence >= last;
}

NextHeader seal_for_tunnel(TransformPool& pool, SecurityAssociation& sa, Packet& packet, NextHeader what,
                           RandomStream& random) {
  seal_by_esp(pool, sa, packet, 0, what, random);
  if (!sa.parameters.udp.enabled()) return NextHeader::Esp;
  put_udp_header(packet, 0, sa.parameters.udp, sa.address().source, sa.address().destination);
  return NextHeader::Udp;
}

const DropInfo* protect(TransformPool& pool, SecurityAssociation& sa, Packet& packet, RandomStream& random,
                        Deflate* deflate) {
  if (sequence_is_used_up(sa)) return &kSequenceOverflow;
  if (packet.data()[0] >> 4 == 6 && says_jumbogram(packet.data())) return &kJumbogram;
  const HeaderPlace place = end_to_end_place(packet.bytes());
  switch (sa.address().protocol) {
    case Protocol::Esp: protect_by_esp(pool, sa, packet, place, random); return nullptr;
    case Protocol::Ah: ++sa.sequence; return protect_by_ah(pool, sa, packet, place, random);
    case Protocol::IpComp:
      deflate->compress(packet, place, static_cast<std::uint16_t>(sa.address().spi));
      return nullptr;
  }
  return nullptr;
}

std::size_t octets_to_protect(Bytes packet, Mode mode) {
  return mode == Mode::Tunnel ? packet.size() : packet.size() - end_to_end_place(packet).offset;
}

std::size_t fits_within(TransformPool& pool, SecurityAssociation& sa, std::size_t size, bool tunnel) {
  const bool ip4 = sa.address().destination.is_v4_mapped();
  const std::size_t ip = ip4 ? kIpv4HeaderSize : kIpv6HeaderSize;
  if (size <= ip) return 0;
  const std::size_t own = tunnel ? 0 : ip;  // in transport mode the packet's own header stays
  const PacketTransform& transform = pool.of(sa, Cipher::Direction::Encrypt);
  if (transform.esp) {
    const std::size_t udp = sa.parameters.udp.enabled() ? kUdpHeaderSize : 0;
    return size > ip + udp ? transform.esp->payload_that_fits(size - ip - udp) + own : 0;
  }
  const std::size_t ah = transform.ah ? transform.ah->header_size(ip4) : 0;
  return size > ip + ah ? size - ip - ah + own : 0;
}

ArrivedNumber number_of(SecurityAssociation& sa, std::uint32_t told) {
  const SaParameters& p = sa.parameters;
  const bool extended = p.extended_sequence_numbers;
  const bool checked = p.replay_window != 0;
  if (!checked && !extended) return {told, ReplayWindow::Verdict::New, false};
  if (sa.window == nullptr) {
    const std::uint32_t size = checked ? std::clamp(p.replay_window, kMinReplayWindow, kMaxReplayWindow)
                                       : kDefaultReplayWindow;
    sa.window = std::make_unique<ReplayWindow>(size);
    if (p.numbers_used != 0) sa.window->accept(p.numbers_used);
  }
  const std::uint64_t whole = extended ? sa.window->extend(told) : told;
  return {whole, checked ? sa.window->check(whole) : ReplayWindow::Verdict::New, extended};
}

void accept(SecurityAssociation& sa, const ArrivedNumber& number) {
  if (sa.window != nullptr) sa.window->accept(number.whole);
}

}  // namespace kamesim::ipsec
