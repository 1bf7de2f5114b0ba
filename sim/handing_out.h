// Marks that a medium is handing out a frame. Receivers may attach and detach NICs meanwhile, and may throw, so what
// the medium walks over is not erased while the count is above 0.
#pragma once

namespace kamesim {

template <typename Count>
class HandingOut {
 public:
  explicit HandingOut(Count& count) : count_(count) { ++count_; }
  ~HandingOut() { --count_; }
  HandingOut(const HandingOut&) = delete;
  HandingOut& operator=(const HandingOut&) = delete;

 private:
  Count& count_;
};

}  // namespace kamesim
