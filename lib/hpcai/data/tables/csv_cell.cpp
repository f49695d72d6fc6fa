#include "hpcai/data/tables/csv_cell.h"

#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::data {

std::string in_utf8(const std::string& text) { return find_invalid_utf8(text) ? printable(text, 4 * text.size()) : text; }

std::string csv_cell(const std::string& given) {
  const std::string text = in_utf8(given);
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const bool outer_blank = !text.empty() && (blank(text.front()) || blank(text.back()));
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.starts_with('#') && !outer_blank) return text;
  std::string cell = "\"";
  for (const char c : text) cell.append(c == '"' ? 2 : 1, c);
  return cell + '"';
}

}  // namespace hpcai::data
