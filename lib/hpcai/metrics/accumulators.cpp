#include "hpcai/metrics/accumulators.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <stdexcept>

#include "hpcai/data/class_targets.h"

namespace hpcai::metrics {
namespace {

// JSON has no NaN, so a metric without samples is null.
nlohmann::json ratio(double sum, double count) { return count > 0 ? nlohmann::json(sum / count) : nlohmann::json(); }

}  // namespace

Accumulator::Accumulator(int64_t values, at::Device device)
    : sums_(at::zeros({values}, at::TensorOptions(device).dtype(at::kDouble))) {}

void Accumulator::reset() { sums_.zero_(); }

void Accumulator::reduce(distributed::Group& group) {
  group.all_reduce_sum(sums_);
  group.wait_for_device();
}

std::vector<double> Accumulator::host_sums() const {
  const at::Tensor host = sums_.cpu();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

void MeanLoss::add(const at::Tensor& loss, int64_t samples, int64_t first) {
  const at::Tensor value = loss.detach().to(at::kDouble).reshape({1});
  batches_.add(value, at::full({1}, static_cast<double>(samples), value.options()), {first});
}

void MeanLoss::reduce(distributed::Group& group) {
  const auto all = batches_.gather(group);
  if (!all.prediction.defined()) return;
  const double *const loss = all.prediction.const_data_ptr<double>(), *const samples = all.target.const_data_ptr<double>();
  for (int64_t i = 0; i < all.prediction.size(0); ++i) {
    sum_ += loss[i] * samples[i];
    samples_ += samples[i];
  }
}

nlohmann::json MeanLoss::result() const { return {{"loss", ratio(sum_, samples_)}}; }

void Classification::add(const at::Tensor& scores, const at::Tensor& target) {
  c10::NoGradGuard no_grad;
  const at::Tensor cell = data::class_labels(target) * classes_ + scores.argmax(1);
  sums_.index_add_(0, cell, at::ones_like(cell, sums_.options()));
}

double Classification::accuracy() const {
  const auto sums = host_sums();
  double right = 0, all = 0;
  for (int64_t i = 0; i < classes_ * classes_; ++i) {
    all += sums[i];
    if (i % (classes_ + 1) == 0) right += sums[i];
  }
  return right / all;
}

nlohmann::json Classification::result() const {
  const auto sums = host_sums();
  nlohmann::json confusion = nlohmann::json::array();
  double right = 0, all = 0;
  for (int64_t truth = 0; truth < classes_; ++truth) {
    nlohmann::json row = nlohmann::json::array();
    for (int64_t predicted = 0; predicted < classes_; ++predicted) {
      const double count = sums[truth * classes_ + predicted];
      row.push_back(static_cast<int64_t>(count));
      all += count;
      if (truth == predicted) right += count;
    }
    confusion.push_back(row);
  }
  nlohmann::json result = {{kAccuracyKey, ratio(right, all)}, {"confusion", confusion}, {"samples", static_cast<int64_t>(all)}};
  if (classes_ == 2) {
    const double hits = sums[3], false_alarms = sums[1], misses = sums[2];
    result["precision"] = ratio(hits, hits + false_alarms);
    result["recall"] = ratio(hits, hits + misses);
    result[kF1Key] = ratio(2 * hits, 2 * hits + false_alarms + misses);
  }
  return result;
}

Regression::Regression(std::vector<std::string> names, at::Device device)
    : Accumulator(2 * static_cast<int64_t>(names.size()) + 1, device), names_(std::move(names)) {}

void Regression::add(const at::Tensor& prediction, const at::Tensor& target) {
  c10::NoGradGuard no_grad;
  const auto n = static_cast<int64_t>(names_.size());
  const at::Tensor error = prediction.detach().narrow(1, 0, n).to(at::kDouble) - target.to(at::kDouble);
  sums_.narrow(0, 0, n).add_(error.abs().sum(0));
  sums_.narrow(0, n, n).add_(error.square().sum(0));
  sums_[2 * n].add_(static_cast<double>(error.size(0)));
}

nlohmann::json Regression::result() const {
  const auto sums = host_sums();
  const size_t n = names_.size();
  nlohmann::json absolute = nlohmann::json::object(), rmse = nlohmann::json::object();
  for (size_t i = 0; i < n; ++i) {
    absolute[names_[i]] = ratio(sums[i], sums[2 * n]);
    rmse[names_[i]] = sums[2 * n] > 0 ? nlohmann::json(std::sqrt(sums[n + i] / sums[2 * n])) : nlohmann::json();
  }
  return {{"mean_absolute_error", absolute}, {"rmse", rmse}, {"samples", static_cast<int64_t>(sums[2 * n])}};
}

}  // namespace hpcai::metrics
