// Two tasks of other kinds than the library's, written against its interface alone: a conditional density, and a loss of labelled
// and unlabelled samples.
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/task.h"
#include "semi_supervised.h"

namespace hpcai::tasks {
namespace {

// ---- p(theta | x) ----

// theta = slope x + shift + exp(log_width) z with a standard normal z: a density, and no function of one tensor.
class LinearDensity : public models::Model {
 public:
  LinearDensity()
      : slope_(register_parameter("slope", at::zeros({1}, at::kDouble))),
        shift_(register_parameter("shift", at::zeros({1}, at::kDouble))),
        log_width_(register_parameter("log_width", at::zeros({1}, at::kDouble))) {
    add_layer("density");
  }

  at::Tensor forward(const at::Tensor& x) override { return slope_ * x + shift_; }
  // theta, x [batch, 1] -> [batch]
  at::Tensor log_density(const at::Tensor& theta, const at::Tensor& x) {
    const at::Tensor z = (theta - forward(x)) / log_width_.exp();
    return (-0.5 * z.square() - log_width_ - 0.5 * std::log(2 * M_PI)).squeeze(1);
  }
  // x [batch, 1] -> [batch, count]
  at::Tensor sample(const at::Tensor& x, int64_t count) {
    return forward(x) + log_width_.exp() * at::randn({x.size(0), count}, x.options());
  }

 private:
  at::Tensor slope_, shift_, log_width_;
};

class Posterior : public Task {
 public:
  static constexpr int64_t kSamples = 2000;
  static constexpr Metric kCoverage{"coverage_90", "truth within 90 %"};

  int64_t outputs(const data::SampleSpec& spec) const override { return static_cast<int64_t>(spec.target_names.size()); }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    return network.compute(batch.input.device(),
                           [&](models::Model& model) { return -density(model).log_density(batch.target, batch.input).mean(); });
  }

  std::vector<Metric> metrics() const override { return {kLoss, kCoverage}; }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec&, at::Device device) const override {
    return std::make_unique<Sums>(*this, device);
  }
  int64_t passes_per_sample() const override { return 2; }

  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override {
    data::PredictionTable table;
    for (const std::string& name : spec.target_names) table.columns = {name + "_mean", name + "_deviation"};
    table.predictions = row_major(at::stack({all.prediction.mean(1), all.prediction.std(1)}, 1), 2);
    if (!all.target.defined()) return table;
    table.truth_columns = spec.target_names;
    table.truth = row_major(all.target, 1);
    return table;
  }

 private:
  static LinearDensity& density(models::Model& model) {
    auto* density = dynamic_cast<LinearDensity*>(&model);
    if (!density) throw Error(ExitCode::usage, "this task needs a model of a density");
    return *density;
  }

  class Sums : public Evaluation {
   public:
    Sums(const Posterior& task, at::Device device)
        : task_(task), covered_(at::zeros({2}, at::TensorOptions(device).dtype(at::kDouble))) {}

   protected:
    Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
      const at::Tensor samples = network.compute(
          batch.input.device(), [&](models::Model& model) { return density(model).sample(batch.input, kSamples); });
      if (!batch.target.defined()) return {{}, samples};
      const at::Tensor rank = (samples < batch.target).to(at::kDouble).mean(1);
      covered_[0] += rank.gt(0.05).logical_and(rank.lt(0.95)).sum();
      covered_[1] += batch.input.size(0);
      return {task_.loss(network, batch), samples};
    }

    nlohmann::json reduce(distributed::Group& group, const metrics::Predictions::Gathered&) override {
      group.all_reduce_sum(covered_);
      return {{kCoverage.name, covered_[0].item<double>() / covered_[1].item<double>()}};
    }

   private:
    const Posterior& task_;
    at::Tensor covered_;
  };
};

// ---- labelled and unlabelled samples: semi_supervised.h ----

