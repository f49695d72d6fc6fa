#include "hpcai/data/wrappers/two_views.h"

namespace hpcai::data {
namespace {

SampleSpec twice(SampleSpec spec) {
  spec.input_shape.insert(spec.input_shape.begin(), 2);
  return spec;
}

}  // namespace

TwoViews::TwoViews(std::unique_ptr<const Dataset> base) : Dataset(twice(base->spec())), base_(std::move(base)) {}

void TwoViews::read(int64_t index, const Draw* draw, float* out) const {
  base_->read(index, nullptr, out);
  base_->read(index, draw, out + base_->input_size());
}

}  // namespace hpcai::data
