#include "hpcai/scaling/model/calibrate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <variant>

#include "hpcai/config/config.h"
#include "hpcai/core/json.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/distributed/exchange/short_messages.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/distributed/world/host_identity.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/scaling/model/measure_link.h"
#include "hpcai/scaling/model/measure_steps.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::scaling {
namespace {

constexpr double kLargest = 1 << 26;  // bytes; a larger exchange takes minutes on a slow link and has the same bandwidth
constexpr int kAttempts = 3;          // measurements of a link whose fitted bandwidth is infinite (disturbed small messages)

// The exchanges to time. Bucket sizes rise from 4 KiB to the size of all gradients together. All take the way of large buckets:
// in the memory of one host they are above what its ranks gather, and between hosts short ones are not sent over links. The
// largest has at least 1 MiB, so that it takes clearly longer than an empty message. Blocking exchanges rise from 24 bytes (the
// outcome of a step) to 64 KiB (a large batch norm), or to the longest that the ranks send to each other at once.
std::vector<Exchange> exchanges_for(const std::vector<Bucket>& buckets, const distributed::Group& group, const Layout& layout) {
  const int ranks = group.size();
  std::vector<Exchange> exchanges;
  const bool has_links = group.device().is_cpu() && layout.nodes > 1;
  const auto longest = static_cast<double>(has_links ? distributed::most_linked_sum_bytes(ranks, layout.ranks_per_node)
                                                     : distributed::most_short_bytes(ranks));
  const auto gathered = static_cast<double>(distributed::most_gathered_bytes(ranks));
  for (double bytes : {24.0, 4096.0, 65536.0}) {
    exchanges.push_back({.blocking = true, .bytes = std::min(bytes, longest)});
    if (bytes >= longest) break;
  }
  double all = 0;
  for (const Bucket& bucket : buckets) all += bucket.bytes;
  all = std::clamp(all, double{1 << 20}, kLargest);
  double smallest = 4096;
  while (group.shares_memory() && group.placement().one_host() && smallest <= gathered) smallest *= 2;
  const double linked = has_links && layout.ranks_per_node == 1 ? static_cast<double>(distributed::most_linked_bytes(ranks)) : 0;
  for (double bytes : {smallest, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0}) {
    if (bytes < 0.7 * all) exchanges.push_back({.bytes = bytes, .whole_numbers = bytes <= linked});
  }
  exchanges.push_back({.bytes = all});
  return exchanges;
}

// Measures the link that joins all ranks of `group` and stores the samples in `calibration`.
Link measure_samples(Calibration& calibration, distributed::Group& group, const Layout& layout, double seconds) {
  const std::vector<Exchange> exchanges = exchanges_for(calibration.workload.buckets, group, layout);
  Link link;
  for (int attempt = 0; attempt < kAttempts && link.s_per_byte == 0; ++attempt) {  // equal samples: all ranks stop together
    calibration.link = measure_link(group, exchanges, seconds);
    link = fit_link(calibration.link, calibration.machine, layout);
  }
  return link;
}

// The memory of a host, measured by the ranks of all hosts at once. All ranks take the link of the first host with several ranks.
Link measure_hosts(Calibration calibration, distributed::Group& group, double seconds) {
  const auto hosts = group.all_gather(distributed::host_identity());
  const auto number_of = [&](const std::string& host) { return std::ranges::find(hosts, host) - hosts.begin(); };
  const auto shares = [&](const std::string& host) { return std::ranges::count(hosts, host) > 1; };
  const auto first = static_cast<int>(std::ranges::find_if(hosts, shares) - hosts.begin());
  const auto host = group.split(static_cast<int>(number_of(hosts[static_cast<size_t>(group.rank())])));
  if (host->size() > 1) {
    calibration.machine.in_node = measure_samples(calibration, *host, {.ranks_per_node = host->size()}, seconds);
  }
  return calibration_from_json(parse_json(group.broadcast(json_text(to_json(calibration)), first))).machine.in_node;
}

void measure_link_into(Calibration& calibration, distributed::Group& group, double seconds) {
  const distributed::Placement& placement = group.placement();
  const Layout layout{.nodes = placement.hosts, .ranks_per_node = (group.size() + placement.hosts - 1) / placement.hosts};
  Machine& machine = calibration.machine;
  if (placement.one_host()) {
    machine.in_node = measure_samples(calibration, group, layout, seconds);
  } else {
    const bool adds_in_hosts = group.shares_memory();
    if (adds_in_hosts) machine.in_node = measure_hosts(calibration, group, seconds / 3);
    machine.between_nodes = measure_samples(calibration, group, layout, adds_in_hosts ? seconds * 2 / 3 : seconds);
  }
  for (const LinkSample& sample : calibration.link) {
    const double residual = std::abs(sample.fitted_s / sample.median_s - 1);
    calibration.worst_link_residual = std::max(calibration.worst_link_residual, residual);
  }
}

}  // namespace

