#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/tasks/task.h"

namespace hpcai::tasks {

// A task that learns otherwise than another one, and evaluates, predicts and reports as that one does.
class EvaluatesAs : public Task {
 public:
  explicit EvaluatesAs(std::unique_ptr<Task> other) : other_(std::move(other)) {}

  int64_t outputs(const data::SampleSpec& spec) const override { return other_->outputs(spec); }
  std::vector<Metric> metrics() const override { return other_->metrics(); }
  std::string lacks(const Metric& metric, const data::SampleSpec& spec) const override { return other_->lacks(metric, spec); }
  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override {
    return other_->start_evaluation(spec, device);
  }
  int64_t passes_per_sample() const override { return other_->passes_per_sample(); }
  bool averages_views() const override { return other_->averages_views(); }
  bool predicts_binaries() const override { return other_->predicts_binaries(); }
  bool predicts_probabilities() const override { return other_->predicts_probabilities(); }
  nlohmann::json measure(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    return other_->measure(spec, all);
  }
  std::vector<Metric> further_metrics() const override { return other_->further_metrics(); }
  std::vector<std::string> report_files() const override { return other_->report_files(); }
  std::vector<ReportFile> report(const ReportInput& input) const override { return other_->report(input); }
  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    return other_->table(spec, all);
  }

 private:
  std::unique_ptr<Task> other_;
};

}  // namespace hpcai::tasks
