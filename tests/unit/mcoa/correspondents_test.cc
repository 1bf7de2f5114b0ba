// Several bindings with a correspondent (RFC 5648 §5.2, §6): the machines of both ends, message by message.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocols/mcoa/correspondent_links.h"
#include "protocols/mcoa/multiple_correspondent.h"
#include "protocols/mcoa/status.h"
#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim::mcoa {
namespace {

using Bids = std::vector<std::uint16_t>;
using Policy = MultipleCorrespondentConfig::Policy;
using Registered = CorrespondentLinks::Registered;

Registered link(std::uint16_t bid, const Ipv6Address& care_of, Duration until = 900_s) {
  return {.bid = bid, .priority = static_cast<std::uint8_t>(10 * bid), .binding = {care_of, at(until)}};
}
const Registered kFirst = link(1, kCareOf), kSecond = link(2, kNewCareOf);

// Both ends, with a network without delay between them that can lose what goes to the correspondent.
class Pair {
 public:
  explicit Pair(Policy policy = Policy::Accept)
      : base_({}, cache_, CountingBytes()),
        there_({.policy = policy}, base_, cache_),
        here_(kHome, kCorrespondent, SeqNum16(100), CountingBytes()) {}

  Pair& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Pair& links(const std::vector<Registered>& links) { return take(here_.on_links(now_, links)); }
  Pair& returns_home() { return take(here_.on_return_home(now_)); }
  Pair& asks_for_refresh() {
    return take(here_.on_binding_refresh_request(now_, there_.to_be_refreshed(now_, kHome)));
  }

  Bids held() const {
    Bids bids;
    for (const CareOfBinding& b : there_.bindings().of(kHome)) bids.push_back(b.bid);
    return bids;
  }
  const BindingCacheEntry* entry() const { return cache_.lookup(now_, kHome); }
  MultipleCorrespondent& there() { return there_; }
  CorrespondentLinks& here() { return here_; }
  const std::vector<CorrespondentLinks::Update>& sent() const { return sent_; }

  // As it is on the wire.
  MultipleCorrespondent::Output deliver(const CorrespondentLinks::Update& update) {
    std::vector<std::uint8_t> message = to_bytes(update.message);
    const Authenticator value =
        compute_authenticator(update.kbm, update.authenticated_address, kCorrespondent, message);
    std::ranges::copy(value, message.end() - static_cast<std::ptrdiff_t>(value.size()));
    ReceivedBindingUpdate r;
    r.source = update.source;
    r.destination = kCorrespondent;
    r.home_address_option = update.home_address_option;
    r.update = update.message.update;
    r.mobility_header = message;
    return there_.on_binding_update(now_, r, update.message);
  }

 private:
  Pair& take(const CorrespondentLinks::Output& out) {
    for (const HomeTestInit& init : out.home_test_inits) {
      const HomeTest test = *base_.on_home_test_init(now_, {kHome}, init).home_test;
      take(here_.on_home_test(now_, test, kHome, ReturnRoutability::Path::FromHomeAgentTunnel));
    }
    for (const auto& init : out.care_of_test_inits) {
      const CareOfTest test = *base_.on_care_of_test_init(now_, {init.care_of}, init.message.test_init).care_of_test;
      take(here_.on_care_of_test(now_, test, init.care_of));
    }
    for (const CorrespondentLinks::Update& update : out.updates) {
      sent_.push_back(update);
      const auto answer = deliver(update);
      if (!answer.ack) continue;
      MultipleBindingAck ack{answer.ack->answer.ack, answer.ack->options};
      std::vector<std::uint8_t> message = to_bytes(ack);
      if (answer.ack->answer.kbm) {
        const Authenticator value = compute_authenticator(*answer.ack->answer.kbm, answer.ack->answer.authenticated_address,
                                                          kCorrespondent, message);
        std::ranges::copy(value, message.end() - static_cast<std::ptrdiff_t>(value.size()));
      }
      take(here_.on_binding_ack(now_, ack, message));
    }
    return *this;
  }

