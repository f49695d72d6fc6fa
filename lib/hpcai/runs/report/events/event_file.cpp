#include "hpcai/runs/report/events/event_file.h"

#include <bit>
#include <type_traits>

#include "hpcai/runs/report/events/crc32c.h"

namespace hpcai::runs::report {
namespace {

// The wire types of protocol buffers.
enum class Wire : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

template <class Number>
std::string little_endian(Number number) {
  static_assert(std::is_unsigned_v<Number>);
  std::string bytes;
  for (size_t i = 0; i < sizeof(Number); ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7F) | 0x80);
  return bytes + static_cast<char>(number);
}

std::string key(uint64_t field, Wire wire) { return varint(field << 3 | static_cast<uint64_t>(wire)); }

std::string bytes_field(uint64_t field, std::string_view bytes) {
  return (key(field, Wire::bytes) + varint(bytes.size())).append(bytes);
}

std::string double_field(uint64_t field, double number) {
  return key(field, Wire::fixed64) + little_endian(std::bit_cast<uint64_t>(number));
}

std::string float_field(uint64_t field, float number) {
  return key(field, Wire::fixed32) + little_endian(std::bit_cast<uint32_t>(number));
}

std::string event(const Scalar& scalar) {
  const std::string value = bytes_field(1, scalar.tag) + float_field(2, static_cast<float>(scalar.value));
  return double_field(1, scalar.time_s) + key(2, Wire::varint) + varint(static_cast<uint64_t>(scalar.step)) +
         bytes_field(5, bytes_field(1, value));
}

}  // namespace

std::string tf_record(std::string_view content) {
  const std::string length = little_endian(static_cast<uint64_t>(content.size()));
  return (length + little_endian(masked_crc32c(length))).append(content) + little_endian(masked_crc32c(content));
}

std::string event_file(double time_s, const std::vector<Scalar>& scalars) {
  std::string file = tf_record(double_field(1, time_s) + bytes_field(3, "brain.Event:2"));
  for (const Scalar& scalar : scalars) file += tf_record(event(scalar));
  return file;
}

}  // namespace hpcai::runs::report
