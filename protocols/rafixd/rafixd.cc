#include "protocols/rafixd/rafixd.h"

#include <utility>

#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

RogueRouterGuard::RogueRouterGuard(SocketLayer& sockets, std::shared_ptr<RogueRouterGuardSettings> settings)
    : stack_(sockets.stack()), settings_(std::move(settings)), socket_(sockets, NextHeader::Icmp6, *this) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement)});
}

void RogueRouterGuard::on_datagram(const Datagram& d) {
  if (d.interface == nullptr || d.interface->nic() == nullptr) return;
  auto& interface = static_cast<EthernetInterface&>(*d.interface);
  const auto policy = settings_->policies.find(interface.name());
  if (policy == settings_->policies.end()) return;
  const auto view = RouterAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return;  // the kernel has counted it
  RogueRouters& machine = links_.try_emplace(interface.index(), policy->second).first->second;
  machine.set_policy(policy->second);
  RogueRouters::Verdict verdict = machine.on_advertisement(stack_.now(), d.source, *view);
  if (!verdict.rogue()) return;
  ++settings_->rogue;
  std::string prefixes;
  for (const Ipv6Prefix& p : verdict.rogue_prefixes) prefixes += (prefixes.empty() ? "" : " ") + p.to_string();
  const bool cancelled = !verdict.answer.empty();
  stack_.node().trace(kTraceRogueRouter, {{"interface", interface.name()},
                                          {"router", d.source.to_string()},
                                          {"prefixes", prefixes},
                                          {"cancelled", std::int64_t{cancelled}}});
  if (!cancelled) return;
  ++settings_->cancelled;
  answer(interface, d.source, std::move(verdict.answer));
}

// In the name of the rogue: hosts heed the source address only (RFC 4861 §6.3.4). No socket sends from an address that
// is not the node's, so the packet goes straight onto the link. The Source Link-Layer Address option is left out: the
// rogue is reached where it was.
void RogueRouterGuard::answer(EthernetInterface& interface, const Ipv6Address& rogue,
                              std::vector<std::uint8_t> message) {
  if (!interface.up()) return;
  fill_icmp6_checksum(rogue, kAllNodesLinkLocal, message);
  Packet packet = stack_.node().packets().copy_of(message);
  Ipv6Header{.payload_length = static_cast<std::uint16_t>(message.size()), .next_header = NextHeader::Icmp6,
             .hop_limit = kNdHopLimit, .source = rogue, .destination = kAllNodesLinkLocal}
      .write(packet.prepend(kIpv6HeaderSize));
  stack_.count(Ip6Stack::Counted::Sent);
  interface.transmit(std::move(packet), multicast_mac(kAllNodesLinkLocal));
}

}  // namespace kamesim
