#include "protocols/mcoa/flow_bindings.h"

#include <gtest/gtest.h>

#include "protocols/mcoa/status.h"

namespace kamesim::mcoa {
namespace {

const auto kHome = "2001:db8:1::100"_ip6;
const std::vector<std::uint16_t> kRegistered{1, 2};

FlowIdentification::Selector selector(std::uint16_t port) {
  TrafficSelector s;
  s.destination_port = SelectorRange<std::uint16_t>{port, port};
  return {kIpv6BinarySelector, to_bytes(s)};
}

FlowIdentification flow(std::uint16_t fid, std::uint16_t priority, std::vector<std::uint16_t> bids = {1}) {
  return {.fid = fid, .priority = priority, .status = 0, .selector = selector(fid), .bids = std::move(bids)};
}

Options with(std::vector<FlowIdentification> flows, std::vector<std::uint16_t> summary = {}) {
  return {.bindings = {}, .malformed = false, .flows = std::move(flows), .flow_summary = std::move(summary),
          .link_layer_address = {}};
}

class Flows : public ::testing::Test {
 protected:
  std::vector<int> statuses(const Options& options) {
    std::vector<int> all;
    for (const auto& f : flows.on_options(kHome, options, kRegistered)) all.push_back(f.status);
    return all;
  }
  std::vector<int> fids() const {
    std::vector<int> all;
    for (const auto& f : flows.of(kHome)) all.push_back(f.fid);
    return all;
  }
  using Ints = std::vector<int>;
  FlowBindings flows{FlowBindings::Config{}};
};

TEST_F(Flows, AreKeptInTheOrderOfTheirPriority) {  // RFC 6089 §4.3
  EXPECT_EQ(statuses(with({flow(1, 30), flow(2, 10), flow(3, 20)})), (Ints{0, 0, 0}));
  EXPECT_EQ(fids(), (Ints{2, 3, 1}));
}

TEST_F(Flows, NewOnesNeedSelectorAndBids) {  // §5.3.2.1
  struct {
    FlowIdentification asked;
    std::uint8_t status;
  } cases[] = {
      {{.fid = 1, .priority = 1, .status = 0, .selector = {}, .bids = std::vector<std::uint16_t>{1}}, kFlowMalformed},
      {{.fid = 1, .priority = 1, .status = 0, .selector = selector(1), .bids = {}}, kFlowMalformed},
      {{.fid = 0, .priority = 1, .status = 0, .selector = selector(1), .bids = std::vector<std::uint16_t>{1}}, kFlowMalformed},
      {{.fid = 1, .priority = 0, .status = 0, .selector = selector(1), .bids = std::vector<std::uint16_t>{1}}, kFlowMalformed},
      {{.fid = 1, .priority = 1, .status = 0, .selector = FlowIdentification::Selector{kIpv4BinarySelector, {0, 0, 0, 0}},
        .bids = std::vector<std::uint16_t>{1}}, kFlowSelectorNotSupported},
      {{.fid = 1, .priority = 1, .status = 0, .selector = FlowIdentification::Selector{kIpv6BinarySelector, {0, 0}},
        .bids = std::vector<std::uint16_t>{1}}, kFlowMalformed},
      {flow(1, 1, {1, 3}), kFlowBidNotFound},
  };
  for (const auto& c : cases) EXPECT_EQ(statuses(with({c.asked})), Ints{c.status});
  EXPECT_TRUE(fids().empty());
}

TEST_F(Flows, KnownOnesKeepWhatIsNotTold) {  // §5.3.2.2
  statuses(with({flow(1, 10)}));
  EXPECT_EQ(statuses(with({{.fid = 1, .priority = 5, .status = 0, .selector = {}, .bids = std::vector<std::uint16_t>{2}}})), Ints{0});
  const FlowBinding& f = flows.of(kHome).front();
  EXPECT_EQ(f.priority, 5);
  EXPECT_EQ(f.bids, (std::vector<std::uint16_t>{2}));
  EXPECT_EQ(f.selector.destination_port, (SelectorRange<std::uint16_t>{1, 1}));
}

TEST_F(Flows, AreRemovedUnlessReferredTo) {  // §5.3.3, §5.3.4
  statuses(with({flow(1, 10), flow(2, 20), flow(3, 30)}));
  EXPECT_EQ(statuses(with({flow(2, 25)}, {1, 1})), Ints{0});
  EXPECT_EQ(fids(), (Ints{1, 2}));
  EXPECT_TRUE(statuses(with({})).empty());
  EXPECT_TRUE(fids().empty());
}

TEST_F(Flows, UnknownOnesOfASummaryAreReported) {  // §5.3.3
  statuses(with({flow(1, 10)}));
  EXPECT_EQ(statuses(with({}, {1, 7})), Ints{kFlowFidNotFound});
  EXPECT_EQ(fids(), Ints{1});
}

TEST_F(Flows, AllAreRejectedIfAFidIsThereTwice) {  // §5.3.2
  EXPECT_EQ(statuses(with({flow(1, 10), flow(1, 20), flow(2, 30)})), (Ints{kFlowRejected, kFlowRejected, kFlowRejected}));
  EXPECT_TRUE(fids().empty());
}

TEST_F(Flows, PrioritiesAreUnique) {  // §4.2
  EXPECT_EQ(statuses(with({flow(1, 10), flow(2, 10)})), (Ints{0, kFlowRejected}));
}

TEST(FlowBindings, MayBeProhibited) {  // §5.3.5
  FlowBindings none(FlowBindings::Config{.allowed = false});
  const auto answers = none.on_options(kHome, with({flow(1, 10)}), kRegistered);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(int{answers[0].status}, int{kFlowAdministrativelyProhibited});
  EXPECT_TRUE(none.of(kHome).empty());
}

}  // namespace
}  // namespace kamesim::mcoa
