#include "protocols/wire/icmp4.h"

#include "protocols/wire/checksum.h"
#include "protocols/wire/ipv4_header.h"

namespace kamesim {

namespace {

constexpr std::uint8_t code_of(Icmp4UnreachableCode code) { return static_cast<std::uint8_t>(code); }

Icmp4UnreachableCode unreachable_code(DestinationUnreachableCode code) {
  switch (code) {
    case DestinationUnreachableCode::NoRoute: return Icmp4UnreachableCode::Network;
    case DestinationUnreachableCode::PortUnreachable: return Icmp4UnreachableCode::Port;
    case DestinationUnreachableCode::BeyondScopeOfSourceAddress:
    case DestinationUnreachableCode::AddressUnreachable: return Icmp4UnreachableCode::Host;
    case DestinationUnreachableCode::AdministrativelyProhibited:
    case DestinationUnreachableCode::SourceAddressFailedPolicy:
    case DestinationUnreachableCode::RejectRoute: return Icmp4UnreachableCode::AdministrativelyProhibited;
  }
  return Icmp4UnreachableCode::Host;
}

std::optional<Icmp6Error> unreachable(const Icmp4View& message) {
  using To = DestinationUnreachableCode;
  const Bytes packet = message.data();
  switch (message.code()) {
    case 0: case 5: case 6: case 11: return Icmp6Error::destination_unreachable(To::NoRoute, packet);
    case 1: case 7: case 8: case 12: return Icmp6Error::destination_unreachable(To::AddressUnreachable, packet);
    case 2:
      return Icmp6Error::parameter_problem(ParameterProblemCode::UnrecognizedNextHeader, kIpv4ProtocolOffset, packet);
    case 3: return Icmp6Error::destination_unreachable(To::PortUnreachable, packet);
    case 4: return Icmp6Error::packet_too_big(message.rest() & 0xffff, packet);  // RFC 1191 §4
    case 9: case 10: case 13: case 14: case 15:
      return Icmp6Error::destination_unreachable(To::AdministrativelyProhibited, packet);
    default: return std::nullopt;
  }
}

}  // namespace

Parsed<Icmp4View> Icmp4View::check(Bytes message) {
  if (message.size() < kIcmp4HeaderSize) return drop(kIcmp4Truncated);
  if (internet_checksum(message) != 0) return drop(kIcmp4BadChecksum);
  return Icmp4View(message);
}

Icmp4Error in_words_of_icmp4(const Icmp6Error& error) {
  switch (error.type) {
    case Icmp6Type::PacketTooBig:
      return {Icmp4Type::DestinationUnreachable, code_of(Icmp4UnreachableCode::FragmentationNeeded),
              error.parameter & 0xffff};
    case Icmp6Type::TimeExceeded: return {Icmp4Type::TimeExceeded, error.code};
    case Icmp6Type::ParameterProblem:
      if (static_cast<ParameterProblemCode>(error.code) == ParameterProblemCode::UnrecognizedNextHeader) {
        return {Icmp4Type::DestinationUnreachable, code_of(Icmp4UnreachableCode::Protocol)};
      }
      return {Icmp4Type::ParameterProblem, 0, error.parameter << 24};
    default:
      return {Icmp4Type::DestinationUnreachable,
              code_of(unreachable_code(static_cast<DestinationUnreachableCode>(error.code)))};
  }
}

std::optional<Icmp6Error> in_words_of_icmp6(const Icmp4View& message) {
  switch (message.type()) {
    case Icmp4Type::DestinationUnreachable: return unreachable(message);
    case Icmp4Type::TimeExceeded:
      if (message.code() > 1) return std::nullopt;
      return Icmp6Error::time_exceeded(static_cast<TimeExceededCode>(message.code()), message.data());
    case Icmp4Type::ParameterProblem:
      return Icmp6Error::parameter_problem(ParameterProblemCode::ErroneousHeaderField, message.rest() >> 24,
                                           message.data());
    default: return std::nullopt;
  }
}

std::uint32_t plateau_below(std::uint32_t total_length) {
  for (const std::uint32_t plateau : {32000u, 17914u, 8166u, 4352u, 2002u, 1492u, 1006u, 508u, 296u}) {
    if (plateau < total_length) return plateau;
  }
  return kIpv4MinimumMtu;
}

void fill_icmp4_checksum(MutableBytes message) {
  store_be16(message.data() + kIcmp4ChecksumOffset, 0);
  store_be16(message.data() + kIcmp4ChecksumOffset, internet_checksum(message));
}

}  // namespace kamesim
