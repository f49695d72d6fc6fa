#include "hpcai/tasks/regression.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/metrics/regression_quality.h"
#include "hpcai/models/standardise.h"
#include "hpcai/tasks/sequences.h"
#include "hpcai/tasks/target_table.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kR2{metrics::kR2Key, "R2"}, kRmse{metrics::kRmseAllKey, "RMSE", false}, kMae{metrics::kMaeAllKey, "MAE", false},
    kNll{metrics::kNllKey, "NLL", false}, kCoverage68{metrics::kCoverage68Key, "within 1 sigma"},
    kCoverage95{metrics::kCoverage95Key, "within 95 %"};

constexpr double kMostLogVariance = 30;  // its exponential and the inverse of it fit into float32

int64_t targets_of(const data::SampleSpec& spec) { return static_cast<int64_t>(spec.target_names.size()); }

// The means and, of a density, the logarithms of the variances, [batch, ..., targets], in the units of the network.
struct Answer {
  at::Tensor mean;
  std::optional<at::Tensor> log_variance;
};

class Regression : public Task {
 public:
  explicit Regression(const RegressionConfig& config) : config_(config) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    if (spec.class_names.empty() && !spec.target_names.empty()) return targets_of(spec) * (is_density() ? 2 : 1);
    throw Error(ExitCode::usage, "loss.type: regression needs data with targets that are numbers; these have none",
                "Name the columns of the targets, such as data.targets of a table, or use cross_entropy for classes.");
  }

  void extend(models::Model& model, const data::SampleSpec& spec, uint64_t) const override {
    if (config_.standardise) {
      model.register_module(models::kTargetScale, std::make_shared<models::TargetScale>(targets_of(spec)));
    }
  }

  bool learns_steps() const override { return true; }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return loss_of(answer(network, batch.input), batch.target, models::find_target_scale(network.model()));
  }

  std::vector<Metric> metrics() const override { return {kLoss, kR2, kRmse, kMae, kNll}; }
  std::vector<Metric> further_metrics() const override { return {kCoverage68, kCoverage95}; }
  std::string lacks(const Metric& metric, const data::SampleSpec&) const override {
    return metric == kNll && !is_density() ? "loss.kind gaussian" : "";
  }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override;

  nlohmann::json measure(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    if (!all.target.defined() || !all.prediction.defined()) return nlohmann::json::object();
    const std::vector<std::string>& names = spec.target_names;
    const int64_t targets = targets_of(spec);
    const at::Tensor mean = all.prediction.narrow(1, 0, targets);
    nlohmann::json quality = metrics::regression_quality(names, mean, all.target);
    if (is_density()) {
      quality.update(metrics::normal_quality(names, mean, all.prediction.narrow(1, targets, targets), all.target));
    }
    return quality;
  }

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    std::vector<std::string> columns = spec.target_names;
    if (is_density()) {
      for (const std::string& name : spec.target_names) columns.push_back(name + "_std");
    }
    return target_table(spec, std::move(columns), all);
  }

 private:
  class Sums;

  bool is_density() const { return config_.kind == RegressionKind::gaussian; }

  Answer answer(const Network& network, const at::Tensor& input) const {
    const at::Tensor output = widened(network(input));
    if (!is_density()) return {output, std::nullopt};
    const int64_t targets = output.size(-1) / 2;
    return {output.narrow(-1, 0, targets), output.narrow(-1, targets, targets).clamp(-kMostLogVariance, kMostLogVariance)};
  }

  // target [batch, targets], or [batch, time, targets]; scale: null where the network learns in the targets' units.
  at::Tensor loss_of(const Answer& answer, const at::Tensor& target, const models::TargetScale* scale) const {
    const at::Tensor wanted = scale ? scale->to_standard(target) : target;
    const at::Tensor truth = wanted.to(answer.mean.scalar_type());
    if (truth.dim() < 3) return losses(answer, truth, at::Reduction::Mean);
    return mean_of_sequences(losses(answer, truth.nan_to_num(0), at::Reduction::None).mean(2), known_steps(target));
  }

  // truth [batch, ..., targets] in the units of the network -> the same shape, or its mean.
  at::Tensor losses(const Answer& answer, const at::Tensor& truth, at::Reduction::Reduction reduction) const {
    switch (config_.kind) {
      case RegressionKind::squared: return at::mse_loss(answer.mean, truth, reduction);
      case RegressionKind::absolute: return at::l1_loss(answer.mean, truth, reduction);
      case RegressionKind::huber: return at::huber_loss(answer.mean, truth, reduction, config_.delta);
      case RegressionKind::gaussian: break;
    }
    const at::Tensor& log_variance = *answer.log_variance;
    const at::Tensor square = (truth - answer.mean).square() * (-log_variance).exp();
    const at::Tensor each = 0.5 * (square + log_variance + std::log(2 * std::numbers::pi));
    return reduction == at::Reduction::Mean ? each.mean() : each;
  }

  // The means and, of a density, the deviations behind them, [batch, ..., targets or twice that], in the targets' units.
  static at::Tensor in_units(const Answer& answer, const models::TargetScale* scale) {
    const at::Tensor mean = scale ? scale->from_standard(answer.mean) : answer.mean;
    if (!answer.log_variance) return mean;
    const at::Tensor deviation = (0.5 * *answer.log_variance).exp();
    return at::cat({mean, scale ? scale->deviation() * deviation : deviation}, -1);
  }

  RegressionConfig config_;
};

// Gathers predictions [sample, targets or twice that] as in_units() gives them.
class Regression::Sums : public Evaluation {
 public:
  Sums(const Regression& task, data::SampleSpec spec) : Evaluation(spec.each_step), task_(task), spec_(std::move(spec)) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
    const models::TargetScale* scale = models::find_target_scale(network.model());
    const Answer answer = task_.answer(network, batch.input);
    const at::Tensor loss = batch.target.defined() ? task_.loss_of(answer, batch.target, scale) : at::Tensor();
    return {loss, without_padding(in_units(answer, scale), batch.input)};
  }

  nlohmann::json reduce(distributed::Group&, const metrics::Predictions::Gathered& all) override {
    return task_.measure(spec_, all);
  }

 private:
  const Regression& task_;
  data::SampleSpec spec_;
};

std::unique_ptr<Evaluation> Regression::start_evaluation(const data::SampleSpec& spec, at::Device) const {
  return std::make_unique<Sums>(*this, spec);
}

}  // namespace

std::unique_ptr<Task> make(const RegressionConfig& config, const EvaluationOptions&) {
  return std::make_unique<Regression>(config);
}

}  // namespace hpcai::tasks
