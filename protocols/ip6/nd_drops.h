// Why Neighbor Discovery discards packets, and valid messages, for reasons of its state. What makes a message
// invalid as such is in protocols/wire/nd.h.
#pragma once

#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kNdRemoved{"nd.neighbor_removed", "the entry was removed by hand"};
inline constexpr DropInfo kNdQueueOverflow{"nd.queue_overflow", "RFC 4861 §7.2.2"};
inline constexpr DropInfo kNdUnresolved{"nd.address_unreachable", "RFC 4861 §7.2.2"};
inline constexpr DropInfo kNdUnreachable{"nd.neighbor_unreachable", "RFC 4861 §7.3.3"};
inline constexpr DropInfo kNdCacheFull{"nd.cache_full", "the node's limit on neighbours"};
inline constexpr DropInfo kNdLinkDown{"nd.link_down", "the link is down"};
inline constexpr DropInfo kNdNotOurTarget{"nd.not_our_target", "RFC 4861 §7.2.3"};
inline constexpr DropInfo kNdTentativeTarget{"nd.tentative_target", "RFC 4862 §5.4.3"};
inline constexpr DropInfo kNdFragmented{"nd.fragmented", "RFC 6980 §5"};
inline constexpr DropInfo kNdLoopedBack{"nd.dad_looped_back", "RFC 7527 §4.2"};
inline constexpr DropInfo kNdOwnSource{"nd.own_source", "RFC 4862 §5.4.4: the sender uses an address of this node"};
inline constexpr DropInfo kNdOwnTarget{"nd.own_target", "RFC 4862 §5.4.4"};
inline constexpr DropInfo kNdNoEntry{"nd.no_entry", "RFC 4861 §7.2.5"};
inline constexpr DropInfo kNdNoLinkLayerAddress{"nd.no_link_layer_address", "RFC 4861 §7.2.5"};
inline constexpr DropInfo kNdGroupLinkLayerAddress{"nd.group_link_layer_address", "RFC 2464 §6: not a station's"};
inline constexpr DropInfo kNdTooManyDelayed{"nd.too_many_delayed", "the node's limit on delayed advertisements"};
inline constexpr DropInfo kNdSolicitationToHost{"nd.router_solicitation_to_host", "RFC 4861 §6.2.6"};
inline constexpr DropInfo kNdTooManyRouters{"nd.too_many_routers", "the node's limit on default routers"};
inline constexpr DropInfo kNdTooManyRoutes{"nd.too_many_routes", "the node's limit on Route Information options"};
inline constexpr DropInfo kNdTooManyPrefixes{"nd.too_many_prefixes", "the node's limit on prefixes"};
inline constexpr DropInfo kNdTooManyAddresses{"nd.too_many_addresses", "the node's limit on addresses"};
inline constexpr DropInfo kNdBadAutonomousPrefix{"nd.bad_autonomous_prefix", "RFC 4862 §5.5.3 c, d"};
inline constexpr DropInfo kNdBadMtu{"nd.bad_mtu", "RFC 4861 §6.3.4"};
inline constexpr DropInfo kNdRedirectToRouter{"nd.redirect_to_router", "RFC 4861 §8.2"};
inline constexpr DropInfo kNdRedirectRefused{"nd.redirect_refused", "redirects are not accepted here"};
inline constexpr DropInfo kNdNotFirstHop{"nd.redirect_not_from_first_hop", "RFC 4861 §8.1"};

}  // namespace kamesim
