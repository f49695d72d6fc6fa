#include "hpcai/kernels/norm_pool/norm_pool.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "hpcai/kernels/batch_norm/norm_state.h"
#include "hpcai/kernels/image_pieces.h"
#include "hpcai/kernels/norm_pool/cpu/pool_passes.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/storage.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What the windows of a sample begin with, and the distances between samples.
struct Samples {
  pool::Image image;
  int64_t in, out;  // values of a sample, before and behind the pool

  Samples(const at::Tensor& input, PoolPadding padding)
      : image{input.size(2), input.size(3), input.size(1), padding.top, padding.left},
        in(input.numel() / input.size(0)),
        out(image.out_height() * image.out_width() * image.channels) {}
};

// The gradients of a sample's outputs, and the pixels that they belong to.
struct Gradients {
  at::Tensor d_out, pixels;

  template <class T>
  const T* of_outputs(const Samples& samples, int64_t sample) const {
    return d_out.const_data_ptr<T>() + sample * samples.out;
  }
  const uint8_t* of_pixels(const Samples& samples, int64_t sample) const {
    return pixels.const_data_ptr<uint8_t>() + sample * samples.out;
  }
};

NormSums gradient_sums(const NormState& state, const at::Tensor& input, const Samples& samples, const Gradients& gradients) {
  const ImagePieces pieces(input);
  const int64_t channels = samples.image.channels;
  std::vector<double> sums(pieces.count * 2 * channels);
  with_storage(input, [&]<class T>(T) {
    for_image_pieces(pieces, [&, passes = pool::passes<T>()](int64_t piece, int64_t sample, ImageRows rows) {
      std::vector<float> of_piece(2 * channels);
      passes.add_gradients(samples.image, state.mean.data(), rows, input.const_data_ptr<T>() + sample * samples.in,
                           gradients.of_outputs<T>(samples, sample), gradients.of_pixels(samples, sample), of_piece.data());
      std::copy(of_piece.begin(), of_piece.end(), sums.begin() + piece * 2 * channels);
    });
  });
  return add_up(state, sums);
}

at::Tensor input_gradient(const NormState& state, const NormSums& sums, const at::Tensor& input, const Samples& samples,
                          const Gradients& gradients) {
  at::Tensor dv = at::empty_like(input);
  const NormGradient of_norm = norm_gradient(state, sums, NormBlocks(input).shape);
  const pool::Gradient gradient{.scale = state.scale.data(), .slope = of_norm.slope.data(), .offset = of_norm.offset.data()};
  with_storage(input, [&]<class T>(T) {
    for_image_pieces(ImagePieces(input), [&, passes = pool::passes<T>()](int64_t, int64_t sample, ImageRows rows) {
      passes.input_gradient(samples.image, gradient, rows, input.const_data_ptr<T>() + sample * samples.in,
                            gradients.of_outputs<T>(samples, sample), gradients.of_pixels(samples, sample),
                            dv.mutable_data_ptr<T>() + sample * samples.in);
    });
  });
  return dv;
}

struct NormPool : OnceDifferentiable<NormPool> {
  static constexpr const char* kName = "norm_pool";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& gamma,
                            const at::Tensor& /*beta*/, const NormTensors* tensors, const BatchNormOptions* options,
                            const PoolPadding* padding) {
    const auto state = norm_of(input, *tensors, *options);
    const Samples samples(input, *padding);
    at::Tensor out = at::empty({input.size(0), input.size(1), samples.image.out_height(), samples.image.out_width()},
                               input.options(), at::MemoryFormat::ChannelsLast);
    at::Tensor pixels = at::empty_like(out, at::kByte);
    const pool::Map map{.scale = state->scale.data(), .shift = state->shift.data(), .relu = options->relu};
    with_storage(input, [&]<class T>(T) {
      for_image_pieces(ImagePieces(out), [&, passes = pool::passes<T>()](int64_t, int64_t sample, ImageRows rows) {
        passes.take_largest(samples.image, map, rows, input.const_data_ptr<T>() + sample * samples.in,
                            out.mutable_data_ptr<T>() + sample * samples.out,
                            pixels.mutable_data_ptr<uint8_t>() + sample * samples.out);
      });
    });
    context->save_for_backward({input, gamma, pixels});
    keep_norm(context, state);
    context->saved_data["top"] = padding->top;
    context->saved_data["left"] = padding->left;
    return out;
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &gamma = saved[1];
    const auto state = kept_norm(context);
    const Samples samples(input, {context->saved_data["top"].toInt(), context->saved_data["left"].toInt()});
    const Gradients gradients{.d_out = grads[0].contiguous(at::MemoryFormat::ChannelsLast), .pixels = saved[2]};
    const NormSums sums = gradient_sums(*state, input, samples, gradients);
    at::Tensor dv;
    if (context->needs_input_grad(0)) dv = input_gradient(*state, sums, input, samples, gradients);
    return {dv, gamma_gradient(sums, gamma), beta_gradient(sums, gamma), {}, {}, {}};
  }
};

}  // namespace

bool norm_pool_supports(const at::Tensor& input) {
  return are_stored_images(input) && input.size(1) % 8 == 0 && input.numel() > 0;
}

at::Tensor norm_pool(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options, PoolPadding padding) {
  TORCH_CHECK(norm_pool_supports(input) && options.norm != NormSource::none, "norm_pool: unsupported shape, type or layout");
  return NormPool::apply(input, tensors.gamma, tensors.beta, &tensors, &options, &padding);
}

at::Tensor norm_pool_reference(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options,
                               PoolPadding padding) {
  return max_pool(batch_norm_reference(input, tensors, options), padding);
}

// LibTorch's pool pads both sides equally; its ceil_mode adds a window that lacks one row or column.
at::Tensor max_pool(const at::Tensor& input, PoolPadding padding) {
  const auto lacking = [](int64_t size, int64_t before) { return 2 * ((size + 1) / 2) + 1 - size - before; };
  const int64_t bottom = lacking(input.size(2), padding.top), right = lacking(input.size(3), padding.left);
  const bool lacks_none = std::max(bottom, right) <= padding.top, lacks_one = bottom == padding.top + 1 && right == bottom;
  if (padding.top == padding.left && (lacks_none || lacks_one)) {
    return at::max_pool2d(input, 3, 2, padding.top, 1, /*ceil_mode=*/lacks_one);
  }
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  return at::max_pool2d(at::constant_pad_nd(input, {padding.left, right, padding.top, bottom}, kLowest), 3, 2);
}

}  // namespace hpcai::kernels
