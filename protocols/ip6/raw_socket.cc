#include "protocols/ip6/socket.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/icmp6.h"

namespace kamesim {

namespace {

constexpr int kMobilityChecksumOffset = 4;  // RFC 6275 §6.1.1

// Of these the kernel knows where the checksum stands, and that it is right before any socket sees the packet.
int checksum_known_to_kernel(NextHeader protocol) {
  if (protocol == NextHeader::Icmp6) return static_cast<int>(kIcmp6ChecksumOffset);
  if (protocol == NextHeader::Icmp4) return static_cast<int>(kIcmp4ChecksumOffset);
  return protocol == NextHeader::Mobility ? kMobilityChecksumOffset : -1;
}

}  // namespace

RawSocket::RawSocket(SocketLayer& layer, NextHeader protocol, DatagramHandler& handler)
    : Ip6Socket(layer, handler), protocol_(protocol) {
  layer_.add(*this);
}

RawSocket::~RawSocket() { layer_.remove(*this); }

void RawSocket::pass_only(std::initializer_list<std::uint8_t> types) {
  if (types.size() == 1) {
    passes_ = Passes::One;
    type_ = *types.begin();
    return;
  }
  std::bitset<256> pass;
  for (const std::uint8_t type : types) pass.set(type);
  set_filter(pass);
}

void RawSocket::set_filter(const std::bitset<256>& pass) {
  passes_ = Passes::Listed;
  listed_ = std::make_unique<std::bitset<256>>(pass);
}

bool RawSocket::passes(std::uint8_t type) const {
  switch (passes_) {
    case Passes::All: return true;
    case Passes::One: return type == type_;
    case Passes::Listed: return (*listed_)[type];
  }
  return false;
}

std::bitset<256> RawSocket::filter() const {
  std::bitset<256> pass;
  for (unsigned type = 0; type < pass.size(); ++type) pass[type] = passes(static_cast<std::uint8_t>(type));
  return pass;
}

int RawSocket::checksum_at() const {
  const int known = checksum_known_to_kernel(protocol_);
  return known >= 0 ? known : checksum_offset_;
}

SendError RawSocket::send(Bytes message, OutputRequest request) {
  request.next_header = protocol_;
  request.checksum_offset = checksum_at();
  request.ipsec = ipsec();
  if (request.checksum_offset >= 0 && message.size() < static_cast<std::size_t>(request.checksum_offset) + 2) {
    return SendError::Unreachable;  // there is no place for it
  }
  const bool chosen = !request.source.is_unspecified() || request.unspecified_source;
  if (!chosen && !local().address.is_multicast()) request.source = local().address;
  return layer_.stack_.output(layer_.stack_.node().packets().copy_of(message), request);
}

}  // namespace kamesim
