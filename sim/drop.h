// Why a packet was discarded. Each layer defines its own reasons next to the rule they stand for:
//   inline constexpr DropInfo kMhTruncated{"mip6.mh_truncated", "RFC 6275 §6.1.1"};
// A reason's identity is its address, so layers need no common list. Nodes count reasons by name.
#pragma once

#include <string_view>

#include <tl/expected.hpp>

namespace kamesim {

struct DropInfo {
  std::string_view name;  // "layer.reason"
  std::string_view rule;  // the RFC and section, or the property of the link
};

using DropReason = const DropInfo*;

// The answer of a parser: a checked view, or why the packet is discarded.
template <typename T>
using Parsed = tl::expected<T, DropReason>;

inline tl::unexpected<DropReason> drop(const DropInfo& info) { return tl::unexpected<DropReason>(&info); }

}  // namespace kamesim
