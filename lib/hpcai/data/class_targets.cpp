#include "hpcai/data/class_targets.h"

#include <ATen/ATen.h>

#include <limits>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

at::Tensor class_labels(const at::Tensor& targets) {
  if (!targets.is_floating_point()) return targets;
  if (targets.size(0) == 0) return at::empty({0}, targets.options().dtype(at::kLong));
  return targets.nan_to_num(0).argmax(1).masked_fill(targets.isnan().any(1), kUnlabelled);
}

at::Tensor class_probabilities(const at::Tensor& targets, int64_t classes) {
  if (targets.is_floating_point()) return targets;
  const at::Tensor positions = at::arange(classes, targets.options());
  const at::Tensor probabilities = targets.unsqueeze(1).eq(positions).to(at::kFloat);
  return probabilities.masked_fill(targets.eq(kUnlabelled).unsqueeze(1), std::numeric_limits<double>::quiet_NaN());
}

bool has_soft_labels(const Dataset& dataset) {
  if (dataset.spec().class_names.empty()) return false;
  const at::Tensor none = dataset.targets({});
  return none.defined() && none.is_floating_point();
}

}  // namespace hpcai::data
