#include "hpcai/models/flow/coupling.h"

#include "hpcai/kernels/spline/spline.h"

namespace hpcai::models {

Coupling::Coupling(int64_t kept, int64_t moved, int64_t features, const FlowConfig& config, Activation activation)
    : kept_(kept), moved_(moved), bound_(config.bound) {
  const int64_t units = config.residual.units;
  from_context_ = register_module("from_context", std::make_shared<Dense>(features, units));
  if (kept > 0) from_kept_ = register_module("from_kept", std::make_shared<Dense>(kept, units, /*with_bias=*/false));
  blocks_ = register_module("blocks", std::make_shared<ResidualBlocks>(config.residual, activation));
  parameters_ = register_module("parameters", std::make_shared<Dense>(units, moved * (3 * config.bins - 1)));
}

void Coupling::start_as_identity() { parameters_->zero(); }

Coupling::Output Coupling::forward(const at::Tensor& context, const at::Tensor& value, bool inverse) const {
  const at::Tensor kept = value.narrow(1, 0, kept_), moved = value.narrow(1, kept_, moved_);
  at::Tensor hidden = from_context_->forward(context);
  hidden = from_kept_ ? at::addmm(hidden, kept, from_kept_->weight.t()) : hidden.expand({value.size(0), -1});
  const at::Tensor parameters = parameters_->forward(blocks_->forward(hidden)).view({value.size(0), moved_, -1});
  const kernels::SplineOutput found = kernels::spline(moved, parameters, bound_, inverse);
  return {at::cat({kept, found.value}, 1), found.log_slope.sum(1)};
}

}  // namespace hpcai::models
