#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// The transport settings of gradients, see DistributedConfig. Sizes are in MiB.
struct ReducerOptions {
  double bucket_mb = 25;
  double first_bucket_mb = 1;
  bool overlap = true;
  WirePrecision wire_precision = WirePrecision::same;
  CompressionConfig compression = {};

  // The options in a config.
  static ReducerOptions from(const DistributedConfig& config) {
    return {config.bucket_mb, config.first_bucket_mb, config.overlap, config.wire_precision, config.compression};
  }
};

// Averages gradients over the ranks. Gradients travel in buckets, and a bucket travels while the backward pass still runs. The
// design is that of DistributedDataParallel (Li et al. 2020, arXiv:2006.15704). The gradients are views of flat buffers, so they
// need no copy, and one operation sets them to zero.
//
//   reducer.zero_grad();
//   for each micro-batch: { if (last) reducer.prepare(); loss.backward(); }
//   reducer.finish();
//
// Every rank passes the same parameters in the same order. Parameters with requires_grad == false have no gradient and do not
// travel; when requires_grad changes, the next zero_grad() or prepare() rearranges the buffers. A parameter without influence on
// the loss has gradient zero. In a world of one rank nothing travels, and autograd's own tensors are the gradients. A value that
// is not finite on one rank makes the mean not finite on all ranks, because IEEE sums keep infinity and NaN.
//
// With ReducerOptions::compression buckets of float32 travel as PowerSgd says, and the reducer has a memory between steps.
class Reducer {
 public:
  // `parameters`: any shapes, on the group's device; throws std::invalid_argument otherwise. The group must outlive the reducer.
  Reducer(Group& group, std::vector<at::Tensor> parameters, ReducerOptions options = {});
  ~Reducer();
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  // Sets all gradients to zero, in place. In a world of one rank it removes them.
  void zero_grad();
  // Call it before the backward pass that completes the gradients. finish() averages the sum of that pass and the passes before
  // it. `step`: the number of the step, from 0, which tells whether compression has begun.
  void prepare(int64_t step = std::numeric_limits<int64_t>::max());
  // Call it after that backward pass. When it returns, the gradients are the means over the ranks; on a GPU this holds in the
  // order of the current stream. Throws Error{peers_unreachable} or Error{hang}.
  void finish();

  // After finish(): the buffers that hold all gradients, [values], one for each dtype, with zeros in the gaps between gradients.
  // In a world of one rank: the gradients themselves, in their shapes.
  const std::vector<at::Tensor>& flat_gradients() const;
  int64_t bucket_count() const;

  // The memory of compression, [values] each: what is equal on all ranks, and what each rank keeps for itself. Empty without
  // compression or in a world of one rank. The tensors share memory with the reducer.
  std::vector<at::Tensor> shared_memory() const;
  std::vector<at::Tensor> own_memory() const;
  // Empties this memory, as after a step that is taken back.
  void forget();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hpcai::distributed
