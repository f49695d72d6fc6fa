#include "hpcai/tasks/multilabel.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/metrics/early_warning.h"
#include "hpcai/metrics/multilabel_quality.h"
#include "hpcai/tasks/sequences.h"
#include "hpcai/tasks/target_table.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kMeanAveragePrecision{metrics::kMeanAveragePrecisionKey, "mean average precision"},
    kF1Macro{metrics::kF1MacroKey, "mean F1"}, kAucMacro{metrics::kAucMacroKey, "mean AUC"},
    kWarningAuc{metrics::kWarningAucKey, "early warning AUC"};
constexpr const char *kWarningNumbers = "early_warning.json", *kWarningTables = "early_warning.md",
                     *kWarningFigure = "early_warning.svg";

bool has_labels_of_0_and_1(const data::SampleSpec& spec) {
  const auto& ranges = spec.target_ranges;
  return spec.class_names.empty() && !spec.target_names.empty() && ranges.size() == spec.target_names.size() &&
         std::all_of(ranges.begin(), ranges.end(), [](const auto& range) {
           return range == std::array<double, 2>{0, 1};
         });
}

// scores [batch, label], target [batch, label], 0 or 1, or both [batch, time, label] -> loss []
at::Tensor multilabel_loss(const at::Tensor& scores, const at::Tensor& target) {
  const at::Tensor truth = target.to(scores.scalar_type());
  if (truth.dim() < 3) return at::binary_cross_entropy_with_logits(scores, truth);
  const at::Tensor each = at::binary_cross_entropy_with_logits(scores, truth.nan_to_num(0), {}, {}, at::Reduction::None);
  return mean_of_sequences(each.mean(2), known_steps(target));
}

class Multilabel : public Task {
 public:
  explicit Multilabel(int64_t warning_steps) : warning_steps_(warning_steps) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    if (has_labels_of_0_and_1(spec)) return static_cast<int64_t>(spec.target_names.size());
    throw Error(ExitCode::usage, "loss.type: binary_cross_entropy needs data with labels of 0 and 1; these have none",
                "Name their columns in data.labels of a table, or use cross_entropy for one class a sample.");
  }

  bool learns_steps() const override { return true; }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return multilabel_loss(widened(network(batch.input)), batch.target);
  }

  std::vector<Metric> metrics() const override { return {kLoss, kMeanAveragePrecision, kF1Macro, kAucMacro, kWarningAuc}; }
  std::string lacks(const Metric& metric, const data::SampleSpec& spec) const override {
    return metric == kWarningAuc && !spec.each_step ? "labels for each time step" : "";
  }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device) const override;

  nlohmann::json measure(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    if (!all.target.defined() || !all.prediction.defined()) return nlohmann::json::object();
    nlohmann::json quality = metrics::multilabel_quality(spec.target_names, all.prediction, all.target);
    if (spec.each_step) {
      quality.update(metrics::warning_quality(spec.target_names, all.index, all.prediction, all.target, warning_steps_));
    }
    return quality;
  }

  std::vector<std::string> report_files() const override { return {kWarningNumbers, kWarningTables, kWarningFigure}; }
  std::vector<ReportFile> report(const ReportInput& input) const override {
    const data::SampleSpec& spec = input.dataset.spec();
    if (!spec.each_step) {
      throw Error(ExitCode::usage,
                  "--report: binary_cross_entropy has a report on labels for each time step only (data.each_step)",
                  "Leave it out; --json prints all metrics.");
    }
    const auto report = metrics::warning_report(spec.target_names, input.all.index, input.all.prediction, input.all.target,
                                                warning_steps_, input.subject);
    return {{kWarningNumbers, json_text(report.numbers, 2) + "\n"},
            {kWarningTables, report.tables},
            {kWarningFigure, report.figure.svg()}};
  }

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    return target_table(spec, spec.target_names, all);
  }

 private:
  class Sums;

  int64_t warning_steps_;
};

// Gathers probabilities [row, label].
class Multilabel::Sums : public Evaluation {
 public:
  Sums(const Multilabel& task, data::SampleSpec spec) : Evaluation(spec.each_step), task_(task), spec_(std::move(spec)) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
    const at::Tensor scores = widened(network(batch.input));
    return {batch.target.defined() ? multilabel_loss(scores, batch.target) : at::Tensor(),
            without_padding(scores.sigmoid(), batch.input)};
  }
  nlohmann::json reduce(distributed::Group&, const metrics::Predictions::Gathered& all) override {
    return task_.measure(spec_, all);
  }

 private:
  const Multilabel& task_;
  data::SampleSpec spec_;
};

std::unique_ptr<Evaluation> Multilabel::start_evaluation(const data::SampleSpec& spec, at::Device) const {
  return std::make_unique<Sums>(*this, spec);
}

}  // namespace

std::unique_ptr<Task> make(const MultilabelConfig&, const EvaluationOptions& options) {
  return std::make_unique<Multilabel>(options.warning_steps);
}

}  // namespace hpcai::tasks
