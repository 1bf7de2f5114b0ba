// Fragments of a few packets in any order, with overlaps, losses and time that passes. A fragment holds what its packet
// has at that place, so that whatever is reassembled can be told from what it should be.
#include "protocols/ip6/reassembly.h"

#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv6_header.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

std::uint8_t content(std::uint32_t identification, std::size_t place) {
  return static_cast<std::uint8_t>(place * 7 + place / 251 + identification * 31);
}

Packet fragment(PacketPool& pool, const Reassembler::Arrival& at, std::size_t size) {
  Packet packet = pool.allocate(kIpv6HeaderSize + kFragmentHeaderSize + size);
  std::uint8_t* bytes = packet.mutable_data();
  Ipv6Header{.payload_length = static_cast<std::uint16_t>(kFragmentHeaderSize + size),
             .next_header = NextHeader::Fragment, .source = at.source, .destination = at.destination}
      .write(bytes);
  FragmentHeader{NextHeader::Udp, at.offset, at.more, at.identification}.write(bytes + kIpv6HeaderSize);
  bytes += kIpv6HeaderSize + kFragmentHeaderSize;
  for (std::size_t i = 0; i < size; ++i) bytes[i] = content(at.identification, at.offset + i);
  return packet;
}

void check_whole(const Reassembler::Result& result, std::uint32_t identification) {
  const auto header = Ipv6HeaderView::check(result.complete.bytes());
  fuzz::require(header.has_value(), "what is reassembled is a packet (RFC 8200 §4.5)");
  fuzz::require(header->next_header() == NextHeader::Udp, "the next header is the first fragment's");
  const Bytes payload = header->payload();
  for (std::size_t i = 0; i < payload.size(); ++i) {
    fuzz::require(payload[i] == content(identification, i), "every byte is in its place (RFC 5722 §4)");
  }
}

}  // namespace
}  // namespace kamesim

// Records of 6 octets: packet and flags, offset / 8 (two octets), size (two), time that passes before.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  PacketPool pool;
  {
    const ReassemblyLimits limits{.packets = 5, .packets_per_source = 3, .fragments = 20, .fragments_per_packet = 10,
                                  .bytes = 40'000, .bytes_per_source = 20'000};
    fuzz::Input input(Bytes(data, size));
    const Ip6Rules rules = rules_of(input.u8() % 2 == 0 ? Ip6Specification::Rfc8200 : Ip6Specification::Kame);
    Reassembler reassembler(limits, rules);
    Time now;
    for (int i = 0; i < 500 && !input.empty(); ++i) {
      const std::uint8_t flags = input.u8();
      const std::uint16_t offset = input.u16() & 0x1fff;
      std::size_t length = input.u16() % 2048;
      now += 100_ms * input.u8();
      while (reassembler.expire(now)) {
      }
      const bool more = (flags & 1) != 0;
      if (more) length &= ~std::size_t{7};                        // the caller's checks (RFC 8200 §4.5)
      if (std::size_t{8} * offset + length > 65535) continue;
      const Reassembler::Arrival arrival{
          .source = Ipv6Address::from_halves(1, flags >> 1 & 3), .destination = Ipv6Address::from_halves(2, 2),
          .identification = static_cast<std::uint32_t>(flags >> 3 & 3), .interface_index = 2,
          .fragment_header = kIpv6HeaderSize, .next_header_field = kIpv6NextHeaderOffset,
          .offset = static_cast<std::uint16_t>(8 * offset), .more = more,
          .traffic_class = static_cast<std::uint8_t>(flags >> 6)};
      auto result = reassembler.add(now, arrival, fragment(pool, arrival, length));
      if (result.complete) check_whole(result, arrival.identification);
      const auto usage = reassembler.usage();
      fuzz::require(usage.packets <= limits.packets && usage.fragments <= limits.fragments &&
                        usage.bytes <= limits.bytes,
                    "the bounds on reassemblies");
      fuzz::require(pool.buffers_in_use() <= usage.fragments + (result.complete ? 1 : 0),
                    "buffers are held by fragments only");
    }
  }
  fuzz::require(pool.buffers_in_use() == 0, "every buffer comes back");
  return 0;
}
