#include "hpcai/metrics/early_warning.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::metrics {
namespace {

// Five sequences of four steps; 0, 1 and 2 have an event at the step 3, 2 and 1.
const std::vector<int64_t> kIndex = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4};
const std::vector<double> kProbability = {0.1, 0.6,  0.7, 0.9,   // warns at 0.6 two steps before, at 0.7 one step before
                                          0.2, 0.2,  0.8, 0.95,  // alarms at the event alone, and behind it
                                          0.5, 0.4,  0.9, 0.9,   // the event is early
                                          0.3, 0.3,  0.3, 0.3,   //
                                          0.1, 0.55, 0.2, 0.1};
const std::vector<double> kTarget = {0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

at::Tensor column(const std::vector<double>& values) { return at::tensor(values, at::kDouble).unsqueeze(1); }

std::vector<double> scores(int64_t warning_steps) {
  const Warnings all =
      warnings_of(kIndex, at::tensor(kProbability, at::kDouble), at::tensor(kTarget, at::kDouble), warning_steps);
  std::vector<double> found;
  for (int64_t i = 0; i < all.sequences.samples(); ++i) found.push_back(all.sequences.row(i)[1]);
  return found;
}

double area(int64_t warning_steps) {
  return warning_quality({"event"}, kIndex, column(kProbability), column(kTarget), warning_steps)[kWarningAucKey].get<double>();
}

}  // namespace

TEST_CASE("an alarm counts if it comes early enough before the event, and anywhere in a sequence without one") {
  CHECK(scores(0) == std::vector<double>{0.9, 0.8, 0.5, 0.3, 0.55});
  CHECK(scores(1) == std::vector<double>{0.7, 0.2, 0.5, 0.3, 0.55});
  CHECK(scores(2) == std::vector<double>{0.6, 0.2, 0, 0.3, 0.55});
  CHECK(scores(4) == std::vector<double>{0, 0, 0, 0.3, 0.55});
}

TEST_CASE("the area is the chance that an event is rated above a sequence without event") {
  // Pairs of three events and two others, counted by hand.
  CHECK(area(0) == Approx(5.0 / 6));
  CHECK(area(1) == Approx(3.0 / 6));
  CHECK(area(2) == Approx(2.0 / 6));
  CHECK(area(4) == 0);
}

TEST_CASE("the report has the rates at thresholds and the median warning") {
  const WarningReport report = warning_report({"event"}, kIndex, column(kProbability), column(kTarget), 0, "test of a run");
  const auto& label = report.numbers["labels"][0];
  CHECK(label["events"] == 3);
  CHECK(label["without_event"] == 2);
  const auto& first = label["at_false_alarms"][0];  // at most 1 % false alarms
  CHECK(first["false_alarms"] == 0.0);
  CHECK(first["true_alarms"].get<double>() == Approx(2.0 / 3));
  CHECK(first["threshold"] == 0.8);
  CHECK(first["median_warning_steps"] == 0.0);
  CHECK_THAT(report.tables, Catch::Contains("3 sequences with an event, 2 without"));
  CHECK_THAT(report.figure.svg(), Catch::Contains("Early warning"));
  CHECK_THROWS_AS(warning_report({"event"}, kIndex, column(kProbability), at::zeros({20, 1}, at::kDouble), 0, ""), Error);
}

TEST_CASE("the area is null without events") {
  const auto quality = warning_quality({"a"}, kIndex, column(kProbability), at::zeros({20, 1}, at::kDouble), 0);
  CHECK(quality[kWarningAucKey].is_null());
  CHECK(quality["early_warning_auc_each"]["a"].is_null());
}

}  // namespace hpcai::metrics
