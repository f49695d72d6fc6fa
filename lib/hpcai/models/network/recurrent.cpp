#include "hpcai/models/network/recurrent.h"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <tuple>

#include "hpcai/models/initialise.h"

namespace hpcai::models::network {
namespace {

// The weights of an LSTM (4 gates) or GRU (3 gates), with PyTorch's names and shapes.
class RecurrentModule : public torch::nn::Module, public HasOwnStart {
 public:
  RecurrentModule(int64_t in, int64_t gates, const RecurrentKeys& keys) : gates_(gates), keys_(keys) {
    const int64_t rows = gates * keys.units, directions = keys.bidirectional ? 2 : 1;
    for (int64_t layer = 0; layer < keys.depth; ++layer) {
      for (int64_t direction = 0; direction < directions; ++direction) {
        const std::string end = fmt::format("_l{}{}", layer, direction == 1 ? "_reverse" : "");
        const int64_t inputs = layer == 0 ? in : directions * keys.units;
        add("weight_ih" + end, {rows, inputs});
        add("weight_hh" + end, {rows, keys.units});
        add("bias_ih" + end, {rows});
        add("bias_hh" + end, {rows});
      }
    }
  }

  void start(at::Generator& generator) override {
    const double bound = 1 / std::sqrt(static_cast<double>(keys_.units));
    for (const at::Tensor& weight : parameters()) fill_uniform(weight, bound, generator);
  }

  // [batch, steps, in] -> [batch, steps, features], or [batch, features] for the last states. Computes in the type of the
  // weights, also under autocast, because rounding adds up over the steps.
  at::Tensor forward(const at::Tensor& values) const {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const std::vector<at::Tensor> weights = parameters();
    const at::Tensor input = values.to(weights[0].scalar_type());
    const bool trains = at::GradMode::is_enabled();  // whether what gradients need is kept, also in evaluation
    const int64_t directions = keys_.bidirectional ? 2 : 1;
    const at::Tensor zero = at::zeros({directions * keys_.depth, input.size(0), keys_.units}, input.options());
    at::Tensor steps, state;
    if (gates_ == 4) {
      std::tie(steps, state, std::ignore) = at::lstm(input, {zero, zero}, weights, /*has_biases=*/true, keys_.depth,
                                                     /*dropout=*/0, trains, keys_.bidirectional, /*batch_first=*/true);
    } else {
      std::tie(steps, state) = at::gru(input, zero, weights, /*has_biases=*/true, keys_.depth, /*dropout=*/0, trains,
                                       keys_.bidirectional, /*batch_first=*/true);
    }
    if (keys_.output == RecurrentOutput::steps) return steps;
    return state.narrow(0, directions * (keys_.depth - 1), directions).transpose(0, 1).flatten(1);
  }

 private:
  void add(const std::string& name, at::IntArrayRef shape) { register_parameter(name, torch::zeros(shape)); }

  int64_t gates_;
  RecurrentKeys keys_;
};

Plan plan_recurrent(const RecurrentKeys& keys, int64_t gates, const Shape& input) {
  require_sequence(input);
  const int64_t features_out = keys.units * (keys.bidirectional ? 2 : 1);
  require_moderate(static_cast<double>(gates * features_out) *
                   static_cast<double>(input.channels + keys.depth * (features_out + keys.units)));
  const Shape output = keys.output == RecurrentOutput::last ? features(features_out) : input.with_channels(features_out);
  return {output, [=](Assembly&) {
            const auto module = std::make_shared<RecurrentModule>(input.channels, gates, keys);
            return Made{[module](const at::Tensor& x, Pass&) { return module->forward(x); }, module};
          }};
}

}  // namespace

Plan plan(const LstmLayer& config, const Shape& input, Planner&) { return plan_recurrent(config, 4, input); }

Plan plan(const GruLayer& config, const Shape& input, Planner&) { return plan_recurrent(config, 3, input); }

}  // namespace hpcai::models::network
