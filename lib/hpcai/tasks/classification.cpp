#include "hpcai/tasks/classification.h"

#include <ATen/ATen.h>

#include "hpcai/core/error.h"
#include "hpcai/data/class_targets.h"
#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/classification_quality.h"
#include "hpcai/metrics/classified.h"
#include "hpcai/tasks/class_weights.h"
#include "hpcai/tasks/classification_report.h"
#include "hpcai/tasks/sequences.h"
#include "hpcai/tasks/symmetric_views.h"
#include "hpcai/tasks/target_table.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kAccuracy{metrics::kAccuracyKey, "accuracy"};
constexpr Metric kF1{metrics::kF1Key, "F1"};

int64_t classes_of(const data::SampleSpec& spec) { return static_cast<int64_t>(spec.class_names.size()); }

// labels int64 [sample] -> the name of each label; "" for data::kUnlabelled.
std::vector<std::string> names_of(const at::Tensor& labels, const std::vector<std::string>& classes) {
  std::vector<std::string> names;
  const auto values = labels.accessor<int64_t, 1>();
  for (int64_t i = 0; i < values.size(0); ++i) {
    const int64_t label = values[i];
    names.push_back(label == data::kUnlabelled ? "" : classes[static_cast<size_t>(label)]);
  }
  return names;
}

class Classification : public Task {
 public:
  Classification(const ClassificationConfig& config, const EvaluationOptions& options)
      : label_smoothing_(config.label_smoothing),
        weights_(config.class_weights, config.weights),
        mixup_(config.mixup),
        symmetric_views_(options.symmetric_views) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    if (classes_of(spec) < 2) {
      throw Error(ExitCode::usage,
                  "loss.type: cross_entropy needs data with at least 2 classes; these have " + std::to_string(classes_of(spec)),
                  "use waveform_mse for waveforms, dirichlet_multinomial for votes");
    }
    weights_.check(spec.class_names);
    return classes_of(spec);
  }

  void learn_from(const data::Dataset& training, at::Device device) override { weights_.fit(training, device); }
  double mixup() const override { return mixup_; }

  bool learns_steps() const override { return true; }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return cross_entropy(widened(network(batch.input)), batch.target, weights_.of_classes());
  }

  std::vector<Metric> metrics() const override { return {kLoss, kAccuracy, kF1}; }
  std::string lacks(const Metric& metric, const data::SampleSpec& spec) const override {
    return metric == kF1 && classes_of(spec) != 2 ? "two classes" : "";
  }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override;
  int64_t passes_per_sample() const override { return symmetric_views_ ? 8 : 1; }
  bool averages_views() const override { return true; }

  bool predicts_probabilities() const override { return true; }

  nlohmann::json measure(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    nlohmann::json quality = metrics::classification_quality(metrics::classified(all.prediction, all.target), spec.class_names);
    quality[std::string(kLoss.name)] = loss_of_probabilities(all);
    return quality;
  }
  std::vector<Metric> further_metrics() const override {
    return {{metrics::kAccuracyLowKey, "accuracy (95 %) at least"},
            {metrics::kAccuracyHighKey, "at most"},
            {metrics::kRocAucKey, "AUC"},
            {metrics::kLogLossKey, "log loss", false},
            {metrics::kCalibrationErrorKey, "calibration error", false}};
  }

  std::vector<std::string> report_files() const override { return classification_report_files(); }
  std::vector<ReportFile> report(const ReportInput& input) const override {
    return classification_report(input, table(input.dataset.spec(), input.all));
  }

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    data::PredictionTable table;
    table.columns = spec.class_names;
    table.predictions = row_major(all.prediction, classes_of(spec));
    table.texts.push_back({"predicted", names_of(all.prediction.argmax(1), spec.class_names)});
    if (spec.each_step) table.numbers.push_back(step_column(all));
    table.numbers.push_back({"certainty", row_major(all.prediction.amax(1, /*keepdim=*/true), 1)});
    if (!all.target.defined()) return table;
    table.texts.push_back({"true", names_of(data::class_labels(all.target), spec.class_names)});
    if (!all.target.is_floating_point()) return table;
    table.truth_columns = spec.class_names;
    table.truth = row_major(all.target, classes_of(spec));
    return table;
  }

 private:
  class Sums;

  // As weighted_cross_entropy(); also scores [batch, time, class] with target int64 [batch, time].
  at::Tensor cross_entropy(const at::Tensor& scores, const at::Tensor& target, const at::Tensor& weights) const {
    if (scores.dim() < 3) return weighted_cross_entropy(scores, target, weights, label_smoothing_);
    const at::Tensor known = target.ne(data::kUnlabelled), labels = target.clamp_min(0).flatten();
    const at::Tensor each = cross_entropies(scores.flatten(0, 1), labels, weights, label_smoothing_);
    return mean_of_sequences(each.view(target.sizes()), known);
  }

  // scores [batch, class]; target int64 [batch], or soft labels float [batch, class] -> loss [], the mean over the batch, in
  // which all samples count alike; or of each step, see cross_entropy()
  at::Tensor loss_of(const at::Tensor& scores, const at::Tensor& target) const {
    return cross_entropy(widened(scores), target, {});
  }

  // The loss of the samples with a label; null if there are none.
  nlohmann::json loss_of_probabilities(const metrics::Predictions::Gathered& all) const {
    constexpr double kLeast = 1e-38;
    if (!all.target.defined()) return nullptr;
    const at::Tensor known = data::class_labels(all.target).ne(data::kUnlabelled).nonzero().squeeze(1);
    if (known.numel() == 0) return nullptr;
    const at::Tensor scores = all.prediction.index_select(0, known).to(at::kDouble).clamp_min(kLeast).log();
    return loss_of(scores, all.target.index_select(0, known)).item<double>();
  }

  double label_smoothing_;
  ClassWeights weights_;  // of training samples
  double mixup_;
  bool symmetric_views_;
};

// Gathers predictions [sample, class], which are class probabilities.
class Classification::Sums : public Evaluation {
 public:
  Sums(const Classification& task, const data::SampleSpec& spec, at::Device device)
      : Evaluation(spec.each_step), task_(task), quality_(classes_of(spec), device) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
    const at::Tensor scores =
        task_.symmetric_views_ ? symmetric_scores(network, batch.input) : network(batch.input).to(at::kFloat);
    Outcome outcome{{}, without_padding(scores.softmax(-1), batch.input)};
    if (!batch.target.defined()) return outcome;
    outcome.loss = task_.loss_of(scores, batch.target);
    if (scores.dim() < 3) {
      quality_.add(scores, batch.target);
    } else {
      const at::Tensor known = batch.target.ne(data::kUnlabelled).flatten().nonzero().squeeze(1);
      quality_.add(scores.flatten(0, 1).index_select(0, known), batch.target.flatten().index_select(0, known));
    }
    return outcome;
  }

  nlohmann::json reduce(distributed::Group& group, const metrics::Predictions::Gathered&) override {
    quality_.reduce(group);
    return quality_.result();
  }

 private:
  const Classification& task_;
  metrics::Classification quality_;
};

std::unique_ptr<Evaluation> Classification::start_evaluation(const data::SampleSpec& spec, at::Device device) const {
  return std::make_unique<Sums>(*this, spec, device);
}

}  // namespace

std::unique_ptr<Task> make(const ClassificationConfig& config, const EvaluationOptions& options) {
  return std::make_unique<Classification>(config, options);
}

}  // namespace hpcai::tasks
