#include "hpcai/scaling/study/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "hpcai/core/text.h"

namespace hpcai::scaling {
namespace {

std::optional<double> median_of(const std::vector<Outcome>& runs,
                                const std::function<std::optional<double>(const Outcome&)>& value) {
  std::vector<double> values;
  for (const Outcome& run : runs) {
    if (const auto v = value(run)) values.push_back(*v);
  }
  const auto spread = spread_of(std::move(values));
  return spread ? std::optional(spread->median) : std::nullopt;
}

constexpr double StepTime::*kStepParts[] = {&StepTime::step_s, &StepTime::compute_s, &StepTime::exposed_communication_s,
                                            &StepTime::imbalance_s, &StepTime::input_s};

std::optional<StepTime> mean_step(const std::vector<Outcome>& runs) {
  StepTime sum;
  int count = 0;
  for (const Outcome& run : runs) {
    if (!run.step) continue;
    ++count;
    for (double StepTime::*part : kStepParts) sum.*part += (*run.step).*part;
  }
  if (count == 0) return std::nullopt;
  for (double StepTime::*part : kStepParts) sum.*part /= count;
  return sum;
}

std::optional<double> over(double a, double b) { return b > 0 ? std::optional(a / b) : std::nullopt; }

}  // namespace

std::optional<Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const size_t n = values.size();
  return Spread{n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2, values.front(), values.back()};
}

int Point::reached() const {
  return static_cast<int>(std::ranges::count_if(runs, [](const Outcome& run) { return run.reached; }));
}

const Point* Curve::base() const {
  const auto found = std::ranges::find_if(points, [](const Point& point) { return point.time_s.has_value(); });
  return found == points.end() ? nullptr : &*found;
}

std::vector<PublishedSeries> published_series(const std::string& model_type) {
  constexpr double kHour = 3600, kDay = 24 * kHour;
  if (model_type == "wavenet") {
    return {{"paper, V100", "Huerta et al. 2020, Figure 1: one week on 1 V100, 17 h on 44", {{1, 7 * kDay}, {44, 17 * kHour}}},
            {"paper, later data",
             "Khan, Huerta & Das 2020: one month on 1 V100, 12.4 h on 64, 1.2 h on 1536",
             {{1, 30 * kDay}, {64, 12.4 * kHour}, {1536, 1.2 * kHour}}}};
  }
  if (model_type == "xception") {
    return {{"paper, V100", "Huerta et al. 2020, Figure 1: 5 h on 1 V100, 90 s on 64", {{1, 5 * kHour}, {64, 90}}}};
  }
  return {};
}

std::string describe(const Quality& target) {
  std::string metric = target.metric;
  std::ranges::replace(metric, '_', ' ');
  return fmt::format("{} {} {:g}", metric, target.higher_is_better ? "\u2265" : "\u2264", target.value);
}

Point make_point(int world, int64_t global_batch, std::vector<Outcome> runs) {
  Point point;
  point.world = world;
  point.global_batch = global_batch;
  point.runs = std::move(runs);
  std::vector<double> times;
  for (const Outcome& run : point.runs) {
    if (run.reached) times.push_back(run.time_to_target_s);
  }
  point.time_s = spread_of(times);
  using Value = std::optional<double>;
  const bool any_reached = point.time_s.has_value();
  point.epochs = median_of(point.runs, [&](const Outcome& run) -> Value {
    if (any_reached) return run.reached ? Value(run.epochs_to_target) : std::nullopt;
    return run.finished() ? Value(run.epochs) : std::nullopt;
  });
  point.epoch_s = median_of(point.runs, [&](const Outcome& run) -> Value {
    if (any_reached) return run.reached ? over(run.time_to_target_s, run.epochs_to_target) : std::nullopt;
    return run.finished() ? over(run.time_s, run.epochs) : std::nullopt;
  });
  point.quality = median_of(point.runs, [](const Outcome& run) { return run.finished() ? run.quality : std::nullopt; });
  point.samples_per_second = median_of(point.runs, [](const Outcome& run) {
    return run.finished() && run.samples_per_second > 0 ? Value(run.samples_per_second) : std::nullopt;
  });
  point.step = mean_step(point.runs);
  return point;
}

void set_efficiencies(std::vector<Point>& points) {
  const Point *timed = nullptr, *rated = nullptr;
  for (Point& point : points) {
    if (point.time_s && !timed) timed = &point;
    if (point.samples_per_second && !rated) rated = &point;
    if (point.time_s) {
      point.efficiency = timed->time_s->median * timed->world / (point.time_s->median * point.world);
    }
    if (point.samples_per_second) {
      point.throughput_efficiency = *point.samples_per_second / point.world / (*rated->samples_per_second / rated->world);
    }
  }
}

std::string input_warning(const Curve& curve) {
  if (curve.points.empty() || !curve.points.front().step) return "";
  const Point& first = curve.points.front();
  const double part = first.step->input_s / first.step->step_s;
  if (!(part > kStarved)) return "";
  return fmt::format(
      "The run on {} waits for input in {:.0f} % of its time. More ranks also bring more readers, so a gain "
      "above the ideal line is one of reading, not of computing, as in the paper's galaxy panel.",
      plural(first.world, "rank"), 100 * part);
}

}  // namespace hpcai::scaling
