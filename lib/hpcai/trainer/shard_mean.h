#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "hpcai/distributed/exchange/gradient_buffers.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/exchange/tree_sum.h"
#include "hpcai/models/model.h"

namespace hpcai::trainer {

// The means of gradients, running statistics and loss over the shards of a global batch (distributed.deterministic_shards), the
// same bits on every number of ranks that divides the number of shards. A rank has shards / ranks consecutive shards.
//
//   for each shard of this rank: { shards.begin_shard(); forward; backward; shards.end_shard(loss); }
//   loss = shards.finish();
//
// Every shard begins with the running statistics that the step began with, and the step ends with the mean of theirs. Sums are
// those of TreeSum over the shards: gradients in their own type, statistics and loss in float64, which keeps frozen ones exactly.
// The caller computes each shard in the same way on every rank: alone, on one thread, from aligned memory.
class ShardMean {
 public:
  // `trained`: the parameters that have gradients, on the group's device. `bucket_mb`: size of an exchanged piece in MiB. Group
  // and model must outlive the object. Throws std::invalid_argument unless the ranks divide `shards`.
  ShardMean(distributed::Group& group, const models::Model& model, const std::vector<at::Tensor>& trained, int64_t shards,
            double bucket_mb);

  void begin_shard();
  void end_shard(const at::Tensor& loss);  // [], the mean over the shard
  // Every rank calls it after its last shard. Then gradients and running statistics are the means over all shards. Returns the
  // mean loss, float64 []. Throws what Group throws.
  at::Tensor finish();

  // The buffers that hold all gradients, as Reducer::flat_gradients().
  const std::vector<at::Tensor>& flat_gradients() const { return gradients_.flat; }

 private:
  at::Tensor side_values(const at::Tensor& loss) const;

  distributed::Group& group_;
  int64_t shards_;
  double piece_bytes_;
  distributed::GradientBuffers gradients_;
  std::vector<at::Tensor> statistics_;  // the model's running statistics
  std::vector<at::Tensor> before_;      // their values when the step began
  distributed::TreeSum sum_;
  int64_t done_ = 0;  // shards of this step
};

}  // namespace hpcai::trainer