  BindingCache cache_;
  CorrespondentRegistration base_;
  MultipleCorrespondent there_;
  CorrespondentLinks here_;
  Time now_;
  std::vector<CorrespondentLinks::Update> sent_;
};

TEST(Correspondents, HaveABindingForEachCareOfAddress) {  // RFC 5648 §5.2, §6.2
  Pair p;
  p.links({kFirst, kSecond});
  EXPECT_EQ(p.held(), (Bids{1, 2}));
  EXPECT_EQ(p.here().bound(), (Bids{1, 2}));
  EXPECT_EQ(p.entry()->care_of, kCareOf);
  EXPECT_EQ(p.there().other_care_of(kHome), std::vector{kNewCareOf});
  EXPECT_EQ(p.here().way(), kCareOf);
}

TEST(Correspondents, GetOneBidAMessageWithTheTestedAddress) {  // §4.3, §5.1, §5.2: no Alternate Care-of Address option
  Pair p;
  p.links({kFirst, kSecond});
  ASSERT_EQ(p.sent().size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& update = p.sent()[i];
    ASSERT_EQ(update.message.options.bindings.size(), 1u);
    const BindingIdentifier& option = update.message.options.bindings.front();
    EXPECT_EQ(option.bid, i + 1);
    EXPECT_EQ(option.priority, 10 * (i + 1));
    EXPECT_EQ(option.care_of, update.source);
    EXPECT_FALSE(update.message.update.alternate_care_of_address);
    EXPECT_EQ(update.message.overwrite, i == 0) << "§5.9: only the first";
  }
  EXPECT_EQ(p.sent()[1].message.update.sequence, p.sent()[0].message.update.sequence.next()) << "§4.1: they are common";
}

TEST(Correspondents, AreToldOfALostAddressByAnother) {  // §5.4
  Pair p;
  p.links({kFirst, kSecond}).at(10_s).links({kSecond});
  const auto& deletion = p.sent().back();
  EXPECT_EQ(deletion.message.update.lifetime, Duration());
  EXPECT_EQ(deletion.source, kNewCareOf);
  EXPECT_EQ(deletion.home_address_option, kHome);
  EXPECT_EQ(deletion.message.options.bindings.front().bid, 1);
  EXPECT_EQ(p.held(), (Bids{2}));
  EXPECT_EQ(p.entry()->care_of, kNewCareOf);
  EXPECT_EQ(p.here().way(), kNewCareOf);
  p.at(20_s).links({kFirst, kSecond});
  EXPECT_EQ(p.held(), (Bids{1, 2})) << "it came back";
}

TEST(Correspondents, KeepTheBidOfAMovedLink) {  // §5.1, §6.2
  Pair p;
  const Ipv6Address elsewhere = "2001:db8:4::100"_ip6;
  p.links({kFirst, kSecond}).at(10_s).links({link(1, elsewhere), kSecond});
  EXPECT_EQ(p.held(), (Bids{1, 2}));
  EXPECT_EQ(p.entry()->care_of, elsewhere);
}

TEST(Correspondents, ForgetAllWhenTheNodeIsAtHome) {  // §5.5.1
  Pair p;
  p.links({kFirst, kSecond}).at(10_s).returns_home();
  EXPECT_EQ(p.sent().back().source, kHome);
  EXPECT_FALSE(p.sent().back().home_address_option);
  EXPECT_EQ(p.held(), Bids{});
  EXPECT_EQ(p.entry(), nullptr);
  EXPECT_FALSE(p.here().way());
}

TEST(Correspondents, WithoutTheOptionGetThePreferredOne) {  // §5.7, §6.1: "it can simply ignore the BID"
  Pair p(Policy::Ignore);
  p.links({kSecond}).at(5_s).links({kFirst, kSecond});
  EXPECT_TRUE(p.here().knows_one_only());
  EXPECT_EQ(p.held(), Bids{});
  p.at(10_s).links({kFirst, kSecond});
  EXPECT_EQ(p.entry()->care_of, kCareOf);
  EXPECT_TRUE(p.sent().back().message.options.none());
  EXPECT_EQ(p.here().way(), kCareOf);
  p.at(20_s).links({kSecond});
  EXPECT_EQ(p.entry()->care_of, kNewCareOf);
}

TEST(Correspondents, ThatProhibitItGetOneAfterAWhile) {  // §4.4, status 166
  Pair p(Policy::Prohibit);
  p.links({kFirst, kSecond});
  EXPECT_TRUE(p.here().knows_one_only());
  EXPECT_EQ(p.entry(), nullptr);
}

TEST(Correspondents, LoseTheBindingThatEnds) {  // §6.2: each has a lifetime of its own
  Pair p;
  p.links({kFirst, link(2, kNewCareOf, 100_s)});
  EXPECT_EQ(p.there().bindings().find(kHome, 2)->expires, at(100_s));
  p.there().on_timeout(at(100_s));
  EXPECT_EQ(p.held(), (Bids{1}));
  EXPECT_EQ(p.there().bindings().find(kHome, 1)->expires, at(420_s));
}

TEST(Correspondents, AskForARefreshOfWhatEndsSoon) {  // §6.4, §5.8
  Pair p;
  p.links({kFirst, link(2, kNewCareOf, 200_s)});
  EXPECT_EQ(p.there().to_be_refreshed(at(10_s), kHome), (Bids{1, 2})) << "none ends soon: all";
  EXPECT_EQ(p.there().to_be_refreshed(at(140_s), kHome), (Bids{2}));
  p.at(140_s).links({kFirst, link(2, kNewCareOf, 800_s)}).asks_for_refresh();
  EXPECT_EQ(p.there().bindings().find(kHome, 2)->expires, at(560_s));
}

TEST(Correspondents, ReplaceAllByAPlainUpdate) {  // §6.2
  Pair p;
  p.links({kFirst, kSecond}).at(10_s);
  CorrespondentLinks::Update plain = p.sent().back();
  plain.message.options = {};
  plain.message.update.sequence = SeqNum16(200);
  EXPECT_EQ(p.deliver(plain).ack->answer.ack.status, kBindingAccepted);
  EXPECT_EQ(p.held(), Bids{});
  EXPECT_EQ(p.entry()->care_of, kNewCareOf);
}

TEST(Correspondents, LoseThePreferredBindingThatIsUnreachable) {  // RFC 6275 §9.3.4, for each binding
  Pair p;
  p.links({kFirst, kSecond});
  for (int i = 1; i <= 3; ++i) p.there().on_care_of_unreachable(at(Duration::seconds(i)), kHome);
  EXPECT_EQ(p.held(), (Bids{2}));
  EXPECT_EQ(p.entry()->care_of, kNewCareOf);
}

TEST(Correspondents, RefuseWithTheStatusOfEachRule) {  // §6.2, §4.3
  Pair p;
  p.links({kFirst, kSecond});
  std::uint16_t sequence = 300;
  const auto status = [&](auto change) {
    CorrespondentLinks::Update update = p.sent().back();  // authorized for kSecond's address
    update.message.update.sequence = SeqNum16(++sequence);
    change(update.message);
    const auto out = p.deliver(update);
    EXPECT_TRUE(out.ack);
    if (!out.ack) return 0;
    EXPECT_TRUE(out.ack->answer.kbm) << "RFC 6275 §9.5.4: authenticated";
    for (const BindingIdentifier& b : out.ack->options.bindings) {
      EXPECT_EQ(b.status, 0) << "§6.2: of a correspondent always in the message";
      EXPECT_EQ(b.form, BindingIdentifier::CareOf::None);
    }
    return int{out.ack->answer.ack.status};
  };
  using M = MultipleBindingUpdate;
  EXPECT_EQ(status([](M& m) { m.options.bindings.push_back({.bid = 7}); }), kBulkRegistrationProhibited);
  EXPECT_EQ(status([](M& m) { m.options.malformed = true; }), kMalformed);
  EXPECT_EQ(status([](M& m) { m.options.bindings[0].bid = 0; }), kMalformed);
  EXPECT_EQ(status([](M& m) { m.options.bindings[0].home_and_foreign = true; }), kMalformed);
  EXPECT_EQ(status([](M& m) { m.options.bindings[0] = {.bid = 9}; }), kUnknownCareOfAddress);
  EXPECT_EQ(status([](M& m) { m.options.bindings[0] = {.bid = 2}; }), kBindingAccepted) << "its address is known";
  for (std::uint16_t bid = 3; bid <= 8; ++bid) EXPECT_EQ(status([bid](M& m) { m.options.bindings[0].bid = bid; }), 0);
  EXPECT_EQ(status([](M& m) { m.options.bindings[0].bid = 9; }), kInsufficientResources);
  EXPECT_EQ(status([](M& m) { m.overwrite = true, m.options.bindings[0].bid = 9; }), kBindingAccepted);
  EXPECT_EQ(p.held(), (Bids{9}));
}

}  // namespace
}  // namespace kamesim::mcoa
