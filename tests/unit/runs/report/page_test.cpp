#include "check.h"

#include "hpcai/runs/report/page.h"

#include <limits>
#include <string>

#include "hpcai/core/sha256.h"
#include "hpcai/runs/report/assets.h"
#include "hpcai/runs/report/chart.h"
#include "hpcai/runs/report/metric_names.h"
#include "hpcai/tasks/tasks.h"

using namespace hpcai::runs::report;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("The library of the charts is the file of Debian's package") {
  CHECK(hpcai::sha256(kChartLibrary) == "fbc45926e6b46845a0f905552a0e0b1331049bff1115ecf94dbe0904d895e710");
  CHECK(has(std::string(kChartLicence), "MIT"));
}

TEST_CASE("No text of the program can end the element that holds it") {
  CHECK(!has(std::string(kChartLibrary), "</script"));
  CHECK(!has(std::string(kPageScript), "</script"));
  CHECK(!has(std::string(kPageStyle), "</style"));
  CHECK(!has(std::string(kChartLicence), "*/"));
}

TEST_CASE("A page leaves out empty sections and escapes its texts") {
  Page page;
  page.title = "<run>";
  page.notices = {"a & b"};
  page.sections = {{"one", "First", "<p>x</p>"}, {"two", "Second", ""}};
  const std::string html = html_of(page);
  CHECK(has(html, "<title>&lt;run&gt;</title>"));
  CHECK(has(html, "<li>a &amp; b</li>"));
  CHECK(has(html, "href=\"#one\""));
  CHECK(!has(html, "href=\"#two\""));
  CHECK(has(html, "default-src 'none'"));
  CHECK(!has(html, "id=\"refresh\""));
  page.refresh_s = 7;
  CHECK(has(html_of(page), "data-seconds=\"7\""));
}

TEST_CASE("The table of a chart has each number with all its digits") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  Chart chart;
  chart.id = "loss";
  chart.title = "Loss";
  chart.axes = {{"step", {10, 20, 30}}};
  chart.series = {{"training", {1.0 / 3, none, none}}, {"validation", {none, 0.25, none}}};
  const std::string html = html_of(chart);
  CHECK(has(html, "<tr><td>10<td>0.3333333333333333<td>\n"));
  CHECK(has(html, "<tr><td>20<td><td>0.25\n"));
  CHECK(!has(html, "<td>30"));  // no number in any series
  chart.series = {{"training", {none, none, none}}};
  CHECK(html_of(chart).empty());
}

TEST_CASE("A report names the metrics as the tasks do") {
  for (const auto& metric : hpcai::tasks::all_metrics()) {
    INFO(metric.name);
    CHECK(label_of(metric.name) == metric.label);
    if (metric.name != "loss") CHECK(importance_of(metric.name) < importance_of("loss"));
  }
  CHECK(label_of("some_other") == "some other");
  CHECK(label_of("rmse.redshift") == "RMSE of redshift");
  CHECK(label_of("coverage_68_each.redshift") == "within 1 sigma of redshift");
  CHECK(importance_of("some_other") > importance_of("loss"));
  CHECK(family_of("rmse_all") == "rmse");
  CHECK(family_of("rmse.redshift") == "rmse");
  CHECK(family_of("coverage_68_each.z_all") == "coverage_68");
}
