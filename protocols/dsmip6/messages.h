// The Binding Update and Acknowledgement with the flag and the options of RFC 5555. `emit` leaves the checksum zero.
#pragma once

#include "protocols/dsmip6/options.h"
#include "protocols/mip6/messages.h"
#include "protocols/mip6/mobility_header.h"

namespace kamesim::dsmip6 {

struct DualStackBindingUpdate {
  BindingUpdate update;
  bool force_udp = false;  // F (§3.1.3)
  Options options;
  friend bool operator==(const DualStackBindingUpdate&, const DualStackBindingUpdate&) = default;
};

struct DualStackBindingAck {
  BindingAck ack;
  Options options;
  friend bool operator==(const DualStackBindingAck&, const DualStackBindingAck&) = default;
};

// The header is of the type.
DualStackBindingUpdate read_dual_stack_binding_update(const MobilityHeaderView& mh);
DualStackBindingAck read_dual_stack_binding_ack(const MobilityHeaderView& mh);

void emit(ByteWriter& out, const DualStackBindingUpdate& message);
void emit(ByteWriter& out, const DualStackBindingAck& message);

}  // namespace kamesim::dsmip6
