// Scripts of setkey's language and policy strings: what is read is written, and read again as the same.
#include <string_view>
#include <vector>

#include "protocols/ipsec/setkey.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

// Every name is that of a host, of two addresses if it is a short one.
std::vector<kamesim::Ipv6Address> addresses_of(std::string_view name) {
  using namespace kamesim::literals;
  if (name.size() > 4) return {"2001:db8::1"_ip6};
  return {"2001:db8::2"_ip6, "::ffff:192.0.2.2"_ip6};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  using namespace kamesim::ipsec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto policy = parse_policy(text)) {
    const auto again = parse_policy(to_text(*policy));
    fuzz::require(again && *again == *policy, "a policy string is read as it was written");
  }
  const auto commands = parse_setkey(text, addresses_of);
  if (!commands) {
    fuzz::require(commands.error().line >= 1 && commands.error().column >= 1, "an error has a place");
    return 0;
  }
  for (const setkey::Command& command : *commands) {
    std::string written;
    if (const auto* add = std::get_if<setkey::Add>(&command.what)) written = to_setkey(add->parameters);
    if (const auto* add = std::get_if<setkey::SpdAdd>(&command.what)) written = to_setkey(add->policy);
    if (written.empty()) continue;
    const auto again = parse_setkey(written);
    fuzz::require(again && again->size() == 1, "a command is read as it was written");
    std::string twice;
    if (const auto* add = std::get_if<setkey::Add>(&again->at(0).what)) twice = to_setkey(add->parameters);
    if (const auto* add = std::get_if<setkey::SpdAdd>(&again->at(0).what)) twice = to_setkey(add->policy);
    fuzz::require(twice == written, "a command is written as it was read");
  }
  return 0;
}
