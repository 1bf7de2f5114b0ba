#include "protocols/tcp/state.h"

#include <array>

namespace kamesim {

std::string_view to_string(TcpState state) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "CLOSED",     "LISTEN",     "SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
      "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",    "LAST-ACK",     "TIME-WAIT"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view to_string(TcpCloseReason reason) {
  static constexpr std::array<std::string_view, 6> kNames = {"finished",  "refused",     "reset",
                                                             "timed out", "unreachable", "aborted"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace kamesim
