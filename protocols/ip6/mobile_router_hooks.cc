#include "protocols/ip6/mobile_router_hooks.h"

#include "protocols/ip6/interface.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

MobileRouterHooks* mobile_router_hooks(const Ip6Stack& stack) {
  return stack.mobility_hooks() == nullptr ? nullptr : stack.mobility_hooks()->mobile_router();
}

EgressRole egress_role(const Ip6Interface& interface) {
  const MobileRouterHooks* hooks = mobile_router_hooks(interface.stack());
  return hooks == nullptr ? EgressRole::None : hooks->egress_role(interface);
}

bool acts_as_router(const Ip6Interface& interface) {
  return interface.stack().forwarding() && egress_role(interface) != EgressRole::Host;
}

bool heeds_router_advertisements(const Ip6Interface& interface) {
  return !interface.stack().forwarding() || egress_role(interface) != EgressRole::None;
}

bool proxied_for_router(const Ip6Stack& stack, const Ipv6Address& address) {
  const MobileRouterHooks* hooks = mobile_router_hooks(stack);
  return hooks != nullptr && hooks->proxied_for_router(address);
}

}  // namespace kamesim
