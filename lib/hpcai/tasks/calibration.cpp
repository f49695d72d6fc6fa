#include "hpcai/tasks/calibration.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "hpcai/metrics/ks.h"

namespace hpcai::tasks {
namespace {

// sorted [batch, draws, values] -> [batch, values]
at::Tensor order_statistic(const at::Tensor& sorted, double part) {
  const auto last = static_cast<double>(sorted.size(1) - 1);
  return sorted.select(1, static_cast<int64_t>(part * last + 0.5));
}

}  // namespace

at::Tensor summarise_draws(const at::Tensor& draws, const at::Tensor& truth) {
  const at::Tensor sorted = std::get<0>(draws.sort(1));
  const at::Tensor median = order_statistic(sorted, 0.5);
  const at::Tensor rank = truth.defined() ? (draws.lt(truth.unsqueeze(1)).to(draws.scalar_type()).sum(1) + 0.5) /
                                                (static_cast<double>(draws.size(1)) + 1)
                                          : at::full_like(median, std::numeric_limits<double>::quiet_NaN());
  return at::stack({rank, order_statistic(sorted, 0.05), median, order_statistic(sorted, 0.95), draws.std(1)}, -1);
}

std::vector<double> ranks_of(const at::Tensor& summaries, int64_t value) {
  const at::Tensor ranks = summaries.select(1, value).select(1, kRank).to(at::kCPU, at::kDouble).contiguous();
  return {ranks.const_data_ptr<double>(), ranks.const_data_ptr<double>() + ranks.numel()};
}

nlohmann::json calibration(const std::vector<std::string>& names, const at::Tensor& summaries, const at::Tensor& truth) {
  nlohmann::json of_values = nlohmann::json::object();
  double smallest = 1, widths = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto value = static_cast<int64_t>(i);
    const std::vector<double> ranks = ranks_of(summaries, value);
    const double p = metrics::ks_p_value(ranks);
    const auto covered = std::ranges::count_if(ranks, [](double rank) { return rank >= 0.05 && rank <= 0.95; });
    const double deviation = summaries.select(1, value).select(1, kDeviation).mean().item<double>();
    const double width = deviation / truth.select(1, value).to(at::kDouble).std().item<double>();
    of_values[names[i]] = {
        {"ks_p", p}, {"coverage_90", static_cast<double>(covered) / static_cast<double>(ranks.size())}, {kSharpnessKey, width}};
    smallest = std::min(smallest, p);
    widths += width / static_cast<double>(names.size());
  }
  return {{"calibration", of_values}, {kSmallestPKey, smallest}, {kSharpnessKey, widths}};
}

}  // namespace hpcai::tasks
