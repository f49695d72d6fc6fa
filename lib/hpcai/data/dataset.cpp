#include "hpcai/data/dataset.h"

namespace hpcai::data {

const char* name_of(Split split) {
  switch (split) {
    case Split::train: return "train";
    case Split::validation: return "validation";
    case Split::test: break;
  }
  return "test";
}

void Dataset::read_channels_last(int64_t index, const Draw* draw, float* out) const {
  std::vector<float> planes(static_cast<size_t>(input_size()));
  read(index, draw, planes.data());
  const int64_t channels = spec_.input_shape.at(0), count = input_size() / channels;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = 0; c < channels; ++c) out[i * channels + c] = planes[static_cast<size_t>(c * count + i)];
  }
}

int64_t Dataset::input_size() const {
  int64_t size = 1;
  for (int64_t extent : spec_.input_shape) size *= extent;
  return size;
}

std::unique_ptr<Dataset>& Splits::of(Split split) {
  switch (split) {
    case Split::train: return train;
    case Split::validation: return validation;
    case Split::test: break;
  }
  return test;
}

}  // namespace hpcai::data
