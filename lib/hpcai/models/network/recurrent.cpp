#include "hpcai/models/network/recurrent.h"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

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

  // [batch, steps, in] -> [batch, steps, features], or [batch, features] for the last states. `count` [batch]: the steps of each
  // sequence, undefined if all count. Computes in the type of the weights, also under autocast, because rounding adds up over the
  // steps.
  at::Tensor forward(const at::Tensor& values, const at::Tensor& count) const {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const std::vector<at::Tensor> weights = parameters();
    const at::Tensor input = values.to(weights[0].scalar_type());
    if (count.defined()) return forward_counted(input, count, weights);
    const auto [steps, state] = run(input, weights, keys_.depth, keys_.bidirectional);
    if (keys_.output == RecurrentOutput::steps) return steps;
    return state.narrow(0, directions() * (keys_.depth - 1), directions()).transpose(0, 1).flatten(1);
  }

 private:
  int64_t directions() const { return keys_.bidirectional ? 2 : 1; }

  // The states at all steps [batch, steps, ...] and the last ones [layers and directions, batch, units].
  std::pair<at::Tensor, at::Tensor> run(const at::Tensor& input, const std::vector<at::Tensor>& weights, int64_t depth,
                                        bool bidirectional) const {
    const bool trains = at::GradMode::is_enabled();  // whether what gradients need is kept, also in evaluation
    const at::Tensor zero = at::zeros({(bidirectional ? 2 : 1) * depth, input.size(0), keys_.units}, input.options());
    at::Tensor steps, state;
    if (gates_ == 4) {
      std::tie(steps, state, std::ignore) = at::lstm(input, {zero, zero}, weights, /*has_biases=*/true, depth, /*dropout=*/0,
                                                     trains, bidirectional, /*batch_first=*/true);
    } else {
      std::tie(steps, state) =
          at::gru(input, zero, weights, /*has_biases=*/true, depth, /*dropout=*/0, trains, bidirectional, /*batch_first=*/true);
    }
    return {steps, state};
  }

  // One layer and direction after another. What comes behind the end of a sequence cannot change its states, and the layer that
  // runs backwards reads each sequence from its own last step on. No number is read back from the device.
  at::Tensor forward_counted(const at::Tensor& input, const at::Tensor& count, const std::vector<at::Tensor>& weights) const {
    const int64_t of_one = static_cast<int64_t>(weights.size()) / (keys_.depth * directions());
    const at::Tensor last_step = (count - 1).clamp_min(0).view({-1, 1, 1});
    const at::Tensor backwards = reversed_steps(count, input.size(1));
    at::Tensor x = input, last;
    auto next = weights.begin();
    for (int64_t layer = 0; layer < keys_.depth; ++layer) {
      std::vector<at::Tensor> steps, states;
      for (int64_t direction = 0; direction < directions(); ++direction, next += of_one) {
        const auto in_order = [&](const at::Tensor& values) { return direction == 1 ? at_steps(values, backwards) : values; };
        const at::Tensor found = run(in_order(x), {next, next + of_one}, 1, false).first;
        states.push_back(at_steps(found, last_step).squeeze(1));
        steps.push_back(in_order(found));
      }
      x = at::cat(steps, 2);
      last = at::cat(states, 1);
    }
    if (keys_.output == RecurrentOutput::steps) return x;
    return last.masked_fill((count == 0).unsqueeze(1), 0);
  }

  // values [batch, steps, features] at the steps [batch, n, 1] -> [batch, n, features]
  static at::Tensor at_steps(const at::Tensor& values, const at::Tensor& steps) {
    return values.gather(1, steps.expand({-1, -1, values.size(2)}));
  }

  // [batch, steps, 1]: count - 1, ..., 0, and behind the end of the sequence each step itself.
  static at::Tensor reversed_steps(const at::Tensor& count, int64_t steps) {
    const at::Tensor forwards = at::arange(steps, count.options()).unsqueeze(0);
    const at::Tensor backwards = count.unsqueeze(1) - 1 - forwards;
    return at::where(backwards >= 0, backwards, forwards).unsqueeze(2);
  }

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
            return Made{[module, input](const at::Tensor& x, Pass& pass) {
      return module->forward(x, input.steps ? pass.count(input) : at::Tensor());
                        },
                        module};
          }};
}

}  // namespace

Plan plan(const LstmLayer& config, const Shape& input, Planner&) { return plan_recurrent(config, 4, input); }

Plan plan(const GruLayer& config, const Shape& input, Planner&) { return plan_recurrent(config, 3, input); }

}  // namespace hpcai::models::network
