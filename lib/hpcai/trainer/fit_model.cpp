#include "hpcai/trainer/fit_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "hpcai/core/parallel.h"
#include "hpcai/data/wrappers/mixed_up.h"
#include "hpcai/kernels/one_thread.h"
#include "hpcai/models/standardise.h"

namespace hpcai::trainer {

namespace {

constexpr int64_t kMostTargets = 8192;

// `count` numbers of samples, spread evenly over all: neighbours are alike in data that are a grid.
std::vector<int64_t> spread_over(int64_t samples, int64_t count) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i) chosen.push_back(i * samples / count);
  return chosen;
}

at::Tensor targets_of(const data::Dataset& train, const data::Draw& draw) {
  if (!train.spec().class_names.empty() || train.spec().target_names.empty()) return {};
  return train.drawn_targets(spread_over(train.size(), std::min(train.size(), kMostTargets)), &draw);
}

}  // namespace

void fit_model(models::Model& model, const data::Dataset& training, uint64_t seed, int threads) {
  const auto* mixed = dynamic_cast<const data::MixedUp*>(&training);
  const data::Dataset& train = mixed != nullptr ? mixed->base() : training;  // evaluations see samples that are not mixed
  models::InputStandardiser* standardiser = models::find_input_standardiser(model);
  const int64_t wanted = std::max(model.examples_wanted(), standardiser != nullptr ? standardiser->examples_wanted() : 0);
  const int64_t count = std::min(wanted, train.size());
  std::vector<int64_t> shape{count};
  shape.insert(shape.end(), train.spec().input_shape.begin(), train.spec().input_shape.end());
  const data::Draw draw{seed, 0};
  models::Examples examples{.inputs = at::empty(shape),
                            .target_ranges = train.spec().target_ranges,
                            .targets = targets_of(train, draw),
                            .samples = train.size()};
  float* const out = examples.inputs.mutable_data_ptr<float>();
  const std::vector<int64_t> chosen = spread_over(train.size(), count);
  parallel_for(count, threads,
               [&](int64_t i) { train.read(chosen[static_cast<size_t>(i)], &draw, out + i * train.input_size()); });
  const at::NoGradGuard no_grad;
  const kernels::OneThread one_thread(true);  // the same bits for any number of ranks, whose threads differ
  model.fit_to(examples);
  if (standardiser != nullptr) standardiser->fit_to(examples.inputs);
  if (models::TargetScale* scale = models::find_target_scale(model)) scale->fit_to(examples.targets);
}

}  // namespace hpcai::trainer
