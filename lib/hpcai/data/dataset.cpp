#include "hpcai/data/dataset.h"

namespace hpcai::data {

int64_t Dataset::input_size() const {
  int64_t size = 1;
  for (int64_t extent : spec_.input_shape) size *= extent;
  return size;
}

}  // namespace hpcai::data
