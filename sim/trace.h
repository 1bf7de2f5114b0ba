// What happens on a node besides frames: typed, timed records that experiments are read from. A kind is a
// constant next to the code that emits it; its identity is its address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/time.h"

namespace kamesim {

struct TraceKind {
  std::string_view name;  // "mip6.binding_update_sent"
};

using TraceValue = std::variant<std::int64_t, double, std::string>;

struct TraceField {
  std::string_view name;  // of static storage
  TraceValue value;
};

struct TraceRecord {
  Time time;
  const TraceKind* kind;
  std::vector<TraceField> fields;
};

}  // namespace kamesim
