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

// The header is of the type.
MultipleBindingUpdate read_multiple_binding_update(const MobilityHeaderView& mh);
MultipleBindingAck read_multiple_binding_ack(const MobilityHeaderView& mh);

void emit(ByteWriter& out, const MultipleBindingUpdate& message);
void emit(ByteWriter& out, const MultipleBindingAck& message);

}  // namespace kamesim::mcoa
