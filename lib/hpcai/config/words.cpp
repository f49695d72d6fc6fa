#include "hpcai/config/words.h"

#include <fmt/format.h>

#include <algorithm>

namespace hpcai::config {
namespace {

// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629).
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) { return byte(i) >= low && byte(i) <= high; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// Bytes of the first `width` code points.
size_t bytes_of(std::string_view text, size_t width) {
  size_t position = 0;
  for (size_t n = 0; n < width && position < text.size(); ++n) {
    position += std::max<size_t>(1, sequence_length(text.substr(position)));
  }
  return std::min(position, text.size());
}

}  // namespace

std::string join_or(const std::vector<std::string>& words) {
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += i + 1 == words.size() ? " or " : ", ";
    joined += words[i];
  }
  return joined;
}

std::string shown(std::string_view text) {
  constexpr size_t kMaxShown = 60;
  const size_t bytes = bytes_of(text, kMaxShown);
  std::string safe;
  for (const char c : text.substr(0, bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      safe += c == '\n' ? "\\n" : fmt::format("\\x{:02x}", byte);
    } else {
      safe += c;
    }
  }
  return bytes < text.size() ? safe + "..." : safe;
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  for (size_t position = 0; position < text.size();) {
    const size_t length = sequence_length(text.substr(position));
    if (length == 0) return position;
    position += length;
  }
  return std::nullopt;
}

size_t text_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::string> wrap(std::string_view text, size_t width) {
  width = std::max<size_t>(width, 1);
  std::vector<std::string> lines;
  while (text_width(text) > width) {
    const size_t fitting = bytes_of(text, width);
    const size_t space = text.substr(0, fitting + 1).rfind(' ');
    const bool at_space = space != std::string_view::npos && space > 0;
    lines.emplace_back(text.substr(0, at_space ? space : fitting));
    text.remove_prefix(at_space ? space + 1 : fitting);
  }
  lines.emplace_back(text);
  return lines;
}

std::string join_path(const std::string& section, std::string_view name) {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

}  // namespace hpcai::config
