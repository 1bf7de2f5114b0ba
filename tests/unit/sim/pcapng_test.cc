#include "sim/pcapng.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include <gtest/gtest.h>

#include "sim/link.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::Station;

struct Block {
  std::uint32_t type;
  std::vector<std::uint8_t> body;
  std::uint32_t word(std::size_t i) const {
    std::uint32_t value;
    std::memcpy(&value, &body.at(4 * i), sizeof value);
    return value;
  }
};

// The blocks of a capture; checks the two lengths of each.
std::vector<Block> read_blocks(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Block> blocks;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint32_t type, length, again;
    std::memcpy(&type, &bytes.at(at), 4);
    std::memcpy(&length, &bytes.at(at + 4), 4);
    std::memcpy(&again, &bytes.at(at + length - 4), 4);
    EXPECT_EQ(length, again);
    EXPECT_EQ(length % 4, 0u);
    blocks.push_back({type, {bytes.begin() + at + 8, bytes.begin() + at + length - 4}});
    at += length;
  }
  return blocks;
}

// The value of an option, padding left out, of those that start at `offset`.
std::optional<std::string> option(const Block& block, std::size_t offset, std::uint16_t wanted) {
  while (offset + 4 <= block.body.size()) {
    std::uint16_t code, length;
    std::memcpy(&code, &block.body[offset], 2);
    std::memcpy(&length, &block.body[offset + 2], 2);
    if (code == wanted) return std::string(&block.body[offset + 4], &block.body[offset + 4] + length);
    offset += 4 + (length + 3) / 4 * 4;
  }
  return std::nullopt;
}

struct Captured {
  explicit Captured(CaptureDirections directions = CaptureDirections::kBoth, std::uint32_t epoch_seconds = 0)
      : writer(path, directions, epoch_seconds) {
    link.attach(a.nic, b.nic);
    writer.add(a.nic);
    writer.add(b.nic);
    writer.add(a.nic);  // once more: nothing
  }
  ~Captured() { std::remove(path.c_str()); }

  Simulation simulation;
  PointToPointLink& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{.delay = 5_s});
  Station a{simulation, "a"}, b{simulation, "b"};
  std::string path = ::testing::TempDir() + "pcapng_test_" +
                     ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".pcapng";
  PcapngWriter writer;
};

TEST(PcapngWriter, DescribesTheSectionAndItsInterfaces) {
  Captured x;
  x.writer.close();
  const auto blocks = read_blocks(x.path);
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].type, 0x0a0d0d0au);
  EXPECT_EQ(blocks[0].word(0), 0x1a2b3c4du);
  EXPECT_EQ(option(blocks[0], 16, 4), "kamesim");
  EXPECT_EQ(blocks[1].type, 1u);
  EXPECT_EQ(blocks[1].word(0), 1u);            // Ethernet
  EXPECT_EQ(option(blocks[1], 8, 2), "a:eth0");
  EXPECT_EQ(option(blocks[1], 8, 3), "on l when added");
  EXPECT_EQ(option(blocks[1], 8, 9), "\x09");  // nanoseconds
  const auto mac = x.a.mac().bytes();
  EXPECT_EQ(option(blocks[1], 8, 6), std::string(mac.begin(), mac.end()));
  EXPECT_EQ(option(blocks[2], 8, 2), "b:eth0");
}

