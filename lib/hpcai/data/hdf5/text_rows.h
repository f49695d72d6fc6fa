#pragma once

#include <string>
#include <vector>

#include "hpcai/data/hdf5/hdf5_writer.h"

namespace hpcai::data {

// in_utf8() of csv_cell.h for each of many texts.
std::vector<std::string> in_utf8(std::vector<std::string> names);

// An array of texts of one width, that of the longest, filled up with zeros.
NewArray text_array(const std::string& name, const std::vector<std::string>& texts);

// Writes one row of such an array. Throws Error{cannot_write}.
void write_text(Hdf5Writer& writer, size_t array, int64_t width, int64_t row, std::string text);

}  // namespace hpcai::data
