#include "hpcai/data/hdf5/text_rows.h"

#include <algorithm>

#include "hpcai/data/tables/csv_cell.h"

namespace hpcai::data {

std::vector<std::string> in_utf8(std::vector<std::string> names) {
  for (std::string& name : names) name = in_utf8(name);
  return names;
}

NewArray text_array(const std::string& name, const std::vector<std::string>& texts) {
  size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  return {name, {static_cast<int64_t>(texts.size())}, ElementType::uint8, static_cast<int64_t>(width)};
}

void write_text(Hdf5Writer& writer, size_t array, int64_t width, int64_t row, std::string text) {
  text.resize(static_cast<size_t>(width), '\0');
  writer.write_row(array, row, text.data());
}

}  // namespace hpcai::data
