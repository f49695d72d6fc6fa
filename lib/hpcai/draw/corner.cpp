#include "hpcai/draw/corner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/core/weighted.h"
#include "hpcai/draw/corner_axes.h"
#include "hpcai/draw/density_grid.h"

namespace hpcai::draw {
namespace {

constexpr size_t kCornerBins = 32, kCornerCells = 48;
constexpr std::array kCornerMasses = {0.9, 0.5};  // of the regions
constexpr double kCornerTickSize = 16, kCornerTitleSize = 19, kCornerLegendSize = 20, kCornerLegendLine = 28, kCornerSample = 34;
constexpr Stroke kTruthLine{colour::kInk, 1.6, "7 4"}, kPriorLine{colour::kGrey, 1.6, "2 3"};

using Points = std::vector<std::pair<double, double>>;

// Weights of sum 1 in even bins, in units of 1 / bin; what lies beyond the axis counts in none.
std::vector<double> histogram(const std::vector<double>& values, const std::vector<double>& weights, const LinearAxis& axis) {
  std::vector<double> bins(kCornerBins, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const double bin = std::floor((values[i] - axis.low) / (axis.high - axis.low) * static_cast<double>(kCornerBins));
    if (bin < 0 || values[i] > axis.high) continue;
    bins[std::min(static_cast<size_t>(bin), kCornerBins - 1)] += weights[i];
  }
  return bins;
}

// The outline of bins, from the base line and back to it.
Points steps_of(const std::vector<double>& bins, const Rectangle& panel, double most) {
  Points steps = {{panel.left, panel.bottom}};
  for (size_t k = 0; k < bins.size(); ++k) {
    const double width = panel.width() / static_cast<double>(bins.size());
    const double left = panel.left + width * static_cast<double>(k), y = panel.bottom - bins[k] / most * panel.height();
    steps.insert(steps.end(), {{left, y}, {left + width, y}});
  }
  steps.emplace_back(panel.right, panel.bottom);
  return steps;
}

// Without the points on the base line, whose lines would lie on the panel's frame.
Points without_ends(const Points& steps) { return {steps.begin() + 1, steps.end() - 1}; }

void draw_diagonal(Canvas& canvas, const CornerLayout& layout, size_t column, const std::vector<CornerSet>& sets,
                   const std::optional<CornerSet>& prior) {
  const LinearAxis& x = layout.x[column];
  const Rectangle panel = layout.panel(column, column);
  std::vector<std::vector<double>> all;
  double most = 0;
  for (const CornerSet& set : sets) {
    all.push_back(histogram(set.columns[column], set.weights, x));
    most = std::max(most, std::ranges::max(all.back()));
  }
  most *= 1.08;
  canvas.area({steps_of(all[0], panel, most)}, sets[0].colour, 0.2);
  if (prior) {
    std::vector<double> bins = histogram(prior->columns[column], prior->weights, x);
    for (double& bin : bins) bin = std::min(bin, most);
    canvas.polyline(without_ends(steps_of(bins, panel, most)), kPriorLine);
  }
  for (size_t i = 0; i < sets.size(); ++i) canvas.polyline(without_ends(steps_of(all[i], panel, most)), {sets[i].colour, 1.8});
}

// Parts of a ring that do not run along the edge of the panel.
std::vector<Points> free_parts(const Points& ring, const Rectangle& panel) {
  const auto along_edge = [&](const auto& a, const auto& b) {
    const auto both = [](double p, double q, double edge) { return std::abs(p - edge) < 1e-6 && std::abs(q - edge) < 1e-6; };
    return both(a.first, b.first, panel.left) || both(a.first, b.first, panel.right) || both(a.second, b.second, panel.top) ||
           both(a.second, b.second, panel.bottom);
  };
  std::vector<Points> parts;
  bool going = false;
  for (size_t i = 0; i < ring.size(); ++i) {
    const auto &from = ring[i], &to = ring[(i + 1) % ring.size()];
    const bool drawn = !along_edge(from, to);
    if (drawn && !going) parts.push_back({from});
    if (drawn) parts.back().push_back(to);
    going = drawn;
  }
  return parts;
}

void draw_regions(Canvas& canvas, const CornerLayout& layout, size_t column, size_t row, const CornerSet& set, bool filled) {
  const LinearAxis &x = layout.x[column], &y = layout.y[row];
  const Rectangle panel = layout.panel(column, row);
  const DensityGrid grid = estimate_density({set.columns[column], set.columns[row], set.weights}, x, y, kCornerCells);
  for (const double mass : kCornerMasses) {
    std::vector<Points> rings = contour_rings(grid, level_of_mass(grid, mass));
    for (Points& ring : rings) {
      for (auto& [u, v] : ring) {
        u = panel.left + u / static_cast<double>(kCornerCells) * panel.width();
        v = panel.bottom - v / static_cast<double>(kCornerCells) * panel.height();
      }
    }
    if (filled) canvas.area(rings, set.colour, 0.2);
    for (const Points& ring : rings) {
      for (const Points& part : free_parts(ring, panel)) canvas.polyline(part, {set.colour, 1.6});
    }
  }
}

void draw_truth(Canvas& canvas, const CornerLayout& layout, const CornerPlot& plot, size_t column, size_t row) {
  const Rectangle panel = layout.panel(column, row);
  if (const auto truth = plot.columns[column].truth) {
    canvas.line(layout.x[column](*truth), panel.top, layout.x[column](*truth), panel.bottom, kTruthLine);
  }
  if (column == row) return;
  if (const auto truth = plot.columns[row].truth) {
    canvas.line(panel.left, layout.y[row](*truth), panel.right, layout.y[row](*truth), kTruthLine);
  }
}

std::string name_with_unit(const CornerColumn& column) {
  return column.unit.empty() ? column.name : fmt::format("{} ({})", column.name, column.unit);
}

// The size of letters, at most `size`, in which a text is at most `width` wide.
double fitting_size(const std::string& text, double size, double width) {
  return std::min(size, size * width / text_width(text, size));
}

void draw_axes(Canvas& canvas, const CornerLayout& layout, const CornerPlot& plot, size_t column, size_t row) {
  const Rectangle panel = layout.panel(column, row);
  const LinearAxis &x = layout.x[column], &y = layout.y[row];
  const Stroke mark{colour::kFrame, 1.2};
  constexpr double kMark = 5;
  const bool lowest = row + 1 == plot.columns.size(), leftmost = column == 0 && row > 0;
  for (const Tick& tick : fitting_ticks(x, kCornerTickSize, kCornerTickSize / 4)) {
    canvas.line(x(tick.value), panel.bottom, x(tick.value), panel.bottom - kMark, mark);
    if (!lowest) continue;
    canvas.text(Role::tick, x(tick.value), panel.bottom + 21, tick.label, {.size = kCornerTickSize, .anchor = Anchor::middle});
  }
  if (row != column) {
    for (const Tick& tick : round_ticks(y)) {
      const double place = y(tick.value);
      canvas.line(panel.left, place, panel.left + kMark, place, mark);
      if (!leftmost || place - panel.top < 6 || panel.bottom - place < 6) continue;
      canvas.text(Role::tick, panel.left - 7, place + 5.5, tick.label, {.size = kCornerTickSize, .anchor = Anchor::end});
    }
  }
  canvas.frame(panel, {colour::kFrame, 1.2});
  const auto title = [&](size_t index) {
    const std::string text = name_with_unit(plot.columns[index]);
    return std::pair{text, fitting_size(text, kCornerTitleSize, layout.cell)};
  };
  if (lowest) {
    const auto [text, size] = title(column);
    canvas.text(Role::tick, panel.middle(), panel.bottom + 50, text, {.size = size, .anchor = Anchor::middle});
  }
  if (leftmost) {
    const auto [text, size] = title(row);
    canvas.text(Role::tick, panel.left - 80, (panel.top + panel.bottom) / 2, text,
                {.size = size, .anchor = Anchor::middle, .upwards = true});
  }
}

// Name, median and the distances to the ends of the 90 % interval, above a panel of the diagonal.
void draw_interval(Canvas& canvas, const CornerLayout& layout, const CornerPlot& plot, const CornerSet& set, size_t column) {
  constexpr std::array kParts = {0.05, 0.5, 0.95};
  const std::vector<double> ends = weighted_quantiles(set.columns[column], set.weights, kParts);
  const double plus = ends[2] - ends[1], minus = ends[1] - ends[0], least = plus > 0 && minus > 0 ? std::min(plus, minus) : 0;
  const int digits = least > 0 ? std::clamp(1 - static_cast<int>(std::floor(std::log10(least))), 0, 6) : 3;
  const Rectangle panel = layout.panel(column, column);
  const double y = panel.top - 14, raised = 0.68 * kCornerTitleSize;
  const std::string& unit = plot.columns[column].unit;
  const std::string median = fmt::format("{}{:.{}f}", ends[1] < 0 ? "\u2212" : "", std::abs(ends[1]), digits),
                    above = fmt::format("+{:.{}f}", plus, digits), below = fmt::format("\u2212{:.{}f}", minus, digits);
  const double widest = std::max(text_width(above, raised), text_width(below, raised));
  const double width =
      text_width(median, kCornerTitleSize) + widest + (unit.empty() ? 0 : text_width(unit, kCornerTitleSize) + 6);
  const double x = panel.middle() - width / 2 + text_width(median, kCornerTitleSize);
  canvas.text(Role::heading, x, y, median, {.size = kCornerTitleSize, .anchor = Anchor::end});
  canvas.text(Role::heading, x + 2, y - 0.45 * kCornerTitleSize, above, {.size = raised});
  canvas.text(Role::heading, x + 2, y + 0.3 * kCornerTitleSize, below, {.size = raised});
  if (!unit.empty()) canvas.text(Role::heading, x + widest + 6, y, unit, {.size = kCornerTitleSize});
  const std::string& name = plot.columns[column].name;
  canvas.text(Role::heading, panel.middle(), panel.top - 39, name,
              {.size = fitting_size(name, kCornerTitleSize, layout.cell), .anchor = Anchor::middle});
}

struct LegendEntry {
  std::string text;
  Stroke line;
};

std::vector<LegendEntry> legend_of(const CornerPlot& plot) {
  std::vector<LegendEntry> entries;
  for (const CornerSamples& set : plot.sets) entries.push_back({set.label, {set.colour, 3}});
  if (!plot.prior.empty()) entries.push_back({"prior", kPriorLine});
  if (std::ranges::any_of(plot.columns, [](const CornerColumn& column) { return column.truth.has_value(); })) {
    entries.push_back({"true value", kTruthLine});
  }
  return entries;
}

double legend_width(const CornerPlot& plot, const std::vector<LegendEntry>& entries) {
  double width = text_width(plot.title, kCornerLegendSize, true);
  for (const LegendEntry& entry : entries)
    width = std::max(width, kCornerSample + 10 + text_width(entry.text, kCornerLegendSize));
  return width;
}

void draw_legend(Canvas& canvas, const CornerLayout& layout, const CornerPlot& plot, const std::vector<LegendEntry>& entries) {
  const double x = layout.legend_left;
  double y = layout.legend_top;
  if (!plot.title.empty()) {
    canvas.text(Role::heading, x, y, plot.title, {.size = kCornerLegendSize, .bold = true});
    y += kCornerLegendLine;
  }
  for (const LegendEntry& entry : entries) {
    canvas.line(x, y - 6, x + kCornerSample, y - 6, entry.line);
    canvas.text(Role::legend, x + kCornerSample + 10, y, entry.text, {.size = kCornerLegendSize});
    y += kCornerLegendLine;
  }
}

}  // namespace

Canvas draw_corner(const CornerPlot& plot) {
  check_corner(plot);
  const size_t columns = plot.columns.size();
  std::vector<CornerSet> sets;
  for (const CornerSamples& samples : plot.sets)
    sets.push_back(corner_set(samples.values, samples.weights, columns, samples.colour));
  std::optional<CornerSet> prior;
  if (!plot.prior.empty()) prior = corner_set(plot.prior, {}, columns, kPriorLine.colour);
  const std::vector<LegendEntry> legend = legend_of(plot);
  const CornerLayout layout = lay_out_corner(plot, sets, legend_width(plot, legend));

  Canvas canvas(layout.width, layout.height, plot.description);
  for (size_t row = 0; row < columns; ++row) {
    for (size_t column = 0; column < row; ++column) {
      for (const CornerSet& set : sets) draw_regions(canvas, layout, column, row, set, &set == &sets[0]);
      draw_truth(canvas, layout, plot, column, row);
      draw_axes(canvas, layout, plot, column, row);
    }
    draw_diagonal(canvas, layout, row, sets, prior);
    draw_truth(canvas, layout, plot, row, row);
    draw_axes(canvas, layout, plot, row, row);
    draw_interval(canvas, layout, plot, sets[0], row);
  }
  draw_legend(canvas, layout, plot, legend);
  return canvas;
}

}  // namespace hpcai::draw
