// What IEEE 802.11 does to a frame on its way over the air: attempts, back-off, acknowledgments. A model of one
// sender at a time, without collisions: times and error rates, no frames of the protocol itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/drop.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kRadioRetryLimit{"radio.retry_limit", "IEEE 802.11-2020 §10.3.4.4, transmission attempts"};
inline constexpr DropInfo kRadioGroupFrameLost{"radio.group_frame_lost",
                                               "IEEE 802.11-2020 §10.3.6, no acknowledgment"};

// The OFDM PHY at 20 MHz in the 5 GHz band: IEEE 802.11-2020 Table 17-21 and §17.3.2.
struct Dcf {
  static constexpr Duration kSlot = 9_us;                     // aSlotTime
  static constexpr Duration kSifs = 16_us;                    // aSIFSTime
  static constexpr Duration kDifs = kSifs + 2 * kSlot;        // §10.3.2.3.5
  static constexpr std::uint64_t kMinWindow = 15;             // aCWmin
  static constexpr std::uint64_t kMaxWindow = 1023;           // aCWmax
  static constexpr Duration kPreamble = 20_us;                // training sequences and SIGNAL
  static constexpr Duration kAck = kPreamble + 8_us;          // 14 octets at 24 Mb/s: two symbols
  // MAC header, FCS and LLC/SNAP header in place of an Ethernet header.
  static constexpr std::size_t kExtraOctets = 24 + 4 + 8 - 14;

  unsigned retry_limit = 7;  // dot11ShortRetryLimit: attempts in all; from 1 on

  struct Sent {
    Duration time;  // of the channel, over all attempts
    unsigned attempts;
    bool delivered;
  };
  // A frame of so many octets (with its Ethernet header) whose attempts fail with probability `error`.
  Sent send(std::size_t octets, std::uint64_t rate_bps, double error, RandomStream& random) const;
  // One attempt that nobody acknowledges; whether it arrives is each receiver's luck.
  static Duration send_group_frame(std::size_t octets, std::uint64_t rate_bps, RandomStream& random);

  // The probability that an attempt fails whose signal is so many dB above the sensitivity. At the sensitivity 10 % of
  // frames of 1000 octets fail (IEEE 802.11-2020 §17.3.10.2); around it bits fail as those of BPSK in white noise
  // (Proakis, Digital Communications, 4th edition, 5.2): erfc(sqrt(SNR)) / 2.
  static double error_probability(double margin_db, std::size_t octets);
};

}  // namespace kamesim
