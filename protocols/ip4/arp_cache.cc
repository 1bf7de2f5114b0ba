#include "protocols/ip4/arp_cache.h"

#include <algorithm>
#include <utility>

#include "protocols/ip4/drops.h"
#include "protocols/ip6/hold_queue.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"

namespace kamesim {

namespace {

constexpr MacAddress kBroadcast({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});

}  // namespace

ArpCache::ArpCache(EthernetInterface& interface, std::function<Ipv4Bits(Ipv4Bits)> source_for, Unresolved unresolved,
                   Probed probed)
    : interface_(interface),
      source_for_(std::move(source_for)),
      unresolved_(std::move(unresolved)),
      probed_(std::move(probed)),
      timer_(Timer::to<&ArpCache::on_timer>(interface.stack().node(), *this)),
      guard_(interface.stack().node().stream("arp." + interface.name())),
      guard_timer_(Timer::to<&ArpCache::on_guard_timer>(interface.stack().node(), *this)) {}

void ArpCache::send(Packet packet, Ipv4Bits next_hop) {
  Ip6Stack& stack = interface_.stack();
  if (!interface_.nic()->up()) return stack.drop(kArpLinkDown, packet.bytes());
  if (const auto it = entries_.find(next_hop); it != entries_.end() && it->second.known) [[likely]] {
    return interface_.transmit(std::move(packet), it->second.mac, EtherType::Ipv4);
  }
  Entry& entry = make_room_for(next_hop);
  const HoldQueueBounds bounds{.datagrams = std::max<std::size_t>(stack.config().max_neighbor_queue, 1)};
  for (const Packet& discarded : hold(entry.queue, std::move(packet), bounds)) {
    stack.drop(kArpQueueOverflow, discarded.bytes());
  }
  if (entry.requests == 0) request(next_hop);
}

ArpCache::Entry& ArpCache::make_room_for(Ipv4Bits address) {
  const auto [it, fresh] = entries_.try_emplace(address);
  if (!fresh || entries_.size() <= interface_.stack().config().max_neighbors) return it->second;
  // The one that is due first goes: unanswered requests, then what was learned longest ago.
  auto victim = entries_.end();
  for (auto other = entries_.begin(); other != entries_.end(); ++other) {
    if (other == it || other->second.permanent) continue;
    if (victim == entries_.end() || other->second.due < victim->second.due) victim = other;
  }
  if (victim != entries_.end()) {
    for (const Packet& waiting : victim->second.queue) interface_.stack().drop(kArpCacheFull, waiting.bytes());
    entries_.erase(victim);
  }
  return it->second;
}

void ArpCache::request(Ipv4Bits address) {
  Entry& entry = entries_.at(address);
  ++entry.requests;
  entry.due = interface_.stack().now() + kArpRequestInterval;
  transmit({.operation = ArpOperation::Request, .sender_mac = interface_.nic()->mac(), .sender = source_for_(address),
            .target = address},
           kBroadcast);
  arm_by(entry.due);
}

void ArpCache::probe(Ipv4Bits address) {
  guard_.probe(interface_.stack().now(), address);
  guard_timer_.arm_at(guard_.next_timeout());
}

void ArpCache::announce(Ipv4Bits own) {
  if (!interface_.nic()->up()) return;
  ask(own, own);
  guard_.announced(interface_.stack().now(), own);
  guard_timer_.arm_at(guard_.next_timeout());
}

void ArpCache::forget(Ipv4Bits address) {
  guard_.forget(address);
  guard_timer_.arm_at(guard_.next_timeout());
}

void ArpCache::on_guard_timer() {
  while (const auto due = guard_.on_timeout(interface_.stack().now())) {
    switch (due->step) {
      case Ip4AddressGuard::Step::Probe: ask(kIpv4Any, due->address); break;
      case Ip4AddressGuard::Step::Announce: ask(due->address, due->address); break;
      case Ip4AddressGuard::Step::Unique: probed_(due->address, true); break;
    }
  }
  guard_timer_.arm_at(guard_.next_timeout());
}

void ArpCache::ask(Ipv4Bits sender, Ipv4Bits target) {
  transmit({.operation = ArpOperation::Request, .sender_mac = interface_.nic()->mac(), .sender = sender,
            .target = target},
           kBroadcast);
}

void ArpCache::transmit(const ArpMessage& message, MacAddress destination) {
  Packet packet = interface_.stack().allocate(kArpSize);
  message.write(packet.mutable_data());
  interface_.transmit(std::move(packet), destination, EtherType::Arp);
}

// RFC 826's packet reception.
void ArpCache::input(Bytes bytes, const std::function<bool(Ipv4Bits)>& own) {
  Ip6Stack& stack = interface_.stack();
  const auto message = ArpMessage::parse(bytes);
  if (!message) return stack.drop(*message.error(), bytes);
  const MacAddress mac = interface_.nic()->mac();
  if (message->sender_mac.is_group() || message->sender_mac == mac) return stack.drop(kArpBadSender, bytes);
  const bool probe = message->sender == kIpv4Any;  // RFC 5227 §1.1: it asks whether the target is in use
  if (!probe && !ipv4_identifies_a_host(message->sender)) return stack.drop(kArpBadSender, bytes);
  if (const auto in_use = guard_.on_arp(message->sender, message->target)) {  // RFC 5227 §2.1.1
    stack.drop(kArpProbedAddress, bytes);
    probed_(*in_use, false);
    return guard_timer_.arm_at(guard_.next_timeout());
  }
  if (own(message->sender)) {
    // RFC 5227 §2.4 c: the address is defended, and the other's claim not believed.
    stack.drop(kArpOwnAddress, bytes);
    if (guard_.defends(stack.now(), message->sender)) ask(message->sender, message->sender);
    return;
  }
  if (heard_ && !probe && message->operation == ArpOperation::Reply && message->target_mac == mac) [[unlikely]] {
    learn(message->sender, message->sender_mac, true);
    return heard_(v4_mapped(message->sender));
  }
  const bool for_us = own(message->target);
  if (!probe) learn(message->sender, message->sender_mac, for_us);
  if (!for_us) return stack.drop(kArpNotAsked, bytes);
  if (message->operation != ArpOperation::Request) return;
  transmit({.operation = ArpOperation::Reply, .sender_mac = mac, .sender = message->target,
            .target_mac = message->sender_mac, .target = message->sender},
           message->sender_mac);
}

// RFC 826: a known address is updated by whatever its owner says; a new one is noted if it speaks to us.
void ArpCache::learn(Ipv4Bits address, MacAddress mac, bool create) {
  if (!create && !entries_.contains(address)) return;
  Entry& entry = make_room_for(address);
  if (entry.permanent) return;
  entry.mac = mac;
  entry.known = true;
  entry.requests = 0;
  entry.due = interface_.stack().now() + kArpEntryLifetime;
  arm_by(entry.due);
  for (Packet& packet : std::exchange(entry.queue, {})) interface_.transmit(std::move(packet), mac, EtherType::Ipv4);
}

void ArpCache::forget_guarded() {
  guard_.forget_all();
  guard_timer_.cancel();
}

void ArpCache::clear() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    for (const Packet& waiting : it->second.queue) interface_.stack().drop(kArpLinkDown, waiting.bytes());
    it = it->second.permanent ? std::next(it) : entries_.erase(it);
  }
}

