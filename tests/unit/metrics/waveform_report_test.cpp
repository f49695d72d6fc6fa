#include "hpcai/metrics/waveform_report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

using namespace hpcai;
using namespace hpcai::metrics;

namespace {

const simulate::TimeGrid kReportGrid{-300, 100, 1};

// Twenty samples whose overlap falls with the mass ratio, and whose predicted q is 0.1 too large.
WaveformQuality twenty() {
  WaveformQuality quality;
  for (int i = 0; i < 20; ++i) {
    const double q = 1 + 0.35 * i;
    quality.ids.push_back("w" + std::to_string(i));
    quality.truth.push_back({q, 0.2, -0.4});
    quality.prediction.push_back({q + 0.1, 0.2 - (i % 2 ? 0.02 : -0.02), -0.4});
    quality.overlap.push_back(1 - 0.001 * i);
  }
  return quality;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("the report holds quantiles, bins, errors and the ten worst") {
  const auto report = waveform_report(twenty());
  CHECK(report.at("samples") == 20);
  CHECK(report.at("quantiles").at("50 %").get<double>() == Approx(1 - 0.0095));
  CHECK(report.at("quantiles").at("0.1 %").get<double>() == Approx(1 - 0.019 * 0.999));
  const auto& bins = report.at("overlap_by").at("q");
  REQUIRE(bins.size() == 8);
  CHECK(bins[0].at("from") == 1);
  CHECK(bins[7].at("to").get<double>() == Approx(8));
  int samples = 0;
  for (const auto& bin : bins) samples += bin.at("samples").get<int>();
  CHECK(samples == 20);
  CHECK(bins[0].at("samples") == 3);  // q = 1, 1.35, 1.7
  CHECK(bins[0].at("median").get<double>() == Approx(0.999));
  CHECK(report.at("overlap_by").at("s1")[0].at("median").is_null());  // no sample has such a spin

  const auto& errors = report.at("errors");
  CHECK(errors.at("q").at("bias").get<double>() == Approx(0.1));
  CHECK(errors.at("q").at("p90_absolute").get<double>() == Approx(0.1));
  CHECK(errors.at("s1").at("bias").get<double>() == Approx(0).margin(1e-12));
  CHECK(errors.at("s1").at("median_absolute").get<double>() == Approx(0.02));
  REQUIRE(report.at("worst").size() == 10);
  CHECK(report.at("worst")[0].at("id") == "w19");
  CHECK(report.at("worst")[9].at("id") == "w10");
  CHECK(report.at("worst")[0].at("true").at("chi_eff").get<double>() == Approx((7.65 * 0.2 - 0.4) / 8.65));
}

TEST_CASE("tables are written as Markdown and CSV") {
  const auto quality = twenty();
  const std::string text = report_markdown(waveform_report(quality), "test of run, step 5");
  CHECK(text.starts_with("# test of run, step 5\n"));
  CHECK(count(text, "| w19 | 0.981000 | 7.650, 0.200, -0.400 |") == 1);
  CHECK(count(text, "| - | - |") > 0);  // bins without a sample
  const std::string csv = report_csv(quality);
  CHECK(csv.starts_with("id,true_q,true_s1,true_s2,true_chi_eff,q,s1,s2,chi_eff,overlap\nw0,1,0.2,-0.4,"));
  CHECK(count(csv, "\n") == 21);
}

TEST_CASE("figures show every sample, and the ten worst twice") {
  auto quality = twenty();
  quality.overlap[0] = 1;  // a mismatch of 0 has no logarithm
  const std::string mismatch = mismatch_figure(quality, "subject");
  CHECK(count(mismatch, "<circle") == 4 * 20);
  CHECK(count(mismatch, "true chi_eff") >= 1);
  const std::string worst = worst_figure(quality, kReportGrid, "subject");
  CHECK(count(worst, "stroke=\"#0072B2\"") == 10);
  CHECK(count(worst, "stroke=\"#D55E00\"") == 10);
  CHECK(count(worst, "w19: overlap 0.98100") >= 1);
}

TEST_CASE("a prediction that is not finite is told, not hidden") {
  auto quality = twenty();
  quality.prediction[3].spin1 = std::numeric_limits<double>::quiet_NaN();
  quality.overlap[3] = 0;
  const auto report = waveform_report(quality);
  CHECK(report.at("worst")[0].at("id") == "w3");
  CHECK(std::isfinite(report.at("errors").at("s1").at("bias").get<double>()));
  CHECK(count(worst_figure(quality, kReportGrid, "subject"), "stroke=\"#D55E00\"") == 10);
}
