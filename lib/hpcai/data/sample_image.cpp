#include "hpcai/data/sample_image.h"

#include <vector>

#include "hpcai/data/picture.h"

namespace hpcai::data {

std::optional<Image> sample_image(const Dataset& dataset, int64_t index) {
  const SampleSpec& spec = dataset.spec();
  if (spec.scaling.empty() || spec.input_shape.size() != 3 || spec.input_shape[0] != 3) return std::nullopt;
  std::vector<float> input(static_cast<size_t>(dataset.input_size()));
  dataset.read(index, nullptr, input.data());
  return picture_of(input, spec.input_shape[1], spec.input_shape[2], spec.scaling);
}

}  // namespace hpcai::data
