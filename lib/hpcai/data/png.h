#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "hpcai/data/image.h"

namespace hpcai::data {

// The bytes of a PNG file as colours: grey and palette become colour, 16 bits become 8 by rounding, transparency is
// laid on black, and a gamma chunk changes nothing, as in Pillow. `name` is the file for messages. Throws
// Error{bad_data} naming it for what is not a PNG, damaged, truncated anywhere, or larger than image.h allows.
Image decode_png(std::string_view bytes, const std::string& name);

// As decode_png; Error{missing_input} if the file cannot be read.
Image read_png(const std::filesystem::path& path);

// PNG file of an image, 8 bits a channel. Throws Error{internal} if the image's sides and bytes do not agree.
std::string encode_png(const Image& image);

// Writes the file whole or not at all. Throws Error{cannot_write} naming it.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace hpcai::data
