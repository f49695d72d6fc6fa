#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hpcai::data {

// What a file is that holds something else than the program reads there.
struct ForeignFormat {
  std::string name;    // "a FITS file"
  std::string remedy;  // how it becomes what the program reads, or what has gone wrong
};

// What the first bytes of a file, or of a text, say that it is; nothing for what may be a table in text.
std::optional<ForeignFormat> foreign_to_table(std::string_view bytes);

// The same for a file in which HDF5's signature is missing; nothing for what may be a damaged HDF5 file.
std::optional<ForeignFormat> foreign_to_hdf5(std::string_view bytes);

}  // namespace hpcai::data
