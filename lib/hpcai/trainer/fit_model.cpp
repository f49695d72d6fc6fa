#include "hpcai/trainer/fit_model.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "hpcai/core/parallel.h"
#include "hpcai/trainer/threads.h"

namespace hpcai::trainer {

void fit_model(models::Model& model, const data::Dataset& train, uint64_t seed, int threads) {
  const int64_t count = std::min(model.examples_wanted(), train.size());
  std::vector<int64_t> shape{count};
  shape.insert(shape.end(), train.spec().input_shape.begin(), train.spec().input_shape.end());
  models::Examples examples{at::empty(shape), train.spec().target_ranges};
  const data::Draw draw{seed, 0};
  float* const out = examples.inputs.mutable_data_ptr<float>();
  parallel_for(count, threads, [&](int64_t index) { train.read(index, &draw, out + index * train.input_size()); });
  const at::NoGradGuard no_grad;
  const OneThread one_thread(true);  // the same bits for any number of ranks, whose threads differ
  model.fit_to(examples);
}

}  // namespace hpcai::trainer
