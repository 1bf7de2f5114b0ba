// Why TCP discards a segment, by the rule that asks for it.
#pragma once

#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kTcpTruncated{"tcp.truncated", "RFC 9293 §3.1"};
inline constexpr DropInfo kTcpBadDataOffset{"tcp.bad_data_offset", "RFC 9293 §3.1"};
inline constexpr DropInfo kTcpBadChecksum{"tcp.bad_checksum", "RFC 9293 §3.1"};
inline constexpr DropInfo kTcpBadOption{"tcp.bad_option", "RFC 9293 §3.2"};
inline constexpr DropInfo kTcpPortZero{"tcp.port_zero", "RFC 6335 §6"};
inline constexpr DropInfo kTcpNotUnicast{"tcp.not_unicast", "RFC 9293 §3.9.2.3"};
inline constexpr DropInfo kTcpAnycast{"tcp.anycast", "RFC 4291 §2.6"};
inline constexpr DropInfo kTcpToItself{"tcp.to_itself", "RFC 4987 §2.2"};
inline constexpr DropInfo kTcpNoConnection{"tcp.no_connection", "RFC 9293 §3.10.7.1"};
inline constexpr DropInfo kTcpListenReset{"tcp.listen_reset", "RFC 9293 §3.10.7.2"};
inline constexpr DropInfo kTcpListenAck{"tcp.listen_ack", "RFC 9293 §3.10.7.2"};
inline constexpr DropInfo kTcpListenNoSyn{"tcp.listen_no_syn", "RFC 9293 §3.10.7.2"};
inline constexpr DropInfo kTcpListenOverflow{"tcp.listen_overflow", "RFC 4987 §3"};
inline constexpr DropInfo kTcpBadCookie{"tcp.bad_cookie", "RFC 4987 §3.6"};
inline constexpr DropInfo kTcpBadAckInSynSent{"tcp.bad_ack_in_syn_sent", "RFC 9293 §3.10.7.3"};
inline constexpr DropInfo kTcpResetInSynSent{"tcp.reset_in_syn_sent", "RFC 9293 §3.10.7.3"};
inline constexpr DropInfo kTcpNoSynInSynSent{"tcp.no_syn_in_syn_sent", "RFC 9293 §3.10.7.3"};
inline constexpr DropInfo kTcpPaws{"tcp.paws", "RFC 7323 §5.3"};
inline constexpr DropInfo kTcpNoTimestamp{"tcp.no_timestamp", "RFC 7323 §3.2"};
inline constexpr DropInfo kTcpOutOfWindow{"tcp.out_of_window", "RFC 9293 §3.10.7.4"};
inline constexpr DropInfo kTcpResetNotNext{"tcp.reset_not_next", "RFC 5961 §3.2"};
inline constexpr DropInfo kTcpSynOnConnection{"tcp.syn_on_connection", "RFC 5961 §4.2"};
inline constexpr DropInfo kTcpNoAck{"tcp.no_ack", "RFC 9293 §3.10.7.4"};
inline constexpr DropInfo kTcpAckOutOfRange{"tcp.ack_out_of_range", "RFC 5961 §5.2"};
inline constexpr DropInfo kTcpDataAfterClose{"tcp.data_after_close", "RFC 9293 §3.6.1"};
inline constexpr DropInfo kTcpReassemblyFull{"tcp.reassembly_full", "RFC 9293 §3.10.7.4"};
inline constexpr DropInfo kTcpErrorNotOurs{"tcp.icmp_error_not_ours", "RFC 5927 §4.1"};

}  // namespace kamesim
