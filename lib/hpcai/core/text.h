#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hpcai {

// Returns the parts between the separators, unchanged. An empty text has one part.
std::vector<std::string_view> split(std::string_view text, char separator);

// Returns the text without blanks (space, tab, line ends, vertical tab, form feed) at both ends.
std::string_view trim(std::string_view text);

// Returns the text before the first line end.
std::string_view first_line(std::string_view text);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Converts ASCII letters to lower case and keeps other bytes.
std::string lower_case(std::string_view text);

// Returns "a", "a or b", "a, b or c", with `last` = "or" as the word before the last element.
std::string join_words(std::span<const std::string> words, std::string_view last);

// Returns "1 rank", "2 ranks", "0 classes": the number and the noun. Any number but 1 takes `many`, or the noun with an "s".
std::string plural(int64_t count, std::string_view noun, std::string_view many = "");
// Returns the noun alone: "rank", "ranks".
std::string plural_noun(int64_t count, std::string_view noun, std::string_view many = "");

// Makes text of any origin (a file name, a cell, a value of a config) fit for one line of a message. A control character, a line
// end, a character that changes the direction of writing and a byte that is not UTF-8 become "\x1b", "\n", "\u202e", "\xe9".
// After `most` characters "..." follows; by default it replaces the middle of a text of over 300. The result is valid UTF-8.
std::string printable(std::string_view text, size_t most = std::string_view::npos);
template <std::same_as<std::filesystem::path> Path>  // only paths, without implicit conversions
std::string printable(const Path& path) {
  return printable(std::string_view(path.native()));
}

// The same for a message of several lines: it keeps line ends and tabs.
std::string printable_lines(std::string_view text);

// Returns one line that a POSIX shell splits into these words.
std::string shell_line(std::span<const std::string> words);
std::string shell_word(std::string_view word);

// Returns the number of insertions, deletions, substitutions and swaps of neighbours that turn one text into the other (optimal
// string alignment).
size_t edit_distance(std::string_view a, std::string_view b);

// Removes the number at the start of `text` and returns it. Returns nothing, and leaves `text` unchanged, if there is no number,
// if it does not fit the type, or if it is not finite. The number has no blank and no plus sign in front.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  static_assert(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

// Returns the number if the whole text is one, in the same notation.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  const auto value = take_number<Number>(text);
  return text.empty() ? value : std::nullopt;
}

}  // namespace hpcai
