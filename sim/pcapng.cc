#include "sim/pcapng.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "sim/medium.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

// Sections of draft-ietf-opsawg-pcapng-02.
constexpr std::uint32_t kSectionHeaderBlock = 0x0a0d0d0a;     // 4.1
constexpr std::uint32_t kInterfaceDescriptionBlock = 1;       // 4.2
constexpr std::uint32_t kEnhancedPacketBlock = 6;             // 4.3
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;         // 4.1
constexpr std::uint16_t kLinkTypeEthernet = 1;
constexpr std::uint16_t kOptEndOfOpt = 0, kOptComment = 1;    // 3.5
constexpr std::uint16_t kShbOs = 3, kShbUserAppl = 4;         // 4.1
constexpr std::uint16_t kIfName = 2, kIfDescription = 3, kIfMacAddr = 6, kIfTsResol = 9;  // 4.2
constexpr std::uint8_t kNanoseconds = 9;                      // a negative power of ten
constexpr std::uint16_t kEpbFlags = 2;                        // 4.3
constexpr std::uint32_t kInbound = 1, kOutbound = 2;          // 4.3.1, bits 0-1

constexpr std::size_t kBufferSize = 65536;
constexpr std::size_t kLongestOption = 65535;

}  // namespace

PcapngWriter::PcapngWriter(std::string path, CaptureDirections directions, std::uint32_t epoch_seconds)
    : path_(std::move(path)),
      directions_(directions),
      epoch_ns_(std::uint64_t{epoch_seconds} * 1'000'000'000),
      file_(std::fopen(path_.c_str(), "wb")) {
  if (file_ == nullptr) fail("be opened");
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // the buffer is ours
  buffer_.resize(kBufferSize);
  begin_block(kSectionHeaderBlock);
  put32(kByteOrderMagic);
  put16(1);  // major and minor version
  put16(0);
  put32(0xffffffff);  // section length, 64 bits: not given
  put32(0xffffffff);
  put_option(kShbOs, "virtual nodes of kamesim");
  put_option(kShbUserAppl, "kamesim");
  end_block();
}

PcapngWriter::~PcapngWriter() {
  try {
    close();
  } catch (const SimulationError&) {
  }
}

void PcapngWriter::add(Nic& nic) {
  if (file_ == nullptr) throw SimulationError("capture '" + path_ + "' is closed");
  if (!interfaces_.emplace(&nic, static_cast<std::uint32_t>(nics_.size())).second) return;
  nics_.push_back(&nic);
  begin_block(kInterfaceDescriptionBlock);
  put16(kLinkTypeEthernet);
  put16(0);  // reserved
  put32(0);  // snapshot length: no limit
  put_option(kIfName, nic.node().name() + ":" + nic.name());
  if (nic.medium() != nullptr) put_option(kIfDescription, "on " + nic.medium()->name() + " when added");
  put_option(kIfMacAddr, nic.mac().bytes());
  put_option(kIfTsResol, Bytes(&kNanoseconds, 1));
  end_block();
  nic.add_observer(this);
}

void PcapngWriter::on_frame(const Nic& nic, Direction direction, Time now, Bytes frame) {
  if (file_ == nullptr || (directions_ == CaptureDirections::kOutOnly && direction == Direction::kIn)) return;
  const std::uint64_t ns = epoch_ns_ + static_cast<std::uint64_t>(now.ns());
  const std::uint32_t flags = direction == Direction::kIn ? kInbound : kOutbound;
  const auto size = static_cast<std::uint32_t>(frame.size());
  block_ = filled_;
  const std::uint32_t head[] = {kEnhancedPacketBlock, 0, interfaces_.find(&nic)->second,
                                static_cast<std::uint32_t>(ns >> 32), static_cast<std::uint32_t>(ns),
                                size /* captured */, size /* on the wire */};
  put(head, sizeof head);
  put_padded(frame);
  const std::uint32_t epb_flags[] = {kEpbFlags | std::uint32_t{sizeof flags} << 16, flags};
  put(epb_flags, sizeof epb_flags);
  if (comment_) {
    const std::string comment = comment_(nic, direction, now, frame);
    if (!comment.empty()) put_option(kOptComment, std::string_view(comment).substr(0, kLongestOption));
  }
  end_block();
  ++frames_;
}

void PcapngWriter::on_nic_destroyed(const Nic& nic) {
  const auto it = interfaces_.find(&nic);
  nics_[it->second] = nullptr;
  interfaces_.erase(it);
}

void PcapngWriter::flush() {
  if (file_ != nullptr) write_out();
}

void PcapngWriter::close() {
  for (Nic*& nic : nics_) {
    if (nic != nullptr) nic->remove_observer(this);
    nic = nullptr;
  }
  interfaces_.clear();
  if (file_ == nullptr) return;
  write_out();
  if (std::fclose(file_.release()) != 0) fail("be written");
}

// A block (draft, 3.1): type, total length, body of whole 32-bit words, total length again.
// The section is in the byte order of this machine: the magic number tells readers.
void PcapngWriter::begin_block(std::uint32_t type) {
  block_ = filled_;
  put32(type);
  put32(0);
}

void PcapngWriter::end_block() {
  put32(kOptEndOfOpt);  // of length 0
  const auto length = static_cast<std::uint32_t>(filled_ - block_ + sizeof(std::uint32_t));
  put32(length);
  std::memcpy(&buffer_[block_ + sizeof(std::uint32_t)], &length, sizeof length);
  if (filled_ >= kBufferSize) write_out();
}

void PcapngWriter::write_out() {
  const std::size_t size = std::exchange(filled_, 0);
  if (std::fwrite(buffer_.data(), 1, size, file_.get()) != size) fail("be written");
}

void PcapngWriter::put_padded(Bytes bytes) {
  const std::size_t padding = -bytes.size() & 3;
  std::uint8_t* p = grow(bytes.size() + padding);
  std::memcpy(p, bytes.data(), bytes.size());
  std::memset(p + bytes.size(), 0, padding);
}

void PcapngWriter::put_option(std::uint16_t code, Bytes value) {
  put16(code);
  put16(static_cast<std::uint16_t>(value.size()));
  put_padded(value);
}

void PcapngWriter::put_option(std::uint16_t code, std::string_view text) {
  put_option(code, Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void PcapngWriter::fail(const char* what) {
  const std::string reason = std::generic_category().message(errno);
  file_.reset();
  throw SimulationError("capture '" + path_ + "' cannot " + what + ": " + reason);
}

}  // namespace kamesim
