#pragma once

#include <filesystem>
#include <string>

namespace hpcai::data {

// The text of a table's file, in UTF-8 and without a byte-order mark. A file that is compressed with gzip is unpacked;
// UTF-16 and UTF-32, with a byte-order mark or recognised by their zero bytes, are converted. A text of one byte a character
// other than UTF-8, such as Latin-1, stays as it is. Throws Error{missing_input}; Error{bad_data} that says what the file is
// where it is no text (an image, a spreadsheet, FITS, HTML, ...), is larger than 1 GiB, or holds a zero byte.
std::string read_table_text(const std::filesystem::path& path);

}  // namespace hpcai::data
