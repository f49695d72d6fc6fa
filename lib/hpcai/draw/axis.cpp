#include "hpcai/draw/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <string>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {
namespace {

constexpr double kMinute = 60, kHour = 3600, kDay = 86400;

// About three values a decade, and one a decade for long times, so that a subset with even steps can be chosen.
constexpr std::array kDense = {0.001,      0.003,      0.01,        0.03,       0.1,      0.3,       1.0,
                               3.0,        10.0,       30.0,        60.0,       180.0,    600.0,     30 * kMinute,
                               kHour,      3 * kHour,  10 * kHour,  kDay,       3 * kDay, 10 * kDay, 30 * kDay,
                               100 * kDay, 300 * kDay, 1000 * kDay, 3000 * kDay};
constexpr std::array kSparse = {0.001, 0.01,       0.1,      1.0,       10.0,       60.0,       600.0,
                                kHour, 10 * kHour, 3 * kDay, 30 * kDay, 300 * kDay, 3000 * kDay};

template <class Values>
std::vector<Tick> ticks_of(const Values& values, double low, double high) {
  std::vector<Tick> ticks;
  for (const double value : values) {
    if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push_back({value, format_time(value)});
  }
  return ticks;
}

void drop_every_second(std::vector<Tick>& ticks) {
  for (size_t i = 1; i < ticks.size(); ++i) ticks.erase(ticks.begin() + static_cast<std::ptrdiff_t>(i));
}

// "10\u207b\u2075", "2\u00d710\u207b\u2075", "1", "20".
std::string power_text(int factor, int power) {
  constexpr std::array<const char*, 10> kRaised = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                                   "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  if (power == 0 || power == 1) return fmt::format("{:g}", factor * std::pow(10.0, power));
  std::string text = factor == 1 ? "10" : fmt::format("{}\u00d710", factor);
  if (power < 0) text += "\u207b";
  for (const char digit : std::to_string(std::abs(power))) text += kRaised[static_cast<size_t>(digit - '0')];
  return text;
}

}  // namespace

double LogAxis::operator()(double value) const { return start + std::log(value / low) / std::log(high / low) * (stop - start); }

bool LogAxis::holds(double value) const { return value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9); }

std::vector<Tick> round_ticks(const LinearAxis& axis) {
  const double rough = (axis.high - axis.low) / 4;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double mantissa = rough / power;
  const double step = power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
  std::vector<Tick> ticks;
  for (double k = std::ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; ++k) {
    const double value = k * step + 0.0;  // no -0
    ticks.push_back({value, fmt::format("{:g}", value)});
  }
  return ticks;
}

std::vector<Tick> fitting_ticks(const LinearAxis& axis, double font_size, double beyond) {
  const double gap = font_size / 2;
  std::vector<Tick> ticks = round_ticks(axis);
  const auto half = [&](const Tick& tick) { return text_width(tick.label, font_size) / 2; };
  std::erase_if(ticks, [&](const Tick& tick) {
    return axis(tick.value) - half(tick) < axis.start - beyond || axis(tick.value) + half(tick) > axis.stop + beyond;
  });
  const auto touch = [&](const Tick& a, const Tick& b) { return axis(b.value) - axis(a.value) < half(a) + half(b) + gap; };
  while (std::ranges::adjacent_find(ticks, touch) != ticks.end()) drop_every_second(ticks);
  return ticks;
}

