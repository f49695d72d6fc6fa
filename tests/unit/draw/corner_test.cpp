#include "hpcai/draw/corner.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "canvas_checks.h"
#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

// Triangular distributions of different widths around the number of the column.
CornerPlot corner_of(size_t columns, size_t samples = 2000) {
  CornerPlot plot;
  plot.title = "an event";
  CornerSamples set{"network", {}, {}};
  for (size_t i = 0; i < samples; ++i) {
    for (size_t c = 0; c < columns; ++c) {
      const double a = std::fmod(static_cast<double>(i * (c + 1)) * 0.6180339887498949, 1);
      const double b = std::fmod(static_cast<double>(i) * 0.7548776662466927, 1);
      set.values.push_back(static_cast<double>(c) + (a + b - 1) * std::pow(3.0, static_cast<double>(c % 4)));
    }
  }
  plot.sets.push_back(set);
  for (size_t c = 0; c < columns; ++c) plot.columns.push_back({"parameter " + std::to_string(c), c % 2 == 0 ? "Mpc" : "", {}});
  return plot;
}

}  // namespace

TEST_CASE("corner plots of every size are well-formed, inside their canvas, and no text lies on another") {
  for (size_t columns = 1; columns <= 12; ++columns) {
    INFO(columns << " columns");
    CornerPlot plot = corner_of(columns);
    if (columns % 2 == 0) {
      plot.sets.push_back(plot.sets[0]);
      plot.sets[1].label = "reweighted to the likelihood";
      plot.sets[1].colour = colour::kVermillion;
      for (double& value : plot.sets[1].values) value *= 0.9;
      plot.prior = plot.sets[0].values;
      plot.columns[0].truth = 0.1;
    }
    const Canvas canvas = draw_corner(plot);
    check_layout(canvas);
    const std::string svg = canvas.svg();
    check_well_formed(svg);
    for (const char* never : {"nan", "inf"}) CHECK(svg.find(never) == std::string::npos);
    for (size_t c = 0; c < columns; ++c) CHECK(says(canvas, plot.columns[c].name));
  }
}

TEST_CASE("medians and 90 % intervals are those of the weighted samples, with two digits of the interval") {
  CornerPlot plot;
  plot.columns = {{"mass"}, {"spin"}};
  CornerSamples set{"s", {}, {}};
  for (int i = 0; i <= 1000; ++i) {
    set.values.insert(set.values.end(), {30 + 0.004 * i, -0.001 * i});
    set.weights.push_back(i <= 500 ? 2 : 0);
  }
  plot.sets = {set};
  const Canvas canvas = draw_corner(plot);
  for (const char* text : {"31.00", "+0.90", "\u22120.90", "\u22120.25", "+0.23", "\u22120.23"}) {
    INFO(text);
    CHECK((says(canvas, text)));
  }
}

TEST_CASE("truths, priors and further sets are drawn and named in the legend where there are any") {
  CornerPlot plot = corner_of(3);
  const Canvas bare = draw_corner(plot);
  for (const char* absent : {"prior", "true value"}) CHECK_FALSE(says(bare, absent));
  plot.columns[1].truth = 40;  // outside of the samples
  plot.prior = plot.sets[0].values;
  plot.sets.push_back({"other", plot.sets[0].values, {}, colour::kVermillion});
  const Canvas canvas = draw_corner(plot);
  for (const char* text : {"an event", "network", "prior", "true value", "other"}) CHECK(says(canvas, text));
  const std::string svg = canvas.svg();
  CHECK(occurrences_of("stroke-dasharray=\"7 4\"", svg) == 4);  // three panels and the legend
  CHECK(occurrences_of("stroke-dasharray=\"2 3\"", svg) == 4);  // three panels and the legend
  CHECK(occurrences_of("stroke=\"#D55E00\"", svg) >= 3 + 3 * 2 + 1);
  CHECK(says(canvas, "30"));  // on the axis, which reaches the truth
}

TEST_CASE("columns whose samples are all alike can be drawn") {
  CornerPlot plot = corner_of(2);
  for (size_t i = 0; i < plot.sets[0].values.size(); i += 2) plot.sets[0].values[i] = 7;
  const std::string svg = draw_corner(plot).svg();
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("samples that cannot be drawn are refused by name") {
  const auto refused = [](const std::function<void(CornerPlot&)>& spoil, ExitCode code) {
    CornerPlot plot = corner_of(2);
    spoil(plot);
    try {
      draw_corner(plot);
    } catch (const Error& error) {
      return error.code() == code && (code == ExitCode::usage || std::string(error.what()).find("samples") != std::string::npos);
    }
    return false;
  };
  CHECK(refused([](CornerPlot& plot) { plot.columns.clear(); }, ExitCode::usage));
  CHECK(refused([](CornerPlot& plot) { plot.columns.resize(13); }, ExitCode::usage));
  CHECK(refused([](CornerPlot& plot) { plot.sets.clear(); }, ExitCode::usage));
  CHECK(refused([](CornerPlot& plot) { plot.sets[0].values.clear(); }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.sets[0].values.pop_back(); }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.sets[0].values[3] = NAN; }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.sets[0].weights = {1}; }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.sets[0].weights.assign(2000, 0); }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.sets[0].weights.assign(2000, -1); }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.prior = {1, 2, 3}; }, ExitCode::bad_data));
  CHECK(refused([](CornerPlot& plot) { plot.prior = {1, INFINITY}; }, ExitCode::bad_data));
}
