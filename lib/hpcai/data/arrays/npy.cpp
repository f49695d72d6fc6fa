#include "hpcai/data/arrays/npy.h"

#include <c10/util/Half.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::data {
namespace {

constexpr int64_t kMostValues = int64_t{1} << 46;
constexpr int64_t kLongestText = 1 << 16;  // characters

[[noreturn]] void refuse_npy(const std::string& where, const std::string& why, const std::string& remedy) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}", where, why), remedy);
}

[[noreturn]] void refuse_damaged_npy(const std::string& where, const std::string& why) {
  refuse_npy(where, "not a whole .npy array: " + why, "Write the file again with numpy.save or numpy.savez.");
}

std::optional<NpyType> type_of(std::string_view kind) {
  constexpr std::pair<std::string_view, NpyType> kTypes[] = {
      {"b1", NpyType::boolean}, {"i1", NpyType::int8},    {"i2", NpyType::int16},   {"i4", NpyType::int32},
      {"i8", NpyType::int64},   {"u1", NpyType::uint8},   {"u2", NpyType::uint16},  {"u4", NpyType::uint32},
      {"u8", NpyType::uint64},  {"f2", NpyType::float16}, {"f4", NpyType::float32}, {"f8", NpyType::float64}};
  for (const auto& [name, type] : kTypes) {
    if (name == kind) return type;
  }
  return std::nullopt;
}

// The text of the value of a key of the dictionary "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }".
std::string_view value_text(std::string_view header, std::string_view key, const std::string& where) {
  for (const char quote : {'\'', '"'}) {
    const std::string quoted = fmt::format("{0}{1}{0}", quote, key);
    const size_t at = header.find(quoted);
    if (at == std::string_view::npos) continue;
    std::string_view rest = trim(header.substr(at + quoted.size()));
    if (!rest.starts_with(':')) break;
    return trim(rest.substr(1));
  }
  refuse_damaged_npy(where, fmt::format("its header has no {}", key));
}

std::vector<int64_t> parse_shape(std::string_view text, const std::string& where) {
  std::vector<int64_t> shape;
  const size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) refuse_damaged_npy(where, "its header has no shape");
  int64_t values = 1;
  for (const std::string_view part : split(text.substr(1, end - 1), ',')) {
    std::string_view word = trim(part);
    if (word.ends_with('L')) word.remove_suffix(1);  // of Python 2
    if (word.empty()) continue;
    const auto extent = parse_number<int64_t>(word);
    if (!extent || *extent < 0) refuse_damaged_npy(where, "its header has no shape");
    if (*extent == 0) refuse_npy(where, "an array without values", "Give at least one row.");
    if (*extent > kMostValues / values) refuse_damaged_npy(where, "its shape is absurd");
    values *= *extent;
    shape.push_back(*extent);
  }
  if (shape.empty()) refuse_npy(where, "one number, not an array", "Rows are along the first dimension; give an array [n, ...].");
  return shape;
}

void parse_type(std::string_view text, const std::string& where, NpyHeader& header) {
  constexpr const char* kNumbersRemedy = "Save an array of numbers, such as array.astype(numpy.float32).";
  if (text.starts_with('[')) refuse_npy(where, "an array of records", "Save each field as an array of its own.");
  const char quote = text.empty() ? ' ' : text.front();
  const size_t end = text.find(quote, 1);
  if ((quote != '\'' && quote != '"') || end == std::string_view::npos || end < 2) {
    refuse_damaged_npy(where, "its header has no type");
  }
  const std::string_view word = text.substr(1, end - 1);
  const auto type = type_of(word.substr(1));
  if (word.substr(1).starts_with('O')) refuse_npy(where, "an array of Python objects, which are never loaded", kNumbersRemedy);
  if (!type || std::string_view("<>|=").find(word[0]) == std::string_view::npos) {
    refuse_npy(where, fmt::format("values of type {}, not real numbers", printable(word, 20)), kNumbersRemedy);
  }
  header.type = *type;
  header.big_endian = word[0] == '>';
}

// The dictionary of the header, and where the values begin.
std::pair<std::string_view, size_t> header_text(std::string_view start, const std::string& where) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (!start.starts_with(kMagic) || start.size() < 12) refuse_damaged_npy(where, "it does not begin with its signature");
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(start[at])); };
  const size_t version = byte(6);
  if (version < 1 || version > 3) refuse_damaged_npy(where, fmt::format("version {} of the format is not known", version));
  const size_t begin = version == 1 ? 10 : 12;
  const size_t length = byte(8) | byte(9) << 8 | (version == 1 ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > start.size() - begin) refuse_damaged_npy(where, "its header is too long, or the file ends in it");
  return {start.substr(begin, length), begin + length};
}

template <class Value, class Out>
void convert_values(const NpyHeader& header, const char* bytes, int64_t count, Out* out) {
  for (int64_t i = 0; i < count; ++i, bytes += sizeof(Value)) {
    char one[sizeof(Value)];
    std::memcpy(one, bytes, sizeof one);
    if (header.big_endian) std::reverse(one, one + sizeof one);
    Value value;
    std::memcpy(&value, one, sizeof value);
    out[i] = static_cast<Out>(value);
  }
}

