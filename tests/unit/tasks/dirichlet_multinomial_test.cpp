#include "hpcai/tasks/dirichlet_multinomial.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/vote_loss.h"

namespace hpcai::tasks {
namespace {

const std::vector<data::VoteQuestion> kQuestions = {{"shape", {"smooth", "featured"}, {}, ""},
                                                    {"edge", {"edge_yes", "edge_no"}, {"featured"}, ""}};
const data::SampleSpec kVoted{{3, 8, 8}, {}, {"smooth", "featured", "edge_yes", "edge_no"}};

std::unique_ptr<Task> votes_task(int64_t least_votes = 10) {
  return make(DirichletMultinomialConfig{.least_votes = least_votes, .questions = kQuestions}, {});
}

}  // namespace

TEST_CASE("a task of votes needs the answers of its questions as targets") {
  CHECK(votes_task()->outputs(kVoted) == 4);
  CHECK_THROWS_AS(votes_task()->outputs({{3, 8, 8}, {"elliptical", "spiral"}, {}}), Error);
  CHECK_THROWS_AS(votes_task()->outputs({{3, 8, 8}, {}, {"smooth", "featured"}}), Error);
  CHECK_THROWS_AS(make(DirichletMultinomialConfig{}, {})->outputs({{3, 8, 8}, {}, {}}), Error);
}

TEST_CASE("the loss of votes is summed over questions and averaged over galaxies, in float32 for such scores") {
  const at::Tensor scores = torch::tensor({{0.5F, -1.0F, 2.0F, 0.0F}, {1.0F, 1.0F, -1.0F, 0.3F}, {0.0F, 0.0F, 0.0F, 0.0F}});
  const at::Tensor votes = torch::tensor({{30.0F, 9.0F, 2.0F, 7.0F}, {0.0F, 40.0F, 0.0F, 0.0F}, {0.0F, 0.0F, 0.0F, 0.0F}});
  FixedOutput model(scores);
  const auto task = votes_task();
  const at::Tensor before = task->loss(Network(model), {{at::zeros({3, 3, 8, 8}), votes}});
  task->prepare(kVoted, at::kCPU);
  const at::Tensor loss = task->loss(Network(model), {{at::zeros({3, 3, 8, 8}), votes}});
  CHECK(loss.scalar_type() == at::kFloat);
  CHECK(before.equal(loss));
  const at::Tensor losses = vote_losses(concentrations(scores), votes, answers_of_questions(kQuestions, at::kCPU));
  CHECK(loss.item<double>() == Approx(losses.sum().item<double>() / 3));
  CHECK(losses[2].abs().max().item<double>() == 0);
  FixedOutput half(scores.to(at::kBFloat16));
  CHECK(task->loss(Network(half), {{at::zeros({3, 3, 8, 8}), votes}}).scalar_type() == at::kFloat);
}

TEST_CASE("an evaluation of votes gives its metrics, and the table fractions, their bounds and the asked parts") {
  // concentrations 51 and 51; 101 and 1
  FixedOutput model(torch::tensor({{0.0F, 0.0F, 200.0F, -200.0F}}));
  const auto group = distributed::make_single_group();
  const auto task = votes_task(5);
  task->prepare(kVoted, at::kCPU);
  const auto evaluation = task->start_evaluation(kVoted, at::kCPU);
  const at::Tensor votes = torch::tensor({{4.0F, 6.0F, 6.0F, 0.0F}});
  evaluation->add(Network(model), {{at::zeros({1, 3, 8, 8}), votes}}, {0});
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(result.loss > 0);
  CHECK(result.metrics.at("fraction_error").get<double>() == Approx((0.1 + 1.0 / 102) / 2));
  CHECK(result.metrics.at("questions").at("edge").at("accuracy") == 1);

  const auto table = task->table(kVoted, result.predictions);
  const std::vector<std::string> columns = {"smooth",        "smooth_low",   "smooth_high",  "featured",      "featured_low",
                                            "featured_high", "edge_yes",     "edge_yes_low", "edge_yes_high", "edge_no",
                                            "edge_no_low",   "edge_no_high", "shape_asked",  "edge_asked"};
  CHECK(table.columns == columns);
  REQUIRE(table.predictions.size() == columns.size());
  CHECK(table.predictions[0] == Approx(0.5));
  CHECK(table.predictions[1] + table.predictions[2] == Approx(1));
  CHECK(table.predictions[6] == Approx(101.0 / 102));
  CHECK(table.predictions[7] == Approx(std::pow(0.05, 1.0 / 101)));  // Beta(101, 1)
  CHECK(table.predictions[12] == 1);
  CHECK(table.predictions[13] == Approx(0.5));
  CHECK(table.truth_columns == kVoted.target_names);
  CHECK(table.truth == std::vector<double>{4, 6, 6, 0});
}

TEST_CASE("galaxies without votes are predicted, and nothing is measured") {
  FixedOutput model(torch::tensor({{0.0F, 0.0F, 0.0F, 0.0F}}));
  const auto group = distributed::make_single_group();
  const auto task = votes_task();
  const auto evaluation = task->start_evaluation(kVoted, at::kCPU);
  evaluation->add(Network(model), {{at::zeros({1, 3, 8, 8}), {}}}, {3});
  const EvaluationResult result = evaluation->finish(*group);
  CHECK_FALSE(result.metrics.contains("fraction_error"));
  const auto table = task->table(kVoted, result.predictions);
  CHECK(table.truth.empty());
  CHECK(table.predictions.size() == 14);
}

}  // namespace hpcai::tasks
