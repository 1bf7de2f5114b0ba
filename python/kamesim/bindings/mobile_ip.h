// What the roles of Mobile IPv6 on a host share: the files bind_mip6.cc, bind_dsmip6.cc, bind_hmip6.cc
// and bind_fmip6.cc.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "protocols/host/home_prefixes.h"
#include "protocols/host/mobile_networks.h"
#include "protocols/mip6/mobile_ipv6.h"
#include "protocols/mip6/signalling_protection.h"
#include "protocols/mip6/specification.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

// The roles of a host, which it takes up again after a reboot.
class MobileIp {
 public:
  explicit MobileIp(Host& host) : host_(host) { start(); }

  MobileIpv6& now() const { return *running_; }
  Host& host() const { return host_; }
  // Of the first home address; null: not a mobile node.
  MobileNodeDaemon* mobile_node() const { return mobile_nodes_.empty() ? nullptr : mobile_nodes_.front().running; }

  void start_home_agent(const Interface& home_link, const HomeAgentConfig& config) {
    home_agent_.emplace(home_link, config);
    home_agent_->second.authentication = home_authentication_;
    home_agent_->second.authentication_required = authentication_required_;
    home_agent_->second.multiple_care_of = multiple_care_of_;
    home_agent_->second.dual_stack = dual_stack_home_agent_;
    home_agent_->second.registration.rules = rules_;
    home_agent_->second.multicast = multicast_;
    run_home_agent();
  }
  void start_mobile_node(const Interface& interface, const MobileNodeConfig& config) {
    MobileNodeRole& role = mobile_nodes_.emplace_back(MobileNodeRole{interface, config, {}});
    role.config.authentication = std::exchange(authentication_, std::nullopt);
    role.config.clock_offset = std::exchange(clock_offset_, Duration());
    const Detection detection = std::exchange(detection_, Detection());
    role.config.cell_switching = detection.cell_switching;
    role.config.on_link_up = detection.on_link_up;
    role.config.missed_advertisements = detection.missed_advertisements;
    role.config.dual_stack = std::exchange(dual_stack_node_, std::nullopt);
    role.config.rules = rules_;
    run(role);
  }

  // Of the home address that was started last, or that this home agent is to serve.
  void protect_mobile_node(const SignallingProtectionConfig& config) {
    MobileNodeRole& role = mobile_nodes_.back();
    role.protection = config;
    role.running->protect(host_.pfkey(), config);
  }
  void protect_home_agent(const Ipv6Address& home_address, const SignallingProtectionConfig& config) {
    const auto& added = protections_.emplace_back(home_address, config);
    now().home_agent()->protect(host_.pfkey(), added.first, added.second);
  }

  // This node's roles, but for those that are started already.
  void follow(MobilitySpecification specification) {
    rules_ = rules_of(specification);
    now().follow(rules_);
  }
  // RFC 6275 §11.5.1, of the mobile node that is started next.
  void detect_movement(bool eager, bool probe, int missed_advertisements) {
    detection_ = {eager ? MovementDetectorConfig::CellSwitching::Eager : MovementDetectorConfig::CellSwitching::Lazy,
                  probe ? MovementDetectorConfig::OnLinkUp::ProbeRouter : MovementDetectorConfig::OnLinkUp::Solicit,
                  missed_advertisements};
  }
  // RFC 4285, of the roles that are started after it.
  void authenticate_home(const Ipv6Address& home_address, const MobilitySecurityAssociation& association) {
    home_authentication_.emplace_back(home_address, association);
  }
  void require_authentication() { authentication_required_ = true; }
  // RFC 5648, RFC 6089, of a home agent that is started after it.
  void set_multiple_care_of(const mcoa::MultipleRegistrationConfig& config) { multiple_care_of_ = config; }
  // RFC 5648 §6, of the correspondent.
  void set_multiple_care_of(mcoa::MultipleCorrespondentConfig::Policy policy) {
    correspondent_policy_ = policy;
    now().set_multiple_care_of(policy);
  }
  // RFC 6275 §10.4.3, of a home agent that is started after it.
  void set_multicast(bool multicast) { multicast_ = multicast; }
  // RFC 5555, of a home agent that is started after it, or of the mobile node that is started next.
  void set_dual_stack(const dsmip6::DualStackHomeAgentConfig& config) { dual_stack_home_agent_ = config; }
  void set_dual_stack(const dsmip6::DualStackNodeConfig& config) { dual_stack_node_ = config; }
  void authenticate_mobile_node(const MobilitySecurityAssociation& association, std::int64_t clock_offset_ns) {
    authentication_ = association;
    clock_offset_ = Duration::nanoseconds(clock_offset_ns);
  }

