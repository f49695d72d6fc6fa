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
