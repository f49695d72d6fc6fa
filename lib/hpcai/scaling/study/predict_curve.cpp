#include "hpcai/scaling/study/predict_curve.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "hpcai/scaling/model/hardware.h"

namespace hpcai::scaling {
namespace {

constexpr int kLastPowerOfTwo = 64, kLargest = 1536;  // the paper's largest runs: 64 GPUs of HAL, 1,536 of Summit

bool was_measured(const Link& link) { return link.latency_s > 0 || link.s_per_byte > 0; }

Machine completed(const Calibration& calibration) {
  Machine machine = calibration.machine;
  const Machine known = calibration.device == "cpu" ? cpu_machine(machine.cores) : hal_machine();
  if (!was_measured(machine.in_node)) machine.in_node = known.in_node;
  if (!was_measured(machine.between_nodes)) machine.between_nodes = known.between_nodes;
  return machine;
}

std::set<int> worlds_of(const Curve& curve, int first) {
  std::set<int> worlds{kLargest};
  for (int world = 1; world <= kLastPowerOfTwo; world *= 2) worlds.insert(world);
  for (const Point& point : curve.points) worlds.insert(point.world);
  worlds.erase(worlds.begin(), worlds.lower_bound(first));
  return worlds;
}

Layout layout_of(int world, const PredictionSettings& settings) {
  if (world <= settings.largest_on_one_host) return {.nodes = 1, .ranks_per_node = world};
  const int per_node = std::min(world, settings.ranks_per_node);
  return {.nodes = (world + per_node - 1) / per_node, .ranks_per_node = per_node};
}

}  // namespace

std::vector<PredictedPoint> predict_curve(const Curve& curve, const Calibration& calibration,
                                          const PredictionSettings& settings) {
  const Point* base = curve.base();
  if (!base) return {};
  const Machine machine = completed(calibration);
  auto batch_of = [&](int world) {
    return settings.weak ? settings.global_batch * world : std::max<int64_t>(settings.global_batch, world);
  };
  auto step_of = [&](int world) {
    const double share = static_cast<double>(batch_of(world)) / world;
    const auto passes = settings.samples_per_pass > 0
                            ? static_cast<int64_t>(std::ceil(share / static_cast<double>(settings.samples_per_pass)))
                            : std::min(settings.accumulation, static_cast<int64_t>(share));
    return predict(calibration.workload, machine, layout_of(world, settings), share, passes);
  };
  // Steps of an epoch, which drops an incomplete batch. Without the number of samples: a number proportional to the steps.
  auto steps_of = [&](int world) {
    const int64_t batch = batch_of(world);
    return settings.samples > 0 ? static_cast<double>(settings.samples / batch) : 1 / static_cast<double>(batch);
  };
  auto relative = [&](int world, const StepTime& step) { return step.step_s * steps_of(world); };
  const double one = relative(base->world, step_of(base->world));
  std::vector<PredictedPoint> points;
  for (const int world : worlds_of(curve, base->world)) {
    if (steps_of(world) == 0) break;
    const StepTime step = step_of(world);
    const double factor = relative(world, step) / one;
    points.push_back({world, batch_of(world), base->time_s->median * factor, base->epoch_s.value_or(0) * factor,
                      base->epochs.value_or(0), step});
  }
  return points;
}

}  // namespace hpcai::scaling
