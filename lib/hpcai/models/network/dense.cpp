#include "hpcai/models/network/dense.h"

#include "hpcai/models/layers.h"

namespace hpcai::models::network {

Plan plan(const DenseLayer& config, const Shape& input, Planner&) {
  require_features_last(input);
  require_moderate(static_cast<double>(input.channels) * static_cast<double>(config.units));
  return {input.with_channels(config.units), [in = input.channels, config](Assembly&) {
            const auto dense = std::make_shared<Dense>(in, config.units, config.bias);
            return Made{[dense](const at::Tensor& x, Pass&) { return dense->forward(x); }, dense};
          }};
}

Plan plan(const OutputsLayer& config, const Shape& input, Planner& planner) {
  if (input.layout == Layout::sequence && !planner.each_step()) {
    throw Fault{"it needs a vector of features",
                "put `mean` or `flatten` in front of it, or give the last state of an lstm or gru"};
  }
  return plan(DenseLayer{.units = planner.outputs(), .bias = config.bias}, input, planner);
}

}  // namespace hpcai::models::network