std::string workload_digest(trainer::Experiment experiment) {
  trainer::TrainingConfig& training = experiment.training;
  const trainer::TrainingConfig usual;
  training.epochs = usual.epochs;
  training.max_steps = usual.max_steps;
  training.global_batch = usual.global_batch;
  training.accumulation = usual.accumulation;
  experiment.distributed.deterministic_shards = 0;
  training.seed = usual.seed;
  training.early_stop_patience = usual.early_stop_patience;
  experiment.schedule = {};
  experiment.evaluation = {};
  experiment.checkpoint = {};
  std::visit([](auto& rule) { rule.lr = 1, rule.scaling = {}; }, experiment.optimizer);
  return config::digest(experiment);
}

Calibration calibrate(const trainer::Experiment& experiment, distributed::Group& group, const distributed::World& world,
                      const CalibrateOptions& options) {
  const bool alone = group.size() == 1, cpu = group.device().is_cpu();
  const bool teams = cpu && experiment.training.threads == 0 && !distributed::has_bound_cores(world);
  const bool beside_rank_0 = group.all_gather(distributed::host_name()).front() == distributed::host_name();
  std::optional<StepMeasurement> measurement;
  distributed::on_all_ranks(group, [&] {
    if (!beside_rank_0) return;
    trainer::Experiment mine = experiment;
    if (group.rank() > 0) mine.loader.queue_batches = 1;  // its loader is not timed
    measurement.emplace(mine, group.device(), (alone ? 1.0 : 0.7) * options.seconds, options.batches, teams);
    measurement->on_progress([&group] { group.status().advance(); });
  });
  distributed::on_all_ranks(group, [&] {
    const distributed::InPhase phase(group.status(), distributed::Phase::compute);
    if (measurement) measurement->in_company();
  });
  Calibration mine;
  distributed::on_all_ranks(group, [&] {
    if (group.rank() != 0) return;
    const distributed::InPhase phase(group.status(), distributed::Phase::compute);
    measurement->alone();
    const MeasuredSteps steps = measurement->result();
    mine.name = experiment.name;
    mine.config_digest = workload_digest(experiment);
    mine.host = distributed::host_name();
    mine.device = group.device().str();
    mine.world_size = group.size();
    mine.one_host = group.placement().one_host();
    mine.batches = steps.batches;
    mine.steps = steps.steps;
    mine.workload = steps.workload;
    mine.machine.algorithm = cpu ? Algorithm::ring : Algorithm::tree;
    mine.machine.cores = cpu ? available_cores() : 0;
    mine.machine.bound = cpu && distributed::has_bound_cores(world);
  });
  measurement.reset();
  if (alone) return mine;
  Calibration shared = calibration_from_json(parse_json(group.broadcast(json_text(to_json(mine)))));
  measure_link_into(shared, group, 0.3 * options.seconds);
  return shared;
}

}  // namespace hpcai::scaling
