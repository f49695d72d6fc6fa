#include "hpcai/scaling/model/step_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hpcai/distributed/exchange/short_messages.h"

namespace hpcai::scaling {

double hops_of(Algorithm algorithm, const Layout& layout) {
  if (algorithm == Algorithm::ring) return layout.nodes > 1 ? 2.0 * (layout.nodes - 1) : 1;
  return 2.0 * (layout.ranks_per_node - 1) + 2 * std::ceil(std::log2(layout.nodes));
}

double wire_of(Algorithm algorithm, const Layout& layout) {
  if (algorithm == Algorithm::ring && layout.nodes == 1) return 1;
  const double senders = algorithm == Algorithm::ring ? layout.nodes : layout.ranks();
  return 2 * (senders - 1) / senders;
}

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kVerdictBytesPerRank = 16;

// The cores of one rank when all ranks of its host use as many cores as possible.
double cores_per_rank(const Machine& machine, const Layout& layout) {
  if (machine.cores == 0) return kNever;
  return machine.bound ? machine.cores : machine.cores / layout.sharing();
}

// What an all-reduce of gradients takes: a fixed part and a part for each byte of the tensor.
struct Route {
  double latency_s = 0, s_per_byte = 0;    // of the exchange
  double core_s = 0, core_s_per_byte = 0;  // processor time on each rank
};

// GPUs: the slower of the two links for each parameter, because all neighbours send at the same time.
Route route_of_gpus(const Machine& machine, const Layout& layout) {
  const double hops = hops_of(machine.algorithm, layout), wire = wire_of(machine.algorithm, layout);
  const auto slower = [&](double Link::*value) {
    const double near = layout.ranks_per_node > 1 ? machine.in_node.*value : 0;
    return layout.nodes > 1 ? std::max(near, machine.between_nodes.*value) : near;
  };
  const double near_hops = 2 * (layout.ranks_per_node - 1), far_hops = hops - near_hops;
  return {.latency_s = machine.start_s + near_hops * machine.in_node.latency_s + far_hops * machine.between_nodes.latency_s,
          .s_per_byte = wire * slower(&Link::s_per_byte),
          .core_s = hops * slower(&Link::core_s_per_message),
          .core_s_per_byte = wire * slower(&Link::core_s_per_byte)};
}

// CPU ranks: the sum in the memory of each host, then a ring of the hosts, in which each rank sends its slice of the sum.
Route route_of_cpus(const Machine& machine, const Layout& layout) {
  Route route{.latency_s = machine.start_s};
  if (layout.ranks_per_node > 1) {
    const Link& near = machine.in_node;
    route.latency_s += near.latency_s;
    route.s_per_byte += near.s_per_byte;
    route.core_s += near.core_s_per_message;
    route.core_s_per_byte += near.core_s_per_byte;
  }
  if (layout.nodes > 1) {
    const Link& far = machine.between_nodes;
    const double hops = hops_of(machine.algorithm, layout), wire = wire_of(machine.algorithm, layout);
    route.latency_s += hops * far.latency_s;
    route.s_per_byte += wire * far.s_per_byte;
    route.core_s += hops * far.core_s_per_message;
    route.core_s_per_byte += wire / layout.ranks_per_node * far.core_s_per_byte;
  }
  return route;
}

Route route_of(const Machine& machine, const Layout& layout) {
  if (layout.ranks() == 1) return {};
  return machine.algorithm == Algorithm::ring ? route_of_cpus(machine, layout) : route_of_gpus(machine, layout);
}

// Processor time for each byte of a tensor; the fixed part is spread evenly over the bytes.
double core_s_per_byte(const Route& route, double bytes) {
  return route.core_s_per_byte + (bytes > 0 ? route.core_s / bytes : 0);
}

// The relative speed (at most 1) of a computation that needs `core_s` cores, loaders included, and gets `cores`.
double computing_speed(const Workload& workload, double cores, double core_s) {
  return core_s > 0 && workload.threads > 0 ? std::min(1.0, cores / core_s) : 1.0;
}

// Simulates the backward pass and the exchange of its buckets, which share the cores of a rank. Buckets are sent one after
// another, each at the earliest when it is complete. Sending slows the computation down where the cores do not suffice for both.
struct Flow {
  const Workload& workload;
  Route route;
  bool early;    // buckets leave during the backward pass
  double cores;  // of this rank
  double speed;  // relative speed of the computation while nothing is sent, at most 1

