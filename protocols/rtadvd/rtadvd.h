// The router advertisement daemon (KAME's rtadvd): RFC 4861 §6.2 on a socket.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "protocols/rtadvd/config.h"
#include "protocols/rtadvd/schedule.h"
#include "sim/timer.h"
#include "sim/trace.h"

namespace kamesim {

// Another router contradicts this one (§6.2.7): each variable is told once. Fields: interface, router, variable.
inline constexpr TraceKind kTraceInconsistentRouter{"rtadvd.inconsistent"};
inline constexpr TraceKind kTraceRaSent{"rtadvd.ra_sent"};  // fields: interface, destination

inline constexpr DropInfo kRtadvdTooManyAnswers{"rtadvd.too_many_answers", "the daemon's limit on pending answers"};

class AdvertisingListener {
 public:
  // What is advertised on the interface is another than it was.
  virtual void on_advertising_changed(const EthernetInterface& interface) = 0;

 protected:
  ~AdvertisingListener() = default;
};

class RouterAdvertisementDaemon final : public DatagramHandler, public RoutingListener {
 public:
  explicit RouterAdvertisementDaemon(SocketLayer& sockets);
  ~RouterAdvertisementDaemon();

  // Advertises on the interface, or changes what is advertised there. Throws SimulationError if the configuration is
  // not valid. It speaks while the link is up and the interface has a link-local address.
  void advertise(EthernetInterface& interface, const RouterAdvertisementConfig& config = {});
  // Ceases to advertise, with final advertisements (§6.2.5).
  void cease(EthernetInterface& interface);
  // What is configured on the interface; null if nothing is.
  const RouterAdvertisementConfig* config(const EthernetInterface& interface) const;
  // From when on its lifetimes count down. Something is configured there.
  Time configured_at(const EthernetInterface& interface) const {
    return advertisers_.at(interface.index()).configured_at;
  }

  // RFC 3963 §7.3: whether the home agent on the interface supports mobile routers, which advertisements with the H bit
  // tell in their Home Agent Information option.
  void set_mobile_router_support(const EthernetInterface& interface, bool supported);
  // RFC 3963 §5.4.2: prefixes that are not advertised any more, whatever is configured.
  void withhold(const std::vector<Ipv6Prefix>& prefixes);

  // The Prefix Information options that an advertisement of now would bear; none if nothing is advertised there.
  std::vector<PrefixInformation> prefixes(const EthernetInterface& interface) const;
  void add_listener(AdvertisingListener& listener) { listeners_.push_back(&listener); }
  void remove_listener(AdvertisingListener& listener) { std::erase(listeners_, &listener); }

  struct Counters {
    std::uint64_t solicitations = 0, multicast_sent = 0, unicast_sent = 0, inconsistent = 0;
  };
  const Counters& counters() const { return counters_; }

  void on_datagram(const Datagram& datagram) override;
  void on_routing_message(const RoutingMessage& message) override;
  std::size_t heap_bytes() const;  // beyond the object itself

 private:
  static constexpr std::size_t kMaxContradictions = 64;
  struct Contradiction {
    Ipv6Address router;
    std::string variable;
    friend bool operator==(const Contradiction&, const Contradiction&) = default;
  };
  struct Advertiser {
    Advertiser(EthernetInterface& on, RandomStream random) : interface(on), schedule(random) {}
    EthernetInterface& interface;
    RouterAdvertisementConfig config;
    Time configured_at;
    AdvertisementSchedule schedule;
    Ipv6Address spoke_as;  // the source of its advertisements; unspecified: it sent none since it is up
    // §6.2.8: as whom it spoke before, while it says goodbye as that.
    struct Former {
      Ipv6Address source;
      AdvertisementSchedule schedule;
    };
    std::optional<Former> former;
    std::vector<Contradiction> contradictions;  // that are on record
  };
  Advertiser* find(const Ip6Interface* interface);
  void start_if_ready(Advertiser& advertiser);
  void set_variables(const Advertiser& advertiser);
  void review_egress(Advertiser& advertiser);
  static std::vector<AdvertisedPrefix> configured_prefixes(const Advertiser& advertiser);
  std::vector<AdvertisedPrefix> prefixes_of(const Advertiser& advertiser) const;
  void tell_listeners(const EthernetInterface& interface);
  void on_solicitation(Advertiser& advertiser, const Datagram& datagram);
  void on_advertisement(Advertiser& advertiser, const Datagram& datagram);
  void change_source(Advertiser& advertiser);
  void send(const Advertiser& advertiser, const Ipv6Address& source, const Ipv6Address& destination, bool final);
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  RawSocket socket_;
  std::map<std::uint32_t, Advertiser> advertisers_;  // by interface index
  std::vector<AdvertisingListener*> listeners_;
  std::set<std::uint32_t> mobile_router_support_;  // interface indices
  std::vector<Ipv6Prefix> withheld_;
  Counters counters_;
  Timer timer_;
};

}  // namespace kamesim
