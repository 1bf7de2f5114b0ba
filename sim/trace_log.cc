#include "sim/trace_log.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace kamesim {

namespace {

enum class Holds : std::uint8_t { Integer, Real, Text };

template <typename T>
void write(std::byte*& to, const T& value) {
  std::memcpy(to, &value, sizeof value);
  to += sizeof value;
}

template <typename T>
T read(const std::byte*& from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  from += sizeof value;
  return value;
}

// A record is time, kind and number of fields; a field is its name, what it holds, and that: a number's eight bytes, or
// length and bytes of a text.
constexpr std::size_t kHead = sizeof(Time) + sizeof(const TraceKind*) + sizeof(std::uint8_t);
constexpr std::size_t kFieldHead = sizeof(const char*) + sizeof(std::uint8_t) + sizeof(Holds);

std::size_t size_of(std::span<const TraceField> fields) {
  std::size_t size = kHead;
  for (const TraceField& field : fields) {
    const auto* text = std::get_if<std::string>(&field.value);
    size += kFieldHead + (text != nullptr ? sizeof(std::uint32_t) + text->size() : sizeof(std::int64_t));
  }
  return size;
}

void write_value(std::byte*& to, const TraceValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    write(to, Holds::Integer);
    write(to, *integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    write(to, Holds::Real);
    write(to, *real);
  } else {
    const auto& text = std::get<std::string>(value);
    write(to, Holds::Text);
    write(to, static_cast<std::uint32_t>(text.size()));
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  }
}

TraceValue read_value(const std::byte*& from) {
  switch (read<Holds>(from)) {
    case Holds::Integer: return read<std::int64_t>(from);
    case Holds::Real: return read<double>(from);
    case Holds::Text: break;
  }
  const auto size = read<std::uint32_t>(from);
  std::string text(reinterpret_cast<const char*>(from), size);
  from += size;
  return text;
}

}  // namespace

void TraceLog::add(Time time, const TraceKind& kind, std::span<const TraceField> fields) {
  const std::size_t before = packed_.size();
  packed_.resize(before + size_of(fields));
  std::byte* to = packed_.data() + before;
  write(to, time);
  write(to, &kind);
  write(to, static_cast<std::uint8_t>(fields.size()));
  for (const TraceField& field : fields) {
    write(to, field.name.data());
    write(to, static_cast<std::uint8_t>(field.name.size()));
    write_value(to, field.value);
  }
}

std::vector<TraceRecord> TraceLog::records() const {
  std::vector<TraceRecord> records;
  for (const std::byte *from = packed_.data(), *const end = from + packed_.size(); from != end;) {
    TraceRecord& record = records.emplace_back();
    record.time = read<Time>(from);
    record.kind = read<const TraceKind*>(from);
    record.fields.resize(read<std::uint8_t>(from));
    for (TraceField& field : record.fields) {
      const auto* name = read<const char*>(from);
      field.name = std::string_view(name, read<std::uint8_t>(from));
      field.value = read_value(from);
    }
  }
  return records;
}

}  // namespace kamesim
