// The correspondent node daemon (KAME's cnd): RFC 6275 §9 on a socket. It decides nothing: that is the machine's.
#pragma once

#include "protocols/mcoa/multiple_correspondent.h"
#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/binding_error_sender.h"
#include "protocols/mip6/correspondent_registration.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "sim/timer.h"

namespace kamesim {

class CorrespondentDaemon final : public DatagramHandler, public MobilityListener {
 public:
  // On a home agent, Binding Updates with the H bit are the other daemon's.
  enum class HomeRegistrations { Refuse, LeaveToHomeAgent };

  CorrespondentDaemon(SocketLayer& sockets, MobilityKernel& kernel, BindingCache& cache,
                      const CorrespondentRegistrationConfig& config = {});
  ~CorrespondentDaemon();

  void set_home_registrations(HomeRegistrations what) { home_registrations_ = what; }

  void follow(const MobilityRules& rules) { machine_.follow(rules); }
  void set_multiple_care_of(mcoa::MultipleCorrespondentConfig::Policy policy) { multiple_.set_policy(policy); }
  const mcoa::CareOfBindings& bindings() const { return multiple_.bindings(); }  // those with BIDs (RFC 5648)

  void on_datagram(const Datagram& datagram) override;
  void on_binding_error_hint(const Ipv6Address& home, const Ipv6Address& care_of,
                             const Ipv6Address& destination) override;
  void on_unknown_message(const Ipv6Address& source, const Ipv6Address& destination,
                          std::optional<Ipv6Address> care_of) override;
  void on_care_of_unreachable(const Ipv6Address& home) override;

 private:
  void apply(const mcoa::MultipleCorrespondent::Output& out, const Datagram& datagram);
  void apply(const CorrespondentRegistration::Output& out, const Datagram* datagram);
  std::optional<std::uint16_t> bid_of(const Datagram& datagram) const;
  void on_timer();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  MobilitySocket socket_;
  RandomStream random_;
  CorrespondentRegistration machine_;
  mcoa::MultipleCorrespondent multiple_;
  BindingErrorSender errors_;
  HomeRegistrations home_registrations_ = HomeRegistrations::Refuse;
  Timer timer_;
};

}  // namespace kamesim
