#include "hpcai/data/fits_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "hpcai/core/text.h"
#include "hpcai/data/image.h"

namespace hpcai::data {
namespace {

constexpr size_t kCard = 80;

// Of the cards before END, in bytes.
size_t header_size(std::string_view bytes) {
  size_t at = 0;
  for (; at + kCard <= bytes.size(); at += kCard) {
    const std::string_view card = bytes.substr(at, kCard);
    if (card.starts_with("END") && card.find_first_not_of(' ', 3) == card.npos) break;
  }
  return at;
}

// Without spaces at the start; other blanks are no blanks in a header.
std::string_view without_spaces(std::string_view text) { return text.substr(std::min(text.size(), text.find_first_not_of(' '))); }

// The keyword of a card, as CFITSIO compares it: also behind HIERARCH, and in upper case.
std::string keyword(std::string_view card) {
  if (card.starts_with("HIERARCH ")) card = without_spaces(card.substr(9));
  std::string name(card.substr(0, card.find_first_of(std::string_view(" =\0", 3))));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return name;
}

// Whether the name is `stem` and a number.
bool is_numbered(std::string_view name, std::string_view stem) {
  return name.starts_with(stem) && name.size() > stem.size() && std::all_of(name.begin() + stem.size(), name.end(), is_digit);
}

struct Range {
  double least = 0, most = 1e18;
};

// What a number may be that CFITSIO takes without a check.
std::optional<Range> allowed_range(std::string_view name, bool is_rice) {
  if (name == "NAXIS") return Range{0, 99};  // the library has room for so many
  if (name == "TFIELDS") return Range{0, 999};
  if (name == "BITPIX") return Range{-64, 64};
  if (name == "PCOUNT" || name == "GCOUNT" || is_numbered(name, "NAXIS")) return Range{};
  if (is_numbered(name, "ZNAXIS") || is_numbered(name, "ZTILE") || (is_rice && name == "ZVAL1")) return Range{.least = 1};
  return std::nullopt;
}

// What stands behind the equals sign.
std::string_view field_of(std::string_view card) {
  const size_t equals = card.find('=');
  return equals == card.npos ? "" : without_spaces(card.substr(equals + 1));
}

void check_number(std::string_view name, std::string_view card, const Range& range) {
  std::string_view text = field_of(card);
  text = text.substr(0, text.find_first_of(" /"));
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto number = parse_number<double>(text);
  if (number && *number >= range.least && *number <= range.most) return;
  throw ImageError(fmt::format("damaged FITS: its {} is {}", name, text.empty() ? "missing" : printable(text, 40)));
}

// FITS 4.0, section 7.3.1. The library goes on without the keywords of a table that it could not read.
void check_table(std::string_view header) {
  constexpr std::array kNames = {"BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "TFIELDS"};
  for (const std::string_view name : kNames) {
    header.remove_prefix(std::min(kCard, header.size()));
    if (keyword(header.substr(0, kCard)) != name) throw ImageError(fmt::format("damaged FITS: a table without its {}", name));
  }
}

}  // namespace

void check_fits_header(std::string_view bytes) {
  const std::string_view header = bytes.substr(0, header_size(bytes));
  const std::string_view kind = field_of(header.substr(0, kCard));
  if (header.starts_with("XTENSION") && kind.substr(0, kind.find('/')).find("TABLE") != kind.npos) check_table(header);
  const bool is_rice = header.find("RICE_") != header.npos;
  for (size_t at = 0; at < header.size(); at += kCard) {
    const std::string_view card = header.substr(at, kCard);
    const std::string name = keyword(card);
    if (const auto range = allowed_range(name, is_rice)) check_number(name, card, *range);
  }
}

}  // namespace hpcai::data
