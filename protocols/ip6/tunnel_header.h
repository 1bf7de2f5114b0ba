// What the two ends of a tunnel do to the fields of IP headers that IPv4 and IPv6 have in common: congestion marks (RFC
// 6040), differentiated services (RFC 2983). Nothing here knows a version of IP.
#pragma once

#include <cstdint>
#include <optional>

namespace kamesim {

enum class EcnField : std::uint8_t { NotEct = 0b00, Ect1 = 0b01, Ect0 = 0b10, Ce = 0b11 };  // RFC 3168 §5
inline constexpr std::uint8_t kEcnMask = 0b11;

// RFC 6040 §4.1: how the ECN field of the outer header comes about.
enum class TunnelEcn : std::uint8_t {
  Normal,         // it is the inner's
  Compatibility,  // Not-ECT, for exits that know nothing of it
};

// RFC 2983 §4: whose DSCP goes on behind the exit.
enum class TunnelDscp : std::uint8_t {
  Pipe,     // the inner's (§3.2)
  Uniform,  // the outer's (§3.1): what was changed on the way through the tunnel counts
};

// The traffic class of the outer header. `configured`: left out, the DSCP is the inner's (RFC 2473 §6.4).
constexpr std::uint8_t traffic_class_into_tunnel(std::uint8_t inner, std::optional<std::uint8_t> configured,
                                                 TunnelEcn mode) {
  const auto dscp = static_cast<std::uint8_t>(configured.value_or(inner) & ~kEcnMask);
  return mode == TunnelEcn::Compatibility ? dscp : static_cast<std::uint8_t>(dscp | (inner & kEcnMask));
}

// What becomes of a pair of ECN fields at the exit (RFC 6040 §4.2).
enum class EcnAlarm : std::uint8_t {
  None,
  Log,    // "(!)": a combination that is unused, and may have a use one day
  Alarm,  // "(!!!)": unused, and potentially dangerous
};
struct EcnOutcome {
  std::optional<EcnField> leaves;  // empty: the packet is dropped
  EcnAlarm alarm = EcnAlarm::None;
};

// RFC 6040 §4.2, figure 4; rows and columns in the order of the codepoints, so that the two of ECT stand the other way
// round than in the figure.
inline constexpr EcnOutcome kEcnOutOfTunnel[4][4] = {
    // outer:
    // Not-ECT             ECT(1)                                 ECT(0)                                 CE
    {{EcnField::NotEct}, {EcnField::NotEct, EcnAlarm::Alarm}, {EcnField::NotEct, EcnAlarm::Alarm}, {{}, EcnAlarm::Alarm}},
    /* ECT(1) */ {{EcnField::Ect1}, {EcnField::Ect1}, {EcnField::Ect1, EcnAlarm::Log}, {EcnField::Ce}},
    /* ECT(0) */ {{EcnField::Ect0}, {EcnField::Ect1}, {EcnField::Ect0}, {EcnField::Ce}},
    /* CE */     {{EcnField::Ce}, {EcnField::Ce, EcnAlarm::Alarm}, {EcnField::Ce}, {EcnField::Ce}},
};

constexpr EcnOutcome ecn_out_of_tunnel(std::uint8_t inner_class, std::uint8_t outer_class) {
  return kEcnOutOfTunnel[inner_class & kEcnMask][outer_class & kEcnMask];
}

constexpr std::uint8_t traffic_class_out_of_tunnel(std::uint8_t inner, std::uint8_t outer, EcnField ecn,
                                                   TunnelDscp model) {
  const std::uint8_t dscp = (model == TunnelDscp::Uniform ? outer : inner) & ~kEcnMask;
  return static_cast<std::uint8_t>(dscp | static_cast<std::uint8_t>(ecn));
}

}  // namespace kamesim
