#include "hpcai/tasks/tasks.h"

#include <catch2/catch.hpp>
#include <set>

#include "hpcai/tasks/task.h"

namespace hpcai::tasks {

TEST_CASE("every task judges itself first by its loss, and a name means one metric") {
  for (const TaskConfig& config :
       {TaskConfig(WaveformRegressionConfig{}), TaskConfig(WaveformMismatchConfig{}), TaskConfig(ClassificationConfig{}),
        TaskConfig(DensityConfig{}), TaskConfig(RegressionConfig{}), TaskConfig(MultilabelConfig{})}) {
    CHECK(make_task(config)->metrics().front() == kLoss);
  }
  std::set<std::string_view> names;
  for (const Metric& metric : all_metrics()) CHECK(names.insert(metric.name).second);
  CHECK(names == std::set<std::string_view>{"loss", "accuracy", "f1", "overlap_median", "overlap_p05", "overlap_p01", "ks_p_min",
                                            "relative_width", "fraction_error", "vote_accuracy", "r2", "rmse_all", "nll",
                                            "mean_absolute_error_all", "mean_average_precision", "f1_macro", "auc_macro",
                                            "early_warning_auc"});
}

TEST_CASE("a setting chooses a metric by its name") {
  const auto names = enum_names(MetricChoice::none);
  CHECK(names.front().second == "none");
  CHECK(names.size() == all_metrics().size() + 1);
  CHECK((names.front().first == MetricChoice::none));
  for (size_t i = 1; i < names.size(); ++i) CHECK(metric_of(names[i].first).name == names[i].second);
  CHECK_FALSE(metric_of(names[1].first).higher_is_better);  // the loss
  CHECK_THROWS_AS(metric_of(MetricChoice::none), std::out_of_range);
}

TEST_CASE("quality is told in the order of the metrics, as far as it was measured") {
  const auto metrics = make_task(ClassificationConfig{})->metrics();
  CHECK(describe_quality(metrics, {{"loss", 0.01234567}, {"f1", nullptr}, {"accuracy", 0.971}, {"samples", 5}}) ==
        "loss 0.01235, accuracy 0.971");
  CHECK(describe_quality(metrics, nlohmann::json::object()).empty());
}

}  // namespace hpcai::tasks
