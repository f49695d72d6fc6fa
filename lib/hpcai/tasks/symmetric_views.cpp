#include "hpcai/tasks/symmetric_views.h"

#include <ATen/ATen.h>

namespace hpcai::tasks {

at::Tensor symmetric_scores(const Network& network, const at::Tensor& images) {
  at::Tensor sum;
  for (int turn = 0; turn < 4; ++turn) {
    for (bool flip : {false, true}) {
      const at::Tensor turned = at::rot90(flip ? images.flip({3}) : images, turn, {2, 3});
      const at::Tensor probability = network(turned.contiguous()).to(at::kFloat).softmax(1);
      sum = sum.defined() ? sum.add_(probability) : probability;
    }
  }
  return sum.div_(8).clamp_min_(1e-30).log_();
}

}  // namespace hpcai::tasks
