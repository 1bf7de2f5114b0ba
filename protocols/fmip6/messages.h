// The Mobility Header messages and options of fast handovers (RFC 5568 §6.2, §6.4.2, §6.4.4, §6.4.5).
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/mip6/messages.h"
#include "protocols/mip6/mobility_header.h"
#include "protocols/mip6/mobility_options.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

// RFC 5568 §11.
inline constexpr MhType kFastBindingUpdateType{8};
inline constexpr MhType kFastBindingAckType{9};
inline constexpr MhType kHandoverInitiateType{14};
inline constexpr MhType kHandoverAckType{15};
// For MobilityHeaderView::check().
inline constexpr std::uint32_t kFmip6Types = 1u << 8 | 1u << 9 | 1u << 14 | 1u << 15;

inline constexpr std::uint8_t kMhLinkLayerAddressOption = 7;    // §6.4.4
inline constexpr std::uint8_t kBindingAuthorizationFmip6 = 21;  // §6.4.5
// Deviation: §6.4.2 says 17, the type of the Neighbor Discovery option; §11 has the assignment.
inline constexpr std::uint8_t kMhIpAddressPrefixOption = 34;

// §6.4.5. SPI 0 is that of keys made by SEND (RFC 5269).
struct BindingAuthorizationDataFmip6 {
  std::uint32_t spi = 0;
  Authenticator authenticator{};
  friend bool operator==(const BindingAuthorizationDataFmip6&, const BindingAuthorizationDataFmip6&) = default;
};

struct FastBindingUpdate {  // §6.2.2
  SeqNum16 sequence{0};
  bool acknowledge = true;                        // A: MUST be one
  bool home_registration = true;                  // H: MUST be one
  bool link_local_address_compatibility = false;  // L
  bool key_management_mobility = false;           // K
  Duration lifetime;                              // zero: end the binding (§5.6)
  std::optional<Ipv6Address> alternate_care_of_address;  // the NCoA, from the PAR's link
  std::optional<MacAddress> mobile_node;                 // MH-LLA option
  std::optional<BindingAuthorizationDataFmip6> authorization;
  friend bool operator==(const FastBindingUpdate&, const FastBindingUpdate&) = default;
};

struct FastBindingAck {  // §6.2.3
  enum Status : std::uint8_t {
    Accepted = 0,
    AcceptedUseSupplied = 1,  // the NCoA is invalid; use the one in the Alternate Care-of Address option
    ReasonUnspecified = 128,
    AdministrativelyProhibited = 129,
    InsufficientResources = 130,
    IncorrectInterfaceIdentifierLength = 131,
  };
  std::uint8_t status = Accepted;
  bool key_management_mobility = false;  // K
  SeqNum16 sequence{0};
  Duration lifetime;
  std::optional<Ipv6Address> alternate_care_of_address;
  std::optional<BindingAuthorizationDataFmip6> authorization;
  bool accepted() const { return status < 128; }
  friend bool operator==(const FastBindingAck&, const FastBindingAck&) = default;
};

struct HandoverInitiate {  // §6.2.1.1
  std::uint16_t sequence = 0;
  bool assigned_address = false;  // S
  bool buffer = false;            // U
  std::uint8_t code = 0;          // 0: the FBU came from the PCoA; 1: it did not
  std::optional<MacAddress> mobile_node;
  std::optional<Ipv6Address> previous_care_of;
  std::optional<Ipv6Address> new_care_of;
  friend bool operator==(const HandoverInitiate&, const HandoverInitiate&) = default;
};

struct HandoverAck {  // §6.2.1.2
  enum Code : std::uint8_t {
    Accepted = 0,
    AcceptedNcoaInvalid = 1,
    AcceptedNcoaAssigned = 2,
    AcceptedUsePcoa = 3,
    Unsolicited = 4,
    ReasonUnspecified = 128,
    AdministrativelyProhibited = 129,
    InsufficientResources = 130,
  };
  std::uint16_t sequence = 0;
  std::uint8_t code = Accepted;
  std::optional<Ipv6Address> new_care_of;
  bool accepted() const { return code < 128; }
  friend bool operator==(const HandoverAck&, const HandoverAck&) = default;
};

// What is read of a message of the type, which MobilityHeaderView has checked.
FastBindingUpdate read_fast_binding_update(const MobilityHeaderView& mh);
FastBindingAck read_fast_binding_ack(const MobilityHeaderView& mh);
HandoverInitiate read_handover_initiate(const MobilityHeaderView& mh);
HandoverAck read_handover_ack(const MobilityHeaderView& mh);

// An authenticator that is in a message to send is the last of it; its value is put in afterwards.
void emit(ByteWriter& out, const FastBindingUpdate& message);
void emit(ByteWriter& out, const FastBindingAck& message);
void emit(ByteWriter& out, const HandoverInitiate& message);
void emit(ByteWriter& out, const HandoverAck& message);

}  // namespace kamesim
