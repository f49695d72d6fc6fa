#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/scaling/study/outcome.h"

namespace hpcai::scaling {

// Median and ends of a quantity over the repeats of a run.
struct Spread {
  double median = 0, low = 0, high = 0;
};

// `values` in any order; none if there are none.
std::optional<Spread> spread_of(std::vector<double> values);

// The runs of one experiment at one world size, put together.
struct Point {
  int world = 0;
  int64_t global_batch = 0;
  std::vector<Outcome> runs;
  std::optional<Spread> time_s;           // to the target, over the runs that reached it
  std::optional<double> epoch_s, epochs;  // medians over the same runs, or over all if none reached it
  std::optional<double> quality;          // median of the target's metric at the end of the run
  std::optional<double> samples_per_second;
  std::optional<double> efficiency;             // time to target of one rank / (ranks x time to target)
  std::optional<double> throughput_efficiency;  // the same of samples per second
  std::optional<StepTime> step;                 // means over the runs

  int reached() const;
  std::optional<double> epochs_needed() const { return time_s ? epochs : std::nullopt; }  // to the target
};

// What the step-time model says of a world: see predict_curve().
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

// What the paper's Figure 1 and its successor say of a model type ("wavenet", "xception"); empty for others. Only the end
// points are published as numbers: Huerta et al. 2020 (arXiv:2003.08394), Khan, Huerta & Das 2020 (arXiv:2004.09524).
std::vector<PublishedSeries> published_series(const std::string& model_type);

struct Quality {
  std::string metric;  // one of tasks::all_metrics()
  double value = 0;
  bool higher_is_better = true;
};

// "overlap median >= 0.9", "loss <= 0.1".
std::string describe(const Quality& target);

// One experiment over the worlds: a panel of the figure.
struct Curve {
  std::string name;
  Quality target;
  bool weak = false;          // the batch of a rank stays, the global one grows
  std::vector<Point> points;  // by rising world
  std::vector<PredictedPoint> predictions;
  std::vector<PublishedSeries> published;

  // The smallest world that reached the target: where the ideal line begins. Null if none did.
  const Point* base() const;
};

// Puts the runs of one world together; efficiencies are left to set_efficiencies.
Point make_point(int world, int64_t global_batch, std::vector<Outcome> runs);

// Fills the efficiencies in, relative to the smallest world that has the quantity.
void set_efficiencies(std::vector<Point>& points);

// A part of the first world's step spent on waiting for input that makes its time a poor baseline.
inline constexpr double kStarved = 0.2;

// In words, when the smallest world was starved of input: the trap of the paper's galaxy panel. Empty otherwise.
std::string input_warning(const Curve& curve);

}  // namespace hpcai::scaling
