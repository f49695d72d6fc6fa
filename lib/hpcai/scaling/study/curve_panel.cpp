#include "hpcai/scaling/study/curve_panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/scaling/study/curve_columns.h"

namespace hpcai::scaling {
namespace {

using draw::MarkerStyle, draw::Shape, draw::Stroke;
namespace colour = draw::colour;

constexpr double kSameAxis = 10;  // published times this many times longer or shorter than ours still share an axis

// How the series look.
constexpr MarkerStyle kMeasured{Shape::circle, colour::kBlack, true, 7};
constexpr MarkerStyle kPredicted{Shape::circle, colour::kBlue, false, 6};
constexpr MarkerStyle kPaper[] = {{Shape::diamond, colour::kVermillion, true, 9}, {Shape::triangle, colour::kPurple, true, 9}};
constexpr Stroke kMeasuredLine{colour::kBlack, 2.5};
constexpr Stroke kIdealLine{colour::kGrey, 1.5};
constexpr Stroke kPredictedLine{colour::kBlue, 2.5, "9 6"};
constexpr Stroke kPaperLines[] = {{colour::kVermillion, 1.5, "2 5"}, {colour::kPurple, 1.5, "2 5"}};
enum Layer { kIdealLayer, kPaperLayer, kPredictedLayer, kMeasuredLayer };

// The paper's first series starts on the ideal line at one rank.
double paper_factor(const Curve& curve) {
  const Point* base = curve.base();
  if (!base || curve.published.empty()) return 1;
  const double one_rank = base->time_s->median * base->world;
  const double factor = one_rank / curve.published.front().points.front().second;
  return factor <= kSameAxis && factor >= 1 / kSameAxis ? 1 : factor;
}

draw::Series measured(const Curve& curve) {
  const bool repeated = std::ranges::any_of(curve.points, [](const Point& point) { return point.reached() > 1; });
  draw::Series series{.label = repeated ? "measured: median, range" : "measured",
                      .points = {},
                      .line = kMeasuredLine,
                      .marker = kMeasured,
                      .layer = kMeasuredLayer};
  for (const Point& point : curve.points) {
    if (!point.time_s) continue;
    series.points.push_back({static_cast<double>(point.world), point.time_s->median, {{point.time_s->low, point.time_s->high}}});
  }
  return series;
}

draw::Series ideal(const Point& base) {
  return {.label = fmt::format("ideal, from {}", plural(base.world, "rank")),
          .points = {{static_cast<double>(base.world), base.time_s->median}},
          .line = kIdealLine,
          .layer = kIdealLayer,
          .falls_on = true};
}

draw::Series predicted(const Curve& curve) {
  draw::Series series{
      .label = "predicted by the model", .points = {}, .line = kPredictedLine, .marker = kPredicted, .layer = kPredictedLayer};
  for (const PredictedPoint& point : curve.predictions) series.points.push_back({static_cast<double>(point.world), point.time_s});
  return series;
}

draw::Series paper(const PublishedSeries& published, size_t number, bool right_scale) {
  const size_t look = std::min<size_t>(number, 1);
  draw::Series series{.label = published.label + (right_scale ? ", right scale" : ""),
                      .points = {},
                      .line = kPaperLines[look],
                      .marker = kPaper[look],
                      .layer = kPaperLayer,
                      .on_right = true};
  for (const auto& [gpus, time_s] : published.points) series.points.push_back({static_cast<double>(gpus), time_s});
  return series;
}

std::vector<std::string> notes_of(const Curve& curve) {
  std::vector<std::string> notes;
  const std::string warning = input_warning(curve);
  if (!warning.empty()) notes.push_back(warning);
  if (!curve.base() && !curve.points.empty()) notes.push_back("No run reached the target.");
  return notes;
}

}  // namespace

draw::Panel panel_of(const Curve& curve) {
  draw::Panel panel;
  panel.title = curve.name;
  panel.subtitle = curve.weak ? "weak scaling: the same batch on every rank" : "strong scaling: the same global batch";
  panel.notes = notes_of(curve);
  panel.x_title = "ranks (GPUs, or processes on CPUs)";
  panel.y_title = fmt::format("time to {}", describe(curve.target));
  panel.right_factor = paper_factor(curve);
  panel.right_title = "the paper\u2019s time";
  panel.right_colour = kPaper[0].colour;
  if (const Point* base = curve.base()) panel.series = {measured(curve), ideal(*base)};
  if (!curve.predictions.empty()) panel.series.push_back(predicted(curve));
  for (size_t i = 0; i < curve.published.size(); ++i) {
    panel.series.push_back(paper(curve.published[i], i, panel.has_right_scale()));
  }
  add_columns(panel, curve);
  return panel;
}

}  // namespace hpcai::scaling
