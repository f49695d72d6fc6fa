#include "hpcai/tasks/classification_report.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <map>

#include "hpcai/core/error.h"
#include "hpcai/tasks/classification.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

// Grey images of the class of their number.
class Greys : public data::Dataset {
 public:
  explicit Greys(std::string scaling = "unit")
      : Dataset({{3, 4, 4}, {"elliptical", "spiral"}, {}, std::nullopt, std::move(scaling)}) {}
  int64_t size() const override { return 4; }
  std::string id(int64_t index) const override { return "g" + std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t index, const data::Draw*, float* out) const override {
    std::fill_n(out, 48, 0.1F * static_cast<float>(index));
  }
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }
};

const metrics::Predictions::Gathered kFour{
    {0, 1, 2, 3}, torch::tensor({{0.9F, 0.1F}, {0.2F, 0.8F}, {0.25F, 0.75F}, {0.5F, 0.5F}}), torch::tensor({0, 1, 0, 1})};

std::map<std::string, std::string> files_of(const data::Dataset& dataset, const metrics::Predictions::Gathered& all) {
  const auto task = make(ClassificationConfig{}, {});
  const nlohmann::json metrics = task->measure(dataset.spec(), all);
  std::map<std::string, std::string> files;
  for (const ReportFile& file : task->report({dataset, all, metrics, "test of grey"})) files[file.name] = file.content;
  return files;
}

}  // namespace

TEST_CASE("a classification measures its predictions without the network") {
  const auto task = make(ClassificationConfig{.label_smoothing = 0.1}, {});
  CHECK(task->predicts_probabilities());
  const auto quality = task->measure(Greys().spec(), kFour);
  CHECK(quality.at("accuracy") == 0.5);
  CHECK(quality.at("samples") == 4);
  const at::Tensor logs = kFour.prediction.to(at::kDouble).log();
  CHECK(quality.at("loss").get<double>() ==
        Approx(at::cross_entropy_loss(logs, kFour.target, {}, at::Reduction::Mean, -100, 0.1).item<double>()));
  const auto some = task->measure(Greys().spec(), {kFour.index, kFour.prediction, torch::tensor({-1, 1, -1, 1})});
  CHECK(some.at("samples") == 2);
  CHECK(task->measure(Greys().spec(), {kFour.index, kFour.prediction, {}}).at("loss").is_null());
  for (const Metric& metric : task->further_metrics()) CHECK(quality.contains(metric.name));
}

TEST_CASE("the report of a classification has every file that it announces") {
  const auto files = files_of(Greys(), kFour);
  const auto names = make(ClassificationConfig{}, {})->report_files();
  CHECK(files.size() == names.size());
  for (const std::string& name : names) CHECK(files.contains(name));
  const auto numbers = nlohmann::json::parse(files.at("classification.json"));
  CHECK(numbers.at("accuracy") == 0.5);
  CHECK(numbers.at("mistakes").size() == 2);
  CHECK(numbers.at("mistakes")[0].at("id") == "g2");
  CHECK(files.at("predictions.csv")
            .starts_with("id,elliptical,spiral,predicted,true,certainty\n"
                         "g0,0.8999999761581421,0.10000000149011612,elliptical,elliptical,0.8999999761581421\n"));
  CHECK(files.at("report.md").starts_with("# test of grey\n"));
  const std::string& sheet = files.at("mistakes.svg");
  CHECK(sheet.find("data:image/png;base64,iVBORw0KGgo") != std::string::npos);
  CHECK(sheet.find("true: elliptical") != std::string::npos);
  CHECK(sheet.find("0.7500 spiral") != std::string::npos);
}

TEST_CASE("samples that are no images have no contact sheet, and a report needs a label") {
  CHECK(files_of(Greys(""), kFour).at("mistakes.svg").find("The samples are no images") != std::string::npos);
  CHECK_THROWS_AS(files_of(Greys(), {kFour.index, kFour.prediction, torch::tensor({-1, -1, -1, -1})}), Error);
}

}  // namespace hpcai::tasks
