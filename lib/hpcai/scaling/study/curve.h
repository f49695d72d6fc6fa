#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/scaling/study/outcome.h"

namespace hpcai::scaling {

// Median, smallest and largest value of a quantity over the repeats of a run.
struct Spread {
  double median = 0, low = 0, high = 0;
};

// The spread of `values`, which may have any order. For an even count the median is the mean of the two middle values. Returns
// std::nullopt if `values` is empty.
std::optional<Spread> spread_of(std::vector<double> values);

// The results of all repeats of one experiment on one number of ranks.
struct Point {
  int world = 0;
  int64_t global_batch = 0;
  std::vector<Outcome> runs;
  std::optional<Spread> time_s;           // time to the target, over the runs that reached it
  std::optional<double> epoch_s, epochs;  // medians over the same runs, or over all finished runs if none reached the target
  std::optional<double> quality;          // median of the target's metric at the end of the run
  std::optional<double> samples_per_second;
  std::optional<double> efficiency;             // time to target of one rank / (ranks x time to target)
  std::optional<double> throughput_efficiency;  // the same of samples per second
  std::optional<StepTime> step;                 // means over the runs

  int reached() const;  // number of runs that reached the target
  std::optional<double> epochs_needed() const { return time_s ? epochs : std::nullopt; }  // to the target
};

// What the step-time model predicts for a number of ranks; see predict_curve().
struct PredictedPoint {
  int world = 0;
  int64_t global_batch = 0;
  double time_s = 0;
  double epoch_s = 0;
  double epochs = 0;
  std::optional<StepTime> step;
};

struct PublishedSeries {
  std::string label;  // for a legend
  std::string source;
  std::vector<std::pair<int, double>> points;  // GPUs and seconds
};

// The published times for a model type ("wavenet", "xception"); empty for other types. The papers state only the end points as
// numbers: Huerta et al. 2020 (arXiv:2003.08394), Figure 1; Khan, Huerta & Das 2020 (arXiv:2004.09524).
std::vector<PublishedSeries> published_series(const std::string& model_type);

// A target: a metric and the value to reach.
struct Quality {
  std::string metric;  // one of tasks::all_metrics()
  double value = 0;
  bool higher_is_better = true;
};

// "overlap median >= 0.9", "loss <= 0.1".
std::string describe(const Quality& target);

// The results of one experiment on all numbers of ranks. Each curve is a panel of the figure.
struct Curve {
  std::string name;
  Quality target;
  bool weak = false;          // the batch of a rank is constant, and the global batch grows
  std::vector<Point> points;  // by rising world
  std::vector<PredictedPoint> predictions;
  std::vector<PublishedSeries> published;

  // The point with the fewest ranks that reached the target. The ideal line begins there. Null if no point reached it.
  const Point* base() const;
};

// Combines the runs on `world` ranks. set_efficiencies() fills in the efficiencies later.
Point make_point(int world, int64_t global_batch, std::vector<Outcome> runs);

// Sets both efficiencies of each point, relative to the first point that has the quantity. `points` rise in world.
void set_efficiencies(std::vector<Point>& points);

// If the first point waits for input for more than this fraction of its step, its time is a poor baseline.
inline constexpr double kStarved = 0.2;

// A warning if the first point exceeds kStarved, as in the paper's galaxy panel. Empty otherwise.
std::string input_warning(const Curve& curve);

}  // namespace hpcai::scaling