// Full-batch gradient descent.
void descend(const Task& task, models::Model& model, const Batch& batch, double rate, int steps) {
  for (int step = 0; step < steps; ++step) {
    for (const at::Tensor& parameter : model.parameters()) parameter.mutable_grad() = at::Tensor();
    task.loss(Network(model), batch).backward();
    const at::NoGradGuard no_grad;
    for (at::Tensor parameter : model.parameters()) parameter.sub_(parameter.grad(), rate);
  }
}

}  // namespace

TEST_CASE("a task can be a conditional density: its loss, its samples and how often they cover the truth") {
  at::manual_seed(1);
  const int64_t count = 2000;
  const at::Tensor x = at::rand({count, 1}, at::kDouble) * 4 - 2;
  const at::Tensor theta = 1.5 * x - 0.5 + 0.3 * at::randn({count, 1}, at::kDouble);
  const data::SampleSpec spec{{1}, {}, {"mass"}};
  const Posterior task;
  LinearDensity model;
  descend(task, model, {{x, theta}}, 0.05, 600);

  const at::NoGradGuard no_grad;
  const auto group = distributed::make_single_group();
  const auto evaluation = task.start_evaluation(spec, at::kCPU);
  std::vector<int64_t> index(static_cast<size_t>(count));
  std::iota(index.begin(), index.end(), 0);
  evaluation->add(Network(model), {{x, theta}}, index);
  const EvaluationResult result = evaluation->finish(*group);
  // the entropy of a normal distribution of width 0.3
  CHECK(result.loss == Approx(0.5 * std::log(2 * M_PI * M_E) + std::log(0.3)).margin(0.05));
  CHECK(result.metrics.at("coverage_90").get<double>() == Approx(0.9).margin(0.02));
  CHECK(describe_quality(task.metrics(), result.metrics).find("truth within 90 %") != std::string::npos);

  CHECK(result.predictions.prediction.sizes() == at::IntArrayRef{count, Posterior::kSamples});
  const auto table = task.table(spec, result.predictions);
  CHECK(table.columns == std::vector<std::string>{"mass_mean", "mass_deviation"});
  const double x0 = x[0].item<double>();
  CHECK(table.predictions[0] == Approx(1.5 * x0 - 0.5).margin(0.1));
  CHECK(table.predictions[1] == Approx(0.3).margin(0.03));
  CHECK(table.truth[0] == theta[0].item<double>());
}

TEST_CASE("a task can have a loss of two batches: what only unlabelled samples show is learnt") {
  at::manual_seed(2);
  // the two labelled points do not tell what the second coordinate does, the unlabelled ones do
  const at::Tensor labelled = torch::tensor({{1.0, 0.0}, {-1.0, 0.0}}, at::kDouble),
                   target = torch::tensor({{1.0}, {-1.0}}, at::kDouble);
  const at::Tensor side = at::randint(0, 2, {200}, at::kDouble) * 2 - 1;
  const at::Tensor unlabelled = at::stack({side * 0.5, side * 0.25}, 1);  // w = (1, 2) puts them at distance 1
  const Batch batch{{labelled, target}, {{"unlabelled", {unlabelled, {}}}}};
  Line both(at::kDouble), one(at::kDouble);
  descend(SemiSupervised(1), both, batch, 0.2, 3000);
  descend(SemiSupervised(0), one, batch, 0.2, 3000);
  const auto weight = [](models::Model& model, int64_t i) { return model.parameters()[0][i].item<double>(); };
  CHECK(weight(both, 0) == Approx(1).margin(1e-3));
  CHECK(weight(both, 1) == Approx(2).margin(1e-2));
  CHECK(weight(one, 0) == Approx(1).margin(1e-3));
  CHECK(weight(one, 1) == 0);
  CHECK_THROWS_AS(SemiSupervised(1).loss(Network(both), {{labelled, target}}), std::logic_error);
  CHECK(SemiSupervised(1).further_sources() == std::vector<std::string>{"unlabelled"});
}

}  // namespace hpcai::tasks
