#include <fmt/format.h>

#include "hpcai/scaling/axis.h"
#include "hpcai/scaling/report.h"

namespace hpcai::scaling {
namespace {

std::string optional_number(const std::optional<double>& value) { return value ? format_number(*value) : "-"; }
std::string optional_time(const std::optional<double>& value) { return value ? format_time(*value) : "-"; }

std::string percent(const std::optional<double>& part) { return part ? fmt::format("{:.0f} %", 100 * *part) : "-"; }

std::string range_of(const Point& point) {
  if (!point.time_s) return "not reached";
  if (point.reached() < 2) return format_time(point.time_s->median);
  return fmt::format("{} ({} to {})", format_time(point.time_s->median), format_time(point.time_s->low), format_time(point.time_s->high));
}

std::string part_of(const Point& point, double StepSplit::* seconds) {
  if (!point.step || !(point.step->parts_s() > 0)) return "-";
  return fmt::format("{:.0f} %", 100 * (*point.step).*seconds / point.step->parts_s());
}

std::string line_of(const Point& point) {
  const auto step = point.step ? std::optional(point.step->mean_s) : std::nullopt;
  std::string line = fmt::format("{:>6} {:>7} {:>32} {:>10} {:>7} {:>8} {:>11} {:>10} {:>9} {:>8} {:>8} {:>6} {:>10}", point.world,
                                 point.global_batch, range_of(point), optional_time(point.epoch_s), optional_number(point.epochs),
                                 optional_number(point.quality), percent(point.efficiency), optional_number(point.samples_per_second),
                                 optional_time(step), part_of(point, &StepSplit::compute_s), part_of(point, &StepSplit::communication_s),
                                 part_of(point, &StepSplit::input_s), part_of(point, &StepSplit::imbalance_s));
  for (const Outcome& run : point.runs) {
    if (!run.finished()) line += fmt::format("\n       {} ({})", run.status, run.folder);
  }
  return line;
}

}  // namespace

std::string table_of(const std::vector<Curve>& curves) {
  std::string text;
  for (const Curve& curve : curves) {
    text += fmt::format("{}{}: time to {}, {} scaling\n", text.empty() ? "" : "\n", curve.name, describe(curve.target), curve.weak ? "weak" : "strong");
    text += fmt::format("{:>6} {:>7} {:>32} {:>10} {:>7} {:>8} {:>11} {:>10} {:>9} {:>8} {:>8} {:>6} {:>10}\n", "ranks", "batch", "time", "an epoch",
                        "epochs", "quality", "efficiency", "samples/s", "a step", "compute", "communi.", "input", "imbalance");
    for (const Point& point : curve.points) text += line_of(point) + "\n";
    if (curve.points.empty()) text += "  no run has ended yet\n";
    const std::string warning = input_warning(curve);
    if (!warning.empty()) text += warning + "\n";
  }
  return text;
}

}  // namespace hpcai::scaling
