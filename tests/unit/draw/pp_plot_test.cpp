#include "hpcai/draw/pp_plot.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "canvas_checks.h"
#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

PpPlot pp_of(size_t parameters, int ranks = 200) {
  PpPlot plot;
  plot.title = "injections";
  plot.subtitle = "of the prior";
  for (size_t p = 0; p < parameters; ++p) {
    PpRanks one{"parameter " + std::to_string(p), {}, 0.25};
    for (int i = 0; i < ranks; ++i) one.ranks.push_back(std::fmod((i + 1) * (0.618034 + 0.01 * static_cast<double>(p)), 1));
    plot.parameters.push_back(one);
  }
  return plot;
}

}  // namespace

TEST_CASE("quantiles of binomial distributions are scipy's") {
  CHECK(binomial_quantile(0.025, 1000, 0.3) == 272);
  CHECK(binomial_quantile(0.975, 1000, 0.3) == 329);
  CHECK(binomial_quantile(0.0015, 20, 0.1) == 0);
  CHECK(binomial_quantile(0.9985, 20, 0.1) == 7);
  CHECK(binomial_quantile(0.5, 7, 0.999) == 7);
  CHECK(binomial_quantile(0.84, 10000, 0.5) == 5050);
  CHECK(binomial_quantile(0.5, 10, 0) == 0);
  CHECK(binomial_quantile(0.5, 10, 1) == 10);
}

TEST_CASE("P-P plots are well-formed, inside their canvas, and name every parameter with its p-value") {
  for (const size_t parameters : {1, 7, 16}) {
    const Canvas canvas = draw_pp_plot(pp_of(parameters));
    check_layout(canvas);
    check_well_formed(canvas.svg());
    for (size_t p = 0; p < parameters; ++p) CHECK(says(canvas, "parameter " + std::to_string(p) + ": p = 0.25"));
    for (const char* text : {"injections", "of the prior", "68 % expected", "95 % expected", "99.7 % expected"})
      CHECK(says(canvas, text));
  }
}

TEST_CASE("a line rises by one event at each rank") {
  PpPlot plot = pp_of(1);
  plot.parameters[0].ranks = {0.75, 0.25};
  // The square begins at 104, 84 and has a side of 560.
  CHECK(draw_pp_plot(plot).svg().find("M104.0 644.0L244.0 644.0L244.0 364.0L524.0 364.0L524.0 84.0L664.0 84.0") !=
        std::string::npos);
}

TEST_CASE("ranks that are none are refused") {
  const auto code_of = [](const PpPlot& plot) {
    try {
      draw_pp_plot(plot);
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::done;
  };
  CHECK(code_of(pp_of(0)) == ExitCode::usage);
  CHECK(code_of(pp_of(17)) == ExitCode::usage);
  CHECK(code_of(pp_of(2, 0)) == ExitCode::bad_data);
  for (const double rank : std::initializer_list<double>{-0.1, 1.1, NAN}) {
    PpPlot plot = pp_of(2);
    plot.parameters[1].ranks[3] = rank;
    CHECK(code_of(plot) == ExitCode::bad_data);
  }
  PpPlot plot = pp_of(2);
  plot.parameters[1].ranks.pop_back();
  CHECK(code_of(plot) == ExitCode::bad_data);
}
