// How the databases are written in setkey's language.
#include <string>

#include "protocols/ipsec/setkey.h"

namespace kamesim::ipsec {

namespace {

const char* flag_of(EcnMode mode) {
  switch (mode) {
    case EcnMode::Rfc4301: return "";
    case EcnMode::Copy: return " -f ecn-copy";
    case EcnMode::Forbidden: return " -f ecn-forbidden";
    case EcnMode::Allowed: return " -f ecn-allowed";
  }
  return "";
}

const char* flag_of(Padding padding) {
  switch (padding) {
    case Padding::Sequential: return "";
    case Padding::Zero: return " -f zero-pad";
    case Padding::Random: return " -f random-pad";
  }
  return "";
}

std::string hexadecimal(std::uint32_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[value >> shift & 0xf];
  return text;
}

std::string option(const char* name, std::uint64_t value) {
  return value == 0 ? std::string() : std::string(" ") + name + " " + std::to_string(value);
}

std::string option(const char* name, Duration value) {
  return option(name, static_cast<std::uint64_t>(value / Duration::seconds(1)));
}

std::string with_key(const char* name, std::string_view algorithm, const Secret& key) {
  std::string text = std::string(" ") + name + " " + std::string(algorithm);
  return key.empty() ? text : text + " " + key_text(key.bytes());
}

}  // namespace

std::string key_text(Bytes key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x";
  for (const std::uint8_t octet : key) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 0xf];
  }
  return text;
}

std::string to_setkey(const SaParameters& p) {
  const bool udp = p.udp.enabled();
  const auto end = [&](const Ipv6Address& address, std::uint16_t port) {
    return ip_to_string(address) + (udp ? "[" + std::to_string(port) + "]" : "");
  };
  std::string text = "add " + end(p.address.source, p.udp.source_port) + " " +
                     end(p.address.destination, p.udp.destination_port) + " " +
                     (udp ? "esp-udp" : to_text(p.address.protocol)) + " " + hexadecimal(p.address.spi);
  text += std::string(" -m ") + to_text(p.mode);
  text += option("-u", std::uint64_t{p.reqid});
  text += option("-r", std::uint64_t{p.replay_window / 8});
  if (p.extended_sequence_numbers) text += " -f esn";
  text += p.cyclic_sequence ? " -f cyclic-seq" : " -f nocyclic-seq";
  text += std::string(flag_of(p.padding)) + flag_of(p.ecn);
  if (p.dscp) text += " -f dscp " + std::to_string(*p.dscp);
  if (p.dont_fragment == DontFragment::Clear) text += " -f clear-df";
  if (p.dont_fragment == DontFragment::Set) text += " -f set-df";
  text += option("-f tfc", std::uint64_t{p.tfc_pad_to}) + option("-f sequence", p.numbers_used);
  text += option("-lh", p.hard.since_added) + option("-ls", p.soft.since_added);
  text += option("-bh", p.hard.bytes) + option("-bs", p.soft.bytes);
  const bool encrypts = p.address.protocol == Protocol::Esp;
  if (encrypts) text += with_key("-E", algorithm(p.encryption).setkey, p.encryption_key);
  const bool null_integrity = p.integrity == Integrity::None && (encrypts || p.address.protocol == Protocol::IpComp);
  if (!null_integrity) text += with_key("-A", algorithm(p.integrity).setkey, p.integrity_key);
  if (p.address.protocol == Protocol::IpComp) text += " -C " + std::string(algorithm(p.compression).setkey);
  return text + " ;";
}

std::string to_setkey(const SecurityPolicy& policy) {
  const std::string about = policy.tag.empty() ? to_text(policy.selector) : "tagged \"" + policy.tag + "\"";
  const std::string name = policy.name.empty() ? "" : " name \"" + policy.name + "\"";
  return "spdadd " + about + name + " -P " + to_text(policy_text_of(policy)) + " ;";
}

}  // namespace kamesim::ipsec
