#include "hpcai/tasks/vote_metrics.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

namespace hpcai::tasks {
namespace {

// smooth or featured; then, of the featured ones, edge-on or not; and at last of both something odd or not
const std::vector<data::VoteQuestion> kTree = {{"shape", {"smooth", "featured", "star"}, {}, ""},
                                               {"edge", {"edge_yes", "edge_no"}, {"featured"}, ""},
                                               {"odd", {"odd_yes", "odd_no"}, {"smooth", "edge_yes", "edge_no"}, ""}};

}  // namespace

TEST_CASE("the part of the volunteers that is asked follows the tree") {
  const double a[] = {10, 30, 10, 1, 3, 5, 5};
  const VotePrediction prediction = predict_votes(kTree, a);
  CHECK(prediction.fraction[1] == Approx(0.6));
  REQUIRE(prediction.asked.size() == 3);
  CHECK(prediction.asked[0] == 1);
  CHECK(prediction.asked[1] == Approx(0.6));
  CHECK(prediction.asked[2] == Approx(0.2 + 0.6 * 0.25 + 0.6 * 0.75));
  CHECK(prediction.low[3] < 0.25);
  CHECK(prediction.high[3] > 0.25);
}

TEST_CASE("metrics of votes count the galaxies that enough volunteers have judged") {
  const at::Tensor a = torch::tensor({{20, 60, 20, 3, 1, 1, 1}, {10, 10, 80, 1, 1, 3, 1}}, at::kDouble);
  // question shape: both; edge: the first, with fractions 0.5 and 0.5; odd: nobody
  const at::Tensor votes = torch::tensor({{5, 4, 1, 5, 5, 1, 0}, {0, 0, 20, 1, 0, 2, 7}}, at::kDouble);
  const auto metrics = vote_metrics(kTree, a, votes, 10);
  const auto& shape = metrics.at("questions").at("shape");
  CHECK(shape.at("galaxies") == 2);
  CHECK(shape.at("fraction_error").get<double>() == Approx((0.3 + 0.2 + 0.1 + 0.1 + 0.1 + 0.2) / 6));
  CHECK(shape.at("accuracy").get<double>() == 0.5);
  const auto& edge = metrics.at("questions").at("edge");
  CHECK(edge.at("galaxies") == 1);
  CHECK(edge.at("fraction_error").get<double>() == Approx(0.25));
  CHECK(edge.at("accuracy").get<double>() == 1);
  CHECK(metrics.at("questions").at("odd").at("galaxies") == 0);
  CHECK(metrics.at("questions").at("odd").at("accuracy").is_null());
  CHECK(metrics.at("fraction_error").get<double>() == Approx((1.0 / 6 + 0.25) / 2));
  CHECK(metrics.at("vote_accuracy").get<double>() == 0.75);
  CHECK(vote_metrics(kTree, a, votes, 1000).at("fraction_error").is_null());
  const at::Tensor unknown = at::full_like(votes, std::numeric_limits<double>::quiet_NaN());
  CHECK(vote_metrics(kTree, a, unknown, 1).at("fraction_error").is_null());
}

}  // namespace hpcai::tasks
