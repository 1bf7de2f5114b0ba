#include "protocols/mip6/prefix_solicitor.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

class Exchange {
 public:
  Exchange() : machine_([this] { return next_identifier_++; }) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& registered() {
    machine_.on_registered(kHomeAgent);
    return *this;
  }
  Exchange& solicits() {
    out_ = machine_.solicit(now_);
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  Exchange& receives(std::uint16_t identifier, const Ipv6Address& from = kHomeAgent, bool routing_header = true) {
    out_ = machine_.on_advertisement(now_, {from, routing_header, identifier});
    return *this;
  }
  Exchange& sends(std::uint16_t identifier) {
    EXPECT_TRUE(out_.send);
    if (!out_.send) return *this;
    EXPECT_EQ(out_.send->identifier, identifier);
    return *this;
  }
  Exchange& sends_nothing() {
    EXPECT_FALSE(out_.send);
    return *this;
  }
  Exchange& accepts() {
    EXPECT_TRUE(out_.accepted);
    EXPECT_EQ(out_.dropped, nullptr);
    return *this;
  }
  Exchange& drops(const DropInfo& reason) {
    EXPECT_FALSE(out_.accepted);
    EXPECT_EQ(out_.dropped, &reason);
    return *this;
  }
  PrefixSolicitor& machine() { return machine_; }

 private:
  std::uint16_t next_identifier_ = 1;
  PrefixSolicitor machine_;
  Time now_;
  PrefixSolicitor::Output out_;
};

TEST(PrefixSolicitor, RepeatsWithNewIdentifiersAndBacksOff) {  // RFC 6275 §11.4.2, §11.8
  Exchange x;
  x.at(0_s).registered().solicits().sends(1);
  x.at(2999_ms).times_out().sends_nothing();
  x.at(3_s).times_out().sends(2);
  x.at(9_s).times_out().sends(3);
  x.at(21_s).times_out().sends(4);
  x.at(45_s).times_out().sends(5);
  x.at(77_s).times_out().sends(6);  // no slower than MAX_BINDACK_TIMEOUT
  x.at(109_s).times_out().sends(7);
  x.receives(7).accepts();
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(PrefixSolicitor, BelievesTheAnswerToItsLastSolicitationOnce) {  // RFC 6275 §11.4.3
  Exchange x;
  x.at(0_s).registered().solicits().sends(1);
  x.at(3_s).times_out().sends(2);
  x.receives(1).drops(kMpaUnsolicited).sends_nothing();  // one is under way
  x.receives(2).accepts();
  x.receives(2).drops(kMpaUnsolicited).sends(3);
}

TEST(PrefixSolicitor, AnswersAnUnsolicitedAdvertisementWithASolicitation) {  // RFC 6275 §11.4.3
  Exchange x;
  x.at(0_s).registered().receives(0).drops(kMpaUnsolicited).sends(1);
  x.receives(1).accepts();
}

TEST(PrefixSolicitor, BelievesItsHomeAgentByARoutingHeaderOnly) {  // RFC 6275 §11.4.3
  Exchange x;
  x.at(0_s).receives(0).drops(kMpaWrongSource).sends_nothing();  // no home agent is known yet
  x.registered().solicits().sends(1);
  x.receives(1, kCorrespondent).drops(kMpaWrongSource);
  x.receives(1, kHomeAgent, false).drops(kMpaNoRoutingHeader);
  x.receives(1).accepts();
}

TEST(PrefixSolicitor, AsksBeforeTheHomePrefixBecomesInvalid) {  // RFC 6275 §11.4.2
  Exchange x;
  x.at(0_s).registered();
  x.machine().on_home_prefix(at(0_s), at(1000_s));
  ASSERT_EQ(x.machine().next_timeout(), at(750_s));
  x.at(750_s).times_out().sends(1);
  x.machine().on_home_prefix(at(750_s), Time::max());
  x.receives(1).accepts();
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(PrefixSolicitor, IsSilentWithoutARegistration) {
  Exchange x;
  x.at(0_s).solicits().sends_nothing();
  x.registered().solicits().sends(1);
  x.machine().stop();
  x.at(3_s).times_out().sends_nothing();
}

}  // namespace
}  // namespace kamesim
