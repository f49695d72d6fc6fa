#include "hpcai/metrics/most_certain.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hpcai::metrics {

std::vector<CertainPrediction> most_certain(const at::Tensor& probabilities, int64_t per_class) {
  const auto [largest, labels] = probabilities.to(at::kDouble).max(1);
  const at::Tensor values = largest.contiguous(), classes = labels.contiguous();
  std::vector<std::vector<CertainPrediction>> of_class(static_cast<size_t>(probabilities.size(1)));
  for (int64_t row = 0; row < values.size(0); ++row) {
    const int64_t label = classes.const_data_ptr<int64_t>()[row];
    of_class[static_cast<size_t>(label)].push_back({row, label, values.const_data_ptr<double>()[row]});
  }
  std::vector<CertainPrediction> chosen;
  for (auto& candidates : of_class) {
    std::ranges::stable_sort(candidates, [](const auto& a, const auto& b) { return a.probability > b.probability; });
    const auto count = std::min(candidates.size(), static_cast<size_t>(per_class));
    chosen.insert(chosen.end(), candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count));
  }
  std::ranges::sort(chosen, [](const auto& a, const auto& b) { return a.row < b.row; });
  return chosen;
}

}  // namespace hpcai::metrics
