#include "hpcai/metrics/overlap.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "hpcai/core/parallel.h"
#include "hpcai/simulate/overlap.h"

namespace hpcai::metrics {
namespace {

using simulate::Binary;

std::vector<Binary> binaries(const at::Tensor& parameters) {
  const at::Tensor host = parameters.detach().narrow(1, 0, 3).to(at::kCPU, at::kDouble).contiguous();
  const double* row = host.const_data_ptr<double>();
  std::vector<Binary> result(host.size(0));
  for (auto& binary : result) {
    binary = {row[0], row[1], row[2]};
    row += 3;
  }
  return result;
}

bool finite(const Binary& b) { return std::isfinite(b.mass_ratio) && std::isfinite(b.spin1) && std::isfinite(b.spin2); }

bool same(const Binary& a, const Binary& b) { return a.mass_ratio == b.mass_ratio && a.spin1 == b.spin1 && a.spin2 == b.spin2; }

}  // namespace

double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Overlaps overlaps(const at::Tensor& truth, const at::Tensor& prediction, const simulate::TimeGrid& grid, int threads) {
  if (truth.size(0) != prediction.size(0)) throw std::invalid_argument("overlaps: truths and predictions differ in number");
  const auto truths = binaries(truth), predictions = binaries(prediction);
  Overlaps result;
  result.values.assign(truths.size(), 0);
  std::atomic<int64_t> clamped = 0;
  parallel_for(static_cast<int64_t>(truths.size()), threads, [&](int64_t i) {
    if (!finite(predictions[i])) {
      ++clamped;
      return;
    }
    const Binary nearest = simulate::nearest_valid(predictions[i]);
    if (!same(nearest, predictions[i])) ++clamped;
    result.values[i] = simulate::overlap(simulate::h22(truths[i], grid), simulate::h22(nearest, grid));
  });
  result.clamped = clamped;
  return result;
}

nlohmann::json Overlaps::summary() const {
  nlohmann::json summary = {{"overlap_clamped", clamped}, {"overlap_samples", values.size()}};
  if (values.empty()) return summary;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  summary[kOverlapMedianKey] = quantile(sorted, 0.5);
  summary["overlap_mean"] = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  summary["overlap_min"] = sorted.front();
  summary[kOverlapP05Key] = quantile(sorted, 0.05);
  summary["overlap_p25"] = quantile(sorted, 0.25);
  summary["overlap_p75"] = quantile(sorted, 0.75);
  return summary;
}

nlohmann::json overlap_summary(distributed::Group& group, const Predictions::Gathered& all, const simulate::TimeGrid& grid,
                               int64_t count, int threads) {
  const int64_t total = all.prediction.size(0);
  count = std::min(count, total);
  const int64_t first = count * group.rank() / group.size();
  const int64_t last = count * (group.rank() + 1) / group.size();
  const at::Tensor chosen = at::arange(first, last, at::kLong).mul(total).floor_divide(std::max<int64_t>(count, 1));
  const auto mine = overlaps(all.target.index_select(0, chosen), all.prediction.index_select(0, chosen), grid, threads);

  Overlaps joined;
  at::Tensor values = at::empty({static_cast<int64_t>(mine.values.size())}, at::kDouble);
  std::copy(mine.values.begin(), mine.values.end(), values.mutable_data_ptr<double>());
  for (const at::Tensor& part : group.all_gather(values.to(group.device()))) {
    const at::Tensor host = part.cpu().contiguous();
    joined.values.insert(joined.values.end(), host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel());
  }
  const at::Tensor clamped = at::full({1}, mine.clamped, at::TensorOptions(at::kLong).device(group.device()));
  group.all_reduce_sum(clamped);
  joined.clamped = clamped.item<int64_t>();
  return joined.values.empty() ? nlohmann::json::object() : joined.summary();
}

}  // namespace hpcai::metrics
