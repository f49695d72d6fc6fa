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

// The parts between the separators, as they are: an empty text has one part.
std::vector<std::string_view> split(std::string_view text, char separator);

// Without blanks (space, tab, line ends, vertical tab, form feed) at both ends.
std::string_view trim(std::string_view text);

// What stands before the first line end.
std::string_view first_line(std::string_view text);

// ASCII letters as lower case; other bytes stay.
std::string lower_case(std::string_view text);

// "a", "a or b", "a, b or c"; `last` is the word before the last one.
std::string join_words(std::span<const std::string> words, std::string_view last);

// "1 rank", "2 ranks", "0 classes": the number and the noun, with an "s" or as `many` unless it is one.
std::string plural(int64_t count, std::string_view noun, std::string_view many = "");
// The noun alone: "rank", "ranks".
std::string plural_noun(int64_t count, std::string_view noun, std::string_view many = "");

// Text of any origin (a file name, a cell, a config's value) made fit for one line of a message: a control character,
// a line end, a character that changes the direction of writing and a byte that is not UTF-8 become "\x1b", "\n",
// "\u202e", "\xe9". After `most` characters "..." follows. The result is valid UTF-8.
std::string printable(std::string_view text, size_t most = std::string_view::npos);
template <std::same_as<std::filesystem::path> Path>  // not what only converts to a path
std::string printable(const Path& path) {
  return printable(std::string_view(path.native()));
}

// The same for a message of several lines: line ends and tabs stay.
std::string printable_lines(std::string_view text);

// Words as one line that a POSIX shell reads as these words.
std::string shell_line(std::span<const std::string> words);
std::string shell_word(std::string_view word);

// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other (optimal string alignment).
size_t edit_distance(std::string_view a, std::string_view b);

// The number at the start of `text`, which is taken off; nothing, and `text` stays, if there is none or it does not fit.
// No blank and no plus sign may stand before it; it is finite.
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

// The number that the whole text is, in the same notation.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  const auto value = take_number<Number>(text);
  return text.empty() ? value : std::nullopt;
}

}  // namespace hpcai
