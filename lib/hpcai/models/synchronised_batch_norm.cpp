#include "hpcai/models/synchronised_batch_norm.h"

#include <vector>

#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/models/batch_norm.h"

namespace hpcai::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// All dimensions except the channel dimension.
std::vector<int64_t> reduced(const at::Tensor& input) {
  std::vector<int64_t> dimensions{0};
  for (int64_t d = 2; d < input.dim(); ++d) dimensions.push_back(d);
  return dimensions;
}

// [channel] -> [1, channel, 1, ...]
at::Tensor spread(const at::Tensor& values, const at::Tensor& like) {
  std::vector<int64_t> shape(like.dim(), 1);
  shape[1] = values.numel();
  return values.view(shape);
}

at::Tensor at_least_float(const at::Tensor& input) {
  return at::isReducedFloatingType(input.scalar_type()) ? input.to(at::kFloat) : input;
}

// values [batch, channel, ...] -> float64 [channel]. A GPU adds the values in their own type (pairwise), because a sum in float64
// would first copy all values.
at::Tensor channel_sums(const at::Tensor& values) {
  return values.is_cpu() ? values.sum(reduced(values), false, at::kDouble) : values.sum(reduced(values)).to(at::kDouble);
}

// Mean [channel], biased variance [channel] and number of values a channel [] over all ranks, float64. Each rank computes its own
// mean and variance in a stable way. The ranks then add [sum, sum of squares, count] in float64. The variance is the difference
// of two large numbers, and 53 bits suffice while |mean| < 1e4 standard deviations.
kernels::Statistics statistics_over_ranks(const at::Tensor& input, const SumOverRanks& sum) {
  const int64_t channels = input.size(1);
  at::Tensor total = at::zeros({2 * channels + 1}, input.options().dtype(at::kDouble));
  if (input.numel() > 0) {
    const auto [variance, mean] = at::var_mean(input, reduced(input), /*correction=*/at::Scalar(0));
    const double count = static_cast<double>(input.numel() / channels);
    const at::Tensor wide_mean = mean.to(at::kDouble);
    total.narrow(0, 0, channels).copy_(wide_mean * count);
    total.narrow(0, channels, channels).copy_((variance.to(at::kDouble) + wide_mean.square()) * count);
    total.narrow(0, 2 * channels, 1).fill_(count);
  }
  sum(total);
  kernels::Statistics all;
  all.count = total[2 * channels];
  all.mean = total.narrow(0, 0, channels) / all.count;
  all.variance = (total.narrow(0, channels, channels) / all.count - all.mean.square()).clamp_min_(0);
  return all;
}

// A struct hides the tensors from autograd, which does not accept undefined tensors.
struct RunningStatistics {
  at::Tensor mean, variance;
};

struct SynchronisedBatchNorm : kernels::OnceDifferentiable<SynchronisedBatchNorm> {
  static constexpr const char* kName = "a batch norm over ranks";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                            const RunningStatistics& running, double eps, double momentum, const SumOverRanks& sum) {
    const at::Tensor values = at_least_float(input);
    const kernels::Statistics all = statistics_over_ranks(values, sum);
    // Only on CPUs: reading the count would wait for a GPU.
    if (all.count.is_cpu() && all.count.item<double>() < 2) kernels::refuse_lone_values();
    if (running.mean.defined()) {
      running.mean.lerp_(all.mean.to(running.mean.scalar_type()), momentum);
      running.variance.lerp_((all.variance * (all.count / (all.count - 1))).to(running.variance.scalar_type()), momentum);
    }
    const at::Tensor mean = all.mean.to(values.scalar_type());
    const at::Tensor inverse_deviation = (all.variance + eps).rsqrt().to(values.scalar_type());
    const at::Tensor scale = inverse_deviation * weight.to(values.scalar_type());
    at::Tensor output = values - spread(mean, values);
    output.mul_(spread(scale, values)).add_(spread(bias.to(values.scalar_type()), values));
    context->save_for_backward({input, weight, mean, inverse_deviation, all.count});
    context->saved_data["sum"] = c10::IValue::make_capsule(c10::make_intrusive<Callback>(sum));
    return output.to(input.scalar_type());
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1], &mean = saved[2], &inverse_deviation = saved[3], &count = saved[4];
    const auto callback = c10::static_intrusive_pointer_cast<Callback>(context->saved_data["sum"].toCapsule());
    const at::Tensor grad = at_least_float(grads[0]);
    const int64_t channels = input.size(1);
    const at::Tensor deviation = at_least_float(input) - spread(mean, input);
    const at::Tensor local = at::cat({channel_sums(grad), channel_sums(grad * deviation)});
    const at::Tensor local_grad = local.narrow(0, 0, channels), local_product = local.narrow(0, channels, channels);
    at::Tensor grad_input;
    if (context->needs_input_grad(0)) {
      at::Tensor total = local.clone();
      callback->sum(total);
      total.div_(count);
      const at::Tensor variance_inverse = inverse_deviation.to(at::kDouble).square();
      const at::Tensor mean_grad = total.narrow(0, 0, channels).to(grad.scalar_type());
      const at::Tensor slope = (total.narrow(0, channels, channels) * variance_inverse).to(grad.scalar_type());
      grad_input = grad - spread(mean_grad, grad);
      grad_input.sub_(deviation * spread(slope, grad));
      grad_input.mul_(spread(inverse_deviation * weight.to(grad.scalar_type()), grad));
      grad_input = grad_input.to(input.scalar_type());
    }
    const at::Tensor grad_weight = (local_product * inverse_deviation.to(at::kDouble)).to(weight.scalar_type());
    const at::Tensor grad_bias = local_grad.to(weight.scalar_type());
    return {grad_input, grad_weight, grad_bias, {}, {}, {}, {}};
  }

 private:
  struct Callback : torch::CustomClassHolder {
    explicit Callback(SumOverRanks function) : sum(std::move(function)) {}
    SumOverRanks sum;
  };
};

}  // namespace

at::Tensor synchronised_batch_norm(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                                   at::Tensor running_mean, at::Tensor running_var, double eps, double momentum,
                                   const SumOverRanks& sum) {
  return SynchronisedBatchNorm::apply(input, weight, bias, RunningStatistics{running_mean, running_var}, eps, momentum, sum);
}

}  // namespace hpcai::models
