#include "hpcai/tasks/dirichlet_multinomial.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/parallel.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/vote_loss.h"
#include "hpcai/tasks/vote_metrics.h"

namespace hpcai::tasks {
namespace {

constexpr Metric kFractionError{kFractionErrorKey, "error of vote fractions", false};
constexpr Metric kVoteAccuracy{kVoteAccuracyKey, "accuracy of the most voted answer"};

class DirichletMultinomial : public Task {
 public:
  explicit DirichletMultinomial(const DirichletMultinomialConfig& config)
      : questions_(config.questions), least_votes_(config.least_votes) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    const auto names = data::answer_names(questions_);
    if (!names.empty() && names == spec.target_names && spec.class_names.empty()) return static_cast<int64_t>(names.size());
    throw Error(ExitCode::usage, "loss.type: dirichlet_multinomial needs votes on questions; these data have none",
                "Name the columns of the votes in data.votes (type image_folder), or set data.volunteers (simulated_galaxies).");
  }

  void prepare(const data::SampleSpec&, at::Device device) override { membership_ = answers_of_questions(questions_, device); }

  at::Tensor loss(const Network& network, const Batch& batch) const override {
    const at::Tensor scores = widened(network(batch.input));
    return loss_of(concentrations(scores), batch.target).to(scores.scalar_type());
  }

  std::vector<Metric> metrics() const override { return {kLoss, kFractionError, kVoteAccuracy}; }

  std::unique_ptr<Evaluation> start_evaluation(const data::SampleSpec& spec, at::Device device) const override;
  data::PredictionTable table(const data::SampleSpec& spec, const metrics::Predictions::Gathered& all) const override;

 private:
  class Sums;

  // The mean over the batch, float64 [].
  at::Tensor loss_of(const at::Tensor& concentration, const at::Tensor& votes) const {
    const bool prepared = membership_.defined() && membership_.device() == votes.device();
    const at::Tensor membership = prepared ? membership_ : answers_of_questions(questions_, votes.device());
    return vote_losses(concentration, votes, membership).sum(1).mean();
  }

  std::vector<data::VoteQuestion> questions_;
  int64_t least_votes_;
  at::Tensor membership_;
};

class DirichletMultinomial::Sums : public Evaluation {
 public:
  explicit Sums(const DirichletMultinomial& task) : task_(task) {}

 protected:
  Outcome measure(const Network& network, const Batch& batch, const std::vector<int64_t>&) override {
    const at::Tensor concentration = concentrations(network(batch.input));
    Outcome outcome{{}, concentration};
    if (batch.target.defined()) outcome.loss = task_.loss_of(concentration, batch.target);
    return outcome;
  }

  nlohmann::json reduce(distributed::Group&, const metrics::Predictions::Gathered& all) override {
    if (!all.target.defined() || !all.prediction.defined()) return nlohmann::json::object();
    return vote_metrics(task_.questions_, all.prediction, all.target, task_.least_votes_);
  }

 private:
  const DirichletMultinomial& task_;
};

std::unique_ptr<Evaluation> DirichletMultinomial::start_evaluation(const data::SampleSpec&, at::Device) const {
  return std::make_unique<Sums>(*this);
}

// The answers' fractions and their bounds, then the part of the volunteers that each question is asked; the truth is the votes.
data::PredictionTable DirichletMultinomial::table(const data::SampleSpec&, const metrics::Predictions::Gathered& all) const {
  data::PredictionTable table;
  const std::vector<std::string> answers = data::answer_names(questions_);
  for (const std::string& answer : answers) {
    for (const std::string& name : {answer, data::low_column(answer), data::high_column(answer)}) table.columns.push_back(name);
  }
  for (const data::VoteQuestion& question : questions_) table.columns.push_back(data::asked_column(question.name));
  const std::vector<double> concentration = row_major(all.prediction, static_cast<int64_t>(answers.size()));
  const size_t columns = table.columns.size();
  table.predictions.resize(static_cast<size_t>(all.prediction.size(0)) * columns);
  parallel_for(all.prediction.size(0), 0, [&](int64_t row) {
    const auto sample = static_cast<size_t>(row);
    const VotePrediction prediction = predict_votes(questions_, concentration.data() + sample * answers.size());
    double* out = table.predictions.data() + sample * columns;
    for (size_t i = 0; i < answers.size(); ++i) {
      for (const auto* values : {&prediction.fraction, &prediction.low, &prediction.high}) *out++ = (*values)[i];
    }
    std::ranges::copy(prediction.asked, out);
  });
  if (!all.target.defined()) return table;
  table.truth_columns = answers;
  table.truth = row_major(all.target, static_cast<int64_t>(answers.size()));
  return table;
}

}  // namespace

std::unique_ptr<Task> make(const DirichletMultinomialConfig& config, const EvaluationOptions&) {
  return std::make_unique<DirichletMultinomial>(config);
}

}  // namespace hpcai::tasks
