#include "hpcai/core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "hpcai/core/utf8.h"

namespace hpcai {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Returns the code point of a sequence of two or three bytes.
uint32_t code_point(std::string_view sequence) {
  uint32_t code = static_cast<unsigned char>(sequence[0]) & (sequence.size() == 2 ? 0x1FU : 0x0FU);
  for (const char c : sequence.substr(1)) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

// Whether a terminal may show a code point as something else: C1 controls, line separators, marks of direction.
bool is_treacherous(uint32_t code) {
  return (code >= 0x80 && code <= 0x9F) || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

std::string escaped_byte(char c) {
  switch (c) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

// Escapes one character, or one byte that is not part of a character.
std::string escaped(std::string_view sequence, std::string_view allowed) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) {
    const bool plain = (first >= 0x20 && first < 0x7F) || allowed.find(sequence[0]) != std::string_view::npos;
    return plain ? std::string(sequence) : escaped_byte(sequence[0]);
  }
  if (sequence.size() > 3 || !is_treacherous(code_point(sequence))) return std::string(sequence);
  return fmt::format("\\u{:04x}", code_point(sequence));
}

std::string escaped_text(std::string_view text, std::string_view allowed) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const size_t length = std::max<size_t>(1, utf8_length(text));
    safe += escaped(text.substr(0, length), allowed);
    text.remove_prefix(length);
  }
  return safe;
}

// Replaces the middle of a text of more than 300 characters by "...". A name of millions of characters would fill the terminal.
std::string shortened(std::string_view text) {
  constexpr size_t kMost = 300, kKept = 145;  // characters; those kept at each end
  if (text.size() <= kMost) return std::string(text);
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += std::max<size_t>(1, utf8_length(text.substr(at)));
  if (count <= kMost) return std::string(text);
  const std::string_view start = text.substr(0, bytes_of_first(text, kKept));
  return fmt::format("{}...{}", start, text.substr(bytes_of_first(text, count - kKept)));
}

bool needs_no_quotes(char c) {
  return (c & 0x80) == 0 && (std::isalnum(c) != 0 || std::string_view("_-./=:,+@%").find(c) != std::string_view::npos);
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find_first_of("\r\n")); }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string join_words(std::span<const std::string> words, std::string_view last) {
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += i + 1 == words.size() ? fmt::format(" {} ", last) : ", ";
    joined += words[i];
  }
  return joined;
}

std::string plural(int64_t count, std::string_view noun, std::string_view many) {
  return fmt::format("{} {}", count, plural_noun(count, noun, many));
}

std::string plural_noun(int64_t count, std::string_view noun, std::string_view many) {
  if (count == 1) return std::string(noun);
  return many.empty() ? fmt::format("{}s", noun) : std::string(many);
}

std::string printable(std::string_view text, size_t most) {
  if (most == std::string_view::npos) return escaped_text(shortened(text), "");
  const size_t bytes = bytes_of_first(text, most);
  return escaped_text(text.substr(0, bytes), "") + (bytes < text.size() ? "..." : "");
}

std::string printable_lines(std::string_view text) { return escaped_text(text, "\n\t"); }

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), needs_no_quotes)) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + '\'';
}

std::string shell_line(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += shell_word(word);
  }
  return line;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace hpcai
