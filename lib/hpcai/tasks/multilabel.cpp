#include "hpcai/tasks/multilabel.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "hpcai/core/error.h"
#include "hpcai/metrics/multilabel_quality.h"
#include "hpcai/tasks/target_table.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kMeanAveragePrecision{metrics::kMeanAveragePrecisionKey, "mean average precision"},
    kF1Macro{metrics::kF1MacroKey, "mean F1"}, kAucMacro{metrics::kAucMacroKey, "mean AUC"};

bool has_labels_of_0_and_1(const data::SampleSpec& spec) {
  const auto& ranges = spec.target_ranges;
  return spec.class_names.empty() && !spec.target_names.empty() && ranges.size() == spec.target_names.size() &&
         std::all_of(ranges.begin(), ranges.end(), [](const auto& range) {
           return range == std::array<double, 2>{0, 1};
         });
}

// scores [batch, label], target [batch, label], 0 or 1 -> loss []
at::Tensor multilabel_loss(const at::Tensor& scores, const at::Tensor& target) {
  return at::binary_cross_entropy_with_logits(scores, target.to(scores.scalar_type()));
}

// Gathers probabilities [sample, label].
class MultilabelSums : public Evaluation {
 public:
  explicit MultilabelSums(std::vector<std::string> names) : names_(std::move(names)) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
    const at::Tensor scores = widened(network(batch.input));
    return {batch.target.defined() ? multilabel_loss(scores, batch.target) : at::Tensor(), scores.sigmoid()};
  }
  nlohmann::json reduce(distributed::Group&, const metrics::Predictions::Gathered& all) override {
    if (!all.target.defined() || !all.prediction.defined()) return nlohmann::json::object();
    return metrics::multilabel_quality(names_, all.prediction, all.target);
  }

 private:
  std::vector<std::string> names_;
};

class Multilabel : public Task {
 public:
  int64_t outputs(const data::SampleSpec& spec) const override {
    if (has_labels_of_0_and_1(spec)) return static_cast<int64_t>(spec.target_names.size());
    throw Error(ExitCode::usage, "loss.type: binary_cross_entropy needs data with labels of 0 and 1; these have none",
                "Name their columns in data.labels of a table, or use cross_entropy for one class a sample.");
  }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return multilabel_loss(widened(network(batch.input)), batch.target);
  }

  std::vector<Metric> metrics() const override { return {kLoss, kMeanAveragePrecision, kF1Macro, kAucMacro}; }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device) const override {
    return std::make_unique<MultilabelSums>(spec.target_names);
  }

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    return target_table(spec, spec.target_names, all);
  }
};

}  // namespace

std::unique_ptr<Task> make(const MultilabelConfig&, const EvaluationOptions&) { return std::make_unique<Multilabel>(); }

}  // namespace hpcai::tasks
