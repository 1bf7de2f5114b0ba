// Neighbor Discovery messages (RFC 4861 §4, RFC 6275 §7.1, RFC 4191 §2.2). Their options are in nd_options.h.
//
// `check` applies every validity rule of RFC 4861 that needs no state. The ICMPv6 checksum has been verified before.
// `emit` writes a message up to its options and leaves the checksum zero; options are emitted behind it:
//   emit(out, NeighborSolicitation{target});
//   emit(out, SourceLinkLayerAddress{mac});
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kNdBadHopLimit{"nd.bad_hop_limit", "RFC 4861 §6.1, §7.1, §8.1"};
inline constexpr DropInfo kNdBadCode{"nd.bad_code", "RFC 4861 §6.1, §7.1, §8.1"};
inline constexpr DropInfo kNdTruncated{"nd.truncated", "RFC 4861 §6.1, §7.1, §8.1"};
inline constexpr DropInfo kNdUnspecifiedSourceWithAddress{"nd.unspecified_source_with_address",
                                                          "RFC 4861 §6.1.1, §7.1.1"};
inline constexpr DropInfo kNdUnspecifiedSourceToOther{"nd.unspecified_source_to_other", "RFC 4861 §7.1.1"};
inline constexpr DropInfo kNdSourceNotLinkLocal{"nd.source_not_link_local", "RFC 4861 §6.1.2, §8.1"};
inline constexpr DropInfo kNdMulticastTarget{"nd.multicast_target", "RFC 4861 §7.1"};
inline constexpr DropInfo kNdMulticastSolicited{"nd.multicast_solicited", "RFC 4861 §7.1.2"};
inline constexpr DropInfo kNdMulticastRedirect{"nd.multicast_redirect", "RFC 4861 §8.1"};
inline constexpr DropInfo kNdBadRedirectTarget{"nd.bad_redirect_target", "RFC 4861 §8.1"};

// RFC 4861 §3.1: "By setting the Hop Limit to 255, Neighbor Discovery is immune to off-link senders".
inline constexpr std::uint8_t kNdHopLimit = 255;

// What the rules ask of the IPv6 header.
struct NdContext {
  Ipv6Address source;
  Ipv6Address destination;
  std::uint8_t hop_limit;
};

struct RouterSolicitation {};

struct RouterAdvertisement {
  std::optional<std::uint8_t> cur_hop_limit;  // empty: unspecified
  bool managed = false;                       // M
  bool other_configuration = false;           // O
  bool home_agent = false;                    // H, RFC 6275 §7.1
  RouterPreference preference = RouterPreference::Medium;  // Prf, RFC 4191 §2.2
  bool proxy = false;                         // P, RFC 4389 §4.1.3.3
  Duration router_lifetime;                   // zero: not a default router
  std::optional<Duration> reachable_time;     // empty: unspecified
  std::optional<Duration> retrans_timer;
};

struct NeighborSolicitation {
  Ipv6Address target;
};

struct NeighborAdvertisement {
  Ipv6Address target;
  bool router = false;     // R
  bool solicited = false;  // S
  bool override = false;   // O
};

struct Redirect {
  Ipv6Address target;
  Ipv6Address destination;
};

// A message that has passed its checks; the views below add their fields.
class NdMessageView {
 public:
  NdOptions options() const { return options_; }

 protected:
  NdMessageView(Bytes message, const NdOptions& options) : message_(message), options_(options) {}
  Ipv6Address address_at(std::size_t offset) const { return Ipv6Address::from_bytes(message_.data() + offset); }

  Bytes message_;
  NdOptions options_;
};

class RouterSolicitationView : public NdMessageView {
 public:
  static Parsed<RouterSolicitationView> check(Bytes message, const NdContext& ip);  // RFC 4861 §6.1.1

 private:
  using NdMessageView::NdMessageView;
};

class RouterAdvertisementView : public NdMessageView {
 public:
  static Parsed<RouterAdvertisementView> check(Bytes message, const NdContext& ip);  // RFC 4861 §6.1.2
  RouterAdvertisement value() const;

 private:
  using NdMessageView::NdMessageView;
};

class NeighborSolicitationView : public NdMessageView {
 public:
  static Parsed<NeighborSolicitationView> check(Bytes message, const NdContext& ip);  // RFC 4861 §7.1.1
  Ipv6Address target() const { return address_at(8); }
  NeighborSolicitation value() const { return {target()}; }

 private:
  using NdMessageView::NdMessageView;
};

class NeighborAdvertisementView : public NdMessageView {
 public:
  static Parsed<NeighborAdvertisementView> check(Bytes message, const NdContext& ip);  // RFC 4861 §7.1.2
  bool router() const { return (message_[4] & 0x80) != 0; }
  bool solicited() const { return (message_[4] & 0x40) != 0; }
  bool override() const { return (message_[4] & 0x20) != 0; }
  Ipv6Address target() const { return address_at(8); }
  NeighborAdvertisement value() const { return {target(), router(), solicited(), override()}; }

 private:
  using NdMessageView::NdMessageView;
};

class RedirectView : public NdMessageView {
 public:
  // RFC 4861 §8.1, but for "the source is the current first-hop router", which the host knows.
  static Parsed<RedirectView> check(Bytes message, const NdContext& ip);
  Ipv6Address target() const { return address_at(8); }
  Ipv6Address destination() const { return address_at(24); }
  Redirect value() const { return {target(), destination()}; }

 private:
  using NdMessageView::NdMessageView;
};

void emit(ByteWriter& out, const RouterSolicitation& message);
void emit(ByteWriter& out, const RouterAdvertisement& message);
void emit(ByteWriter& out, const NeighborSolicitation& message);
void emit(ByteWriter& out, const NeighborAdvertisement& message);
void emit(ByteWriter& out, const Redirect& message);

}  // namespace kamesim
