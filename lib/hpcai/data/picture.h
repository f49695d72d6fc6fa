#pragma once

#include <span>
#include <string>

#include "hpcai/data/image.h"

namespace hpcai::data {

// The picture that a network's input shows, [3, height, width] of Dataset::read(): the inverse of what SampleSpec::scaling says.
// Throws std::invalid_argument for an unknown scaling or another size.
Image picture_of(std::span<const float> input, int64_t height, int64_t width, const std::string& scaling);

}  // namespace hpcai::data
