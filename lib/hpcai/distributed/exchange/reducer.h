#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// How gradients travel, see DistributedConfig.
struct ReducerOptions {
  double bucket_mb = 25;
  double first_bucket_mb = 1;
  bool overlap = true;
  WirePrecision wire_precision = WirePrecision::same;

  static ReducerOptions from(const DistributedConfig& config) {
    return {config.bucket_mb, config.first_bucket_mb, config.overlap, config.wire_precision};
  }
};

// Averages gradients over the ranks, in buckets that leave while the backward pass still runs. The design is that of
// DistributedDataParallel (Li et al. 2020, arXiv:2006.15704); the gradients are views of flat buffers, so nothing is
// copied and zeroing them is one operation.
//
//   reducer.zero_grad();
//   for each micro-batch: { if (last) reducer.prepare(); loss.backward(); }
//   reducer.finish();
//
// Every rank gives the same parameters in the same order. Parameters with requires_grad == false have no gradient
// and do not travel; when that changes the next zero_grad() or prepare() rearranges the buffers. A parameter that the
// loss does not depend on counts with gradient zero. In a world of one rank nothing travels, and the gradients are
// autograd's own tensors. A value that is not finite on one rank makes the mean not finite on all, whatever the others
// have: IEEE sums keep infinity and NaN.
class Reducer {
 public:
  // `parameters`: of any shapes, on the group's device; std::invalid_argument if one is not. The group must outlive the reducer.
  Reducer(Group& group, std::vector<at::Tensor> parameters, ReducerOptions options = {});
  ~Reducer();
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  // Sets all gradients to zero, in place; to none for one rank alone.
  void zero_grad();
  // To be called before the backward pass whose gradients, together with what earlier passes have added to them, are averaged.
  void prepare();
  // To be called after that pass: when it returns the gradients are the mean over the ranks (on a GPU, in the order of the
  // current stream). Throws Error{peers_unreachable}.
  void finish();

  // After finish(): the buffers that hold all gradients, [values], one for each dtype; the gaps between gradients hold zeros.
  // For one rank alone: the gradients themselves, in their shapes.
  const std::vector<at::Tensor>& flat_gradients() const;
  int64_t bucket_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hpcai::distributed
