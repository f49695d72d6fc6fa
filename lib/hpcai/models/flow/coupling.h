#pragma once

#include "hpcai/models/residual_blocks.h"

namespace hpcai::models {

// A coupling layer of a conditional flow (Dinh et al. 2017) with rational-quadratic splines (Durkan et al. 2019). The first
// `kept` dimensions pass unchanged. Each of the last `moved` dimensions goes through a spline whose parameters a residual network
// computes from the kept dimensions and the context:
//   spline parameters = parameters(blocks(from_kept(kept) + from_context(context))).
class Coupling : public torch::nn::Module {
 public:
  Coupling(int64_t kept, int64_t moved, int64_t features, const FlowConfig& config, Activation activation);

  // Makes the layer the identity: it sets the weights of the network's last layer to 0.
  void start_as_identity();

  struct Output {
    at::Tensor value;      // [batch, kept + moved]
    at::Tensor log_slope;  // log |determinant of the Jacobian|, [batch]
  };
  // value [batch, kept + moved], context [batch or 1, features]
  Output forward(const at::Tensor& context, const at::Tensor& value, bool inverse) const;

 private:
  int64_t kept_, moved_;
  double bound_;
  std::shared_ptr<Dense> from_context_, from_kept_, parameters_;  // from_kept_ is null if no dimension is kept
  std::shared_ptr<ResidualBlocks> blocks_;
};

}  // namespace hpcai::models
