#include "protocols/wire/node_information.h"

#include <algorithm>

namespace kamesim {

namespace {

constexpr std::size_t kMaxLabel = 63;  // RFC 1035 §2.3.4
constexpr std::size_t kMaxName = 255;

std::uint8_t lower(std::uint8_t c) { return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c; }

bool equal_but_for_case(Bytes a, Bytes b) { return std::ranges::equal(a, b, {}, lower, lower); }

// RFC 4620 §4: labels without compression, then one zero octet or two. The size of the labels, or 0: it is no name.
std::size_t size_of_labels(Bytes name) {
  std::size_t at = 0;
  while (at < name.size() && name[at] != 0) {
    if (name[at] > kMaxLabel) return 0;
    at += 1 + std::size_t{name[at]};
  }
  return at < name.size() && at < kMaxName ? at : 0;
}

bool is_single_label(Bytes name, std::size_t labels) {
  return labels == 1 + std::size_t{name[0]} && name.size() == labels + 2 && name[labels + 1] == 0;
}

}  // namespace

std::vector<std::uint8_t> node_information_name(std::string_view name) {
  std::vector<std::uint8_t> wire;
  wire.reserve(name.size() + 3);
  const bool qualified = name.find('.') != std::string_view::npos;
  if (name.ends_with('.')) name.remove_suffix(1);
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t to = std::min(name.find('.', from), name.size());
    const std::string_view label = name.substr(from, to - from);
    if (label.empty() || label.size() > kMaxLabel) return {};
    wire.push_back(static_cast<std::uint8_t>(label.size()));
    wire.insert(wire.end(), label.begin(), label.end());
    from = to + 1;
  }
  wire.resize(wire.size() + (qualified ? 1 : 2));
  if (wire.size() > kMaxName) return {};
  return wire;
}

bool node_information_name_matches(Bytes subject, Bytes own) {
  const std::size_t labels = size_of_labels(subject);
  if (labels == 0 || own.empty()) return false;
  if (is_single_label(subject, labels)) {
    const std::size_t first = 1 + std::size_t{own[0]};
    return first == labels && equal_but_for_case(subject.first(labels), own.first(first));
  }
  return subject.size() == labels + 1 && equal_but_for_case(subject, own);
}

}  // namespace kamesim
