#include <torch/autograd.h>

#include <vector>

#include "hpcai/kernels/batch_norm/batch_norm.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The sum over ranks, differentiable: the loss of every rank depends on it, so its gradient is summed over ranks, too.
struct DifferentiableSum : torch::autograd::Function<DifferentiableSum> {
  struct Callback : torch::CustomClassHolder {
    explicit Callback(Sum function) : sum(std::move(function)) {}
    Sum sum;
  };

  static at::Tensor forward(AutogradContext* context, const at::Tensor& values, const Sum* sum) {
    context->saved_data["sum"] = c10::IValue::make_capsule(c10::make_intrusive<Callback>(*sum));
    at::Tensor total = values.clone();
    (*sum)(total);
    return total;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto callback = c10::static_intrusive_pointer_cast<Callback>(context->saved_data["sum"].toCapsule());
    return {DifferentiableSum::apply(grads[0], &callback->sum), {}};
  }
};

at::Tensor over_ranks(const at::Tensor& values, const Sum& sum) { return sum ? DifferentiableSum::apply(values, &sum) : values; }

// [channels] -> [1, channels, 1, ...]
at::Tensor spread(const at::Tensor& values, const at::Tensor& like) {
  std::vector<int64_t> shape(like.dim(), 1);
  shape[1] = values.numel();
  return values.to(like.scalar_type()).view(shape);
}

// Sums over all dimensions but the channel's, [channels].
at::Tensor channel_sums(const at::Tensor& values) {
  std::vector<int64_t> dimensions{0};
  for (int64_t d = 2; d < values.dim(); ++d) dimensions.push_back(d);
  return values.sum(dimensions);
}

// Mean and biased variance over all ranks, [channels] each, differentiable; moves the running statistics.
Statistics statistics_of(const at::Tensor& values, const NormTensors& tensors, const BatchNormOptions& options) {
  const int64_t channels = values.size(1);
  const at::Tensor rows = at::full({1}, static_cast<double>(values.numel() / channels), values.options());
  const at::Tensor total = over_ranks(at::cat({channel_sums(values), rows}), options.sum);
  Statistics statistics;
  statistics.count = total[channels].detach();
  if (statistics.count.item<double>() < 2) refuse_lone_values();
  statistics.mean = total.narrow(0, 0, channels) / statistics.count;
  const at::Tensor squares = channel_sums((values - spread(statistics.mean, values)).square());
  statistics.variance = over_ranks(squares, options.sum) / statistics.count;
  const at::NoGradGuard no_grad;
  at::Tensor running_mean = tensors.running_mean, running_var = tensors.running_var;
  const at::Tensor unbiased = statistics.variance * (statistics.count / (statistics.count - 1));
  running_mean.lerp_(statistics.mean.to(running_mean.scalar_type()), options.momentum);
  running_var.lerp_(unbiased.to(running_var.scalar_type()), options.momentum);
  return statistics;
}

at::Tensor normalise(const at::Tensor& values, const NormTensors& tensors, const BatchNormOptions& options) {
  if (options.norm == NormSource::none) return values;
  const bool from_batch = options.norm == NormSource::batch;
  const Statistics statistics = from_batch
                                    ? statistics_of(values, tensors, options)
                                    : Statistics{.mean = tensors.running_mean, .variance = tensors.running_var, .count = {}};
  const at::Tensor inverse = (spread(statistics.variance, values) + options.eps).rsqrt();
  return (values - spread(statistics.mean, values)) * inverse * spread(tensors.gamma, values) + spread(tensors.beta, values);
}

}  // namespace

at::Tensor batch_norm_reference(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  TORCH_CHECK(input.dim() >= 2 && input.is_floating_point(), "batch_norm_reference: floating values [batch, channels, ...]");
  at::Tensor values = at::isReducedFloatingType(input.scalar_type()) ? input.to(at::kFloat) : input;
  if (options.offset.defined()) values = values + spread(options.offset, values);
  const at::Tensor output = normalise(values, tensors, options);
  return (options.relu ? output.relu() : output).to(input.scalar_type());
}

at::Tensor batch_norm_add_reference(const at::Tensor& input, const at::Tensor& addend, const NormTensors& tensors,
                                    const BatchNormOptions& options) {
  BatchNormOptions linear = options;
  linear.relu = false;
  const at::Tensor output = batch_norm_reference(input, tensors, linear) + addend;
  return options.relu ? output.relu() : output;
}

}  // namespace hpcai::kernels
