#pragma once

#include <string>

namespace hpcai::data {

// A text as a cell of CSV. It has quotes where readers, Csv among them, would take it apart, or for a comment, or drop its outer
// blanks. Bytes that are not UTF-8, of which file names may consist, are written as printable() shows them.
std::string csv_cell(const std::string& text);

// As UTF-8, which texts of HDF5 and CSV must be.
std::string in_utf8(const std::string& text);

}  // namespace hpcai::data
