#include "hpcai/models/conditional_density.h"

namespace hpcai::models {

at::Tensor ConditionalDensity::forward(const at::Tensor& input) {
  const at::Tensor of_input = context(input);
  return draw(of_input, at::zeros({of_input.size(0), dimensions()}, of_input.options())).value;
}

at::Tensor ConditionalDensity::training_loss(const at::Tensor& context, const at::Tensor& value) {
  return -log_density(context, value).mean();
}

}  // namespace hpcai::models
