#pragma once

#include <string>
#include <vector>

namespace hpcai::draw {

// A logarithmic axis: `low` lies at pixel `start`, `high` at pixel `stop`; 0 < low < high.
struct LogAxis {
  double low, high;
  double start, stop;

  double operator()(double value) const;  // the pixel of a value > 0
  bool holds(double value) const;         // whether low <= value <= high
};

// A linear axis: `low` lies at pixel `start`, `high` at pixel `stop`; low < high.
struct LinearAxis {
  double low, high;
  double start, stop;

  double operator()(double value) const { return start + (value - low) / (high - low) * (stop - start); }
};

struct Tick {
  double value;
  std::string label;
};

// Multiples of 1, 2 or 5 times a power of ten from low to high, about four of them.
std::vector<Tick> round_ticks(const LinearAxis& axis);

// Those of round_ticks along a horizontal axis whose labels, in this size, lie apart from each other and reach at most `beyond`
// pixels beyond the axis.
std::vector<Tick> fitting_ticks(const LinearAxis& axis, double font_size, double beyond);

// Powers of ten within the axis, at most `most` of them, evenly spaced: "0.01", "1", "100", or "10\u207b\u2075", "1" if one of
// them is further away from 1. Where there are fewer than three, multiples of 1, 2 and 5 if they are not too many.
std::vector<Tick> decade_ticks(const LogAxis& axis, size_t most);

// Round times between `low` and `high` (seconds), such as 10 s, 1 min, 3 h, 10 days. At most `most`, evenly spaced on a
// logarithmic axis.
std::vector<Tick> time_ticks(double low, double high, size_t most);

// Powers of two from axis.low on, and the end of the axis, without those whose labels would overlap.
std::vector<Tick> rank_ticks(const LogAxis& axis, double font_size);

// "830 ms", "12 s", "3.5 min", "12.4 h", "7 days".
std::string format_time(double time_s);

// Three significant digits without exponent, at most three decimals from 0.001 on: "0.035", "12.3", "604", "16384".
std::string format_number(double value);

// A unit of time.
struct TimeUnit {
  std::string name;
  double seconds;
};
// The largest unit in which the smallest of `times_s` is at least 0.1, so that one unit suits all of them.
TimeUnit common_unit(const std::vector<double>& times_s);

// Moves rising positions as little as necessary, so that neighbours are at least `gap` apart and all lie between `low` and
// `high`. The gap is smaller if they do not fit otherwise.
std::vector<double> spread_apart(std::vector<double> positions, double gap, double low, double high);

}  // namespace hpcai::draw
