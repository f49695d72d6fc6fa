#include "hpcai/draw/axis.h"

#include <catch2/catch.hpp>

#include "hpcai/draw/svg.h"

using namespace hpcai::draw;

TEST_CASE("a logarithmic axis gives each octave the same length") {
  const LogAxis axis{1, 1024, 100, 1100};
  CHECK(axis(1) == Approx(100));
  CHECK(axis(32) == Approx(600));
  CHECK(axis(1024) == Approx(1100));
  const LogAxis upwards{1, 100, 400, 0};
  CHECK(upwards(10) == Approx(200));
  CHECK(axis.holds(1024));
  CHECK_FALSE(axis.holds(1025));
}

TEST_CASE("times are told in the unit a person would use") {
  CHECK(format_time(0.0123) == "12.3 ms");
  CHECK(format_time(1.5) == "1.5 s");
  CHECK(format_time(90) == "1.5 min");
  CHECK(format_time(12.4 * 3600) == "12.4 h");
  CHECK(format_time(86400) == "1 day");
  CHECK(format_time(30 * 86400.0) == "30 days");
}

TEST_CASE("numbers have three digits and no exponent") {
  CHECK(format_number(0) == "0");
  CHECK(format_number(16384) == "16384");
  CHECK(format_number(604.4) == "604");
  CHECK(format_number(12.34) == "12.3");
  CHECK(format_number(0.99512) == "0.995");
  CHECK(format_number(0.0736) == "0.074");
  CHECK(format_number(0.00012) == "0.00012");
}

TEST_CASE("ticks of time are round, few, and inside") {
  for (const double low : {0.02, 1.0, 40.0, 5000.0}) {
    for (const double range : {3.0, 50.0, 1e4, 1e7}) {
      const auto ticks = time_ticks(low, low * range, 8);
      CHECK(ticks.size() >= 2);
      CHECK(ticks.size() <= 8);
      for (const Tick& tick : ticks) {
        CHECK(tick.value >= low * (1 - 1e-9));
        CHECK(tick.value <= low * range * (1 + 1e-9));
      }
    }
  }
  const auto ticks = time_ticks(9, 7000, 8);
  CHECK(ticks.front().label == "10 s");
  CHECK(ticks.back().label == "1 h");
}

TEST_CASE("ticks of ranks keep off each other, and the last rank has one") {
  const LogAxis narrow{1, 1536, 0, 300}, wide{1, 1536, 0, 900};
  for (const LogAxis& axis : {narrow, wide}) {
    const auto ticks = rank_ticks(axis, 18);
    CHECK(ticks.front().label == "1");
    CHECK(ticks.back().label == "1536");
    for (size_t i = 1; i < ticks.size(); ++i) CHECK(axis(ticks[i].value) - axis(ticks[i - 1].value) > 18);
  }
  CHECK(rank_ticks(wide, 18).size() > rank_ticks(narrow, 18).size());
}

TEST_CASE("a row of times takes a unit in which its smallest is still readable") {
  CHECK(common_unit({1.4, 0.04}).name == "ms");
  CHECK(common_unit({1.4, 0.2}).name == "s");
  CHECK(common_unit({7200, 360}).name == "h");
  CHECK(common_unit({7200, 60}).name == "min");
  CHECK(common_unit({2e6, 20}).name == "min");  // not "2000000"
  CHECK(common_unit({}).name == "s");
}

TEST_CASE("columns that are too close are moved apart, as little as is needed") {
  CHECK(spread_apart({10, 100, 200}, 50, 0, 300) == std::vector<double>{10, 100, 200});
  const auto moved = spread_apart({10, 20, 200}, 50, 0, 300);
  CHECK(moved[0] == Approx(0).margin(0.1));
  CHECK(moved[1] >= 50 - 0.1);
  CHECK(moved[2] == Approx(200));
  const auto crowded = spread_apart({1, 2, 3, 4, 5}, 50, 0, 100);
  for (size_t i = 1; i < crowded.size(); ++i) CHECK(crowded[i] - crowded[i - 1] == Approx(25).margin(0.1));
  CHECK(spread_apart({7}, 50, 0, 100) == std::vector<double>{7});
}

TEST_CASE("a linear axis has about four ticks at multiples of 1, 2 or 5") {
  const auto labels = [](double low, double high) {
    std::string text;
    for (const Tick& tick : round_ticks({low, high, 0, 100})) text += tick.label + " ";
    return text;
  };
  CHECK(labels(-1000, 130) == "-1000 -800 -600 -400 -200 0 ");
  CHECK(labels(0, 1) == "0 0.2 0.4 0.6 0.8 1 ");
  CHECK(labels(0.003, 0.018) == "0.005 0.01 0.015 ");
  CHECK(LinearAxis{0, 10, 100, 0}(2.5) == Approx(75));
}

TEST_CASE("fitting ticks lie apart and within the axis") {
  for (const double width : {40.0, 90.0, 150.0, 600.0}) {
    const LinearAxis axis{-0.8, 0.8, 100, 100 + width};
    const auto ticks = fitting_ticks(axis, 16, 4);
    for (size_t i = 0; i < ticks.size(); ++i) {
      const double half = text_width(ticks[i].label, 16) / 2, x = axis(ticks[i].value);
      CHECK(x - half >= 96);
      CHECK(x + half <= 104 + width);
      if (i > 0) CHECK(x - half > axis(ticks[i - 1].value) + text_width(ticks[i - 1].label, 16) / 2);
    }
    CHECK(ticks.size() == (width < 90 ? 1 : width < 150 ? 2 : 3));
  }
}

TEST_CASE("decade ticks are powers of ten, or multiples of 1, 2 and 5 on a short axis") {
  const auto labels = [](double low, double high, size_t most) {
    std::string text;
    for (const Tick& tick : decade_ticks({low, high, 0, 1}, most)) text += tick.label + " ";
    return text;
  };
  CHECK(labels(0.005, 200, 8) == "0.01 0.1 1 10 100 ");
  CHECK(labels(1e-7, 1e-1, 4) == "10\u207b\u2077 10\u207b\u2075 10\u207b\u00b3 10\u207b\u00b9 ");
  CHECK(labels(1e-5, 3, 8) == "10\u207b\u2075 10\u207b\u2074 10\u207b\u00b3 10\u207b\u00b2 10\u207b\u00b9 1 ");
  CHECK(labels(0.3, 3, 8) == "0.5 1 2 ");
  CHECK(labels(1.5e-5, 6e-5, 8) == "2\u00d710\u207b\u2075 5\u00d710\u207b\u2075 ");
  CHECK(labels(1e-12, 1e12, 8).starts_with("10\u207b\u00b9\u00b2 10\u207b\u2078 "));
}
