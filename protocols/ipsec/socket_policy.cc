#include "protocols/ipsec/socket_policy.h"

#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/policy_text.h"

namespace kamesim::ipsec {

std::shared_ptr<const IpsecSocketPolicy> with_policy(const IpsecSocketPolicy* present, std::string_view text) {
  // C programs hand over the terminating zero as well.
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  const auto read = parse_policy(text);
  if (!read || read->direction == Direction::Forward || read->requests.size() > kMaxRequests) return nullptr;
  auto policy = std::make_shared<SocketPolicy>();
  if (present != nullptr) {
    *policy = static_cast<const SocketPolicy&>(*present);
  } else {
    policy->in.action = policy->out.action = Action::Entrust;
    policy->in.direction = Direction::In;
  }
  SecurityPolicy& side = read->direction == Direction::In ? policy->in : policy->out;
  side.action = read->action;
  side.requests = read->requests;
  return policy;
}

std::string to_text(const IpsecSocketPolicy* policy) {
  if (policy == nullptr) return {};
  const auto& both = static_cast<const SocketPolicy&>(*policy);
  return to_text(policy_text_of(both.in)) + "\n" + to_text(policy_text_of(both.out)) + "\n";
}

}  // namespace kamesim::ipsec