  // Speed of an exchange that needs `core_s` processor seconds for a byte. `computing`: the backward pass runs at the same time.
  double bytes_per_s(double core_s, bool computing) const {
    const double wire = route.s_per_byte > 0 ? 1 / route.s_per_byte : kNever;
    if (core_s == 0) return wire;
    // The communication gets the cores that the computation leaves, but at least the share that a fair scheduler gives one
    // thread.
    const double busy = computing ? workload.threads : 0;
    const double share = std::max(cores - busy, cores / (busy + 1));
    return std::min(wire, share / core_s);
  }

  // Relative speed of the computation while bytes are sent at this rate.
  double computing_speed_beside(double bytes_per_s, double core_s) const {
    if (workload.threads == 0 || core_s == 0) return speed;
    const double left = cores - std::min(bytes_per_s, cores / core_s) * core_s;
    return std::min(speed, std::max(left, 0.0) / workload.threads);
  }

  // Seconds from the start of the backward pass until the last bucket has arrived. `work`: seconds of the backward pass at
  // speed 1.
  double finish_s(double work) const {
    double now = 0, done = 0;  // `done`: the part of `work` that is done
    auto compute_until = [&](double target) {
      if (done >= target) return;
      now += (target - done) / speed;
      done = target;
    };
    for (const Bucket& bucket : workload.buckets) {
      compute_until(early ? bucket.ready * work : work);
      // The latency of the bucket; the computation continues meanwhile.
      const double step = std::min((work - done) / speed, route.latency_s);
      done += step * speed;
      now += route.latency_s;
      double bytes = bucket.bytes;
      const double core_s = core_s_per_byte(route, bytes);
      if (done < work) {
        const double rate = bytes_per_s(core_s, true);
        const double beside = computing_speed_beside(rate, core_s);
        const double time = std::min(rate == kNever ? 0 : bytes / rate, beside > 0 ? (work - done) / beside : kNever);
        now += time;
        done += time * beside;
        bytes = rate == kNever ? 0 : bytes - time * rate;
        if (work - done < 1e-12 * work) done = work;
      }
      if (bytes > 0) {
        const double rate = bytes_per_s(core_s, false);
        now += rate == kNever ? 0 : bytes / rate;
      }
    }
    compute_until(work);
    return now;
  }
};

}  // namespace

Workload with_threads_in(const Workload& workload, const Machine& machine, const Layout& layout) {
  Workload here = workload;
  if (workload.team == 0) return here;
  const double threads = std::max(1.0, std::floor(cores_per_rank(machine, layout)));
  const double factor = 1 - workload.parallel + workload.parallel * workload.team / threads;
  for (Cost* cost : {&here.forward, &here.backward, &here.update}) {
    cost->fixed_s *= factor;
    cost->per_sample_s *= factor;
  }
  here.threads = std::min(workload.threads / factor, threads);  // the processor time of a step stays the same
  return here;
}

double blocking_hops_of(Algorithm algorithm, const Layout& layout) {
  if (algorithm == Algorithm::tree) return hops_of(algorithm, layout);
  return 1;
}

double blocking_wire_of(Algorithm algorithm, const Layout& layout) {
  if (algorithm == Algorithm::tree) return wire_of(algorithm, layout);
  if (layout.nodes == 1) return layout.ranks() - 1;
  return layout.ranks_per_node * (layout.ranks() - layout.ranks_per_node);
}

double all_reduce_s(const Machine& machine, const Layout& layout, double bytes) {
  const Route route = route_of(machine, layout);
  const double core_s = core_s_per_byte(route, bytes);
  return route.latency_s + bytes * std::max(route.s_per_byte, core_s / cores_per_rank(machine, layout));
}

namespace {

// CPU ranks: all of one host meet in its memory, those of several hosts send to each other over links.
double blocking_of_cpus_s(const Machine& machine, const Layout& layout, double bytes) {
  const int n = layout.ranks();
  if (bytes > static_cast<double>(distributed::most_short_bytes(n))) return all_reduce_s(machine, layout, bytes);
  const Link& far = machine.between_nodes;
  if (layout.nodes > 1 && bytes > static_cast<double>(distributed::most_linked_sum_bytes(n, layout.ranks_per_node))) {
    return machine.start_s + (n - 1) * (far.latency_s + bytes * far.s_per_byte);  // gathered around a ring of the ranks
  }
  const Link& link = layout.nodes > 1 ? far : machine.in_node;
  // Ranks that share a core send one after another. A rank polls while it waits: no more than its latency is work.
  const double core_s = std::min(link.core_s_per_blocking, link.blocking_latency_s) / cores_per_rank(machine, layout);
  return machine.start_s + std::max(link.blocking_latency_s, core_s) +
         blocking_wire_of(machine.algorithm, layout) * bytes * link.blocking_s_per_byte;
}

double blocking_of_gpus_s(const Machine& machine, const Layout& layout, double bytes) {
  const double near = layout.ranks_per_node > 1 ? 1 : 0, far = layout.nodes > 1 ? 1 : 0;
  const double hops = blocking_hops_of(machine.algorithm, layout), near_hops = 2 * (layout.ranks_per_node - 1);
  const double s_per_byte = std::max(near * machine.in_node.blocking_s_per_byte, far * machine.between_nodes.blocking_s_per_byte);
  return machine.start_s + near_hops * machine.in_node.blocking_latency_s +
         (hops - near_hops) * machine.between_nodes.blocking_latency_s +
         blocking_wire_of(machine.algorithm, layout) * bytes * s_per_byte;
}

}  // namespace

