#include "hpcai/metrics/classification_quality.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "classification_fixture.h"
#include "hpcai/metrics/reliability.h"
#include "hpcai/metrics/roc.h"
#include "hpcai/metrics/temperature.h"

using namespace hpcai::metrics;

namespace {

using Json = nlohmann::json;

// Both null, or numbers that agree.
void check_same(const Json& ours, const Json& theirs) {
  INFO(ours << " and " << theirs);
  REQUIRE(ours.is_null() == theirs.is_null());
  if (!ours.is_null()) CHECK(ours.get<double>() == Approx(theirs.get<double>()).epsilon(1e-12).margin(1e-15));
}

void check_interval(const Json& values, const std::string& key, const Json& theirs) {
  CHECK(values.at(key + "_low").get<double>() == Approx(theirs[0].get<double>()).epsilon(1e-9).margin(1e-300));
  CHECK(values.at(key + "_high").get<double>() == Approx(theirs[1].get<double>()).epsilon(1e-9));
}

}  // namespace

TEST_CASE("the quality of a classification is scikit-learn's") {
  for (const Json& fixture : classification_fixture().at("cases")) {
    INFO(fixture.at("name").get<std::string>());
    const Classified all = classified_of(fixture);
    const Json quality = classification_quality(all, names_for(all));
    CHECK(quality.at("samples") == all.samples());
    CHECK(quality.at("confusion") == fixture.at("confusion"));
    check_same(quality.at("accuracy"), fixture.at("accuracy"));
    check_interval(quality, "accuracy", fixture.at("accuracy_interval"));
    double areas = 0, count = 0;
    for (size_t c = 0; c < names_for(all).size(); ++c) {
      const Json &ours = quality.at("classes")[c], &ranking = fixture.at("ranking")[c];
      CHECK(ours.at("support") == fixture.at("support")[c]);
      for (const char* key : {"precision", "recall", "f1"}) check_same(ours.at(key), fixture.at(key)[c]);
      if (ours.at("recall").is_number()) check_interval(ours, "recall", fixture.at("recall_interval")[c]);
      for (const char* key : {"roc_auc", "average_precision"}) check_same(ours.at(key), ranking.at(key));
      if (!ranking.at("roc_auc").is_number()) continue;
      areas += ranking.at("roc_auc").get<double>();
      ++count;
    }
    check_same(quality.at("macro_precision"), fixture.at("macro")[0]);
    check_same(quality.at("macro_recall"), fixture.at("macro")[1]);
    check_same(quality.at("macro_f1"), fixture.at("macro")[2]);
    if (all.classes == 2) {
      check_same(quality.at("f1"), fixture.at("f1")[1]);
      check_same(quality.at("roc_auc"), fixture.at("ranking")[1].at("roc_auc"));
    } else {
      CHECK_FALSE(quality.contains("f1"));
      check_same(quality.at("roc_auc"), count > 0 ? Json(areas / count) : Json());
    }
    check_same(quality.at("log_loss"), fixture.at("log_loss"));
    check_same(quality.at("brier"), fixture.at("brier"));
    check_same(quality.at("ece"), fixture.at("reliability").at("ece"));
    CHECK(quality.at("certain_half_accuracy").get<double>() ==
          Approx(fixture.at("certainty").at("right")[4].get<double>() / fixture.at("certainty").at("samples")[4].get<double>()));
  }
}

TEST_CASE("ROC curves are scikit-learn's") {
  for (const Json& fixture : classification_fixture().at("cases")) {
    const Classified all = classified_of(fixture);
    for (int64_t c = 0; c < all.classes; ++c) {
      const Json& theirs = fixture.at("ranking")[static_cast<size_t>(c)].at("roc");
      const auto curve = roc_curve(thresholds_of(all, c));
      if (theirs.is_null()) {
        CHECK(curve.empty());
        continue;
      }
      REQUIRE(curve.size() == theirs.at("false_positive_rate").size());
      for (size_t i = 0; i < curve.size(); ++i) {
        CHECK(curve[i].false_positive_rate == Approx(theirs.at("false_positive_rate")[i].get<double>()));
        CHECK(curve[i].true_positive_rate == Approx(theirs.at("true_positive_rate")[i].get<double>()));
      }
    }
  }
}

