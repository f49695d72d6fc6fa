#include "hpcai/metrics/overlap.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "hpcai/simulate/overlap.h"

namespace hpcai::metrics {
namespace {

using simulate::Binary;

bool finite(const Binary& b) { return std::isfinite(b.mass_ratio) && std::isfinite(b.spin1) && std::isfinite(b.spin2); }

bool same(const Binary& a, const Binary& b) { return a.mass_ratio == b.mass_ratio && a.spin1 == b.spin1 && a.spin2 == b.spin2; }

}  // namespace

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

at::Tensor covered_rows(const at::Tensor& truth) {
  constexpr double kRounding = 1e-6;  // of labels in float32
  const at::Tensor q = truth.select(1, 0), spins = truth.narrow(1, 1, 2).abs();
  return at::logical_and(q.ge(1 - kRounding).logical_and(q.le(simulate::kMaxMassRatio + kRounding)),
                         spins.le(simulate::kMaxSpin + kRounding).all(1))
      .nonzero()
      .squeeze(1);
}

at::Tensor spread_evenly(const at::Tensor& rows, int64_t count) {
  const int64_t total = rows.size(0);
  count = std::min(count, total);
  return rows.index_select(0, at::arange(count, rows.options()).mul(total).floor_divide(std::max<int64_t>(count, 1)));
}

double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Overlaps overlaps(const at::Tensor& truth, const at::Tensor& prediction, const simulate::TimeGrid& grid, int threads,
                  std::span<const double> weights, const data::Progress& progress) {
  if (truth.size(0) != prediction.size(0)) throw std::invalid_argument("overlaps: truths and predictions differ in number");
  const auto truths = binaries(truth), predictions = binaries(prediction);
  Overlaps result;
  result.values.assign(truths.size(), 0);
  std::atomic<int64_t> clamped = 0;
  data::for_each_with_progress(progress, static_cast<int64_t>(truths.size()), threads, [&](int64_t i) {
    if (!finite(predictions[i])) {
      ++clamped;
      return;
    }
    const Binary nearest = simulate::nearest_valid(predictions[i]);
    if (!same(nearest, predictions[i])) ++clamped;
    const auto of_truth = simulate::h22(truths[i], grid), of_prediction = simulate::h22(nearest, grid);
    result.values[i] =
        weights.empty() ? simulate::overlap(of_truth, of_prediction) : simulate::overlap(of_truth, of_prediction, weights);
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
  summary["overlap_p001"] = quantile(sorted, 0.001);
  summary[kOverlapP01Key] = quantile(sorted, 0.01);
  summary[kOverlapP05Key] = quantile(sorted, 0.05);
  summary["overlap_p25"] = quantile(sorted, 0.25);
  summary["overlap_p75"] = quantile(sorted, 0.75);
  return summary;
}

nlohmann::json overlap_summary(distributed::Group& group, const Predictions::Gathered& all, const simulate::TimeGrid& grid,
                               int64_t count, int threads) {
  const at::Tensor of_all = spread_evenly(covered_rows(all.target), count);
  const int64_t first = of_all.size(0) * group.rank() / group.size();
  const int64_t last = of_all.size(0) * (group.rank() + 1) / group.size();
  const at::Tensor chosen = of_all.slice(0, first, last);
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
