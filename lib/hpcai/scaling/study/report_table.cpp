#include <fmt/format.h>

#include "hpcai/draw/axis.h"
#include "hpcai/scaling/study/report.h"

namespace hpcai::scaling {

using namespace draw;
namespace {

std::string optional_number(const std::optional<double>& value) { return value ? format_number(*value) : "-"; }
std::string optional_time(const std::optional<double>& value) { return value ? format_time(*value) : "-"; }

std::string percent(const std::optional<double>& part) { return part ? fmt::format("{:.0f} %", 100 * *part) : "-"; }

std::string range_of(const Point& point) {
  if (!point.time_s) return "not reached";
  if (point.reached() < 2) return format_time(point.time_s->median);
  return fmt::format("{} ({} to {})", format_time(point.time_s->median), format_time(point.time_s->low),
                     format_time(point.time_s->high));
}

std::string part_of(const Point& point, double StepTime::*seconds) {
  if (!point.step || !(point.step->step_s > 0)) return "-";
  return fmt::format("{:.0f} %", 100 * (*point.step).*seconds / point.step->step_s);
}

using Cells = std::vector<std::string>;

constexpr int kWidths[] = {6, 7, 32, 10, 7, 8, 11, 10, 9, 8, 8, 6, 10};
const Cells kHeads = {"ranks",     "batch",  "time",    "an epoch", "epochs", "quality",  "efficiency",
                      "samples/s", "a step", "compute", "communi.", "input",  "imbalance"};

std::string line_of(const Cells& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += fmt::format("{:>{}} ", cells[i], kWidths[i]);
  line.back() = '\n';
  return line;
}

Cells cells_of(const Point& point) {
  return {std::to_string(point.world),
          std::to_string(point.global_batch),
          range_of(point),
          optional_time(point.epoch_s),
          optional_number(point.epochs_needed()),
          optional_number(point.quality),
          percent(point.efficiency),
          optional_number(point.samples_per_second),
          optional_time(point.step ? std::optional(point.step->step_s) : std::nullopt),
          part_of(point, &StepTime::compute_s),
          part_of(point, &StepTime::exposed_communication_s),
          part_of(point, &StepTime::input_s),
          part_of(point, &StepTime::imbalance_s)};
}

std::string lines_of(const Point& point) {
  std::string text = line_of(cells_of(point));
  for (const Outcome& run : point.runs) {
    if (!run.finished()) text += fmt::format("       {}: {}\n", run.folder, run.status);
  }
  return text;
}

}  // namespace

std::string table_of(const std::vector<Curve>& curves) {
  std::string text;
  for (const Curve& curve : curves) {
    if (!text.empty()) text += "\n";
    text += fmt::format("{}: time to {}, {} scaling\n", curve.name, describe(curve.target), curve.weak ? "weak" : "strong");
    text += line_of(kHeads);
    for (const Point& point : curve.points) text += lines_of(point);
    if (curve.points.empty()) text += "  no run has ended yet\n";
    const std::string warning = input_warning(curve);
    if (!warning.empty()) text += warning + "\n";
  }
  return text;
}

}  // namespace hpcai::scaling