TEST_CASE("reliability and certainty tables are numpy's") {
  for (const Json& fixture : classification_fixture().at("cases")) {
    const Classified all = classified_of(fixture);
    const auto bins = reliability(all);
    REQUIRE(bins.size() == 15);
    for (size_t b = 0; b < bins.size(); ++b) {
      CHECK(bins[b].samples == fixture.at("reliability").at("samples")[b]);
      CHECK(bins[b].right == fixture.at("reliability").at("right")[b]);
    }
    const Json& certainty = fixture.at("certainty");
    std::vector<int64_t> counts;
    for (int64_t part = 1; part <= 10; ++part) counts.push_back(tenths(all.samples(), part));
    CHECK(Json(counts) == certainty.at("samples"));
    const auto kept = keep_most_certain(all, counts);
    for (size_t i = 0; i < kept.size(); ++i) {
      CHECK(kept[i].right == certainty.at("right")[i]);
      CHECK(kept[i].least_certainty == certainty.at("least_certainty")[i]);
    }
  }
}

TEST_CASE("the temperature has the least log loss, as scipy finds it") {
  for (const Json& fixture : classification_fixture().at("cases")) {
    INFO(fixture.at("name").get<std::string>());
    const Classified all = classified_of(fixture);
    const Json& theirs = fixture.at("temperature");
    const auto ours = fit_temperature(all);
    REQUIRE(ours.has_value() == theirs.at("value").is_number());
    if (!ours) continue;
    CHECK(*ours == Approx(theirs.at("value").get<double>()).epsilon(1e-6));
    const Classified after = with_temperature(all, *ours);
    CHECK(expected_calibration_error(reliability(after)) == Approx(theirs.at("ece_after").get<double>()).epsilon(1e-5));
    for (int64_t i = 0; i < all.samples(); ++i) CHECK(after.predicted(i) == all.predicted(i));
  }
}

TEST_CASE("a temperature of 1 changes nothing, and probabilities of 0 stay next to 0") {
  const at::Tensor probability = torch::tensor({{0.2F, 0.8F}, {0.0F, 1.0F}});
  CHECK(at::allclose(with_temperature(probability, 1), probability, 0, 1e-7));
  const at::Tensor warmer = with_temperature(probability, 2);
  CHECK(warmer.scalar_type() == at::kFloat);
  CHECK(warmer[0][0].item<double>() == Approx(1 / (1 + 2.0)));
  CHECK(warmer[1][0].item<double>() == Approx(1e-19).epsilon(1e-4));
}

TEST_CASE("samples without a label are left out, and without any sample all is null") {
  std::vector<int64_t> rows;
  const at::Tensor probability = torch::tensor({{0.2F, 0.8F}, {0.6F, 0.4F}, {0.5F, 0.5F}});
  const Classified some = classified(probability, torch::tensor({-1, 1, 0}), &rows);
  CHECK(rows == std::vector<int64_t>{1, 2});
  CHECK(some.truth == std::vector<int64_t>{1, 0});
  CHECK(some.right(1));  // of equal probabilities the first
  CHECK_THROWS_AS(classified(probability, torch::tensor({2, 1, 0})), std::invalid_argument);
  const Classified none = classified(probability, {});
  const Json quality = classification_quality(none, {"a", "b"});
  for (const char* key : {"accuracy", "accuracy_low", "f1", "roc_auc", "log_loss", "ece", "brier", "certain_half_accuracy"})
    CHECK(quality.at(key).is_null());
  CHECK_FALSE(fit_temperature(none));
  CHECK_THROWS_AS(log_loss(none), std::invalid_argument);
}

TEST_CASE("of equally certain samples the one with less doubt comes first") {
  const Classified all{2, {1.0, 1e-9, 1.0, 1e-12, 0.7, 0.3, 1.0, 1e-12}, {0, 0, 0, 0}};
  CHECK(most_certain_first(all) == std::vector<int64_t>{1, 3, 0, 2});
  CHECK_THROWS_AS(keep_most_certain(all, std::vector<int64_t>{5}), std::invalid_argument);
}
