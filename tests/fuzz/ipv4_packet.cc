// An IPv4 packet, whole or quoted by an ICMP error, with its options and its ICMP message; and the same bytes as ARP.
#include <algorithm>

#include "protocols/wire/arp.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/ipv4_header.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

void read(const Ipv4HeaderView& packet) {
  fuzz::require(packet.header_size() >= kIpv4HeaderSize && packet.header_size() <= packet.packet().size(),
                "a header lies in its packet");
  fuzz::touch(packet.packet());
  Ipv4OptionWalk walk(packet.options());
  std::size_t size = 0;
  while (const auto option = walk.next()) {
    fuzz::touch(*option);
    size += option->size();
  }
  fuzz::require(size <= packet.options().size(), "options lie in the header");
  fuzz::require(!walk.malformed_at() || *walk.malformed_at() < packet.options().size(), "a pointer into the options");
  if (packet.protocol() != NextHeader::Icmp4) return;
  const auto message = Icmp4View::check(packet.payload());
  if (!message) return;
  if (const auto error = in_words_of_icmp6(*message)) {
    fuzz::touch(error->invoking_packet);
    (void)in_words_of_icmp4(*error);
  }
}

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  const Bytes bytes(data, size);
  if (const auto packet = Ipv4HeaderView::check(bytes)) read(*packet);
  if (const auto quoted = Ipv4HeaderView::check_quoted(bytes)) read(*quoted);
  if (const auto arp = ArpMessage::parse(bytes)) {
    std::uint8_t again[kArpSize];
    arp->write(again);
    fuzz::require(std::equal(again, again + kArpSize, data), "ARP is written as it was read");
  }
  return 0;
}
