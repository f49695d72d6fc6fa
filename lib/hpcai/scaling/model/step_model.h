#pragma once

#include <cstdint>
#include <vector>

// Predicts the time of one training step on n ranks. Pure arithmetic. docs/scaling.md explains the model on one page. calibrate.h
// measures its parameters; hardware.h has some from the literature.
namespace hpcai::scaling {

inline constexpr double kMebibyte = 1 << 20;  // unit of distributed.bucket_mb

// The time of one pass as a linear function of the number of samples in it.
struct Cost {
  double fixed_s = 0;
  double per_sample_s = 0;

  double at(double samples) const { return fixed_s + per_sample_s * samples; }
};

// A part of the gradients that is exchanged in one message.
struct Bucket {
  double bytes = 0;  // in the precision of the exchange
  double ready = 1;  // fraction of the backward pass after which the bucket is complete, 0 to 1
};

// The work of one rank in one step. The times hold for a rank that waits for no other rank.
struct Workload {
  Cost forward, backward;         // of one pass; a step has training.accumulation passes
  Cost update;                    // once a step: outcome, unscaling, clipping, optimizer, average
  std::vector<Bucket> buckets;    // in the order of sending
  bool overlap = true;            // buckets are sent during the backward pass; false: after it
  double blocking_exchanges = 1;  // all-reduces for which a rank waits: 1 for the outcome, 2 for each synchronised batch norm
  double blocking_bytes = 24;     // bytes of these all-reduces together, without the outcome's 16 bytes for each rank
  double threads = 0;             // cores that the computation keeps busy on average; 0 on a GPU
  double team = 0;                // threads of the measured rank if this number is its share of the cores; 0: the number is fixed
  double parallel = 0;  // fraction of the computing time that more threads shorten (Amdahl's p), measured with all cores busy
  double input_s_per_sample = 0;       // time per sample of the loader when the rank computes nothing
  double input_core_s_per_sample = 0;  // processor time per sample of the loader
  std::vector<double> spread;          // measured step times divided by their mean, rising; empty: all steps take the same time
  double alone_factor = 1;   // computing time of a single rank / computing time of one of several ranks (simpler batch norm)
  double epoch_start_s = 0;  // wait for the first batch of every epoch, for a loader that starts anew each epoch
};

// The connection between two neighbours in a ring, or the memory of a host in which its CPU ranks add their gradients. The
// defaults describe a connection that takes no time.
struct Link {
  double latency_s = 0;            // time of one hop of an empty bucket; in shared memory: of an empty sum
  double s_per_byte = 0;           // 1 / bandwidth of one node's traffic (between_nodes) or one GPU's; in shared memory: of a sum
  double core_s_per_message = 0;   // processor time of one hop on each rank
  double core_s_per_byte = 0;      // processor time on each rank for each byte that it sends; in shared memory: of the tensor
  double blocking_latency_s = 0;   // time of one hop of an empty blocking exchange, a small all-reduce for which ranks wait
  double core_s_per_blocking = 0;  // processor time of one such hop on each rank
  double blocking_s_per_byte = 0;  // as s_per_byte, in a blocking exchange
};

enum class Algorithm {
  ring,  // CPU ranks: the sum of a host is made in its memory and goes around a ring of hosts twice; small exchanges are gathered
  tree,  // NCCL: small messages go up and down a tree, large messages around a ring
};

// The hardware: links and cores.
struct Machine {
  Link in_node, between_nodes;
  Algorithm algorithm = Algorithm::ring;
  double start_s = 0;  // fixed time of each exchange
  double cores = 0;    // of one host; 0: cores do not limit the speed (GPU ranks)
  bool bound = false;  // a launcher binds each rank to cores of its own; `cores` then counts the cores of one rank
};

// How the ranks are distributed over nodes.
struct Layout {
  int nodes = 1;
  int ranks_per_node = 1;
  int ranks_sharing_cores = 0;  // ranks on the cores of one host; 0: ranks_per_node (differs if a host emulates several)

