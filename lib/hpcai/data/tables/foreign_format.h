#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hpcai::data {

// What a file is that is no table in text.
struct ForeignFormat {
  std::string name;    // "a FITS file"
  std::string remedy;  // how it becomes a table in text, or what has gone wrong
};

// What the first bytes of a file, or of a text, say that it is; nothing for what may be a table.
std::optional<ForeignFormat> foreign_format(std::string_view bytes);

}  // namespace hpcai::data
