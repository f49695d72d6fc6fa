#include "hpcai/checkpoint/finite.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <vector>

namespace hpcai::checkpoint {

// The sum of a tensor with NaN or infinity is not finite. The sum of a tensor of huge numbers may overflow, so a sum that is not
// finite leads to a look at each value.
std::optional<std::string> first_not_finite(const NamedTensors& tensors) {
  const at::NoGradGuard no_grad;
  std::vector<const NamedTensors::value_type*> candidates;
  std::vector<at::Tensor> sums;
  for (const auto& named : tensors) {
    if (!named.second.is_floating_point()) continue;
    candidates.push_back(&named);
    sums.push_back(named.second.detach().sum().to(at::kDouble));
  }
  if (sums.empty()) return std::nullopt;
  const at::Tensor host = at::stack(sums).cpu();
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (std::isfinite(host.const_data_ptr<double>()[i])) continue;
    if (!candidates[i]->second.isfinite().all().item<bool>()) return candidates[i]->first;
  }
  return std::nullopt;
}

}  // namespace hpcai::checkpoint