  // In its present roles, as at boot.
  void start() {
    running_ = &host_.start<MobileIpv6>(host_.sockets());
    now().follow(rules_);
    now().set_multiple_care_of(correspondent_policy_);
    if (home_agent_) run_home_agent();
    for (const auto& [home, config] : protections_) now().home_agent()->protect(host_.pfkey(), home, config);
    for (MobileNodeRole& role : mobile_nodes_) run(role);
  }

 private:
  void run_home_agent() {
    const auto& [home_link, config] = *home_agent_;
    if (config.dual_stack) host_.ip4();
    HomeAgentDaemon& home_agent = now().start_home_agent(home_link.now(), config);
    host_.start<AdvertisedHomePrefixes>(host_.router_advertisements(), home_link.now(), home_agent);
  }

  struct Detection {
    MovementDetectorConfig::CellSwitching cell_switching = MovementDetectorConfig::CellSwitching::Lazy;
    MovementDetectorConfig::OnLinkUp on_link_up = MovementDetectorConfig::OnLinkUp::Solicit;
    int missed_advertisements = 2;
  };

  struct MobileNodeRole {
    Interface interface;
    MobileNodeConfig config;
    std::optional<SignallingProtectionConfig> protection;
    MobileNodeDaemon* running = nullptr;
  };

  void run(MobileNodeRole& role) {
    if (role.config.dual_stack) host_.ip4();
    role.running = &now().start_mobile_node(role.interface.now(), role.config);
    if (role.protection) role.running->protect(host_.pfkey(), *role.protection);
    if (role.config.mobile_router) {
      host_.start<AdvertisedMobileNetworks<MobileNodeDaemon>>(host_.router_advertisements(), *role.running);
    }
  }

  Host& host_;
  MobileIpv6* running_ = nullptr;
  MobilityRules rules_;
  std::optional<std::pair<Interface, HomeAgentConfig>> home_agent_;
  std::vector<MobileNodeRole> mobile_nodes_;  // one for each home address
  std::vector<std::pair<Ipv6Address, SignallingProtectionConfig>> protections_;
  std::vector<std::pair<Ipv6Address, MobilitySecurityAssociation>> home_authentication_;
  bool authentication_required_ = false;
  bool multicast_ = false;
  mcoa::MultipleRegistrationConfig multiple_care_of_;
  mcoa::MultipleCorrespondentConfig::Policy correspondent_policy_ = mcoa::MultipleCorrespondentConfig::Policy::Accept;
  std::optional<dsmip6::DualStackHomeAgentConfig> dual_stack_home_agent_;
  std::optional<dsmip6::DualStackNodeConfig> dual_stack_node_;
  std::optional<MobilitySecurityAssociation> authentication_;
  Duration clock_offset_;
  Detection detection_;
};

// Called by bind_mip6(), and by bind_mobile_ip().
void bind_dual_stack(py::class_<MobileIp>& mobile_ip);
void bind_hmip6(py::module_& m);
void bind_hierarchical_mobile_ip(py::class_<Host>& host);
void bind_fmip6(py::module_& m);
void bind_fast_handovers(py::class_<Host>& host);

}  // namespace kamesim::python