  // All ranks, and the ranks that share the cores of one host.
  int ranks() const { return nodes * ranks_per_node; }
  int sharing() const { return ranks_sharing_cores > 0 ? ranks_sharing_cores : ranks_per_node; }
};

// The parts of a step's time, in seconds. step_s = compute_s + exposed_communication_s + imbalance_s + input_s.
struct StepTime {
  double step_s = 0;
  double compute_s = 0;                // forward, backward and update; longer where ranks share cores
  double exposed_communication_s = 0;  // time that communication adds: waiting, and processor time that the computation lacks
  double imbalance_s = 0;              // waiting for the slowest rank
  double input_s = 0;                  // waiting for the loader
  double communication_s = 0;          // all exchanges, also those hidden behind the backward pass
};

// The time of one step in which each rank processes `batch` samples in `passes` passes (training.accumulation).
StepTime predict(const Workload& workload, const Machine& machine, const Layout& layout, double batch, int64_t passes = 1);

// `workload` scaled to the number of threads that a rank gets in this layout (Amdahl 1967). Returns it unchanged if team is 0.
Workload with_threads_in(const Workload& workload, const Machine& machine, const Layout& layout);

// As predict(), averaged over an epoch of `steps` steps: step_s and input_s include epoch_start_s / steps.
StepTime predict_in_epoch(const Workload& workload, const Machine& machine, const Layout& layout, double batch, double steps,
                          int64_t passes = 1);

// Seconds of one all-reduce of `bytes` over the ranks of `layout` while the ranks compute nothing:
//   start + hops latency + w bytes s_per_byte        (Patarasu & Yuan 2009, the bandwidth-optimal ring; w: see wire_of)
// On GPUs the slower link counts, because all neighbours send at the same time. CPU ranks first take
// latency + bytes s_per_byte in the memory of their host, if it has several.
double all_reduce_s(const Machine& machine, const Layout& layout, double bytes);

// Seconds of one blocking exchange (see Link) of `bytes`:
//   start + hops blocking_latency + w bytes blocking_s_per_byte
// w: see blocking_wire_of; hops: see blocking_hops_of. For CPU ranks an exchange of more than
// distributed::most_short_bytes takes all_reduce_s. One of more than distributed::most_linked_sum_bytes on several hosts takes
//   start + (n - 1) (latency + bytes s_per_byte)
double blocking_exchange_s(const Machine& machine, const Layout& layout, double bytes);

// The number of consecutive hops in one all-reduce. Ring: 2 (nodes - 1), or 1 in the memory of one node.
// Tree: 2 (ranks_per_node - 1) + 2 ceil(log2(nodes)).
double hops_of(Algorithm algorithm, const Layout& layout);
// Bytes that a sender sends for each byte of a tensor: 2 (n - 1)/n, n = nodes in a ring and n = ranks in a tree. 1 in the memory
// of one node, where the time of a sum does not depend on the number of ranks: each adds a slice.
double wire_of(Algorithm algorithm, const Layout& layout);
// The number of consecutive hops in a blocking exchange. Ring: 1, because each CPU rank sends its values to all others. Tree: as
// hops_of.
double blocking_hops_of(Algorithm algorithm, const Layout& layout);
// Bytes that pass the slowest link for each byte of a blocking exchange. Ring, several nodes: the ranks_per_node ranks of a node
// send to all ranks of other nodes. Ring, one node: each rank reads the values of n - 1 others. Tree: as wire_of.
double blocking_wire_of(Algorithm algorithm, const Layout& layout);

// The expected maximum of n independent draws from the distribution of `sample` (m values, rising, m > 0):
//   sum_i x_i [(i/m)^n - ((i - 1)/m)^n]
// This is exact for the empirical distribution. For n > m the tail beyond the sample is assumed to be exponential, and
// e ln(n/m) is added, where e is the mean excess of the sample's upper tenth (Coles 2001, chapter 4: excesses over a high
// threshold).
double expected_largest(const std::vector<double>& sample, double n);

}  // namespace hpcai::scaling