double blocking_exchange_s(const Machine& machine, const Layout& layout, double bytes) {
  if (layout.ranks() == 1) return 0;
  return machine.algorithm == Algorithm::ring ? blocking_of_cpus_s(machine, layout, bytes)
                                              : blocking_of_gpus_s(machine, layout, bytes);
}

double expected_largest(const std::vector<double>& sample, double n) {
  const auto m = static_cast<double>(sample.size());
  double mean = 0, below = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const double upto = std::pow((static_cast<double>(i) + 1) / m, n);
    mean += sample[i] * (upto - below);
    below = upto;
  }
  if (n <= m) return mean;
  const size_t first = sample.size() - std::max<size_t>(1, sample.size() / 10);
  double excess = 0;
  const double threshold = first > 0 ? sample[first - 1] : sample[0];
  for (size_t i = first; i < sample.size(); ++i) excess += (sample[i] - threshold) / static_cast<double>(sample.size() - first);
  return mean + excess * std::log(n / m);
}

StepTime predict(const Workload& measured, const Machine& machine, const Layout& layout, double batch, int64_t passes) {
  const int n = layout.ranks();
  const double cores = cores_per_rank(machine, layout);
  const Workload workload = with_threads_in(measured, machine, layout);
  const double part = batch / static_cast<double>(passes), count = static_cast<double>(passes);
  const double alone = n == 1 ? workload.alone_factor : 1;
  const double forward = alone * workload.forward.at(part), backward = alone * workload.backward.at(part);
  const double update = alone * workload.update.at(batch);
  const double undisturbed = count * (forward + backward) + update;
  // During the step the loader reads the next batch on the same cores.
  const double wanted = undisturbed > 0 ? workload.threads + workload.input_core_s_per_sample * batch / undisturbed : 0;
  const double speed = computing_speed(workload, cores, wanted);

  StepTime time;
  time.compute_s = undisturbed / speed;
  if (n > 1) {
    // CPU ranks of one host add their gradients after the backward pass (docs/gradient_exchange.md).
    const bool early = workload.overlap && (layout.nodes > 1 || machine.algorithm == Algorithm::tree);
    const Flow flow{workload, route_of(machine, layout), early, cores, speed};
    const double exchanges = workload.blocking_exchanges;
    const double bytes = workload.blocking_bytes + kVerdictBytesPerRank * n;
    const double blocking = exchanges > 0 ? exchanges * blocking_exchange_s(machine, layout, bytes / exchanges) : 0;
    time.exposed_communication_s = flow.finish_s(backward) - backward / speed + blocking;
    for (const Bucket& bucket : workload.buckets) time.communication_s += all_reduce_s(machine, layout, bucket.bytes);
    time.communication_s += blocking;
    if (!workload.spread.empty()) {
      double mean = 0;
      for (double value : workload.spread) mean += value / static_cast<double>(workload.spread.size());
      time.imbalance_s = time.compute_s * std::max(0.0, expected_largest(workload.spread, n) / mean - 1);
    }
  }
  const double busy = time.compute_s + time.exposed_communication_s + time.imbalance_s;
  const double input = batch * std::max(workload.input_s_per_sample, workload.input_core_s_per_sample / cores);
  time.input_s = std::max(0.0, input - busy);
  time.step_s = busy + time.input_s;
  return time;
}

StepTime predict_in_epoch(const Workload& workload, const Machine& machine, const Layout& layout, double batch, double steps,
                          int64_t passes) {
  StepTime time = predict(workload, machine, layout, batch, passes);
  time.input_s += workload.epoch_start_s / steps;
  time.step_s += workload.epoch_start_s / steps;
  return time;
}

}  // namespace hpcai::scaling