TEST(PcapngWriter, WritesEachFrameWithItsTimeAndDirection) {
  Captured x;
  x.a.send_to(x.b.mac(), 61, 7);
  x.simulation.run_until(at(6_s));
  EXPECT_EQ(x.writer.frames(), 2u);
  x.writer.close();
  const auto blocks = read_blocks(x.path);
  ASSERT_EQ(blocks.size(), 5u);
  const Block &sent = blocks[3], &received = blocks[4];
  EXPECT_EQ(sent.type, 6u);
  EXPECT_EQ(sent.word(0), 0u);
  EXPECT_EQ(received.word(0), 1u);
  EXPECT_EQ(std::uint64_t{received.word(1)} << 32 | received.word(2), 5'000'000'000u);
  EXPECT_EQ(sent.word(3), 61u);
  EXPECT_EQ(sent.word(4), 61u);
  EXPECT_EQ(sent.body[20 + 60], 7);
  EXPECT_EQ(option(sent, 20 + 64, 2), std::string("\2\0\0\0", 4));      // outbound
  EXPECT_EQ(option(received, 20 + 64, 2), std::string("\1\0\0\0", 4));  // inbound
}

TEST(PcapngWriter, WritesEachFrameOnceIfOnlyOutgoingOnesAreAsked) {
  Captured x(CaptureDirections::kOutOnly);
  x.a.send_to(x.b.mac());
  x.b.send_to(x.a.mac());
  x.simulation.run_until(at(6_s));
  x.writer.close();
  EXPECT_EQ(read_blocks(x.path).size(), 5u);
}

TEST(PcapngWriter, StartsAtTheGivenEpoch) {
  constexpr std::uint32_t kEpoch = 1'200'000'000;  // in 2008
  Captured x(CaptureDirections::kBoth, kEpoch);
  x.simulation.run_until(at(7_ns));
  x.a.send_to(x.b.mac());
  x.writer.close();
  const Block sent = read_blocks(x.path).at(3);
  EXPECT_EQ(std::uint64_t{sent.word(1)} << 32 | sent.word(2), kEpoch * 1'000'000'000ull + 7);
}

TEST(PcapngWriter, NotesWhatItIsToldBesideAFrame) {
  Captured x;
  x.writer.set_comment([&](const Nic& nic, Direction direction, Time, Bytes bytes) -> std::string {
    if (direction == Direction::kIn) return {};
    return "frame " + std::to_string(bytes.back()) + " of " + nic.node().name();
  });
  x.a.send_to(x.b.mac(), 60, 7);
  x.simulation.run_until(at(6_s));
  x.writer.close();
  const auto blocks = read_blocks(x.path);
  EXPECT_EQ(option(blocks.at(3), 20 + 60, 1), "frame 7 of a");
  EXPECT_EQ(option(blocks.at(4), 20 + 60, 1), std::nullopt);
}

TEST(PcapngWriter, FlushMakesFramesReadable) {
  Captured x;
  x.a.send_to(x.b.mac());
  x.writer.flush();
  EXPECT_EQ(read_blocks(x.path).size(), 4u);
}

TEST(PcapngWriter, CapturesNothingOnceClosed) {
  Captured x;
  x.writer.close();
  x.writer.close();
  x.a.send_to(x.b.mac());
  EXPECT_EQ(read_blocks(x.path).size(), 3u);
  EXPECT_EQ(error_of([&] { x.writer.add(x.a.nic); }), "capture '" + x.path + "' is closed");
}

TEST(PcapngWriter, OutlivesTheNics) {
  const std::string path = ::testing::TempDir() + "pcapng_test_outlives.pcapng";
  PcapngWriter writer(path);
  {
    Simulation simulation;
    writer.add(simulation.add_node("a").add_nic());
  }
  writer.close();
  EXPECT_EQ(read_blocks(path).size(), 2u);
  std::remove(path.c_str());
}

TEST(PcapngWriter, SaysWhyItCannotWrite) {
  EXPECT_EQ(error_of([] { PcapngWriter writer("/nonexistent/x.pcapng"); }),
            "capture '/nonexistent/x.pcapng' cannot be opened: No such file or directory");
  PcapngWriter full("/dev/full");
  EXPECT_EQ(error_of([&] { full.close(); }), "capture '/dev/full' cannot be written: No space left on device");
  EXPECT_EQ(error_of([&] { full.close(); }), "");
}

TEST(PcapngWriter, ReportsAFailedWriteOnceAndLetsTheRunGoOn) {
  Simulation simulation;
  auto& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{});
  Station a(simulation, "a"), b(simulation, "b");
  link.attach(a.nic, b.nic);
  PcapngWriter full("/dev/full");
  full.add(a.nic);
  int errors = 0;
  for (int i = 0; i < 200; ++i) errors += error_of([&] { a.send_to(b.mac(), 1000); }).empty() ? 0 : 1;
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(error_of([&] { full.close(); }), "");
}

}  // namespace
}  // namespace kamesim
