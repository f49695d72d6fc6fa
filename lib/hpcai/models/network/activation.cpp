#include "hpcai/models/network/activation.h"

namespace hpcai::models::network {

Plan plan(const ReluLayer&, const Shape& input, Planner&) {
  return {input, [](Assembly&) { return Made{Relu{}}; }};
}

Plan plan(const LeakyReluLayer& config, const Shape& input, Planner&) {
  return plain(input, [slope = config.slope](const at::Tensor& x, Pass&) { return at::leaky_relu(x, slope); });
}

Plan plan(const EluLayer&, const Shape& input, Planner&) {
  return plain(input, [](const at::Tensor& x, Pass&) { return at::elu(x); });
}

Plan plan(const GeluLayer&, const Shape& input, Planner&) {
  return plain(input, [](const at::Tensor& x, Pass&) { return at::gelu(x); });
}

Plan plan(const SiluLayer&, const Shape& input, Planner&) {
  return plain(input, [](const at::Tensor& x, Pass&) { return at::silu(x); });
}

Plan plan(const TanhLayer&, const Shape& input, Planner&) {
  return plain(input, [](const at::Tensor& x, Pass&) { return x.tanh(); });
}

Plan plan(const SigmoidLayer&, const Shape& input, Planner&) {
  return plain(input, [](const at::Tensor& x, Pass&) { return x.sigmoid(); });
}

Plan plan(const SoftplusLayer&, const Shape& input, Planner&) {
  return plain(input, [](const at::Tensor& x, Pass&) { return at::softplus(x); });
}

}  // namespace hpcai::models::network
