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

constexpr std::size_t kBufferSize = 1 << 17;
constexpr std::size_t kLongestOption = 65535;

// To whole words.
std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

void write_padded(std::uint8_t* to, Bytes bytes) {
  constexpr std::uint32_t kZeros = 0;
  if (bytes.empty()) return;
  std::memcpy(to + padded(bytes.size()) - sizeof kZeros, &kZeros, sizeof kZeros);
  std::memcpy(to, bytes.data(), bytes.size());
}

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
  const auto [tap, is_new] = taps_.try_emplace(&nic, *this, nic, interfaces_);
  if (!is_new) return;
  ++interfaces_;
  begin_block(kInterfaceDescriptionBlock);
  put16(kLinkTypeEthernet);
  put16(0);  // reserved
  put32(0);  // snapshot length: no limit
  put_option(kIfName, nic.node().name() + ":" + nic.name());
  if (nic.medium() != nullptr) put_option(kIfDescription, "on " + nic.medium()->name() + " when added");
  put_option(kIfMacAddr, nic.mac().bytes());
  put_option(kIfTsResol, Bytes(&kNanoseconds, 1));
  end_block();
  nic.add_observer(&tap->second);
}

void PcapngWriter::write_frame(const Tap& tap, Direction direction, Time now, Bytes frame) {
  if (file_ == nullptr || (directions_ == CaptureDirections::kOutOnly && direction == Direction::kIn)) return;
  const std::uint64_t ns = epoch_ns_ + static_cast<std::uint64_t>(now.ns());
  const std::uint32_t flags = direction == Direction::kIn ? kInbound : kOutbound;
  const auto size = static_cast<std::uint32_t>(frame.size());
  const std::uint32_t head[] = {kEnhancedPacketBlock, 0, tap.interface_id,
                                static_cast<std::uint32_t>(ns >> 32), static_cast<std::uint32_t>(ns),
                                size /* captured */, size /* on the wire */};
  const std::uint32_t epb_flags[] = {kEpbFlags | std::uint32_t{sizeof flags} << 16, flags};
  block_ = filled_;
  std::uint8_t* const p = grow(sizeof head + padded(size) + sizeof epb_flags);
  std::memcpy(p, head, sizeof head);
  write_padded(p + sizeof head, frame);
  std::memcpy(p + sizeof head + padded(size), epb_flags, sizeof epb_flags);
  if (comment_) {
    const std::string comment = comment_(tap.nic, direction, now, frame);
    if (!comment.empty()) put_option(kOptComment, std::string_view(comment).substr(0, kLongestOption));
  }
  end_block();
  ++frames_;
}

void PcapngWriter::flush() {
  if (file_ != nullptr) write_out(filled_);
}

void PcapngWriter::close() {
  for (auto& [nic, tap] : taps_) tap.nic.remove_observer(&tap);
  taps_.clear();
  if (file_ == nullptr) return;
  write_out(filled_);
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
  std::uint8_t* const p = grow(2 * sizeof(std::uint32_t));
  const auto length = static_cast<std::uint32_t>(filled_ - block_);
  const std::uint32_t tail[] = {kOptEndOfOpt /* of length 0 */, length};
  std::memcpy(p, tail, sizeof tail);
  std::memcpy(&buffer_[block_ + sizeof length], &length, sizeof length);
  if (filled_ >= kBufferSize) write_out(filled_ - filled_ % kBufferSize);
}

// The first bytes of the buffer. In steps of its size, so that each write is of whole pages of the file.
void PcapngWriter::write_out(std::size_t size) {
  const std::size_t left = filled_ - size;
  filled_ = 0;
  if (std::fwrite(buffer_.data(), 1, size, file_.get()) != size) fail("be written");
  std::memmove(buffer_.data(), buffer_.data() + size, left);
  filled_ = left;
}

void PcapngWriter::put_padded(Bytes bytes) { write_padded(grow(padded(bytes.size())), bytes); }

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
