#include "hpcai/tasks/waveform_regression.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/simulate/waveform.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/waveform_targets.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kOverlapMedian{metrics::kOverlapMedianKey, "overlap median"};
constexpr Metric kOverlapP05{metrics::kOverlapP05Key, "5 % below"};

// output [batch, 5], label [batch, 3] -> loss []: the mean squared error of q plus that of the four spins.
at::Tensor loss_of(const at::Tensor& output, const at::Tensor& label) {
  const at::Tensor wide = widened(output);
  const at::Tensor error = (wide - waveform_targets(label.to(wide.scalar_type()))).square();
  return error.narrow(1, 0, 1).mean() + error.narrow(1, 1, 4).mean();
}

class WaveformRegression : public Task {
 public:
  explicit WaveformRegression(const EvaluationOptions& options) : overlap_samples_(options.overlap_samples) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    const std::vector<std::string> parameters(simulate::kBinaryParameters.begin(), simulate::kBinaryParameters.end());
    if (spec.target_names != parameters) {
      const size_t classes = spec.class_names.size();
      throw Error(
          ExitCode::usage,
          fmt::format("loss.type: waveform_mse needs data with the 3 targets {}; these have {}", fmt::join(parameters, ", "),
                      classes > 0 ? fmt::format("{} classes", classes) : fmt::format("{} targets", spec.target_names.size())),
          "use cross_entropy for data with classes");
    }
    return 5;
  }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return loss_of(network(batch.input), batch.target);
  }

  std::vector<Metric> metrics() const override { return {kLoss, kOverlapMedian, kOverlapP05}; }
  std::string lacks(const Metric& metric, const data::SampleSpec& spec) const override {
    if (metric == kLoss) return "";
    if (!spec.time_grid) return "the times of the waveforms";
    return overlap_samples_ > 0 ? "" : "evaluation.overlap_samples above 0";
  }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override;

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    const auto targets = static_cast<int64_t>(spec.target_names.size());
    data::PredictionTable table;
    table.columns = spec.target_names;
    table.predictions = row_major(all.prediction, targets);
    if (!all.target.defined()) return table;
    table.truth_columns = spec.target_names;
    table.truth = row_major(all.target, targets);
    return table;
  }

 private:
  class Sums;

  int64_t overlap_samples_;
};

// Gathers predictions [sample, 5], which are the outputs of the network.
class WaveformRegression::Sums : public Evaluation {
 public:
  Sums(const data::SampleSpec& spec, int64_t overlap_samples)
      : target_names_(spec.target_names), grid_(spec.time_grid), overlap_samples_(overlap_samples) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch) override {
    const at::Tensor output = network(batch.input).to(at::kFloat);
    return {batch.target.defined() ? loss_of(output, batch.target) : at::Tensor(), output};
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
  std::vector<std::string> target_names_;
  std::optional<simulate::TimeGrid> grid_;
  int64_t overlap_samples_;
};

std::unique_ptr<Evaluation> WaveformRegression::start_evaluation(const data::SampleSpec& spec, at::Device) const {
  return std::make_unique<Sums>(spec, overlap_samples_);
}

}  // namespace

std::unique_ptr<Task> make(const WaveformRegressionConfig&, const EvaluationOptions& options) {
  return std::make_unique<WaveformRegression>(options);
}

}  // namespace hpcai::tasks
