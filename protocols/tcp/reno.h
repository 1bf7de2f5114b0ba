// The congestion control of RFC 5681: additive increase, halving.
#pragma once

#include "protocols/tcp/congestion_control.h"

namespace kamesim {

class Reno : public CongestionControl {
 public:
  static constexpr std::string_view kName = "reno";
  std::string_view name() const override { return kName; }
  bool recovers_by_partial_acks() const override { return false; }

 protected:
  // RFC 5681 §3.1: one segment a window; counted in octets, as RFC 3465 §2.1 does, so that acknowledgments that are
  // delayed do not slow it down.
  void avoid_congestion(const Acked& acked) override {
    counted_ += acked.octets;
    if (counted_ < cwnd()) return;
    counted_ -= cwnd();
    grow(mss());
  }
  std::uint64_t reduced(Time, std::uint64_t flight_size) override {
    counted_ = 0;
    return flight_size / 2;  // (4)
  }
  void on_restart() override { counted_ = 0; }

 private:
  std::uint64_t counted_ = 0;  // bytes_acked of RFC 3465
};

// The same window, with the recovery of RFC 6582.
class NewReno final : public Reno {
 public:
  static constexpr std::string_view kName = "newreno";
  std::string_view name() const override { return kName; }
  bool recovers_by_partial_acks() const override { return true; }
};

}  // namespace kamesim
