#include "protocols/ip6/node_information.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // MD5() itself: each node asks once, and EVP's way to it takes 5,000 instructions
#include <openssl/md5.h>

#include <algorithm>

#include "protocols/ip6/ip6_drops.h"

namespace kamesim {

namespace {

// RFC 4620 §5, RFC 9777 §9.3: replies to queries by multicast are spread over this time.
constexpr Duration kQueryResponseInterval = 10_s;
constexpr std::size_t kMaxDelayedReplies = 32;
constexpr std::size_t kMaxReply = kIpv6MinimumMtu - kIpv6HeaderSize;
constexpr std::size_t kTtlSize = 4;  // it "MUST be zero" (§6.2, §6.3)

constexpr DropInfo kNotForUs{"ni6.destination_not_ours", "RFC 4620 §5"};
constexpr DropInfo kSubjectNotOurs{"ni6.subject_not_ours", "RFC 4620 §5"};
constexpr DropInfo kGlobalQuerier{"ni6.global_querier_refused", "RFC 4620 §8"};
constexpr DropInfo kTemporaryAddress{"ni6.temporary_address_refused", "RFC 4620 §8"};
constexpr DropInfo kLimited{"ni6.limited", "RFC 4620 §8"};

std::uint16_t scope_flag(const Ipv6Address& address) {
  if (address.is_link_local()) return kNiLinkLocal;
  return address.is_site_local() ? kNiSiteLocal : kNiGlobal;
}

// RFC 4620 §6.3, §8: unicast addresses that others may use, and none that is to tell nobody anything.
bool may_be_told(const InterfaceAddress& a) { return a.assigned() && !a.anycast && !a.temporary; }

}  // namespace

std::uint32_t node_information_hash(std::string_view name) {
  std::vector<std::uint8_t> wire = node_information_name(name.substr(0, name.find('.')));
  if (wire.empty()) return kNoNameHash;
  wire.resize(wire.size() - 2);  // the first label with its length, without what follows
  for (std::uint8_t& c : wire) {
    if (c >= 'A' && c <= 'Z') c = static_cast<std::uint8_t>(c + 32);  // RFC 4034 §6.2
  }
  std::array<std::uint8_t, MD5_DIGEST_LENGTH> digest;
  MD5(wire.data(), wire.size(), digest.data());
  return std::uint32_t{digest[0]} << 16 | std::uint32_t{digest[1]} << 8 | digest[2];
}

Ipv6Address node_information_group(std::string_view name) {
  const std::uint32_t hash = node_information_hash(name);
  return hash == kNoNameHash ? kUnspecified : node_information_group(hash);
}

NodeInformation::NodeInformation(Ip6Stack& stack)
    : stack_(stack), random_(stack.node().stream("ip6.node_information")),
      timer_(Timer::to<&NodeInformation::send_due>(stack.node(), *this)) {}

void NodeInformation::query(const InputPacket& in) {
  auto refuse = [&](const DropInfo& reason) { stack_.drop(reason, in.packet.bytes()); };
  const auto query = NodeInformationView::check(in.upper());
  if (!query) return refuse(*query.error());
  // §5: unicast, anycast, or a group of link-local scope; that we are in it, input() has seen.
  const InterfaceAddress* asked =
      in.destination.is_multicast() ? nullptr : stack_.find_own_address(in.destination, in.interface);
  if (in.destination.is_multicast() ? in.destination.scope() != Scope::LinkLocal : asked == nullptr) {
    return refuse(kNotForUs);
  }
  // §8: a default that "refuses to answer queries from global-scope addresses".
  if (!in.source.is_link_local() && !stack_.config().node_information_to_global) return refuse(kGlobalQuerier);
  if (asked != nullptr && asked->temporary) return refuse(kTemporaryAddress);
  const Ip6Interface* interface = in.interface;
  const DropInfo* why = &kSubjectNotOurs;
  if (!subject_is_ours(*query, in, interface, why)) return refuse(*why);
  // §5, §8: limited as ICMPv6 errors are, apart from them.
  const Ip6Config& config = stack_.config();
  if (!limit_.take(stack_.now(), config.icmp6_error_rate, config.icmp6_error_burst)) return refuse(kLimited);

  std::vector<std::uint8_t> reply(kNodeInformationHeaderSize);
  reply[0] = static_cast<std::uint8_t>(Icmp6Type::NodeInformationReply);
  store_be16(reply.data() + 4, static_cast<std::uint16_t>(query->qtype()));
  std::ranges::copy(query->nonce(), reply.begin() + 8);
  switch (query->qtype()) {
    case NodeInformationQtype::Noop: break;
    case NodeInformationQtype::NodeName: {
      reply.resize(reply.size() + kTtlSize);
      const auto name = node_information_name(stack_.node().name());  // none: "TTL=0 and no Node Names" (§6.2)
      reply.insert(reply.end(), name.begin(), name.end());
      break;
    }
    case NodeInformationQtype::NodeAddresses: append_addresses(reply, query->flags(), *interface); break;
    default:  // IPv4 Addresses too: "MAY be supported on an IPv6-only node" (§6)
      reply[1] = static_cast<std::uint8_t>(NodeInformationResult::UnknownQtype);
  }
  answer(in, std::move(reply));
}

bool NodeInformation::subject_is_ours(const NodeInformationView& query, const InputPacket& in,
                                      const Ip6Interface*& interface, const DropInfo*& why) const {
  if (query.qtype() == NodeInformationQtype::Noop) return true;  // §6.1: it has no subject, its Code is ignored
  switch (query.subject_kind()) {
    case NodeInformationSubject::Ipv6Address: {
      if (query.data().size() != Ipv6Address::kSize) return false;
      const auto subject = Ipv6Address::from_bytes(query.data().data());
      const InterfaceAddress* own = stack_.find_own_address(subject, in.interface);
      if (own == nullptr) return false;
      if (own->temporary) return why = &kTemporaryAddress, false;
      for (const auto& each : stack_.interfaces()) {
        if (each->find_address(subject) == own) interface = each.get();
      }
      return true;
    }
    case NodeInformationSubject::Name:
      return node_information_name_matches(query.data(), node_information_name(stack_.node().name()));
    case NodeInformationSubject::Ipv4Address: return false;
  }
  return false;
}

// §6.3: preferred addresses first.
void NodeInformation::append_addresses(std::vector<std::uint8_t>& reply, std::uint16_t flags,
                                       const Ip6Interface& interface) const {
  std::uint16_t answered = flags & (kNiGlobal | kNiSiteLocal | kNiLinkLocal | kNiIpv4Mapped | kNiAllInterfaces);
  for (const AddressState state : {AddressState::Preferred, AddressState::Deprecated}) {
    for (const auto& each : stack_.interfaces()) {
      if (each->is_loopback() || (each.get() != &interface && (flags & kNiAllInterfaces) == 0)) continue;
      for (const auto& a : each->addresses()) {
        if (a->state != state || !may_be_told(*a) || (scope_flag(a->address) & flags) == 0) continue;
        if (reply.size() + kTtlSize + Ipv6Address::kSize > kMaxReply) {
          answered |= kNiTruncated;
          break;
        }
        reply.resize(reply.size() + kTtlSize + Ipv6Address::kSize);
        a->address.copy_to(reply.data() + reply.size() - Ipv6Address::kSize);
      }
    }
  }
  store_be16(reply.data() + 6, answered);
}

void NodeInformation::answer(const InputPacket& in, std::vector<std::uint8_t> message) {
  OutputRequest request{.destination = in.source};
  const InterfaceAddress* asked =
      in.destination.is_multicast() ? nullptr : stack_.find_own_address(in.destination, in.interface);
  if (asked != nullptr && !asked->anycast) request.source = in.destination;
  if (in.source.is_link_local()) request.interface = in.interface;
  if (!in.destination.is_multicast()) {
    stack_.send_icmp6(message, request);
    return;
  }
  if (delayed_.size() >= kMaxDelayedReplies) return stack_.drop(kLimited, in.packet.bytes());
  delayed_.push_back({stack_.now() + random_.uniform(Duration(), kQueryResponseInterval), request, std::move(message)});
  timer_.arm_at(std::ranges::min(delayed_, {}, &Reply::at).at);
}

void NodeInformation::send_due() {
  const Time now = stack_.now();
  for (std::size_t i = 0; i < delayed_.size();) {
    if (delayed_[i].at > now) {
      ++i;
      continue;
    }
    const Reply reply = std::move(delayed_[i]);
    delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(i));
    stack_.send_icmp6(reply.message, reply.request);
  }
  if (!delayed_.empty()) timer_.arm_at(std::ranges::min(delayed_, {}, &Reply::at).at);
}

}  // namespace kamesim