void ArpCache::add_permanent(Ipv4Bits address, MacAddress mac) {
  Entry& entry = make_room_for(address);
  entry.mac = mac;
  entry.known = entry.permanent = true;
  entry.due = Time::max();
  for (Packet& packet : std::exchange(entry.queue, {})) interface_.transmit(std::move(packet), mac, EtherType::Ipv4);
}

bool ArpCache::remove(Ipv4Bits address) {
  const auto it = entries_.find(address);
  if (it == entries_.end()) return false;
  for (const Packet& waiting : it->second.queue) interface_.stack().drop(kArpUnresolved, waiting.bytes());
  entries_.erase(it);
  return true;
}

void ArpCache::on_timer() {
  const Time now = interface_.stack().now();
  std::vector<Ipv4Bits> due;
  for (const auto& [address, entry] : entries_) {
    if (entry.due <= now) due.push_back(address);
  }
  for (const Ipv4Bits address : due) {
    const auto it = entries_.find(address);
    if (it == entries_.end() || it->second.due > now) continue;
    if (!it->second.known && it->second.requests < kArpMaxRequests) {
      request(address);
      continue;
    }
    std::vector<Packet> waiting = std::move(it->second.queue);
    entries_.erase(it);
    for (Packet& packet : waiting) unresolved_(std::move(packet));
  }
  for (const auto& [address, entry] : entries_) arm_by(entry.due);
}

// The timer may wake up for what is gone by then, which costs less than looking for the first each time.
void ArpCache::arm_by(Time due) {
  if (due != Time::max() && (!timer_.armed() || due < timer_.expiry())) timer_.arm_at(due);
}

}  // namespace kamesim
