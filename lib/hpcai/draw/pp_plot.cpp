#include "hpcai/draw/pp_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "hpcai/core/error.h"
#include "hpcai/draw/chart_frame.h"

namespace hpcai::draw {
namespace {

constexpr size_t kMostParameters = 16;
constexpr double kPpSide = 560, kPpLeft = 104, kPpTop = 84, kPpBottom = 70, kPpGap = 30, kPpRight = 24;
constexpr double kPpSample = 40, kPpLine = 28;
constexpr std::array kPpColours = {colour::kBlue,   colour::kVermillion, colour::kGreen, colour::kOrange,
                                   colour::kPurple, colour::kSkyBlue,    colour::kBlack};
constexpr std::array<std::string_view, 3> kPpDashes = {"", "8 4", "2 3"};
constexpr std::array kPpRanges = {0.997, 0.95, 0.68};  // from the widest

void check(const PpPlot& plot) {
  if (plot.parameters.empty() || plot.parameters.size() > kMostParameters) {
    throw Error(ExitCode::usage, fmt::format("P-P plot: {} parameters", plot.parameters.size()),
                fmt::format("Give 1 to {}.", kMostParameters));
  }
  for (const PpRanks& parameter : plot.parameters) {
    const auto refuse = [&](const char* what) {
      throw Error(ExitCode::bad_data, fmt::format("P-P plot: parameter \"{}\": {}", parameter.name, what));
    };
    if (parameter.ranks.empty()) refuse("no ranks");
    if (parameter.ranks.size() != plot.parameters[0].ranks.size()) refuse("another number of ranks than the first");
    if (!std::ranges::all_of(parameter.ranks, [](double rank) { return rank >= 0 && rank <= 1; }))
      refuse("a rank beyond 0 and 1");
  }
}

void draw_ranges(Canvas& canvas, const ChartFrame& frame, int64_t count) {
  constexpr int kSteps = 200;
  for (const double range : kPpRanges) {
    std::vector<std::pair<double, double>> upper, lower;
    for (int i = 0; i <= kSteps; ++i) {
      const double chance = static_cast<double>(i) / kSteps;
      const auto part = [&](double probability) {
        return static_cast<double>(binomial_quantile(probability, count, chance)) / static_cast<double>(count);
      };
      lower.emplace_back(frame.x(chance), frame.y(part((1 - range) / 2)));
      upper.emplace_back(frame.x(chance), frame.y(part((1 + range) / 2)));
    }
    lower.insert(lower.end(), upper.rbegin(), upper.rend());
    canvas.area({lower}, colour::kGrey, 0.16);
  }
}

Stroke line_of(size_t index) { return {kPpColours[index % kPpColours.size()], 2, kPpDashes[index / kPpColours.size()]}; }

void draw_ranks(Canvas& canvas, const ChartFrame& frame, const PpRanks& parameter, const Stroke& line) {
  std::vector<double> sorted = parameter.ranks;
  std::ranges::sort(sorted);
  std::vector<std::pair<double, double>> steps = {{frame.x(0), frame.y(0)}};
  for (size_t i = 0; i < sorted.size(); ++i) {
    const double x = frame.x(sorted[i]), below = static_cast<double>(i), count = static_cast<double>(sorted.size());
    steps.insert(steps.end(), {{x, frame.y(below / count)}, {x, frame.y((below + 1) / count)}});
  }
  steps.emplace_back(frame.x(1), frame.y(1));
  canvas.polyline(steps, line);
}

std::string label_of(const PpRanks& parameter) { return fmt::format("{}: p = {:.2g}", parameter.name, parameter.p_value); }

void draw_legend(Canvas& canvas, const PpPlot& plot, double x, double y) {
  for (size_t i = 0; i < plot.parameters.size(); ++i, y += kPpLine) {
    canvas.line(x, y - 6, x + kPpSample, y - 6, line_of(i));
    canvas.text(Role::legend, x + kPpSample + 10, y, label_of(plot.parameters[i]), {.size = kChartText});
  }
  y += kPpLine / 2;
  double opacity = 0;
  for (const double range : kPpRanges) {
    opacity = 1 - (1 - opacity) * (1 - 0.16);
    canvas.rectangle(Role::legend, {x, y - 15, x + kPpSample, y + 3}, colour::kGrey, opacity);
    canvas.text(Role::legend, x + kPpSample + 10, y, fmt::format("{:g} % expected", 100 * range), {.size = kChartText});
    y += kPpLine;
  }
}

}  // namespace

int64_t binomial_quantile(double probability, int64_t count, double chance) {
  if (chance <= 0) return 0;
  if (chance >= 1) return count;
  const double n = static_cast<double>(count);
  double sum = 0;
  for (int64_t k = 0; k < count; ++k) {
    const double at = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(at + 1) - std::lgamma(n - at + 1) + at * std::log(chance) +
                    (n - at) * std::log1p(-chance));
    if (sum >= probability) return k;
  }
  return count;
}

Canvas draw_pp_plot(const PpPlot& plot) {
  check(plot);
  double widest = text_width("99.7 % expected", kChartText);
  for (const PpRanks& parameter : plot.parameters) widest = std::max(widest, text_width(label_of(parameter), kChartText));
  const Rectangle square{kPpLeft, kPpTop, kPpLeft + kPpSide, kPpTop + kPpSide};
  const double legend_left = square.right + kPpGap;
  Canvas canvas(legend_left + kPpSample + 10 + widest + kPpRight, square.bottom + kPpBottom, plot.description);
  canvas.text(Role::heading, square.left, 34, plot.title, {.size = 22, .bold = true});
  canvas.text(Role::heading, square.left, 64, plot.subtitle, {.size = kChartText, .colour = colour::kGrey});
  const ChartFrame frame(square, {"credible interval", 0, 1}, {"fraction of events with the truth in it", 0, 1});
  frame.draw(canvas);
  draw_ranges(canvas, frame, std::ssize(plot.parameters[0].ranks));
  canvas.line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), {colour::kGrey, 1, "4 4"});
  for (size_t i = 0; i < plot.parameters.size(); ++i) draw_ranks(canvas, frame, plot.parameters[i], line_of(i));
  draw_legend(canvas, plot, legend_left, square.top + 18);
  return canvas;
}

}  // namespace hpcai::draw
