#include "sim/pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "sim/small_vector.h"

namespace kamesim {
namespace {

std::uintptr_t address_of(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

TEST(Pool, BlocksAreApartAndKeepWhatIsWrittenToThem) {
  struct Block {
    unsigned char* at;
    std::size_t bytes;
  };
  std::vector<Block> blocks;
  for (std::size_t bytes = 1; bytes < 3000; bytes += 7) {
    blocks.push_back({static_cast<unsigned char*>(Pool::allocate(bytes)), bytes});
    std::memset(blocks.back().at, static_cast<int>(blocks.size()), bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(address_of(blocks[i].at) % Pool::kAlignment, 0u);
    for (std::size_t k = 0; k < blocks[i].bytes; ++k) ASSERT_EQ(blocks[i].at[k], static_cast<unsigned char>(i + 1)) << i;
  }
  for (const Block& block : blocks) Pool::release(block.at, block.bytes);
}

TEST(Pool, LargeBlocksAndThoseThatAskForItBeginAtACacheLine) {
  for (const std::size_t bytes : {Pool::kLargestUnaligned + 1, Pool::kLargest, Pool::kLargest + 1}) {
    void* block = Pool::allocate(bytes);
    EXPECT_EQ(address_of(block) % Pool::kLine, 0u) << bytes;
    Pool::release(block, bytes);
  }
  struct alignas(64) Line {
    std::uint64_t word;
  };
  for (std::size_t count : {1, 3, 1000}) {
    PoolVector<Line> lines(count);
    EXPECT_EQ(address_of(lines.data()) % Pool::kLine, 0u) << count;
  }
}

#if !defined(__SANITIZE_ADDRESS__)  // where every block is the heap's own
TEST(Pool, WhatIsReleasedServesTheSameSizeAgain) {
  std::set<void*> first, second;
  for (int i = 0; i < 50; ++i) first.insert(Pool::allocate(72));
  for (void* block : first) Pool::release(block, 72);
  for (int i = 0; i < 50; ++i) second.insert(Pool::allocate(70));  // takes as much
  EXPECT_EQ(first, second);
  for (void* block : second) Pool::release(block, 70);
}

TEST(Pool, SmallBlocksTakeNoMoreThanTheirSize) {
  struct Small : Pooled {
    std::uint64_t words[5];
  };
  // Of a size that nothing else here has, so that they are new ones, one behind the other but for a chunk's end.
  std::vector<std::unique_ptr<Small>> all;
  int behind = 0;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<Small>());
    if (i > 0 && address_of(all[i].get()) - address_of(all[i - 1].get()) == sizeof(Small)) ++behind;
  }
  EXPECT_GE(behind, 95);
}
#endif

TEST(Pool, WhatOneThreadAllocatedAnotherMayRelease) {
  std::vector<void*> blocks(1000);
  for (void*& block : blocks) block = Pool::allocate(40);
  std::thread([&] {
    for (void* block : blocks) Pool::release(block, 40);
    for (void*& block : blocks) block = Pool::allocate(48);
  }).join();
  std::set<void*> distinct(blocks.begin(), blocks.end());
  EXPECT_EQ(distinct.size(), blocks.size());
  for (void* block : blocks) Pool::release(block, 48);
}

TEST(Pool, ASmallVectorOfWhatIsNoPlainNumberGrows) {
  struct Pair {
    std::uint64_t a = 1, b = 2;
  };
  SmallVector<Pair, 1> pairs;
  for (std::uint64_t i = 0; i < 100; ++i) pairs.push_back({i, 2 * i});
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(pairs[i].a + pairs[i].b, 3 * i);
}

}  // namespace
}  // namespace kamesim
