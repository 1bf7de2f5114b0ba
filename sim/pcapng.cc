#include "sim/pcapng.h"

#include <cerrno>
#include <cstring>
#include <system_error>

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
  std::setvbuf(file_.get(), nullptr, _IOFBF, kBufferSize);
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
  begin_block(kEnhancedPacketBlock);
  put32(interfaces_.at(&nic));
  put32(static_cast<std::uint32_t>(ns >> 32));
  put32(static_cast<std::uint32_t>(ns));
  put32(static_cast<std::uint32_t>(frame.size()));  // captured
  put32(static_cast<std::uint32_t>(frame.size()));  // on the wire
  put_padded(frame);
  put_option(kEpbFlags, Bytes(reinterpret_cast<const std::uint8_t*>(&flags), sizeof flags));
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
  if (file_ != nullptr && std::fflush(file_.get()) != 0) fail("be written");
}

void PcapngWriter::close() {
  for (Nic*& nic : nics_) {
    if (nic != nullptr) nic->remove_observer(this);
    nic = nullptr;
  }
  interfaces_.clear();
  if (file_ != nullptr && std::fclose(file_.release()) != 0) fail("be written");
}

// A block (draft, 3.1): type, total length, body of whole 32-bit words, total length again.
void PcapngWriter::begin_block(std::uint32_t type) {
  block_.clear();
  put32(type);
  put32(0);
}

void PcapngWriter::end_block() {
  put32(kOptEndOfOpt);  // of length 0
  const auto length = static_cast<std::uint32_t>(block_.size() + sizeof(std::uint32_t));
  put32(length);
  std::memcpy(&block_[4], &length, sizeof length);
  if (std::fwrite(block_.data(), 1, block_.size(), file_.get()) != block_.size()) fail("be written");
}

// The section is in the byte order of this machine: the magic number tells readers.
void PcapngWriter::put16(std::uint16_t value) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(&value);
  block_.insert(block_.end(), p, p + sizeof value);
}

void PcapngWriter::put32(std::uint32_t value) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(&value);
  block_.insert(block_.end(), p, p + sizeof value);
}

void PcapngWriter::put_padded(Bytes bytes) {
  block_.insert(block_.end(), bytes.begin(), bytes.end());
  block_.resize((block_.size() + 3) & ~std::size_t{3});
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
