// A link's note of a frame under way.
#pragma once

#include "sim/event.h"
#include "sim/packet.h"
#include "sim/time.h"

namespace kamesim {

// In the frame's own buffer (Packet::room), which the receiver will need anyway; but for frames that are lost or shared.
struct UnderWay {
  UnderWay* next;
  Packet frame;    // empty: lost
  EventKey arrival;
  Time departure;  // when its last bit has left the port
};
static_assert(sizeof(UnderWay) <= PacketBuffer::kRoom);

}  // namespace kamesim
