#include "hpcai/tasks/waveform_regression.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/simulate/waveform.h"
#include "hpcai/tasks/target_table.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/waveform_coordinates.h"
#include "hpcai/tasks/waveform_objective.h"
#include "hpcai/tasks/waveform_targets.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kOverlapMedian{metrics::kOverlapMedianKey, "overlap median"};
constexpr Metric kOverlapP05{metrics::kOverlapP05Key, "5 % below"};
constexpr Metric kOverlapP01{metrics::kOverlapP01Key, "1 % below"};

// The mean squared error of q plus that of the four spins, which are outputs of their own or computed from q, s1 and s2.
class SquaredError : public WaveformObjective {
 public:
  explicit SquaredError(bool derived) : derived_(derived) {}

  std::string_view type() const override { return WaveformRegressionConfig::kType; }
  int64_t outputs() const override { return derived_ ? 3 : 5; }
  at::Tensor parameters(const at::Tensor& output) const override { return derived_ ? waveform_targets(output) : output; }
  at::Tensor loss(const at::Tensor& output, const at::Tensor& label) const override {
    const at::Tensor error = (parameters(output) - waveform_targets(label)).square();
    return error.narrow(1, 0, 1).mean() + error.narrow(1, 1, 4).mean();
  }

 private:
  bool derived_;
};

// The mean squared error of the coordinates, each in units of its width.
class SquaredCoordinateError : public WaveformObjective {
 public:
  std::string_view type() const override { return WaveformRegressionConfig::kType; }
  int64_t outputs() const override { return 3; }
  at::Tensor parameters(const at::Tensor& output) const override { return to_parameters(coordinates_of_output(output)); }
  at::Tensor loss(const at::Tensor& output, const at::Tensor& label) const override {
    const at::Tensor change = coordinates_of_output(output) - to_coordinates(label);
    const auto part = [&](int64_t i) { return (change.select(1, i) / kCoordinateWidth[static_cast<size_t>(i)]).square().mean(); };
    return (part(0) + part(1) + part(2)) / 3;
  }
};

std::unique_ptr<WaveformObjective> objective_of(WaveformTargets targets) {
  if (targets == WaveformTargets::coordinates) return std::make_unique<SquaredCoordinateError>();
  return std::make_unique<SquaredError>(targets == WaveformTargets::derived);
}

// output [batch, outputs], label [batch, 3] -> loss []
at::Tensor loss_of(const WaveformObjective& objective, const at::Tensor& output, const at::Tensor& label) {
  const at::Tensor wide = widened(output);
  return objective.loss(wide, label.to(wide.scalar_type()));
}

class WaveformRegression : public Task {
 public:
  WaveformRegression(std::unique_ptr<WaveformObjective> objective, const EvaluationOptions& options)
      : objective_(std::move(objective)), overlap_samples_(options.overlap_samples) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    const std::vector<std::string> parameters(simulate::kBinaryParameters.begin(), simulate::kBinaryParameters.end());
    if (spec.target_names != parameters) {
      const size_t classes = spec.class_names.size();
      throw Error(
          ExitCode::usage,
          fmt::format("loss.type: {} needs data with the 3 targets {}; these have {}", objective_->type(),
                      fmt::join(parameters, ", "),
                      classes > 0 ? fmt::format("{} classes", classes) : fmt::format("{} targets", spec.target_names.size())),
          "use cross_entropy for data with classes");
    }
    objective_->check(spec.time_grid);
    return objective_->outputs();
  }

  void prepare(const data::SampleSpec& spec, at::Device device) override {
    if (spec.time_grid) objective_->prepare(*spec.time_grid, device);
  }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return loss_of(*objective_, network(batch.input), batch.target);
  }

  bool predicts_binaries() const override { return true; }

  std::vector<Metric> metrics() const override { return {kLoss, kOverlapMedian, kOverlapP05, kOverlapP01}; }
  std::string lacks(const Metric& metric, const data::SampleSpec& spec) const override {
    if (metric == kLoss) return "";
    if (!spec.time_grid) return "the times of the waveforms";
    return overlap_samples_ > 0 ? "" : "evaluation.overlap_samples above 0";
  }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override;

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    return target_table(spec, spec.target_names, all);
  }

 private:
  class Sums;

  std::unique_ptr<WaveformObjective> objective_;
  int64_t overlap_samples_;
};

// Gathers the predicted parameters, [sample, >= 3].
class WaveformRegression::Sums : public Evaluation {
 public:
  Sums(const WaveformObjective& objective, const data::SampleSpec& spec, int64_t overlap_samples)
      : objective_(objective), target_names_(spec.target_names), grid_(spec.time_grid), overlap_samples_(overlap_samples) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
    const at::Tensor output = network(batch.input).to(at::kFloat);
    return {batch.target.defined() ? loss_of(objective_, output, batch.target) : at::Tensor(), objective_.parameters(output)};
  }

  nlohmann::json reduce(distributed::Group& group, const metrics::Predictions::Gathered& all) override {
    metrics::Regression errors(target_names_, at::kCPU);
    if (all.target.defined()) errors.add(all.prediction, all.target);
    nlohmann::json metrics = errors.result();
    if (grid_ && overlap_samples_ > 0 && all.target.defined()) {
      metrics.update(metrics::overlap_summary(group, all, *grid_, overlap_samples_, at::get_num_threads()));
    }
    return metrics;
  }

 private:
  const WaveformObjective& objective_;
  std::vector<std::string> target_names_;
  std::optional<simulate::TimeGrid> grid_;
  int64_t overlap_samples_;
};

std::unique_ptr<Evaluation> WaveformRegression::start_evaluation(const data::SampleSpec& spec, at::Device) const {
  return std::make_unique<Sums>(*objective_, spec, overlap_samples_);
}

}  // namespace

std::unique_ptr<Task> waveform_regression(std::unique_ptr<WaveformObjective> objective, const EvaluationOptions& options) {
  return std::make_unique<WaveformRegression>(std::move(objective), options);
}

std::unique_ptr<Task> make(const WaveformRegressionConfig& config, const EvaluationOptions& options) {
  return waveform_regression(objective_of(config.targets), options);
}

}  // namespace hpcai::tasks
