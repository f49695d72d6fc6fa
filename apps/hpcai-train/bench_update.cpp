#include "bench_update.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "hpcai/core/threads/openmp.h"
#include "hpcai/data/input_speed.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/clip.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/trainer/average.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

constexpr int kUpdates = 11;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Bytes that an update must read and write: each weight and each value of the state twice, each gradient once, or twice where its
// norm is needed before; the average twice.
double bytes_moved(const optim::Optimizer& optimizer, const trainer::TrainingConfig& training) {
  double weights = 0, state = 0;
  for (const auto& [name, parameter] : optimizer.parameters()) weights += static_cast<double>(parameter.nbytes());
  for (const auto& [name, tensor] : optimizer.state()) state += static_cast<double>(tensor.nbytes());
  const int gradient_reads = training.clip_norm > 0 ? 2 : 1, average_passes = training.average_decay > 0 ? 2 : 0;
  return weights * (2 + gradient_reads + average_passes) + 2 * state;
}

}  // namespace

nlohmann::json measure_update(const trainer::Experiment& experiment, models::Model& model) {
  NamedTensors named;
  std::vector<at::Tensor> weights;
  int64_t count = 0;
  for (const auto& item : model.named_parameters()) {
    at::Tensor weight = item.value().detach().requires_grad_();
    weight.mutable_grad() = at::randn_like(weight) * 1e-3;
    named.emplace_back(item.key(), weight);
    weights.push_back(weight);
    count += weight.numel();
  }
  const trainer::TrainingConfig& training = experiment.training;
  const auto optimizer = optim::make_optimizer(experiment.optimizer, named);
  trainer::WeightAverage average(named, training.average_decay);
  const double bytes = bytes_moved(*optimizer, training);
  const int threads = compute_threads();
  std::vector<double> seconds, bounds, ratios;
  for (int i = 0; i < kUpdates; ++i) {
    const auto start = std::chrono::steady_clock::now();
    optimizer->prepare(1e-6);
    average.prepare(i);
    average.update_with(*optimizer, {.gradient_scale = optim::clip_factor(weights, training.clip_norm)});
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    const double copied = data::memcpy_mb_per_second(count * static_cast<int64_t>(sizeof(float)) / threads + 1, threads);
    bounds.push_back(bytes / (2e6 * copied));  // a copied byte is read and written
    ratios.push_back(seconds.back() / bounds.back());
  }
  return {{"parameters", count},         {"one_pass", optimizer->updates_in_one_pass()},
          {"threads", threads},          {"bytes_moved", bytes},
          {"update_s", median(seconds)}, {"bound_s", median(bounds)},
          {"of_bound", median(ratios)}};
}

std::string update_report_text(const nlohmann::json& report) {
  return fmt::format(
      "an update of {} parameters on {} threads takes {:.4g} s\n"
      "memory allows {:.4g} s: {:.0f} MB read and written at the speed of memcpy\n"
      "{:.2f} times the bound\n",
      report.at("parameters").get<int64_t>(), report.at("threads").get<int>(), report.at("update_s").get<double>(),
      report.at("bound_s").get<double>(), 1e-6 * report.at("bytes_moved").get<double>(), report.at("of_bound").get<double>());
}

}  // namespace hpcai::app
