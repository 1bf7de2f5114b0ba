#include "protocols/inverse_nd/inverse_nd.h"

#include <algorithm>
#include <utility>

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// §3.1, Note 1: all of the interface's; those of tentative addresses are not the node's yet (RFC 4862 §5.4).
std::vector<Ipv6Address> addresses_of(const EthernetInterface& interface) {
  std::vector<Ipv6Address> all;
  for (const auto& a : interface.addresses()) {
    if (a->assigned()) all.push_back(a->address);
  }
  return all;
}

const InterfaceAddress* source_on(const EthernetInterface& interface) {
  if (const InterfaceAddress* link_local = interface.link_local()) return link_local;
  const auto any = std::ranges::find_if(interface.addresses(), [](const auto& a) { return a->usable_as_source(); });
  return any == interface.addresses().end() ? nullptr : *any;
}

}  // namespace

InverseDiscovery::InverseDiscovery(SocketLayer& sockets)
    : stack_(sockets.stack()),
      socket_(sockets, NextHeader::Icmp6, *this),
      timer_(Timer::to<&InverseDiscovery::on_timer>(stack_.node(), *this)) {
  socket_.pass_only({kInverseNdSolicitation, kInverseNdAdvertisement});
  stack_.add_listener(*this);
}

InverseDiscovery::~InverseDiscovery() { stack_.remove_listener(*this); }

bool InverseDiscovery::ask(EthernetInterface& interface, MacAddress target) {
  const bool is_out = std::ranges::any_of(
      questions_, [&](const Question& q) { return q.interface == &interface && q.target == target; });
  if (is_out || questions_.size() >= kMaxQuestions || !interface.up()) return false;
  Question question{&interface, target, kMaxMulticastSolicit - 1, {}};
  if (!solicit(question)) return false;
  question.next = stack_.now() + interface.nd()->retrans_timer();
  questions_.push_back(question);
  arm();
  return true;
}

// §2.1: to all nodes, in a frame for the target alone.
bool InverseDiscovery::solicit(const Question& question) {
  EthernetInterface& interface = *question.interface;
  const InterfaceAddress* source = source_on(interface);
  if (source == nullptr) return false;
  InverseNdMessage message{.type = kInverseNdSolicitation, .source = interface.nic()->mac(),
                           .target = question.target, .addresses = addresses_of(interface)};
  // "The Source Address List MUST fit in one IND Solicitation message."
  const std::size_t most = max_inverse_nd_addresses(interface.mtu() - kIpv6HeaderSize);
  if (message.addresses.size() > most) message.addresses.resize(most);
  send(interface, source->address, kAllNodesLinkLocal, question.target, message);
  return true;
}

void InverseDiscovery::on_datagram(const Datagram& d) {
  if (d.interface == nullptr || d.interface->nic() == nullptr || !d.interface->has_link_layer_addresses()) return;
  auto& interface = static_cast<EthernetInterface&>(*d.interface);
  const auto message = InverseNdMessage::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!message) return stack_.drop(*message.error(), d.payload);
  if (message->type == kInverseNdSolicitation) return on_solicitation(interface, d, *message);
  on_advertisement(interface, d, *message);
}

// §4.2.1.
void InverseDiscovery::on_solicitation(EthernetInterface& interface, const Datagram& d,
                                       const InverseNdMessage& message) {
  if (!stack_.config().nd.inverse_nd) return;
  if (message.target != interface.nic()->mac()) return stack_.drop(kInverseNdNotOurTarget, d.payload);
  if (d.source.is_unspecified() || message.source.is_group() || message.source.is_zero()) {
    return stack_.drop(kInverseNdMissingOption, d.payload);
  }
  if (interface.find_address(d.source) != nullptr) return;
  interface.nd()->record(d.source, message.source);
  const InterfaceAddress* source = source_on(interface);
  if (source == nullptr) return;
  // §3.1: what does not fit goes into further messages.
  const std::vector<Ipv6Address> all = addresses_of(interface);
  const std::size_t most = std::max<std::size_t>(max_inverse_nd_addresses(interface.mtu() - kIpv6HeaderSize), 1);
  for (std::size_t at = 0; at < all.size(); at += most) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(at + most, all.size()));
    send(interface, source->address, d.source, message.source,
         {.type = kInverseNdAdvertisement, .source = interface.nic()->mac(), .target = interface.nic()->mac(),
          .addresses = {begin, end}});
  }
}

// §4.2.2. Of one that was asked only: others would fill the Neighbor Cache.
void InverseDiscovery::on_advertisement(EthernetInterface& interface, const Datagram& d,
                                        const InverseNdMessage& message) {
  const auto asked = std::ranges::find_if(questions_, [&](const Question& q) {
    return q.interface == &interface && q.target == message.target;
  });
  if (asked == questions_.end()) return stack_.drop(kInverseNdNotAsked, d.payload);
  std::size_t learned = 0;
  for (const Ipv6Address& address : message.addresses) {
    const bool of_a_neighbour = !address.is_multicast() && !address.is_unspecified() && !address.is_loopback() &&
                                interface.find_address(address) == nullptr;
    if (!of_a_neighbour || learned >= kMaxLearned) continue;
    ++learned;
    interface.nd()->record(address, message.target);
  }
  stack_.node().trace(kTraceInverseNdAnswered, {{"interface", interface.name()},
                                                {"mac", message.target.to_string()},
                                                {"addresses", static_cast<std::int64_t>(learned)}});
  // Further messages of the same answer may follow until the question would have been asked again.
  asked->left = 0;
  asked->answered = true;
}

void InverseDiscovery::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.kind != Kind::LinkDown && message.kind != Kind::InterfaceRemoved) return;
  std::erase_if(questions_, [&](const Question& q) { return q.interface == message.interface; });
  arm();
}

void InverseDiscovery::on_timer() {
  const Time now = stack_.now();
  std::erase_if(questions_, [&](Question& q) {
    if (now < q.next) return false;
    if (q.answered) return true;
    if (q.left == 0) {  // §4.1: failed after MAX_MULTICAST_SOLICIT
      stack_.node().trace(kTraceInverseNdFailed, {{"interface", q.interface->name()}, {"mac", q.target.to_string()}});
      return true;
    }
    --q.left;
    q.next = now + q.interface->nd()->retrans_timer();
    solicit(q);
    return false;
  });
  arm();
}

void InverseDiscovery::arm() {
  const auto first = std::ranges::min_element(questions_, {}, &Question::next);
  timer_.arm_at(first == questions_.end() ? std::nullopt : std::optional(first->next));
}

void InverseDiscovery::send(EthernetInterface& interface, const Ipv6Address& source, const Ipv6Address& destination,
                            MacAddress to, const InverseNdMessage& message) {
  std::vector<std::uint8_t> bytes = to_bytes(message);
  fill_icmp6_checksum(source, destination, bytes);
  Packet packet = stack_.node().packets().copy_of(bytes);
  Ipv6Header{.payload_length = static_cast<std::uint16_t>(bytes.size()), .next_header = NextHeader::Icmp6,
             .hop_limit = kNdHopLimit, .source = source, .destination = destination}
      .write(packet.prepend(kIpv6HeaderSize));
  stack_.count(Ip6Stack::Counted::Sent);
  interface.transmit(std::move(packet), to);
}

}  // namespace kamesim
