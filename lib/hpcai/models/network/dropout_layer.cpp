#include "hpcai/models/network/dropout_layer.h"

#include "hpcai/models/dropout.h"

namespace hpcai::models::network {

Plan plan(const DropoutLayer& config, const Shape& input, Planner&) {
  return {input, [rate = config.rate](Assembly& assembly) {
            return Made{[rate, number = assembly.dropouts++](const at::Tensor& x, Pass& pass) {
              return pass.training ? dropout(x, rate, pass.randomness, number) : x;
            }};
          }};
}

}  // namespace hpcai::models::network
