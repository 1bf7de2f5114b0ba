#include "protocols/mip6/mobile_router_registration.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Next = MobileRouterRegistration::Next;
using enum RegistrationMode;

const Ipv6Address kSecond = "2001:db8:1::2"_ip6;

MobileRouterConfig config(RegistrationMode mode, bool try_other_mode = false) {
  return {.prefixes = {"2001:db8:a::/64"_ip6net, "2001:db8:b::/48"_ip6net}, .mode = mode,
          .try_other_mode = try_other_mode};
}

TEST(MobileRouterRegistration, TellsItsPrefixesInExplicitModeOnly) {  // RFC 3963 §5.2
  EXPECT_TRUE(MobileRouterRegistration(config(Implicit)).options().empty());
  const auto options = MobileRouterRegistration(config(Explicit)).options();
  ASSERT_EQ(options.size(), 2u);
  EXPECT_EQ(options[0], (MobileNetworkPrefix{64, "2001:db8:a::"_ip6}));
  EXPECT_EQ(options[1], (MobileNetworkPrefix{48, "2001:db8:b::"_ip6}));
}

TEST(MobileRouterRegistration, AsksAnotherHomeAgent) {  // RFC 3963 §5.4.1, §5.4.2
  struct {
    RegistrationMode mode;
    std::uint8_t status;
  } const cases[] = {{Implicit, 140}, {Implicit, 143}, {Explicit, 140}, {Explicit, 141}, {Explicit, 142}};
  for (const auto& c : cases) {
    MobileRouterRegistration machine(config(c.mode));
    EXPECT_EQ(machine.on_refused(kHomeAgent, c.status).next, Next::AnotherHomeAgent) << int{c.status};
    EXPECT_FALSE(machine.may_try(kHomeAgent));
    EXPECT_TRUE(machine.may_try(kSecond));
    EXPECT_TRUE(machine.active());
  }
}

TEST(MobileRouterRegistration, TakesStatusesOfTheOtherModeForFatal) {  // RFC 3963 §5.4.1, §5.4.2
  struct {
    RegistrationMode mode;
    std::uint8_t status;
  } const cases[] = {{Implicit, 141}, {Implicit, 142}, {Explicit, 143}};
  for (const auto& c : cases) {
    MobileRouterRegistration machine(config(c.mode, true));
    const auto out = machine.on_refused(kHomeAgent, c.status);
    EXPECT_EQ(out.next, Next::Nothing);
    EXPECT_EQ(out.gave_up_after, c.status);
    EXPECT_FALSE(machine.active());
    EXPECT_FALSE(machine.may_try(kSecond));
  }
}

TEST(MobileRouterRegistration, GivesUpWhenAllHaveRefused) {  // RFC 3963 §5.4
  struct {
    RegistrationMode mode;
    std::uint8_t status;
    bool stop_advertising;
  } const cases[] = {{Implicit, 140, false}, {Implicit, 143, false}, {Explicit, 140, false},
                     {Explicit, 141, true},  {Explicit, 142, true}};
  for (const auto& c : cases) {
    MobileRouterRegistration machine(config(c.mode));
    machine.on_refused(kHomeAgent, c.status);
    const auto out = machine.on_no_home_agent();
    EXPECT_EQ(out.gave_up_after, c.status);
    EXPECT_EQ(out.stop_advertising, c.stop_advertising) << int{c.status};
    EXPECT_FALSE(machine.active());
  }
}

TEST(MobileRouterRegistration, TriesTheOtherModeOnceIfItMay) {  // RFC 3963 §5.4.1, §5.4.2
  MobileRouterRegistration machine(config(Implicit, true));
  machine.on_refused(kHomeAgent, kForwardingSetupFailed);
  EXPECT_EQ(machine.on_no_home_agent().next, Next::StartOver);
  EXPECT_EQ(machine.mode(), Explicit);
  EXPECT_EQ(machine.options().size(), 2u);
  EXPECT_TRUE(machine.may_try(kHomeAgent));
  machine.on_refused(kHomeAgent, kNotAuthorizedForPrefix);
  const auto out = machine.on_no_home_agent();
  EXPECT_EQ(out.gave_up_after, kNotAuthorizedForPrefix);
  EXPECT_TRUE(out.stop_advertising);
}

TEST(MobileRouterRegistration, DoesNotTryTheOtherModeAfterStatus140) {  // RFC 3963 §5.4.1
  MobileRouterRegistration machine(config(Implicit, true));
  machine.on_refused(kHomeAgent, kMobileRouterOperationNotPermitted);
  EXPECT_EQ(machine.on_no_home_agent().gave_up_after, kMobileRouterOperationNotPermitted);
}

TEST(MobileRouterRegistration, WithdrawsFromAHomeAgentThatDoesNotSetTheRBit) {  // RFC 3963 §5.3
  MobileRouterRegistration machine(config(Explicit));
  EXPECT_EQ(machine.on_accepted(kHomeAgent, false).next, Next::WithdrawFirst);
  EXPECT_FALSE(machine.may_try(kHomeAgent));
  EXPECT_EQ(machine.on_accepted(kSecond, true).next, Next::Nothing);
  EXPECT_TRUE(machine.may_try(kHomeAgent)) << "a success makes a new beginning";
}

TEST(MobileRouterRegistration, DoesNotGiveUpWhereNobodyHasRefused) {
  MobileRouterRegistration machine(config(Implicit));
  EXPECT_FALSE(machine.on_no_home_agent().gave_up_after);
  EXPECT_TRUE(machine.active());
}

}  // namespace
}  // namespace kamesim
