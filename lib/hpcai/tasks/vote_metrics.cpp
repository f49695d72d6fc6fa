#include "hpcai/tasks/vote_metrics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>

#include "hpcai/metrics/binomial.h"

namespace hpcai::tasks {
namespace {

struct QuestionSums {
  int64_t galaxies = 0, right = 0;
  double error = 0;  // the sum over galaxies of the mean over answers

  // concentration, votes: of the answers of one galaxy
  void add(std::span<const double> concentration, std::span<const double> votes, double least_votes) {
    const double all = std::accumulate(votes.begin(), votes.end(), 0.0);
    if (!(all >= least_votes)) return;  // also NaN
    const double sum = std::accumulate(concentration.begin(), concentration.end(), 0.0);
    double difference = 0;
    for (size_t i = 0; i < votes.size(); ++i) difference += std::abs(concentration[i] / sum - votes[i] / all);
    const auto predicted = static_cast<size_t>(std::ranges::max_element(concentration) - concentration.begin());
    right += votes[predicted] == std::ranges::max(votes) ? 1 : 0;
    error += difference / static_cast<double>(votes.size());
    ++galaxies;
  }

  double of_galaxies(double total) const { return total / static_cast<double>(galaxies); }
  double mean_error() const { return of_galaxies(error); }
  double accuracy() const { return of_galaxies(static_cast<double>(right)); }
};

nlohmann::json mean_or_null(double sum, int64_t count) {
  return count > 0 ? nlohmann::json(sum / static_cast<double>(count)) : nlohmann::json();
}

at::Tensor rows_of(const at::Tensor& values) { return values.to(at::kCPU, at::kDouble).contiguous(); }

}  // namespace

nlohmann::json vote_metrics(const std::vector<data::VoteQuestion>& questions, const at::Tensor& concentration,
                            const at::Tensor& votes, int64_t least_votes) {
  const at::Tensor a = rows_of(concentration), x = rows_of(votes);
  const auto answers = static_cast<size_t>(a.size(1));
  std::vector<QuestionSums> sums(questions.size());
  for (int64_t row = 0; row < a.size(0); ++row) {
    const std::span of_a(a.const_data_ptr<double>() + row * a.size(1), answers);
    const std::span of_x(x.const_data_ptr<double>() + row * a.size(1), answers);
    size_t first = 0;
    for (size_t q = 0; q < questions.size(); ++q) {
      const size_t count = questions[q].answers.size();
      sums[q].add(of_a.subspan(first, count), of_x.subspan(first, count), static_cast<double>(least_votes));
      first += count;
    }
  }
  double error = 0, accuracy = 0;
  int64_t measured = 0;
  nlohmann::json of_questions = nlohmann::json::object();
  for (size_t q = 0; q < questions.size(); ++q) {
    const QuestionSums& sum = sums[q];
    of_questions[questions[q].name] = {{"galaxies", sum.galaxies},
                                       {"fraction_error", mean_or_null(sum.error, sum.galaxies)},
                                       {"accuracy", mean_or_null(static_cast<double>(sum.right), sum.galaxies)}};
    if (sum.galaxies == 0) continue;
    error += sum.mean_error();
    accuracy += sum.accuracy();
    ++measured;
  }
  return {{"questions", of_questions},
          {kFractionErrorKey, mean_or_null(error, measured)},
          {kVoteAccuracyKey, mean_or_null(accuracy, measured)}};
}

VotePrediction predict_votes(const std::vector<data::VoteQuestion>& questions, const double* concentration) {
  constexpr double kTail = 0.05;
  VotePrediction prediction;
  std::map<std::string, double> part_of;  // of the volunteers that give an answer
  for (const data::VoteQuestion& question : questions) {
    double asked = question.asked_after.empty() ? 1 : 0;
    for (const std::string& answer : question.asked_after) asked += part_of.at(answer);
    asked = std::min(asked, 1.0);
    prediction.asked.push_back(asked);
    const std::span of_question(concentration, question.answers.size());
    const double sum = std::accumulate(of_question.begin(), of_question.end(), 0.0);
    for (size_t i = 0; i < of_question.size(); ++i) {
      const double a = of_question[i];
      prediction.fraction.push_back(a / sum);
      prediction.low.push_back(metrics::beta_quantile(kTail, a, sum - a));
      prediction.high.push_back(metrics::beta_quantile(1 - kTail, a, sum - a));
      part_of[question.answers[i]] = asked * (a / sum);
    }
    concentration += question.answers.size();
  }
  return prediction;
}

}  // namespace hpcai::tasks
