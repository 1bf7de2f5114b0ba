// Router Renumbering Commands and what they do to a router (RFC 2894).
#include "protocols/rrenumd/renumbering.h"

#include <gtest/gtest.h>

#include "sim/random.h"

namespace kamesim {
namespace {

using OpCode = PrefixControlOperation::OpCode;

const Ipv6Prefix kOld = "2001:db8:1:7::/64"_ip6net;
const Ipv6Address kOldAddress = "2001:db8:1:7::1"_ip6;

// Replaces, adds ..., a /48 while the subnet stays: UseLen 48, KeepLen 16.
PrefixControlOperation operation(OpCode code, const char* use = "2001:db8:2::") {
  return {.op_code = code, .ordinal = 5, .match_len = 48, .min_len = 48, .max_len = 64,
          .match_prefix = "2001:db8:1::"_ip6,
          .use = {{.use_len = 48, .keep_len = 16, .valid_lifetime = 1000_s, .preferred_lifetime = 500_s,
                   .prefix = *Ipv6Address::parse(use)}}};
}

class Renumbering : public ::testing::Test {
 protected:
  Renumbering() { interfaces.push_back(interface(3, kOld, kOldAddress)); }
  static RenumberedInterface interface(std::uint32_t index, const Ipv6Prefix& prefix, const Ipv6Address& address) {
    return {.index = index, .prefixes = {{.prefix = prefix, .valid_lifetime = 9000_s, .preferred_lifetime = 9000_s}},
            .addresses = {address}};
  }
  RouterRenumbering::Output command(const RenumberingHeader& header,
                                    const std::vector<PrefixControlOperation>& operations) {
    return machine.on_command(to_bytes(header, operations), interfaces);
  }
  std::vector<Ipv6Prefix> prefixes(std::size_t i = 0) const {
    std::vector<Ipv6Prefix> found;
    for (const auto& p : interfaces[i].prefixes) found.push_back(p.prefix);
    return found;
  }
  static std::size_t reports(const std::vector<std::uint8_t>& result) {
    return (result.size() - RenumberingHeader::kSize) / 24;
  }
  RouterRenumbering machine;
  std::vector<RenumberedInterface> interfaces;
  using Prefixes = std::vector<Ipv6Prefix>;
  using Addresses = std::vector<Ipv6Address>;
};

TEST_F(Renumbering, AddKeepsTheOldPrefixAndTheSubnet) {  // §3.2.1.2, §4.3
  EXPECT_TRUE(command({.sequence_number = 1}, {operation(OpCode::Add)}).changed);
  EXPECT_EQ(prefixes(), (Prefixes{kOld, "2001:db8:2:7::/64"_ip6net}));
  EXPECT_EQ(interfaces[0].addresses, (Addresses{kOldAddress, "2001:db8:2:7::1"_ip6}));
  EXPECT_EQ(interfaces[0].prefixes[1].valid_lifetime, 1000_s);
  EXPECT_EQ(interfaces[0].prefixes[1].preferred_lifetime, 500_s);
}

TEST_F(Renumbering, ChangeReplacesIt) {
  command({.sequence_number = 1}, {operation(OpCode::Change)});
  EXPECT_EQ(prefixes(), Prefixes{"2001:db8:2:7::/64"_ip6net});
  EXPECT_EQ(interfaces[0].addresses, Addresses{"2001:db8:2:7::1"_ip6});
}

TEST_F(Renumbering, ChangeWithoutUseDeletes) {
  auto op = operation(OpCode::Change);
  op.use.clear();
  command({.sequence_number = 1}, {op});
  EXPECT_TRUE(interfaces[0].prefixes.empty() && interfaces[0].addresses.empty());
}

TEST_F(Renumbering, ChangeToItselfSetsLifetimesAndFlags) {
  auto op = operation(OpCode::Change, "2001:db8:1::");
  op.use[0].flag_mask = 0x80;  // L is told, and clear; A stays
  op.use[0].decrement_valid = true;
  command({.sequence_number = 1}, {op});
  ASSERT_EQ(prefixes(), Prefixes{kOld});
  const RenumberedPrefix& p = interfaces[0].prefixes[0];
  EXPECT_FALSE(p.on_link);
  EXPECT_TRUE(p.autonomous && p.lifetimes_decrement);
  EXPECT_EQ(p.valid_lifetime, 1000_s);
  EXPECT_EQ(interfaces[0].addresses, Addresses{kOldAddress});
}

TEST_F(Renumbering, SetGlobalReplacesAllGlobalPrefixes) {
  interfaces[0].prefixes.push_back({.prefix = "2001:db8:ffff::/64"_ip6net});
  interfaces[0].addresses.push_back("2001:db8:ffff::1"_ip6);
  command({.sequence_number = 1}, {operation(OpCode::SetGlobal)});
  EXPECT_EQ(prefixes(), Prefixes{"2001:db8:2:7::/64"_ip6net});
  EXPECT_EQ(interfaces[0].addresses, Addresses{"2001:db8:2:7::1"_ip6});
}

TEST_F(Renumbering, LengthsDecideWhatIsEligible) {  // MinLen, MaxLen
  auto op = operation(OpCode::Change);
  op.max_len = 63;
  EXPECT_FALSE(command({.sequence_number = 1}, {op}).changed);
  op.max_len = 64;
  op.min_len = 65;
  EXPECT_FALSE(command({.sequence_number = 2}, {op}).changed);
}

TEST_F(Renumbering, AnAddressSelectsOneInterface) {  // §4.3: "targeted to a single specific interface"
  interfaces.push_back(interface(4, kOld, "2001:db8:1:7::2"_ip6));
  auto op = operation(OpCode::Add);
  op.match_prefix = "2001:db8:1:7::2"_ip6;
  op.match_len = 128;
  command({.sequence_number = 1}, {op});
  EXPECT_EQ(prefixes(0).size(), 1u);
  EXPECT_EQ(prefixes(1).size(), 2u);
}

TEST_F(Renumbering, NewPrefixesAreForTheNextOperations) {  // §4.3
  auto again = operation(OpCode::Add, "2001:db8:3::");
  again.match_prefix = "2001:db8:2::"_ip6;
  command({.sequence_number = 1}, {operation(OpCode::Change), again});
  EXPECT_EQ(prefixes(), (Prefixes{"2001:db8:2:7::/64"_ip6net, "2001:db8:3:7::/64"_ip6net}));
}

TEST_F(Renumbering, ATestChangesNothingAndReports) {  // T, R
  const auto out = command({.sequence_number = 1, .segment_number = 9, .test = true, .result_requested = true,
                            .max_delay = 250_ms}, {operation(OpCode::Change)});
  EXPECT_FALSE(out.changed);
  EXPECT_EQ(prefixes(), Prefixes{kOld});
  EXPECT_EQ(out.max_delay, 250_ms);
  const RenumberingHeader answer = RenumberingHeader::parse(out.result);
  EXPECT_EQ(answer.code, static_cast<std::uint8_t>(RenumberingCode::Result));
  EXPECT_EQ(answer.sequence_number, 1u);
  EXPECT_EQ(answer.segment_number, 9);
  EXPECT_TRUE(answer.test && answer.result_requested);
  ASSERT_EQ(reports(out.result), 1u);  // §3.3
  EXPECT_EQ(out.result[17], 0);        // neither B nor F
  EXPECT_EQ(out.result[18], 5);        // Ordinal
  EXPECT_EQ(out.result[19], 64);       // MatchedLen
  EXPECT_EQ(load_be32(out.result.data() + 20), 3u);
  EXPECT_EQ(Ipv6Address::from_bytes(out.result.data() + 24), kOld.address());
}

TEST_F(Renumbering, OldSequenceNumbersAreDiscarded) {  // §4.1
  command({.sequence_number = 7}, {});
  EXPECT_EQ(command({.sequence_number = 6}, {operation(OpCode::Change)}).dropped, &kRenumberingOldSequence);
  EXPECT_EQ(prefixes(), Prefixes{kOld});
}

TEST_F(Renumbering, ASegmentIsProcessedOnce) {  // §4.1
  command({.sequence_number = 7, .segment_number = 1}, {});
  const auto silent = command({.sequence_number = 7, .segment_number = 1}, {operation(OpCode::Change)});
  EXPECT_EQ(silent.dropped, &kRenumberingDuplicate);
  EXPECT_TRUE(silent.result.empty());
  const auto told = command({.sequence_number = 7, .segment_number = 1, .result_requested = true},
                            {operation(OpCode::Change)});
  EXPECT_TRUE(RenumberingHeader::parse(told.result).processed_previously);
  EXPECT_EQ(prefixes(), Prefixes{kOld});
  EXPECT_TRUE(command({.sequence_number = 7, .segment_number = 2}, {operation(OpCode::Change)}).changed);
}

TEST_F(Renumbering, ATestIsNoDuplicateAndMakesNone) {
  command({.sequence_number = 7, .segment_number = 1, .test = true}, {operation(OpCode::Change)});
  EXPECT_TRUE(command({.sequence_number = 7, .segment_number = 1}, {operation(OpCode::Change)}).changed);
}

TEST_F(Renumbering, WhatIsOutOfBoundsIsNotDoneAndReportedOnce) {  // §4.2: B
  auto op = operation(OpCode::Change);
  op.use[0].keep_len = 81;
  interfaces.push_back(interface(4, kOld, "2001:db8:1:7::2"_ip6));
  const auto out = command({.sequence_number = 1, .result_requested = true}, {op, operation(OpCode::Add)});
  ASSERT_EQ(reports(out.result), 3u);
  EXPECT_EQ(out.result[17], 2);
  EXPECT_EQ(prefixes(0).size(), 2u);  // the operation after it is carried out
}

TEST_F(Renumbering, ForbiddenPrefixesAreReported) {  // §4.3: F
  const auto out = command({.sequence_number = 1, .result_requested = true}, {operation(OpCode::Add, "ff05::")});
  EXPECT_EQ(out.result[17], 1);
  EXPECT_FALSE(out.changed);
}

TEST_F(Renumbering, InterfacesThatAreShutDownAreLeftAlone) {  // A
  interfaces[0].shut_down = true;
  EXPECT_FALSE(command({.sequence_number = 1}, {operation(OpCode::Add)}).changed);
  EXPECT_TRUE(command({.sequence_number = 2, .all_interfaces = true}, {operation(OpCode::Add)}).changed);
}

TEST_F(Renumbering, AResetStartsTheNumbersAnew) {  // §5
  command({.sequence_number = 900}, {});
  const auto out = command({.code = 255, .sequence_number = 901, .result_requested = true}, {operation(OpCode::Change)});
  EXPECT_EQ(reports(out.result), 0u);
  EXPECT_EQ(machine.recorded_sequence_number(), 0u);
  EXPECT_EQ(prefixes(), Prefixes{kOld});
  EXPECT_TRUE(command({.sequence_number = 1}, {operation(OpCode::Change)}).changed);
}

TEST_F(Renumbering, ResultsAndShortMessagesAreDiscarded) {  // §4.1
  EXPECT_EQ(command({.code = 1, .sequence_number = 1}, {}).dropped, &kRenumberingResult);
  EXPECT_EQ(command({.code = 2, .sequence_number = 1}, {}).dropped, &kRenumberingBadCode);
  EXPECT_EQ(machine.on_command(std::vector<std::uint8_t>(15, 138), interfaces).dropped, &kRenumberingTooShort);
}

TEST_F(Renumbering, EveryTruncationIsSafe) {
  const auto whole = to_bytes({.sequence_number = 1}, {operation(OpCode::Change), operation(OpCode::Add)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto copy = interfaces;
    RouterRenumbering fresh;
    fresh.on_command(Bytes(whole).first(size), copy);
    EXPECT_LE(copy[0].prefixes.size(), 2u);
  }
}

TEST_F(Renumbering, RandomCommandsKeepTheBounds) {
  RandomStream random(7, 1, "commands");
  for (std::uint32_t n = 1; n < 3000; ++n) {
    auto message = to_bytes({.sequence_number = n, .result_requested = true},
                            {operation(OpCode::Add), operation(OpCode::Change), operation(OpCode::SetGlobal)});
    for (int flips = 0; flips < 6; ++flips) {
      const std::size_t at = 8 + random.next_u64() % (message.size() - 8);  // not the sequence number
      message[at] = static_cast<std::uint8_t>(random.next_u64());
    }
    message.resize(message.size() - random.next_u64() % 64);
    const auto out = machine.on_command(message, interfaces);
    EXPECT_LE(interfaces[0].prefixes.size(), 64u);
    EXPECT_LE(interfaces[0].addresses.size(), 65u);
    EXPECT_EQ(out.result.empty() ? 0 : (out.result.size() - RenumberingHeader::kSize) % 24, 0u);
    for (const RenumberedPrefix& p : interfaces[0].prefixes) {
      EXPECT_FALSE(p.prefix.address().is_multicast() || p.prefix.address().is_link_local());
    }
    if (interfaces[0].prefixes.empty()) interfaces[0] = interface(3, kOld, kOldAddress);
  }
}

TEST_F(Renumbering, TheNumberOfPrefixesIsBounded) {
  for (std::uint32_t n = 1; n < 200; ++n) {
    auto op = operation(OpCode::Add, "2001:db8:4::");
    op.use[0].prefix = Ipv6Address::from_groups({0x2001, 0xdb9, static_cast<std::uint16_t>(n), 0, 0, 0, 0, 0});
    command({.sequence_number = n}, {op});
  }
  EXPECT_EQ(interfaces[0].prefixes.size(), 64u);
}

}  // namespace
}  // namespace kamesim
