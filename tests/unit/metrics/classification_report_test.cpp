#include "hpcai/metrics/classification_report.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "../draw/canvas_checks.h"
#include "classification_fixture.h"
#include "hpcai/metrics/classification_figures.h"
#include "hpcai/metrics/classification_quality.h"

using namespace hpcai;
using namespace hpcai::metrics;

namespace {

using Json = nlohmann::json;

ClassificationResult result_of(const Json& fixture) {
  ClassificationResult result{{}, {}, classified_of(fixture)};
  result.names = names_for(result.all);
  for (int64_t i = 0; i < result.all.samples(); ++i) result.ids.push_back("g" + std::to_string(i) + "|.png");
  return result;
}

Json report_of(const ClassificationResult& result) {
  Json report = classification_quality(result.all, result.names);
  report.update(classification_tables(result));
  return report;
}

// A classification of `classes` classes in which each sample is predicted as the class after its own, or as its own.
Classified many_classes(int64_t classes) {
  Classified all{classes, {}, {}};
  for (int64_t i = 0; i < 3 * classes; ++i) {
    std::vector<double> row(static_cast<size_t>(classes), 0.1 / static_cast<double>(classes - 1));
    const int64_t truth = i % classes;
    row[static_cast<size_t>(i < classes ? (truth + 1) % classes : truth)] = 0.9;
    all.probability.insert(all.probability.end(), row.begin(), row.end());
    all.truth.push_back(truth);
  }
  return all;
}

}  // namespace

TEST_CASE("the tables of a classification agree with its quality") {
  for (const Json& fixture : classification_fixture().at("cases")) {
    INFO(fixture.at("name").get<std::string>());
    const ClassificationResult result = result_of(fixture);
    const Json report = report_of(result);
    REQUIRE(report.at("certainty").size() == 10);
    CHECK(report.at("certainty")[9].at("accuracy") == report.at("accuracy"));
    CHECK(report.at("certainty")[4].at("accuracy") == report.at("certain_half_accuracy"));
    int64_t samples = 0;
    for (const Json& bin : report.at("reliability")) samples += bin.at("samples").get<int64_t>();
    CHECK(samples == result.all.samples());
    CHECK(report.at("temperature").at("log_loss_before") == report.at("log_loss"));
    CHECK(report.at("temperature").at("ece_before") == report.at("ece"));
    if (report.at("temperature").at("value").is_number() && !fixture.at("name").get<std::string>().ends_with("0 and 1")) {
      CHECK(report.at("temperature").at("log_loss_after") <= report.at("log_loss"));
    }
    double before = 1;
    for (const Json& mistake : report.at("mistakes")) {
      CHECK(mistake.at("true") != mistake.at("predicted"));
      CHECK(mistake.at("probability") <= before);
      before = mistake.at("probability").get<double>();
    }
    CHECK(report.at("mistakes").size() <= 24);
  }
}

TEST_CASE("the report of a classification names every class, mistake and statement") {
  const ClassificationResult result = result_of(classification_fixture().at("cases")[3]);
  Json report = report_of(result);
  report["by"] = {{"column", "kind"}, {"subsets", Json::array({classification_quality(result.all, result.names)})}};
  report["by"]["subsets"][0]["value"] = "edge|on";
  report["calibration"] = {{"temperatures", {1.5, 2.5}}, {"log_loss_before", 0.5}, {"ece_before", nullptr}};
  report["most_certain"] = report.at("certainty")[2];
  const std::string text = classification_markdown(report, "test of it");
  for (const std::string& part :
       {std::string("# test of it"), std::string("## By kind"), std::string("edge\\|on"), std::string("1.5000 and 2.5000"),
        std::string("Clopper"), std::string("\\|.png"), std::string("as many as asked for"),
        std::string("on these samples themselves"), result.names[4]}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.find("nan") == std::string::npos);
  const std::string right = classification_markdown(report_of(result_of(classification_fixture().at("cases")[5])), "all right");
  CHECK(right.find("No sample is wrong.") != std::string::npos);
  CHECK(right.find("determine no temperature") != std::string::npos);
}

TEST_CASE("the figures of a classification are well-formed, inside their canvas, and say what they show") {
  for (const Json& fixture : classification_fixture().at("cases")) {
    INFO(fixture.at("name").get<std::string>());
    const ClassificationResult result = result_of(fixture);
    const auto figures = {roc_figure(result.all, result.names, "a subject"), reliability_figure(result.all, "a subject"),
                          certainty_figure(result.all, "a subject"), confusion_figure(result.all, result.names, "a subject")};
    for (const draw::Canvas& canvas : figures) {
      draw::check_layout(canvas);
      draw::check_well_formed(canvas.svg());
      CHECK(draw::says(canvas, "a subject"));
      CHECK(canvas.svg().find("nan") == std::string::npos);
    }
  }
  const ClassificationResult two = result_of(classification_fixture().at("cases")[0]);
  const double area = report_of(two).at("roc_auc").get<double>();
  CHECK(draw::says(roc_figure(two.all, two.names, ""), "class 1: AUC " + std::to_string(area).substr(0, 5)));
  CHECK(draw::says(reliability_figure(two.all, ""), "right probabilities"));
}

TEST_CASE("of many classes the figures show some, and say so") {
  const Classified all = many_classes(30);
  const draw::Canvas roc = roc_figure(all, names_for(all), "s"), confusion = confusion_figure(all, names_for(all), "s");
  for (const draw::Canvas* canvas : {&roc, &confusion}) draw::check_layout(*canvas);
  CHECK(draw::says(roc, "7 hardest of 30 classes"));
  CHECK(draw::says(confusion, "12 of 30 classes"));
}
