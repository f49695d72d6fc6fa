#include "hpcai/tasks/density.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/models/conditional_density.h"
#include "hpcai/tasks/calibration.h"
#include "hpcai/tasks/derived_parameters.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kSmallestP{kSmallestPKey, "smallest KS p-value"};
constexpr Metric kSharpness{kSharpnessKey, "width relative to the prior", false};

constexpr uint64_t kDrawSeed = 1;

models::ConditionalDensity* density_of(models::Model& model) { return dynamic_cast<models::ConditionalDensity*>(&model); }

// The result of function(density) in the precision of the training.
template <class Function>
auto compute(const Network& network, at::Device device, Function&& function) {
  return network.compute(device, [&](models::Model& model) { return function(*density_of(model)); });
}

// In float32, which densities need, also under autocast.
at::Tensor context_of(const Network& network, const Batch& batch) {
  return widened(compute(network, batch.input.device(), [&](auto& density) { return density.context(batch.input); }));
}

// Standard normal numbers [draws, values] that depend on the sample's number alone.
at::Tensor base_noise(int64_t sample, int64_t draws, int64_t values) {
  at::Tensor noise = at::empty({draws, values});
  float* out = noise.mutable_data_ptr<float>();
  Random random(kDrawSeed, 0, static_cast<uint64_t>(sample), Purpose::draw);
  for (int64_t i = 0; i < draws * values; ++i) *out++ = static_cast<float>(random.normal());
  return noise;
}

class Density : public Task {
 public:
  explicit Density(const EvaluationOptions& options) : draws_(options.posterior_samples) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    if (!spec.target_names.empty() && spec.class_names.empty()) return static_cast<int64_t>(spec.target_names.size());
    throw Error(ExitCode::usage, "loss.type: density needs data whose targets are numbers; these have none",
                "Use data of waveforms, data.type: simulated_strain with priors that are not all fixed, or another loss.");
  }

  void require(models::Model& model) const override {
    if (density_of(model) != nullptr) return;
    throw Error(ExitCode::usage, "loss.type: density needs a model of a density",
                "Use model.type: waveform_posterior or bayesian_regressor.");
  }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return density_of(network.model())->training_loss(context_of(network, batch), batch.target);
  }

  std::vector<Metric> metrics() const override { return {kLoss, kSmallestP, kSharpness}; }
  std::string lacks(const Metric& metric, const data::SampleSpec&) const override {
    return metric == kLoss || draws_ > 0 ? "" : "evaluation.posterior_samples above 0";
  }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override;
  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override;

 private:
  class Sums;

  int64_t draws_;
};

// The predictions are the summaries of the draws, [sample, values, kDrawSummaries]; without draws the point estimates [sample,
// values].
class Density::Sums : public Evaluation {
 public:
  Sums(const data::SampleSpec& spec, int64_t draws) : names_(spec.target_names), draws_(draws) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>& index) override {
    Outcome outcome;
    models::ConditionalDensity& density = *density_of(network.model());
    const at::Tensor context = context_of(network, batch);
    if (batch.target.defined()) outcome.loss = -density.log_density(context, batch.target).mean();
    outcome.prediction = draws_ > 0 ? summaries(density, context, batch, index) : network(batch.input).to(at::kFloat);
    return outcome;
  }

  nlohmann::json reduce(distributed::Group&, const metrics::Predictions::Gathered& all) override {
    if (draws_ == 0 || !all.target.defined() || !all.prediction.defined()) return nlohmann::json::object();
    std::vector<std::string> names = names_;
    for (const std::string& name : derived_names(names_)) names.push_back(name);
    return calibration(names, all.prediction, with_derived(names_, all.target));
  }

 private:
  at::Tensor summaries(models::ConditionalDensity& density, const at::Tensor& context, const Batch& batch,
                       const std::vector<int64_t>& index) const {
    std::vector<at::Tensor> rows;
    for (int64_t i = 0; i < batch.input.size(0); ++i) {
      const at::Tensor noise = base_noise(index[static_cast<size_t>(i)], draws_, density.dimensions()).to(context.device());
      const at::Tensor draws = density.draw(context.narrow(0, i, 1), noise).value;
      const at::Tensor truth = batch.target.defined() ? batch.target.narrow(0, i, 1) : at::Tensor();
      rows.push_back(
          summarise_draws(with_derived(names_, draws).unsqueeze(0), truth.defined() ? with_derived(names_, truth) : truth));
    }
    return at::cat(rows);
  }

  std::vector<std::string> names_;
  int64_t draws_;
};

std::unique_ptr<Evaluation> Density::start_evaluation(const data::SampleSpec& spec, at::Device) const {
  return std::make_unique<Sums>(spec, draws_);
}

data::PredictionTable Density::table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const {
  data::PredictionTable table;
  const auto targets = static_cast<int64_t>(spec.target_names.size());
  std::vector<std::string> names = spec.target_names;
  if (draws_ > 0) {
    for (const std::string& name : derived_names(spec.target_names)) names.push_back(name);
    for (const std::string& name : names) {
      for (const char* what : {"_p05", "_median", "_p95", "_deviation"}) table.columns.push_back(name + what);
    }
    const at::Tensor shown = all.prediction.narrow(2, kP05, kDrawSummaries - kP05).flatten(1);
    table.predictions = row_major(shown, shown.size(1));
  } else {
    table.columns = names;
    table.predictions = row_major(all.prediction, targets);
  }
  if (!all.target.defined()) return table;
  table.truth_columns = names;
  const at::Tensor truth = draws_ > 0 ? with_derived(spec.target_names, all.target) : all.target;
  table.truth = row_major(truth, truth.size(1));
  return table;
}

}  // namespace

std::unique_ptr<Task> make(const DensityConfig&, const EvaluationOptions& options) { return std::make_unique<Density>(options); }

}  // namespace hpcai::tasks
