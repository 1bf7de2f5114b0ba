#include "protocols/mip6/signalling_protection.h"

#include "protocols/mip6/messages.h"
#include "protocols/wire/icmp6.h"

namespace kamesim {

using namespace ipsec;
using pfkey::Message;
using pfkey::Type;

// RFC 3776 §5.2.1 to §5.2.4, row for row. The first is asked first: what goes to the home agent itself is transport
// mode's, and only what goes on from there is the tunnel's.
struct SignallingProtection::Exchange {
  Mode mode;
  std::uint8_t protocol;
  std::uint8_t to_home_agent, to_mobile_node;  // types of messages; 0: any
  std::uint8_t row;
};
constexpr SignallingProtection::Exchange SignallingProtection::kExchanges[] = {
    {Mode::Transport, std::uint8_t(NextHeader::Mobility), std::uint8_t(MhType::BindingUpdate),
     std::uint8_t(MhType::BindingAck), 0},
    {Mode::Transport, std::uint8_t(NextHeader::Icmp6), std::uint8_t(Icmp6Type::MobilePrefixSolicitation),
     std::uint8_t(Icmp6Type::MobilePrefixAdvertisement), 1},
    {Mode::Tunnel, std::uint8_t(NextHeader::Mobility), std::uint8_t(MhType::HomeTestInit),
     std::uint8_t(MhType::HomeTest), 2},
    {Mode::Tunnel, pfkey::kAnyProtocol, 0, 0, 3},
};

namespace {

// Before what an administrator adds without a priority.
constexpr std::int32_t kFirstPriority = 100;

pfkey::Address one(const Ipv6Address& address) { return {.address = address, .prefix_length = 128}; }

}  // namespace

SignallingProtection::SignallingProtection(PfKeyLayer& keys, Ip6Stack& stack, Role role,
                                           const Ipv6Address& home_address, const SignallingProtectionConfig& config)
    : socket_(keys, *this), stack_(stack), role_(role), home_address_(home_address), config_(config) {}

bool SignallingProtection::wanted(const Exchange& exchange) const {
  switch (exchange.row) {
    case 0: return true;
    case 1: return config_.prefix_discovery;
    case 2: return config_.return_routability;
    default: return config_.payload;
  }
}

Spi SignallingProtection::spi(const Exchange& exchange, Toward toward) const {
  return config_.first_spi + 2u * exchange.row + (toward == Toward::MobileNode ? 1 : 0);
}

SignallingProtection::Ends SignallingProtection::association_ends(const Exchange& exchange, Toward toward,
                                                                  const Ipv6Address& care_of) const {
  const Ipv6Address& mobile = exchange.mode == Mode::Tunnel ? care_of : home_address_;
  return toward == Toward::HomeAgent ? Ends{mobile, *home_agent_} : Ends{*home_agent_, mobile};
}

// A message about one policy, without what is to be done. At the home agent those of incoming packets are also about
// what leaves the tunnel and goes on, as with KAME.
Message SignallingProtection::about(Type type, const Exchange& exchange, Toward toward) const {
  const bool tunnel = exchange.mode == Mode::Tunnel;
  // What the tunnel carries is between the mobile node and anybody.
  const pfkey::Address peer = tunnel ? pfkey::Address{.prefix_length = 0} : one(*home_agent_), home = one(home_address_);
  const bool up = toward == Toward::HomeAgent;
  Message m{.type = type};
  m.source = up ? home : peer;
  m.destination = up ? peer : home;
  m.source->protocol = m.destination->protocol = exchange.protocol;
  m.source->port = up ? exchange.to_home_agent : exchange.to_mobile_node;
  const bool outgoing = (role_ == Role::MobileNode) == up;
  m.policy = pfkey::PolicyData{.action = Action::Protect,
                               .direction = outgoing ? ipsec::Direction::Out : ipsec::Direction::In,
                               .priority = kFirstPriority - exchange.row};
  return m;
}

template <typename Do>
void SignallingProtection::for_each(Mode mode, Do act) {
  for (const Exchange& exchange : kExchanges) {
    if (exchange.mode != mode || !wanted(exchange)) continue;
    act(exchange, Toward::HomeAgent);
    act(exchange, Toward::MobileNode);
  }
}

void SignallingProtection::add_associations(Mode mode) {
  for_each(mode, [&](const Exchange& exchange, Toward toward) {
    const Ends ends = association_ends(exchange, toward, care_of_.value_or(kUnspecified));
    Message m{.type = Type::Add, .sa_type = pfkey::SaType::Esp};
    const bool separate = config_.integrity != Integrity::None;
    // §4.4: with keys by hand there is no replay protection; the Sequence Number of RFC 6275 §9.5.1 keeps the order.
    m.sa = pfkey::Sa{.spi = spi(exchange, toward), .auth = separate ? algorithm(config_.integrity).sadb : std::uint8_t{0},
                     .encrypt = algorithm(config_.encryption).sadb};
    m.source = one(ends.source);
    m.destination = one(ends.destination);
    m.sa2 = pfkey::Sa2{.mode = mode, .reqid = spi(exchange, toward)};
    if (separate) m.auth_key = config_.integrity_key;
    if (!config_.encryption_key.empty()) m.encrypt_key = config_.encryption_key;
    socket_.send(m);
  });
}

void SignallingProtection::delete_associations(Mode mode) {
  for_each(mode, [&](const Exchange& exchange, Toward toward) {
    const Ends ends = association_ends(exchange, toward, care_of_.value_or(kUnspecified));
    Message m{.type = Type::Delete, .sa_type = pfkey::SaType::Esp};
    m.sa = pfkey::Sa{.spi = spi(exchange, toward)};
    m.source = one(ends.source);
    m.destination = one(ends.destination);
    socket_.send(m);
  });
}

// §4.2: a policy names a single association, or one mobile node could speak for another.
void SignallingProtection::add_policies(Mode mode) {
  for_each(mode, [&](const Exchange& exchange, Toward toward) {
    Message m = about(Type::SpdAdd, exchange, toward);
    Request request{.protocol = Protocol::Esp, .mode = mode, .level = Level::Unique, .reqid = spi(exchange, toward)};
    if (mode == Mode::Tunnel) {
      const Ends ends = association_ends(exchange, toward, *care_of_);
      request.source = ends.source, request.destination = ends.destination;
    }
    m.policy->requests = {request};
    socket_.send(m);
  });
}

void SignallingProtection::delete_policies(Mode mode) {
  for_each(mode, [&](const Exchange& exchange, Toward toward) {
    socket_.send(about(Type::SpdDelete, exchange, toward));
  });
}

// draft-sugimoto-mip6-pfkey-migrate §5: policies with their associations.
void SignallingProtection::migrate(const Ipv6Address& care_of) {
  for_each(Mode::Tunnel, [&](const Exchange& exchange, Toward toward) {
    const Ends from = association_ends(exchange, toward, *care_of_), to = association_ends(exchange, toward, care_of);
    Message m = about(Type::Migrate, exchange, toward);
    Request request{.protocol = Protocol::Esp, .mode = Mode::Tunnel, .level = Level::Unique,
                    .reqid = spi(exchange, toward), .source = from.source, .destination = from.destination};
    m.policy->requests.push_back(request);
    request.source = to.source, request.destination = to.destination;
    m.policy->requests.push_back(request);
    socket_.send(m);
  });
  care_of_ = care_of;
}

void SignallingProtection::serve(const Ipv6Address& home_agent) {
  if (home_agent_ == home_agent) return;
  if (home_agent_) {
    at_home();
    delete_policies(Mode::Transport);
    delete_associations(Mode::Transport);
    if (care_of_) delete_associations(Mode::Tunnel);
    care_of_.reset();
  }
  home_agent_ = home_agent;
  add_associations(Mode::Transport);
  add_policies(Mode::Transport);
}

void SignallingProtection::away(const Ipv6Address& care_of) {
  if (!home_agent_) return;
  if (!care_of_) {
    care_of_ = care_of;
    add_associations(Mode::Tunnel);
  }
  if (!tunnel_active_) add_policies(Mode::Tunnel);
  tunnel_active_ = true;
  if (*care_of_ != care_of) migrate(care_of);
}

void SignallingProtection::at_home() {
  if (tunnel_active_) delete_policies(Mode::Tunnel);
  tunnel_active_ = false;
}

// What the kernel did is told to all; an error goes to who asked.
void SignallingProtection::on_pfkey(const Message& message) {
  if (message.error != 0) stack_.drop(kProtectionRefused, {});
}

}  // namespace kamesim
