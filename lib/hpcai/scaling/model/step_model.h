#pragma once

#include <cstdint>
#include <vector>

// How long one training step takes on n ranks. Pure arithmetic: no clock, no file, no network. docs/scaling.md is the model in a
// page; calibration.h measures its numbers, hardware.h has some from the literature.
namespace hpcai::scaling {

inline constexpr double kMebibyte = 1 << 20;  // unit of distributed.bucket_mb

// Seconds as a function of the samples in one pass: what a pass costs in any case, and what each sample adds.
struct Cost {
  double fixed_s = 0;
  double per_sample_s = 0;

  double at(double samples) const { return fixed_s + per_sample_s * samples; }
};

// A part of the gradients that travels whole.
struct Bucket {
  double bytes = 0;  // on the wire
  double ready = 1;  // part of the backward pass after which it is complete, 0 to 1
};

// What one rank does in a step when nothing disturbs it.
struct Workload {
  Cost forward, backward;              // of one pass; a step has `passes` of them
  Cost update;                         // outcome, unscaling, clipping, optimizer, average; once a step
  std::vector<Bucket> buckets;         // in the order in which they leave
  bool overlap = true;                 // gradients leave during the backward pass
  double blocking_exchanges = 1;       // all-reduces that all wait for: a step's outcome, 2 for each synchronised batch norm
  double blocking_bytes = 24;          // in all of them together, without the outcome's 16 for each rank
  double threads = 0;                  // cores that the computation keeps busy; 0 on a GPU
  double team = 0;                     // threads of the rank that was measured, where a rank gets its share of the cores; else 0
  double parallel = 0;                 // part of that rank's computing time that more threads shorten, all cores being busy
  double input_s_per_sample = 0;       // with all loader threads of a rank at work and nothing else to do
  double input_core_s_per_sample = 0;  // processor time of the same
  std::vector<double> spread;          // measured step times over their mean, rising; empty: all steps alike
  double alone_factor =
      1;  // computing time of a world of one rank over that of a rank among others (batch norm is simpler there)
  double epoch_start_s = 0;  // wait for the first batch of every epoch, where a loader starts anew
};

// A connection between neighbours in the ring of ranks. The defaults are a perfect one.
struct Link {
  double latency_s = 0;            // one hop of a bucket without bytes
  double s_per_byte = 0;           // 1 / payload bandwidth of one rank's (in_node) or one node's (between_nodes) traffic
  double core_s_per_message = 0;   // processor time on each rank, of one hop
  double core_s_per_byte = 0;      // processor time on each rank, for each byte that it sends
  double blocking_latency_s = 0;   // one hop of a small exchange for which everybody waits
  double core_s_per_blocking = 0;  // processor time on each rank, of one such hop
  double blocking_s_per_byte = 0;  // of such an exchange
};

enum class Algorithm {
  ring,  // CPU ranks: buckets around a ring twice (Gloo); small exchanges gathered, around it once or in the memory of one host
  tree,  // NCCL: small messages up and down a tree, large ones around a ring
};

struct Machine {
  Link in_node, between_nodes;
  Algorithm algorithm = Algorithm::ring;
  double start_s = 0;  // of each exchange, whatever its size
  double cores = 0;    // of one host; 0: never short of them (GPU ranks)
  bool bound = false;  // `cores` are those of each rank: a launcher binds it to them
};

// Where the ranks are.
struct Layout {
  int nodes = 1;
  int ranks_per_node = 1;
  int ranks_sharing_cores = 0;  // ranks on the cores of one host; 0: ranks_per_node (differs when hosts are only emulated)

  int ranks() const { return nodes * ranks_per_node; }
  int sharing() const { return ranks_sharing_cores > 0 ? ranks_sharing_cores : ranks_per_node; }
};

// Of a step, in seconds. step_s = compute_s + exposed_communication_s + imbalance_s + input_s.
struct StepTime {
  double step_s = 0;
  double compute_s = 0;                // forward, backward, update, slowed by ranks that share its cores
  double exposed_communication_s = 0;  // what communication adds: waiting for it, and processor time that it takes away
  double imbalance_s = 0;              // waiting for the slowest rank
  double input_s = 0;                  // waiting for the loader
  double communication_s = 0;          // all of it, hidden or not
};

// `batch` samples a step on each rank, in `passes` passes (training.accumulation).
StepTime predict(const Workload& workload, const Machine& machine, const Layout& layout, double batch, int64_t passes = 1);

// The workload as it would be with the threads that a rank gets in this layout (Amdahl 1967).
Workload with_threads_in(const Workload& workload, const Machine& machine, const Layout& layout);

// The step averaged over an epoch of `steps` steps: step_s and input_s with their part of epoch_start_s.
StepTime predict_in_epoch(const Workload& workload, const Machine& machine, const Layout& layout, double batch, double steps,
                          int64_t passes = 1);

// Seconds of one all-reduce of `bytes` over the ranks of `layout` when nothing else goes on:
//   start + hops latency + 2 (n - 1)/n bytes s_per_byte        (Patarasu & Yuan 2009, the bandwidth-optimal ring)
// with the slowest link of the ring, because all neighbours send at the same time; hops = 2 (n - 1) in a ring.
double all_reduce_s(const Machine& machine, const Layout& layout, double bytes);

// Seconds of one small exchange for which everybody waits:
//   start + hops blocking_latency + w bytes blocking_s_per_byte
// with w = n - 1 where CPU ranks gather it, 2 (n - 1)/n on GPUs. What is too long to be gathered is an all-reduce like others.
double blocking_exchange_s(const Machine& machine, const Layout& layout, double bytes);

// Hops of a message, one after another, in one all-reduce: 2 (n - 1) around a ring; for a tree, along the ring within a node
// and up and down the nodes.
double hops_of(Algorithm algorithm, const Layout& layout);
// The same in a blocking exchange: n - 1 around a ring of CPU ranks, 1 in the memory of one host.
double blocking_hops_of(Algorithm algorithm, const Layout& layout);

// The expected largest of n independent draws from the distribution of which `sample` (rising, not empty) was drawn:
//   sum_i x_i [(i/m)^n - ((i - 1)/m)^n]
// exact for the empirical distribution of m values; for n > m the tail beyond the sample is taken to be exponential, with the
// mean excess of the sample's upper tenth: x grows by that times ln(n/m) (Coles 2001, chapter 4: excesses over a high threshold).
double expected_largest(const std::vector<double>& sample, double n);

}  // namespace hpcai::scaling
