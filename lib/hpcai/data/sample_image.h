#pragma once

#include <cstdint>
#include <optional>

#include "hpcai/data/dataset.h"
#include "hpcai/data/image.h"

namespace hpcai::data {

// The picture that the network sees of sample `index`: its input, not augmented, as bytes. Nothing if the samples are no colour
// images. Throws what Dataset::read() throws.
std::optional<Image> sample_image(const Dataset& dataset, int64_t index);

}  // namespace hpcai::data