std::vector<Tick> decade_ticks(const LogAxis& axis, size_t most) {
  const int first = static_cast<int>(std::ceil(std::log10(axis.low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(axis.high) + 1e-9));
  const bool plain = std::max(std::abs(first - 1), std::abs(last)) <= 3;
  const auto ticks_at = [&](std::initializer_list<int> factors) {
    std::vector<Tick> ticks;
    for (int power = first - 1; power <= last; ++power) {
      for (const int factor : factors) {
        const double value = factor * std::pow(10.0, power);
        if (!axis.holds(value)) continue;
        ticks.push_back({value, plain ? fmt::format("{:g}", value) : power_text(factor, power)});
      }
    }
    return ticks;
  };
  std::vector<Tick> ticks = ticks_at({1});
  while (ticks.size() > most) drop_every_second(ticks);
  if (ticks.size() > 2) return ticks;
  const std::vector<Tick> dense = ticks_at({1, 2, 5});
  return dense.size() <= most ? dense : ticks;
}

std::vector<Tick> time_ticks(double low, double high, size_t most) {
  std::vector<Tick> ticks = ticks_of(kDense, low, high);
  if (ticks.size() > most) ticks = ticks_of(kSparse, low, high);
  while (ticks.size() > most) drop_every_second(ticks);
  if (ticks.size() < 2) ticks = {{low, format_time(low)}, {high, format_time(high)}};
  return ticks;
}

std::vector<Tick> rank_ticks(const LogAxis& axis, double font_size) {
  const double last = std::floor(axis.high + 1e-9), gap = font_size / 2;
  auto label = [](double value) { return fmt::format("{:.0f}", value); };
  auto apart = [&](double a, double b) {
    return axis(b) - axis(a) >= (text_width(label(a), font_size) + text_width(label(b), font_size)) / 2 + gap;
  };
  std::vector<Tick> ticks;
  for (double value = 1; value < last; value *= 2) {
    if (!axis.holds(value) || !apart(value, last)) continue;  // the tick at the end of the axis is always kept
    if (ticks.empty() || apart(ticks.back().value, value)) ticks.push_back({value, label(value)});
  }
  ticks.push_back({last, label(last)});
  return ticks;
}

std::string format_number(double value) {
  if (value == 0) return "0";
  const int digits =
      std::clamp(2 - static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9)), 0, std::abs(value) < 0.001 ? 6 : 3);
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string format_time(double time_s) {
  if (time_s < 1) return format_number(1000 * time_s) + " ms";
  if (time_s < kMinute) return format_number(time_s) + " s";
  if (time_s < kHour) return format_number(time_s / kMinute) + " min";
  if (time_s < kDay) return format_number(time_s / kHour) + " h";
  const double days = time_s / kDay;
  return format_number(days) + (days == 1 ? " day" : " days");
}

TimeUnit common_unit(const std::vector<double>& times_s) {
  const TimeUnit units[] = {{"days", kDay}, {"h", kHour}, {"min", kMinute}, {"s", 1}, {"ms", 0.001}};
  if (times_s.empty()) return units[3];
  const auto [least, most] = std::ranges::minmax(times_s);
  for (const TimeUnit& unit : units) {
    if (least / unit.seconds >= 0.1) return most / unit.seconds < 1e5 ? unit : *(&unit - 1);
  }
  return units[4];
}

std::vector<double> spread_apart(std::vector<double> positions, double gap, double low, double high) {
  const size_t count = positions.size();
  if (count < 2) return positions;
  gap = std::min(gap, (high - low) / static_cast<double>(count - 1));
  // Projects onto the constraints, one pair after the other, until no position moves; then applies the ends.
  for (int round = 0; round < 1000; ++round) {
    double moved = 0;
    for (size_t i = 1; i < count; ++i) {
      const double missing = gap - (positions[i] - positions[i - 1]);
      if (missing <= 1e-9) continue;
      positions[i - 1] -= missing / 2;
      positions[i] += missing / 2;
      moved = std::max(moved, missing);
    }
    positions.front() = std::max(positions.front(), low);
    positions.back() = std::min(positions.back(), high);
    if (moved < 0.01) break;
  }
  for (size_t i = 0; i < count; ++i) positions[i] = std::max(positions[i], low + gap * static_cast<double>(i));
  for (size_t i = count; i-- > 0;) positions[i] = std::min(positions[i], high - gap * static_cast<double>(count - 1 - i));
  return positions;
}

}  // namespace hpcai::draw
