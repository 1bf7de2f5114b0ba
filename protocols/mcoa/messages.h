// The Binding Update and Acknowledgement with the options of RFC 5648 and RFC 6089. `emit` leaves the checksum zero.
#pragma once

#include "protocols/mcoa/options.h"
#include "protocols/mip6/messages.h"
#include "protocols/mip6/mobility_header.h"

namespace kamesim::mcoa {

struct MultipleBindingUpdate {
  BindingUpdate update;
  bool overwrite = false;  // O (RFC 5648 §4.2)
  Options options;
  friend bool operator==(const MultipleBindingUpdate&, const MultipleBindingUpdate&) = default;
};

struct MultipleBindingAck {
  BindingAck ack;
  Options options;
  friend bool operator==(const MultipleBindingAck&, const MultipleBindingAck&) = default;
};

// RFC 5648 §4.3, §6.4: other messages with Binding Identifier options, which have no address there.
struct IdentifiedCareOfTestInit {
  CareOfTestInit test_init;
  std::optional<std::uint16_t> bid;
};
struct IdentifiedCareOfTest {
  CareOfTest test;
  std::optional<std::uint16_t> bid;
};
struct IdentifiedRefreshRequest {
  std::vector<std::uint16_t> bids;
};

// The header is of the type.
MultipleBindingUpdate read_multiple_binding_update(const MobilityHeaderView& mh);
MultipleBindingAck read_multiple_binding_ack(const MobilityHeaderView& mh);

void emit(ByteWriter& out, const MultipleBindingUpdate& message);
void emit(ByteWriter& out, const MultipleBindingAck& message);
void emit(ByteWriter& out, const IdentifiedCareOfTestInit& message);
void emit(ByteWriter& out, const IdentifiedCareOfTest& message);
void emit(ByteWriter& out, const IdentifiedRefreshRequest& message);

}  // namespace kamesim::mcoa
