#include "hpcai/kernels/norm_depthwise/norm_depthwise.h"

#include <algorithm>
#include <vector>

#include "hpcai/kernels/batch_norm/norm_state.h"
#include "hpcai/kernels/image_pieces.h"
#include "hpcai/kernels/norm_depthwise/cpu/depthwise_passes.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/storage.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Values of a sample.
int64_t size_of(const depthwise::Image& image) { return image.height * image.width * image.channels; }
depthwise::Image image_of(const at::Tensor& input) { return {input.size(2), input.size(3), input.size(1)}; }

depthwise::Map map_of(const NormState& state) {
  return {.scale = state.scale.data(), .shift = state.shift.data(), .relu = state.options.relu};
}

// weight [channels, 1, 3, 3] as [9][channels]
at::Tensor taps_of(const at::Tensor& weight) { return weight.detach().reshape({-1, depthwise::kTaps}).t().contiguous(); }

// What a piece of the backward pass has summed up, as float64.
struct Sums {
  std::vector<double> norm;  // [pieces][2 channels]: sums of dy, and of dy (v - mean)
  at::Tensor taps;           // [pieces, 9 channels]

  Sums(int64_t pieces, int64_t channels)
      : norm(pieces * 2 * channels), taps(at::empty({pieces, depthwise::kTaps * channels}, at::kDouble)) {}
  void set(int64_t piece, const std::vector<float>& sums, int64_t channels) {
    const auto end_of_taps = sums.begin() + depthwise::kTaps * channels;
    std::copy(sums.begin(), end_of_taps, taps.mutable_data_ptr<double>() + piece * taps.size(1));
    std::copy(end_of_taps, sums.end(), norm.begin() + piece * 2 * channels);
  }
};

// Writes dy, the gradient of the norm's output.
Sums convolve_back(const NormState& state, const at::Tensor& taps, const at::Tensor& input, const at::Tensor& d_out,
                   at::Tensor& dy) {
  const ImagePieces pieces(input);
  const depthwise::Image image = image_of(input);
  Sums sums(pieces.count, image.channels);
  with_storage(input, [&]<class T>(T) {
    for_image_pieces(pieces, [&, passes = depthwise::passes<T>()](int64_t piece, int64_t sample, ImageRows rows) {
      const int64_t first = sample * size_of(image);
      std::vector<float> of_piece(depthwise::kSums * image.channels);
      passes.convolve_back(image, map_of(state), state.mean.data(), taps.const_data_ptr<float>(), rows,
                           input.const_data_ptr<T>() + first, d_out.const_data_ptr<T>() + first, dy.mutable_data_ptr<T>() + first,
                           of_piece.data());
      sums.set(piece, of_piece, image.channels);
    });
  });
  return sums;
}

struct NormDepthwise : OnceDifferentiable<NormDepthwise> {
  static constexpr const char* kName = "norm_depthwise";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& gamma,
                            const at::Tensor& /*beta*/, const NormTensors* tensors, const BatchNormOptions* options) {
    const auto state = norm_of(input, *tensors, *options);
    const at::Tensor taps = taps_of(weight);
    at::Tensor out = at::empty_like(input);
    const depthwise::Image image = image_of(input);
    with_storage(input, [&]<class T>(T) {
      for_image_pieces(ImagePieces(input), [&, passes = depthwise::passes<T>()](int64_t, int64_t sample, ImageRows rows) {
        const int64_t first = sample * size_of(image);
        passes.convolve(image, map_of(*state), taps.const_data_ptr<float>(), rows, input.const_data_ptr<T>() + first,
                        out.mutable_data_ptr<T>() + first);
      });
    });
    context->save_for_backward({input, weight, gamma});
    keep_norm(context, state);
    return out;
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1], &gamma = saved[2];
    const auto state = kept_norm(context);
    const at::Tensor d_out = grads[0].contiguous(at::MemoryFormat::ChannelsLast), taps = taps_of(weight);
    at::Tensor dy = at::empty_like(input);
    const Sums sums = convolve_back(*state, taps, input, d_out, dy);
    const at::Tensor of_weight =
        sums.taps.sum(0).view({depthwise::kTaps, -1}).t().to(weight.scalar_type()).contiguous().view_as(weight);
    if (state->options.norm == NormSource::none) return {dy, of_weight, {}, {}, {}, {}};
    const NormSums of_norm = add_up(*state, sums.norm);
    if (context->needs_input_grad(0)) {
      const NormGradient gradient = norm_gradient(*state, of_norm, NormBlocks(input).shape);
      norm_input_gradient(*state, gradient, dy, input, /*behind_relu=*/true, dy);
    }
    return {dy, of_weight, gamma_gradient(of_norm, gamma), beta_gradient(of_norm, gamma), {}, {}};
  }
};

}  // namespace

bool norm_depthwise_supports(const at::Tensor& input, const at::Tensor& weight) {
  return are_stored_images(input) && is_image_weight(weight) && weight.size(0) == input.size(1) && weight.size(1) == 1 &&
         weight.size(2) == 3 && weight.size(3) == 3 && input.size(1) % 8 == 0 && input.numel() > 0;
}

at::Tensor norm_depthwise(const at::Tensor& input, const at::Tensor& weight, const NormTensors& tensors,
                          const BatchNormOptions& options) {
  TORCH_CHECK(norm_depthwise_supports(input, weight), "norm_depthwise: unsupported shape, type or layout");
  const bool has_norm = options.norm != NormSource::none;
  const at::Tensor none = has_norm ? at::Tensor() : at::empty({0});  // autograd takes no undefined tensors
  return NormDepthwise::apply(input, weight, has_norm ? tensors.gamma : none, has_norm ? tensors.beta : none, &tensors, &options);
}

at::Tensor norm_depthwise_reference(const at::Tensor& input, const at::Tensor& weight, const NormTensors& tensors,
                                    const BatchNormOptions& options) {
  return at::conv2d(batch_norm_reference(input, tensors, options), weight, {}, 1, 1, 1, weight.size(0));
}

}  // namespace hpcai::kernels
