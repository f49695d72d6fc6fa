#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "hpcai/core/text.h"
#include "hpcai/scaling/study/panel.h"

namespace hpcai::scaling {
namespace {

constexpr double kSample = 44;  // length of a line beside its name

struct Entry {
  std::string text;
  Stroke line;
  const MarkerStyle* marker = nullptr;
};

std::vector<Entry> entries(const Curve& curve, const PanelLayout& layout) {
  std::vector<Entry> all;
  if (const Point* base = curve.base()) {
    const bool repeated = std::ranges::any_of(curve.points, [](const Point& point) { return point.reached() > 1; });
    all.push_back({repeated ? "measured: median, range" : "measured", style::kMeasuredLine, &style::kMeasured});
    all.push_back({fmt::format("ideal, from {}", plural(base->world, "rank")), style::kIdealLine});
  }
  if (!curve.predictions.empty()) all.push_back({"predicted by the model", style::kPredictedLine, &style::kPredicted});
  for (size_t i = 0; i < curve.published.size(); ++i) {
    const size_t look = std::min<size_t>(i, 1);
    all.push_back({curve.published[i].label + (layout.own_paper_scale() ? ", right scale" : ""), style::kPaperLines[look],
                   &style::kPaper[look]});
  }
  return all;
}

}  // namespace

void draw_legend(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  const auto all = entries(curve, layout);
  const size_t rows = (all.size() + 1) / 2;
  for (size_t i = 0; i < all.size(); ++i) {
    const double x = layout.left + (i < rows ? 60 : 410);
    const double y = layout.legend_y + static_cast<double>(i < rows ? i : i - rows) * size::kLine;
    canvas.line(x, y - 6, x + kSample, y - 6, all[i].line);
    if (all[i].marker) canvas.marker(Role::legend, x + kSample / 2, y - 6, *all[i].marker);
    canvas.text(Role::legend, x + kSample + 10, y, all[i].text, {.size = size::kTick});
  }
}

}  // namespace hpcai::scaling
