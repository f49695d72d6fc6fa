#include "hpcai/data/tables/table_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/tables/foreign_format.h"
#include "hpcai/data/tables/gzip.h"

namespace hpcai::data {
namespace {

using namespace std::string_view_literals;

constexpr size_t kLargest = size_t{1} << 30;

// How many bytes a code unit has, and which comes first.
struct Encoding {
  size_t width = 1;
  bool big_endian = false;
  size_t mark = 0;  // bytes of the byte-order mark
};

// A text of mostly Latin letters in UTF-16 has a zero in every second byte.
Encoding without_mark(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 4096);
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < start.size(); ++i) zeros[i % 2] += start[i] == '\0';
  const size_t pairs = start.size() / 2;
  if (pairs == 0) return {};
  if (zeros[0] == 0 && 3 * zeros[1] > pairs) return {2, false, 0};
  if (zeros[1] == 0 && 3 * zeros[0] > pairs) return {2, true, 0};
  return {};
}

Encoding encoding_of(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF"sv)) return {1, false, 3};
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return {4, false, 4};
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return {4, true, 4};
  if (bytes.starts_with("\xFF\xFE"sv)) return {2, false, 2};
  if (bytes.starts_with("\xFE\xFF"sv)) return {2, true, 2};
  return without_mark(bytes);
}

// Code unit `i`, counted behind the byte-order mark.
uint32_t unit(std::string_view bytes, const Encoding& encoding, size_t i) {
  uint32_t value = 0;
  for (size_t k = 0; k < encoding.width; ++k) {
    const size_t byte = encoding.big_endian ? k : encoding.width - 1 - k;
    value = value << 8 | static_cast<unsigned char>(bytes[encoding.mark + i * encoding.width + byte]);
  }
  return value;
}

// Nothing if the code units make no text.
std::optional<std::string> to_utf8(std::string_view bytes, const Encoding& encoding) {
  if ((bytes.size() - encoding.mark) % encoding.width != 0) return std::nullopt;
  const size_t count = (bytes.size() - encoding.mark) / encoding.width;
  std::string text;
  text.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    uint32_t code = unit(bytes, encoding, i);
    if (code >= 0xD800 && code < 0xDC00 && encoding.width == 2 && i + 1 < count) {
      const uint32_t low = unit(bytes, encoding, ++i);
      if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if ((code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) {
      return std::nullopt;
    }
    append_utf8(text, code);
  }
  return text;
}

void refuse_foreign(const std::string& name, std::string_view bytes) {
  const auto format = foreign_to_table(bytes);
  if (!format) return;
  throw Error(ExitCode::bad_data, fmt::format("{} is {}, not a table in text (CSV)", name, format->name), format->remedy);
}

}  // namespace

std::string read_table_text(const std::filesystem::path& path) {
  const std::string name = printable(path);
  std::string bytes = read_regular_file(path.string(), kLargest);
  if (is_gzip(bytes)) bytes = gunzip(bytes, name, kLargest);
  refuse_foreign(name, bytes);
  const Encoding encoding = encoding_of(bytes);
  if (encoding.width > 1) {
    auto text = to_utf8(bytes, encoding);
    if (!text) {
      throw Error(ExitCode::bad_data, fmt::format("{} is text in UTF-{}, but damaged", name, 8 * encoding.width),
                  "Write it again, in UTF-8.");
    }
    bytes = std::move(*text);
  } else {
    bytes.erase(0, encoding.mark);
  }
  refuse_foreign(name, bytes);
  while (bytes.ends_with('\x1A')) bytes.pop_back();  // the end-of-file character of DOS
  const size_t zero = bytes.find('\0');
  if (zero != std::string::npos) {
    const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(zero), '\n');
    throw Error(ExitCode::bad_data, fmt::format("{}:{}: a zero byte (NUL) in the text", name, line),
                "The file is damaged, or no text: write it again, in UTF-8.");
  }
  return bytes;
}

}  // namespace hpcai::data
