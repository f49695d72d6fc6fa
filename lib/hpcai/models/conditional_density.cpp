#include "hpcai/models/conditional_density.h"

namespace hpcai::models {

at::Tensor ConditionalDensity::forward(const at::Tensor& input) {
  const at::Tensor of_input = context(input);
  return draw(of_input, at::zeros({of_input.size(0), dimensions()}, of_input.options())).value;
}

}  // namespace hpcai::models
