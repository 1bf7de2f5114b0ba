// The codecs of headers: IPv6, its extension headers, UDP and TCP. "read" checks a header and takes its fields, "write"
// writes them to memory that is there.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/tcp/header.h"
#include "protocols/tcp/segment.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"
#include "protocols/wire/udp.h"
#include "tests/benchmarks/micro/addresses.h"

namespace kamesim {
namespace {

constexpr std::size_t kPayload = 512;
constexpr Ipv6Header kIpv6{.flow_label = 0x12345, .payload_length = kPayload, .next_header = NextHeader::NoNextHeader,
                           .hop_limit = 64, .source = kSource, .destination = kDestination};

std::vector<std::uint8_t> ipv6_packet(NextHeader next_header, Bytes payload) {
  Ipv6Header header = kIpv6;
  header.next_header = next_header;
  header.payload_length = static_cast<std::uint16_t>(payload.size());
  std::vector<std::uint8_t> packet(kIpv6HeaderSize + payload.size());
  header.write(packet.data());
  std::ranges::copy(payload, packet.begin() + kIpv6HeaderSize);
  return packet;
}

void ipv6_read(benchmark::State& state) {
  const auto packet = ipv6_packet(NextHeader::NoNextHeader, std::vector<std::uint8_t>(kPayload));
  for (auto _ : state) benchmark::DoNotOptimize(Ipv6HeaderView::check(packet)->value());
}
BENCHMARK(ipv6_read);

void ipv6_write(benchmark::State& state) {
  std::vector<std::uint8_t> out(kIpv6HeaderSize);
  Ipv6Header header = kIpv6;
  for (auto _ : state) {
    benchmark::DoNotOptimize(header);
    header.write(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(ipv6_write);

// Hop-by-Hop Options, Destination Options, Fragment.
std::vector<std::uint8_t> three_headers() {
  std::vector<std::uint8_t> bytes;
  ByteWriter out(bytes);
  OptionsHeaderWriter(out, NextHeader::DestinationOptions).router_alert(0).finish();
  OptionsHeaderWriter(out, NextHeader::Fragment).home_address(kSource).finish();
  bytes.resize(bytes.size() + kFragmentHeaderSize);
  FragmentHeader{.next_header = NextHeader::Udp, .more_fragments = true, .identification = 7}.write(
      bytes.data() + bytes.size() - kFragmentHeaderSize);
  bytes.resize(bytes.size() + kPayload);
  return bytes;
}

void extension_headers_walk(benchmark::State& state) {
  const auto packet = ipv6_packet(NextHeader::HopByHopOptions, three_headers());
  const Ipv6HeaderView view = *Ipv6HeaderView::check(packet);
  if (find_upper_layer(view)->protocol != NextHeader::Udp) state.SkipWithError("the chain does not lead to UDP");
  for (auto _ : state) benchmark::DoNotOptimize(find_upper_layer(view));
}
BENCHMARK(extension_headers_walk);

void options_header_read(benchmark::State& state) {
  std::vector<std::uint8_t> bytes;
  ByteWriter out(bytes);
  OptionsHeaderWriter(out, NextHeader::NoNextHeader).tunnel_encapsulation_limit(4).home_address(kSource).finish();
  for (auto _ : state) {
    for (const Tlv option : OptionsHeaderView::check(bytes)->options()) benchmark::DoNotOptimize(home_address(option));
  }
}
BENCHMARK(options_header_read);

void options_header_write(benchmark::State& state) {
  std::vector<std::uint8_t> bytes;
  for (auto _ : state) {
    bytes.clear();
    ByteWriter out(bytes);
    OptionsHeaderWriter(out, NextHeader::NoNextHeader).tunnel_encapsulation_limit(4).home_address(kSource).finish();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(options_header_write);

void fragment_read(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(kFragmentHeaderSize);
  FragmentHeader{.next_header = NextHeader::Udp, .offset = 1232, .identification = 7}.write(bytes.data());
  for (auto _ : state) benchmark::DoNotOptimize(FragmentHeaderView::check(bytes)->value());
}
BENCHMARK(fragment_read);

void fragment_write(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(kFragmentHeaderSize);
  FragmentHeader header{.next_header = NextHeader::Udp, .offset = 1232, .identification = 7};
  for (auto _ : state) {
    benchmark::DoNotOptimize(header);
    header.write(bytes.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(fragment_write);

void routing_read(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(kType2RoutingHeaderSize);
  write_type2_routing_header(bytes.data(), NextHeader::Udp, kSource);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Type2RoutingHeaderView::check(*RoutingHeaderView::check(bytes))->home_address());
  }
}
BENCHMARK(routing_read);

void routing_write(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(kType2RoutingHeaderSize);
  Ipv6Address home_address = kSource;
  for (auto _ : state) {
    benchmark::DoNotOptimize(home_address);
    write_type2_routing_header(bytes.data(), NextHeader::Udp, home_address);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(routing_write);

std::vector<std::uint8_t> datagram() {
  std::vector<std::uint8_t> bytes(kUdpHeaderSize + kPayload, 0x5a);
  const auto length = static_cast<std::uint16_t>(bytes.size());
  UdpHeader{.source_port = 9, .destination_port = 9, .length = length}.write(bytes.data());
  fill_udp_checksum(kSource, kDestination, bytes);
  return bytes;
}

// With the checksum over 512 octets of data.
void udp_read(benchmark::State& state) {
  const auto bytes = datagram();
  if (!UdpView::check(bytes)->checksum_ok(kSource, kDestination)) state.SkipWithError("a bad checksum");
  for (auto _ : state) {
    const UdpView view = *UdpView::check(bytes);
    benchmark::DoNotOptimize(view.checksum_ok(kSource, kDestination));
    benchmark::DoNotOptimize(view.value());
  }
}
BENCHMARK(udp_read);

void udp_write(benchmark::State& state) {
  auto bytes = datagram();
  UdpHeader header{.source_port = 9, .destination_port = 9, .length = static_cast<std::uint16_t>(bytes.size())};
  for (auto _ : state) {
    benchmark::DoNotOptimize(header);
    header.write(bytes.data());
    fill_udp_checksum(kSource, kDestination, bytes);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(udp_write);

// An acknowledgment with timestamps and a SACK block.
OutgoingSegment acknowledgment() {
  OutgoingSegment segment{.seq = SeqNum32(1000), .ack = SeqNum32(2000), .window = 1024, .flags = TcpFlags::kAck};
  segment.options.timestamps = TcpTimestamps{1, 2};
  segment.options.sack.add({SeqNum32(3000), SeqNum32(4000)});
  return segment;
}

void tcp_read(benchmark::State& state) {
  const OutgoingSegment segment = acknowledgment();
  std::vector<std::uint8_t> bytes(kTcpHeaderSize + tcp_options_size(segment.options));
  write_tcp_header(bytes.data(), 1, 2, segment);
  if (!parse_tcp_segment(bytes)) state.SkipWithError("the segment does not parse");
  for (auto _ : state) benchmark::DoNotOptimize(parse_tcp_segment(bytes));
}
BENCHMARK(tcp_read);

void tcp_write(benchmark::State& state) {
  OutgoingSegment segment = acknowledgment();
  std::vector<std::uint8_t> bytes(kTcpHeaderSize + tcp_options_size(segment.options));
  for (auto _ : state) {
    benchmark::DoNotOptimize(segment);
    write_tcp_header(bytes.data(), 1, 2, segment);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(tcp_write);

}  // namespace
}  // namespace kamesim
