#include "hpcai/data/class_name_rules.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"
#include "hpcai/data/tables/class_labels.h"
#include "hpcai/data/tables/csv_record.h"

namespace hpcai::data {
namespace {

constexpr size_t kNameShown = 40;  // characters

std::string name_shown(const std::string& name) { return printable(name, kNameShown); }

// The number that a whole name is, written in one way; nothing if it is none, or one that a double does not hold exactly.
std::optional<std::string> plain_number(std::string_view name) {
  if (name.starts_with('+')) name.remove_prefix(1);
  if (name.starts_with('+') || name.empty()) return std::nullopt;
  const auto value = parse_number<double>(name);
  if (!value || std::abs(*value) >= 0x1p53) return std::nullopt;
  return fmt::format("{:.17g}", *value == 0 ? 0.0 : *value);
}

// The first code point of a valid UTF-8 text of `bytes` bytes a code point.
uint32_t code_point(std::string_view text, size_t bytes) {
  uint32_t code = static_cast<unsigned char>(text[0]);
  if (bytes > 1) code &= 0x7FU >> bytes;
  for (size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return code;
}

bool is_combining_mark(uint32_t code) { return code >= 0x300 && code <= 0x36F; }

// Latin letters of which most are a letter and a mark in one.
bool may_be_composed(uint32_t code) { return (code >= 0xC0 && code <= 0x24F) || (code >= 0x1E00 && code <= 0x1EFF); }

// A name in which every letter with marks, in one code point or in several, is the same sign.
struct Skeleton {
  std::string text;
  bool has_marks = false;  // whether some marks are code points of their own
};

Skeleton skeleton_of(std::string_view name) {
  constexpr char kLetterWithMark = '\x01';
  Skeleton skeleton;
  while (!name.empty()) {
    const size_t bytes = utf8_length(name);
    if (bytes == 0) return {};
    const uint32_t code = code_point(name, bytes);
    if (is_combining_mark(code)) {
      if (!skeleton.text.empty()) skeleton.text.back() = kLetterWithMark;
      skeleton.has_marks = true;
    } else if (may_be_composed(code)) {
      skeleton.text += kLetterWithMark;
    } else {
      skeleton.text += name.substr(0, bytes);
    }
    name.remove_prefix(bytes);
  }
  return skeleton;
}

// Earlier names by what would be the same in another spelling.
class Spellings {
 public:
  // The first earlier name that is the same but for its spelling, if any.
  std::optional<size_t> twin(const std::string& name, size_t index) {
    const Skeleton skeleton = skeleton_of(name);
    const std::string other = (skeleton.has_marks ? "plain " : "marks ") + skeleton.text;
    std::optional<size_t> found;
    const auto look = [&](const std::string& key) {
      const auto place = keys_.find(key);
      if (place != keys_.end() && !found) found = place->second;
    };
    const std::string lower = "case " + lower_case(name);
    const auto number = plain_number(name);
    look(lower);
    if (number) look("number " + *number);
    look(other);
    keys_.emplace(lower, index);
    if (number) keys_.emplace("number " + *number, index);
    keys_.emplace((skeleton.has_marks ? "marks " : "plain ") + skeleton.text, index);
    return found;
  }

 private:
  std::map<std::string, size_t> keys_;
};

void check_name(const std::string& name, size_t index, const ClassNameOrigin& origin) {
  const auto refuse = [&](const std::string& what, const std::string& remedy) {
    throw Error(origin.code, fmt::format("{}: {} '{}' {}", origin.where(index), origin.noun, name_shown(name), what), remedy);
  };
  if (name.empty()) refuse("is empty", fmt::format("Give the class a name {}.", origin.place));
  if (find_invalid_utf8(name)) refuse("is not UTF-8", fmt::format("Write it in UTF-8 {}.", origin.place));
  if (trim_cell(name) != name) {
    refuse("has blanks at its ends", fmt::format("Remove them {}: names that look alike are hard to tell apart.", origin.place));
  }
  if (printable(name, name.size()) != name) refuse("holds a control character", fmt::format("Correct it {}.", origin.place));
  if (!origin.are_stated && is_missing(name)) {
    refuse("stands for a missing value",
           fmt::format("Correct it {}; if it is a class, name all classes in data.classes.", origin.place));
  }
}

}  // namespace

std::string spelling_difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  if (lower_case(a) == lower_case(b)) return "in upper and lower case alone";
  if (const auto number = plain_number(a); number && number == plain_number(b)) return "only in how the number is written";
  const Skeleton first = skeleton_of(a), second = skeleton_of(b);
  if (!first.text.empty() && first.text == second.text && first.has_marks != second.has_marks) {
    return "only in how accents are encoded (Unicode NFC and NFD)";
  }
  return "";
}

void check_class_names(const std::vector<std::string>& names, const ClassNameOrigin& origin) {
  std::map<std::string_view, size_t> seen;
  Spellings spellings;
  for (size_t i = 0; i < names.size(); ++i) {
    check_name(names[i], i, origin);
    if (!seen.emplace(names[i], i).second) {
      throw Error(origin.code, fmt::format("{}: names the class {} twice", origin.where(i), name_shown(names[i])),
                  fmt::format("Give each class a name of its own {}.", origin.place));
    }
    if (origin.are_stated) continue;
    if (const auto twin = spellings.twin(names[i], i)) {
      throw Error(origin.code,
                  fmt::format("{}: {} '{}' differs from '{}'{} {}", origin.where(i), origin.noun, name_shown(names[i]),
                              name_shown(names[*twin]), origin.line ? origin.line(*twin) : "",
                              spelling_difference(names[*twin], names[i])),
                  fmt::format("Write both alike {}; if they are two classes, name all classes in data.classes.", origin.place));
    }
  }
}

void check_stated_class_names(const std::vector<std::string>& names) {
  check_class_names(names,
                    {"class name", [](size_t) { return "data.classes"; }, nullptr, "in data.classes", ExitCode::usage, true});
}

}  // namespace hpcai::data
