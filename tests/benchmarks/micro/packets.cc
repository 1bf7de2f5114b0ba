// Packet buffers and the Internet checksum, by size.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "protocols/wire/checksum.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/packet.h"

namespace kamesim {
namespace {

constexpr std::size_t kHeader = 40;

void allocate_and_release(benchmark::State& state) {
  PacketPool pool;
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(pool.allocate(size));
}
BENCHMARK(allocate_and_release)->Arg(64)->Arg(512)->Arg(1500)->Arg(9000);

void copy_into_new(benchmark::State& state) {
  PacketPool pool;
  const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(pool.copy_of(bytes));
}
BENCHMARK(copy_into_new)->Arg(64)->Arg(512)->Arg(1500)->Arg(9000);

// An outer header comes and goes.
void prepend_and_trim(benchmark::State& state) {
  PacketPool pool;
  Packet packet = pool.allocate(512);
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet.prepend(kHeader));
    packet.trim_front(kHeader);
  }
}
BENCHMARK(prepend_and_trim);

void share(benchmark::State& state) {
  PacketPool pool;
  const Packet packet = pool.allocate(512);
  for (auto _ : state) benchmark::DoNotOptimize(packet.share());
}
BENCHMARK(share);

// The receiver of a multicast that writes: it gets a copy of its own.
void share_and_write(benchmark::State& state) {
  PacketPool pool;
  const Packet packet = pool.copy_of(std::vector<std::uint8_t>(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    Packet mine = packet.share();
    benchmark::DoNotOptimize(mine.mutable_data());
  }
}
BENCHMARK(share_and_write)->Arg(512)->Arg(1500);

void checksum(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(internet_checksum(bytes));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(checksum)->Arg(20)->Arg(64)->Arg(512)->Arg(1500)->Arg(9000);

void checksum_with_pseudo_header(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  const Ipv6Address a = "2001:db8::1"_ip6, b = "2001:db8::2"_ip6;
  for (auto _ : state) benchmark::DoNotOptimize(upper_layer_checksum_ok(a, b, NextHeader::Udp, bytes));
}
BENCHMARK(checksum_with_pseudo_header)->Arg(64)->Arg(520)->Arg(1460);

void checksum_after_a_word_changed(benchmark::State& state) {
  std::uint16_t sum = 0x1234, word = 1;
  for (auto _ : state) {
    sum = updated_checksum(sum, word, static_cast<std::uint16_t>(word + 1));
    ++word;
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(checksum_after_a_word_changed);

}  // namespace
}  // namespace kamesim
