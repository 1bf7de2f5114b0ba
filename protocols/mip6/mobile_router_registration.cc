#include "protocols/mip6/mobile_router_registration.h"

#include <algorithm>
#include <utility>

#include "protocols/mip6/binding_status.h"

namespace kamesim {

using Output = MobileRouterRegistration::Output;

namespace {

// RFC 3963 §5.4.1, §5.4.2: the other statuses "should not be sent by the Home Agent" in that mode.
bool belongs_to(RegistrationMode mode, std::uint8_t status) {
  if (status == kMobileRouterOperationNotPermitted) return true;
  const bool of_implicit = status == kForwardingSetupFailed;
  return of_implicit == (mode == RegistrationMode::Implicit);
}

}  // namespace

bool MobileRouterRegistration::concerns(std::uint8_t status) {
  return status >= kMobileRouterOperationNotPermitted && status <= kForwardingSetupFailed;
}

std::vector<MobileNetworkPrefix> MobileRouterRegistration::options() const {
  std::vector<MobileNetworkPrefix> options;
  if (mode_ == RegistrationMode::Implicit) return options;
  for (const Ipv6Prefix& p : config_.prefixes) {
    options.push_back({static_cast<std::uint8_t>(p.length()), p.address()});
  }
  return options;
}

bool MobileRouterRegistration::may_try(const Ipv6Address& home_agent) const {
  return active() && std::ranges::find(refused_by_, home_agent) == refused_by_.end();
}

Output MobileRouterRegistration::on_accepted(const Ipv6Address& home_agent, bool mobile_router) {
  if (mobile_router) {
    refused_by_.clear();
    return {};
  }
  remember(home_agent, kMobileRouterOperationNotPermitted);
  return {.next = Next::WithdrawFirst};
}

Output MobileRouterRegistration::on_refused(const Ipv6Address& home_agent, std::uint8_t status) {
  remember(home_agent, status);
  if (!belongs_to(mode_, status)) return give_up();  // "MUST treat [it] as a fatal error"
  return {.next = Next::AnotherHomeAgent};
}

Output MobileRouterRegistration::on_no_home_agent() {
  if (gave_up_ || refused_by_.empty()) return {};
  Output out;
  out.stop_advertising = last_status_ == kInvalidPrefix || last_status_ == kNotAuthorizedForPrefix;
  // §5.4: after status 140 there is nothing that the other mode would change.
  const bool other_mode = config_.try_other_mode && last_status_ != kMobileRouterOperationNotPermitted;
  if (other_mode && !std::exchange(tried_other_mode_, true)) {
    mode_ = mode_ == RegistrationMode::Implicit ? RegistrationMode::Explicit : RegistrationMode::Implicit;
    refused_by_.clear();
    out.next = Next::StartOver;
    return out;
  }
  out.gave_up_after = give_up().gave_up_after;
  return out;
}

Output MobileRouterRegistration::give_up() {
  gave_up_ = true;
  return {.gave_up_after = last_status_};
}

void MobileRouterRegistration::remember(const Ipv6Address& home_agent, std::uint8_t status) {
  last_status_ = status;
  if (may_try(home_agent)) refused_by_.push_back(home_agent);
}

}  // namespace kamesim