template <class Out>
void convert_any(const NpyHeader& header, const char* bytes, int64_t count, Out* out) {
  switch (header.type) {
    case NpyType::boolean: return convert_values<uint8_t>(header, bytes, count, out);
    case NpyType::int8: return convert_values<int8_t>(header, bytes, count, out);
    case NpyType::int16: return convert_values<int16_t>(header, bytes, count, out);
    case NpyType::int32: return convert_values<int32_t>(header, bytes, count, out);
    case NpyType::int64: return convert_values<int64_t>(header, bytes, count, out);
    case NpyType::uint8: return convert_values<uint8_t>(header, bytes, count, out);
    case NpyType::uint16: return convert_values<uint16_t>(header, bytes, count, out);
    case NpyType::uint32: return convert_values<uint32_t>(header, bytes, count, out);
    case NpyType::uint64: return convert_values<uint64_t>(header, bytes, count, out);
    case NpyType::float16: return convert_values<c10::Half>(header, bytes, count, out);
    case NpyType::float32: return convert_values<float>(header, bytes, count, out);
    case NpyType::float64: return convert_values<double>(header, bytes, count, out);
  }
}

}  // namespace

size_t NpyHeader::width() const {
  switch (type) {
    case NpyType::boolean:
    case NpyType::int8:
    case NpyType::uint8: return 1;
    case NpyType::int16:
    case NpyType::uint16:
    case NpyType::float16: return 2;
    case NpyType::int32:
    case NpyType::uint32:
    case NpyType::float32: return 4;
    case NpyType::int64:
    case NpyType::uint64:
    case NpyType::float64: break;
  }
  return 8;
}

int64_t NpyHeader::values() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

int64_t NpyHeader::row_size() const { return values() / shape[0]; }

NpyHeader parse_npy_header(std::string_view start, uint64_t file_size, const std::string& where) {
  const auto [text, data_at] = header_text(start, where);
  NpyHeader header;
  parse_type(value_text(text, "descr", where), where, header);
  const std::string_view order = value_text(text, "fortran_order", where);
  header.shape = parse_shape(value_text(text, "shape", where), where);
  if (!order.starts_with("False") && header.shape.size() > 1) {
    refuse_npy(where, "an array in Fortran's order", "Save numpy.ascontiguousarray(array).");
  }
  header.data_at = data_at;
  const uint64_t needed = header.data_at + static_cast<uint64_t>(header.values()) * header.width();
  if (needed > file_size) refuse_damaged_npy(where, fmt::format("it has {} bytes and needs {}", file_size, needed));
  return header;
}

std::optional<NpyTexts> parse_npy_texts(std::string_view start, uint64_t file_size, const std::string& where) {
  const auto [text, data_at] = header_text(start, where);
  const std::string_view type = value_text(text, "descr", where).substr(0, 16);  // '<U12'
  if (type.size() < 4 || (type[2] != 'U' && type[2] != 'S')) return std::nullopt;
  const auto length = parse_number<int64_t>(type.substr(3, type.find(type[0], 3) - 3));
  const std::vector<int64_t> shape = parse_shape(value_text(text, "shape", where), where);
  if (!length || *length < 1 || *length > kLongestText) refuse_damaged_npy(where, "its texts have no length");
  if (shape.size() != 1) refuse_npy(where, "texts of more than one dimension", "Give one text for each sample.");
  NpyTexts header{.count = shape[0],
                  .length = static_cast<size_t>(*length),
                  .bytes_each = type[2] == 'U' ? size_t{4} : size_t{1},
                  .big_endian = type[1] == '>',
                  .data_at = data_at};
  if (header.count > kMostValues / *length) refuse_damaged_npy(where, "its shape is absurd");
  const uint64_t needed = data_at + static_cast<uint64_t>(header.count) * header.length * header.bytes_each;
  if (needed > file_size) refuse_damaged_npy(where, fmt::format("it has {} bytes and needs {}", file_size, needed));
  return header;
}

std::vector<std::string> convert_npy_texts(const NpyTexts& header, const char* bytes) {
  std::vector<std::string> texts(static_cast<size_t>(header.count));
  for (std::string& text : texts) {
    for (size_t i = 0; i < header.length; ++i, bytes += header.bytes_each) {
      if (header.bytes_each == 1) {
        if (*bytes != 0) text.push_back(*bytes);
        continue;
      }
      char one[4];
      std::memcpy(one, bytes, sizeof one);
      if (header.big_endian) std::reverse(one, one + sizeof one);
      uint32_t point = 0;
      std::memcpy(&point, one, sizeof point);
      if (point != 0) append_utf8(text, point);
    }
  }
  return texts;
}

void convert_npy(const NpyHeader& header, const char* bytes, int64_t count, float* out) {
  convert_any(header, bytes, count, out);
}
void convert_npy(const NpyHeader& header, const char* bytes, int64_t count, double* out) {
  convert_any(header, bytes, count, out);
}

}  // namespace hpcai::data
