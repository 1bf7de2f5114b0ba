// What sockets ask of IPsec for themselves, in words: KAME's option IPV6_IPSEC_POLICY.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocols/ip6/ipsec_hooks.h"

namespace kamesim::ipsec {

// What a socket asks (null: nothing) with one direction's policy replaced by what the string says ("out ipsec
// esp/transport//require"). Null: it is no policy of a socket.
std::shared_ptr<const IpsecSocketPolicy> with_policy(const IpsecSocketPolicy* present, std::string_view text);

// The policies of both directions, one a line; empty of a socket that asks nothing.
std::string to_text(const IpsecSocketPolicy* policy);

}  // namespace kamesim::ipsec
