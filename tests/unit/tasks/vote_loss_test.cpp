#include "hpcai/tasks/vote_loss.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hpcai/tasks/vote_metrics.h"

namespace hpcai::tasks {
namespace {

struct VoteCase {
  std::string name;
  at::Tensor scores, votes, losses, gradient;  // [1, answer], losses [question]
  std::vector<double> fraction, low, high;
};

at::Tensor numbers_of(const nlohmann::json& values) { return torch::tensor(values.get<std::vector<double>>(), at::kDouble); }

std::vector<data::VoteQuestion> questions_of(const std::vector<int64_t>& counts) {
  std::vector<data::VoteQuestion> questions;
  for (size_t q = 0; q < counts.size(); ++q) {
    questions.push_back({"q" + std::to_string(q), {}, {}, ""});
    for (int64_t i = 0; i < counts[q]; ++i) questions[q].answers.push_back("q" + std::to_string(q) + "a" + std::to_string(i));
  }
  return questions;
}

struct VoteFixture {
  std::vector<data::VoteQuestion> questions;
  std::vector<VoteCase> cases;
};

// By scripts/export_vote_fixtures.py, in 50 digits.
VoteFixture vote_fixture() {
  std::ifstream in(HPCAI_SOURCE_DIR "/tests/fixtures/votes.json");
  const nlohmann::json json = nlohmann::json::parse(in);
  VoteFixture fixture{questions_of(json.at("questions").get<std::vector<int64_t>>()), {}};
  for (const auto& item : json.at("cases")) {
    fixture.cases.push_back({item.at("name"), numbers_of(item.at("scores")).unsqueeze(0),
                             numbers_of(item.at("votes")).unsqueeze(0), numbers_of(item.at("losses")),
                             numbers_of(item.at("gradient")).unsqueeze(0), item.at("fraction"), item.at("low"), item.at("high")});
  }
  return fixture;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

TEST_CASE("losses of votes and their gradients are those of a calculation in 50 digits") {
  const VoteFixture fixture = vote_fixture();
  REQUIRE(fixture.cases.size() == 8);
  const at::Tensor membership = answers_of_questions(fixture.questions, at::kCPU);
  for (const VoteCase& expected : fixture.cases) {
    INFO(expected.name);
    const at::Tensor scores = expected.scores.clone().requires_grad_();
    const at::Tensor losses = vote_losses(concentrations(scores), expected.votes, membership);
    losses.sum().backward();
    CHECK(at::allclose(losses[0], expected.losses, 1e-9, 1e-9));
    CHECK(at::allclose(scores.grad(), expected.gradient, 1e-7, 1e-9));
  }
}

TEST_CASE("scores in float32 give the losses and gradients of votes to the rounding of the scores") {
  const VoteFixture fixture = vote_fixture();
  const at::Tensor membership = answers_of_questions(fixture.questions, at::kCPU);
  for (const VoteCase& expected : fixture.cases) {
    INFO(expected.name);
    const at::Tensor scores = expected.scores.to(at::kFloat).requires_grad_();
    const at::Tensor losses = vote_losses(concentrations(scores), expected.votes.to(at::kFloat), membership);
    losses.sum().to(at::kFloat).backward();
    CHECK(scores.grad().scalar_type() == at::kFloat);
    CHECK(at::allclose(losses[0], expected.losses, 1e-5, 1e-5));
    CHECK(at::allclose(scores.grad().to(at::kDouble), expected.gradient, 1e-5, 1e-5));
  }
}

TEST_CASE("questions without votes, also with NaN for them, add exactly nothing to loss and gradient") {
  const auto questions = questions_of({2, 3});
  const at::Tensor scores = torch::tensor({{0.7, -0.2, 3.0, -9.0, 0.1}}, at::kDouble).requires_grad_();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const at::Tensor votes = torch::tensor({{nan, nan, 0.0, 0.0, 0.0}}, at::kDouble);
  const at::Tensor losses = vote_losses(concentrations(scores), votes, answers_of_questions(questions, at::kCPU));
  losses.sum().backward();
  CHECK(losses.abs().max().item<double>() == 0);
  CHECK(scores.grad().abs().max().item<double>() == 0);
}

TEST_CASE("scores that overflow leave loss and gradient finite") {
  const at::Tensor scores = torch::tensor({{1e30F, -1e30F}, {-1000.0F, 1000.0F}}).requires_grad_();
  const at::Tensor votes = torch::tensor({{1.0F, 1000.0F}, {40.0F, 0.0F}});
  const at::Tensor losses = vote_losses(concentrations(scores), votes, answers_of_questions(questions_of({2}), at::kCPU));
  losses.sum().backward();
  CHECK(losses.isfinite().all().item<bool>());
  CHECK(scores.grad().isfinite().all().item<bool>());
  CHECK(concentrations(torch::tensor({1e30F, -1e30F, 0.0F})).equal(torch::tensor({101.0, 1.0, 51.0}, at::kDouble)));
}

TEST_CASE("the chances of all outcomes of three votes have the sum 1") {
  const at::Tensor membership = answers_of_questions(questions_of({3}), at::kCPU);
  const at::Tensor concentration = concentrations(torch::tensor({{-4.0, -3.0, -5.0}}, at::kDouble));
  double sum = 0;
  for (int i = 0; i <= 3; ++i) {
    for (int k = 0; i + k <= 3; ++k) {
      const at::Tensor votes = torch::tensor({{1.0 * i, 1.0 * k, 3.0 - i - k}}, at::kDouble);
      sum += std::exp(-vote_losses(concentration, votes, membership).item<double>());
    }
  }
  CHECK(sum == Approx(1).epsilon(1e-12));
}

TEST_CASE("expected fractions of votes and their quantiles are those of a calculation in 50 digits") {
  const VoteFixture fixture = vote_fixture();
  for (const VoteCase& expected : fixture.cases) {
    INFO(expected.name);
    const at::Tensor concentration = concentrations(expected.scores).contiguous();
    const VotePrediction prediction = predict_votes(fixture.questions, concentration.const_data_ptr<double>());
    const auto differ = [](const std::vector<double>& a, const std::vector<double>& b) {
      return largest_difference(torch::tensor(a, at::kDouble), torch::tensor(b, at::kDouble));
    };
    CHECK(differ(prediction.fraction, expected.fraction) < 1e-13);
    CHECK(differ(prediction.low, expected.low) < 1e-11);
    CHECK(differ(prediction.high, expected.high) < 1e-11);
    CHECK(prediction.asked == std::vector<double>{1, 1, 1});
  }
}

}  // namespace hpcai::tasks
