// Captures frames to a pcapng file (draft-ietf-opsawg-pcapng), as Wireshark and tshark read it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/bytes.h"
#include "sim/nic.h"
#include "sim/time.h"

namespace kamesim {

// Which frames of a NIC are written. With every NIC of a network added, kOutOnly writes each frame once.
enum class CaptureDirections : std::uint8_t { kBoth, kOutOnly };

class PcapngWriter final {
 public:
  // What to note beside a frame; empty: nothing.
  using Comment = std::function<std::string(const Nic& nic, Direction direction, Time now, Bytes frame)>;

  // Creates the file, or empties it. Virtual time 0 is written as `epoch_seconds` after 1970-01-01 00:00 UTC.
  // Throws SimulationError, naming the path and the reason, if it cannot.
  explicit PcapngWriter(std::string path, CaptureDirections directions = CaptureDirections::kBoth,
                        std::uint32_t epoch_seconds = 0);
  // Closes; an error then goes unreported.
  ~PcapngWriter();
  PcapngWriter(const PcapngWriter&) = delete;
  PcapngWriter& operator=(const PcapngWriter&) = delete;

  // Captures the NIC's frames from now on, as the interface "node:nic". Adding it again does nothing. The NIC may
  // be destroyed before the writer.
  void add(Nic& nic);
  // Is asked for each frame from now on.
  void set_comment(Comment comment) { comment_ = std::move(comment); }

  // Writes are buffered. A failed one (of a frame, flush or close) throws SimulationError, once; later frames are
  // not written.
  void flush();
  // Stops capturing and closes the file. Closing again does nothing.
  void close();

  const std::string& path() const { return path_; }
  std::uint64_t frames() const { return frames_; }

 private:
  // What observes a NIC: it knows which interface of the file that is.
  struct Tap final : FrameObserver {
    Tap(PcapngWriter& w, Nic& n, std::uint32_t number) : writer(w), nic(n), interface_id(number) {}
    void on_frame(const Nic&, Direction direction, Time now, Bytes frame) override {
      writer.write_frame(*this, direction, now, frame);
    }
    void on_nic_destroyed(const Nic&) override { writer.taps_.erase(&nic); }  // and this with it

    PcapngWriter& writer;
    Nic& nic;
    const std::uint32_t interface_id;
  };

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void write_frame(const Tap& tap, Direction direction, Time now, Bytes frame);
  // What they put goes into the block under way.
  void begin_block(std::uint32_t type);
  void put16(std::uint16_t value) { put(&value, sizeof value); }
  void put32(std::uint32_t value) { put(&value, sizeof value); }
  void put(const void* bytes, std::size_t size) { std::memcpy(grow(size), bytes, size); }
  void put_padded(Bytes bytes);
  void put_option(std::uint16_t code, Bytes value);
  void put_option(std::uint16_t code, std::string_view text);
  void end_block();
  std::uint8_t* grow(std::size_t size) {
    if (filled_ + size > buffer_.size()) buffer_.resize(2 * (filled_ + size));
    filled_ += size;
    return buffer_.data() + filled_ - size;
  }
  void write_out(std::size_t size);
  [[noreturn]] void fail(const char* what);

  std::string path_;
  CaptureDirections directions_;
  std::uint64_t epoch_ns_;
  Comment comment_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<std::uint8_t> buffer_;  // blocks not yet written
  std::size_t filled_ = 0;            // of the buffer
  std::size_t block_ = 0;             // where the block under way begins in it
  std::unordered_map<const Nic*, Tap> taps_;
  std::uint32_t interfaces_ = 0;  // described so far
  std::uint64_t frames_ = 0;
};

}  // namespace kamesim
