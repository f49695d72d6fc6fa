#include "hpcai/kernels/tile_convolution/image_products.h"

#include <algorithm>

#include "hpcai/kernels/tile_convolution/tile_passes.h"

namespace hpcai::kernels::image_products {
namespace {

Images images_of(const at::Tensor& images) {
  return {.data = static_cast<uint16_t*>(images.data_ptr()),
          .samples = images.size(0),
          .height = images.size(2),
          .width = images.size(3),
          .channels = images.size(1)};
}

// All pixels as the lines of one image.
Images as_rows(const Images& images) {
  return {.data = images.data,
          .samples = 1,
          .height = images.samples * images.height * images.width,
          .width = 1,
          .channels = images.channels};
}

// A product of single pixels, which needs to know nothing of images.
bool is_of_rows(const at::Tensor& weight, const Sizes& sizes) {
  return weight.size(2) == 1 && sizes.stride == 1 && sizes.padding == 0;
}

Window forward_window(const Images& out, int64_t kernel, const Sizes& sizes) {
  Window window{
      .stride = sizes.stride, .top = sizes.padding, .left = sizes.padding, .lines = out.height, .columns = out.width, .taps = {}};
  for (int64_t tap = 0; tap < kernel * kernel; ++tap) window.taps.push_back({.y = tap / kernel, .x = tap % kernel});
  return window;
}

// With a stride s the pixels of the input at s i - padding + phase, in one direction, have the gradient
// sum over j of dy(i - j) weight(s j + phase), for i in [first, end). Read from the last j on, taps lie at 0, 1, and so on.
struct Phase {
  int64_t first, end, taps, stride, phase, padding;

  Phase(int64_t number, int64_t length, int64_t kernel, const Sizes& sizes)
      : stride(sizes.stride), phase(number), padding(sizes.padding) {
    taps = std::max<int64_t>(0, (kernel - phase + stride - 1) / stride);
    first = std::max<int64_t>(0, (padding - phase + stride - 1) / stride);
    end = std::max(first, (length + padding - phase + stride - 1) / stride);
  }
  int64_t count() const { return end - first; }
  int64_t before() const { return taps - 1 - first; }                                 // zeros before dy
  int64_t target() const { return stride * first + phase - padding; }                 // the pixel of position 0
  int64_t in_kernel(int64_t tap) const { return stride * (taps - 1 - tap) + phase; }  // the kernel's line of a tap
};

void add_phase(const Images& dy, const at::Tensor& weight, const Phase& y, const Phase& x, const Images& of_input, bool add) {
  Window window{.stride = 1, .top = y.before(), .left = x.before(), .lines = y.count(), .columns = x.count(), .taps = {}};
  KernelMatrices matrices{.data = weight.const_data_ptr<float>(),
                          .depth_step = weight.stride(0),
                          .column_step = weight.stride(1),
                          .depth = weight.size(0),
                          .columns = weight.size(1),
                          .taps = {}};
  for (int64_t i = 0; i < y.taps; ++i) {
    for (int64_t j = 0; j < x.taps; ++j) {
      window.taps.push_back({.y = i, .x = j});
      matrices.taps.push_back(y.in_kernel(i) * weight.stride(2) + x.in_kernel(j) * weight.stride(3));
    }
  }
  multiply(dy, window, matrices, of_input, {.step = y.stride, .top = y.target(), .left = x.target()}, add);
}

}  // namespace

at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight, const Sizes& sizes) {
  const int64_t kernel = weight.size(2);
  const auto length = [&](int64_t of_input) { return (of_input + 2 * sizes.padding - kernel) / sizes.stride + 1; };
  const at::Tensor output = at::empty({input.size(0), weight.size(0), length(input.size(2)), length(input.size(3))},
                                      input.options(), at::MemoryFormat::ChannelsLast);
  KernelMatrices matrices{.data = weight.const_data_ptr<float>(),
                          .depth_step = weight.stride(1),
                          .column_step = weight.stride(0),
                          .depth = weight.size(1),
                          .columns = weight.size(0),
                          .taps = {}};
  for (int64_t tap = 0; tap < kernel * kernel; ++tap) {
    matrices.taps.push_back(tap / kernel * weight.stride(2) + tap % kernel * weight.stride(3));
  }
  const bool of_rows = is_of_rows(weight, sizes);
  const Images in = of_rows ? as_rows(images_of(input)) : images_of(input);
  const Images out = of_rows ? as_rows(images_of(output)) : images_of(output);
  multiply(in, forward_window(out, kernel, sizes), matrices, out, {}, /*add=*/false);
  return output;
}

void input_gradient(const at::Tensor& dy, const at::Tensor& weight, const Sizes& sizes, bool add, const at::Tensor& of_input) {
  const bool of_rows = is_of_rows(weight, sizes);
  const Images from = of_rows ? as_rows(images_of(dy)) : images_of(dy);
  const Images to = of_rows ? as_rows(images_of(of_input)) : images_of(of_input);
  const int64_t kernel = weight.size(2);
  if (kernel < sizes.stride && !add) of_input.zero_();  // some pixels are not read
  for (int64_t i = 0; i < sizes.stride; ++i) {
    for (int64_t j = 0; j < sizes.stride; ++j) {
      const Phase y(i, to.height, kernel, sizes), x(j, to.width, kernel, sizes);
      if (y.taps * x.taps * y.count() * x.count() > 0) add_phase(from, weight, y, x, to, add);
    }
  }
}

at::Tensor weight_gradient(const at::Tensor& dy, const at::Tensor& input, const at::Tensor& weight, const Sizes& sizes) {
  at::Tensor result = at::empty(weight.sizes(), weight.options());
  const bool of_rows = is_of_rows(weight, sizes);
  const Images in = of_rows ? as_rows(images_of(input)) : images_of(input);
  const Images out = of_rows ? as_rows(images_of(dy)) : images_of(dy);
  weight_gradient(in, forward_window(out, weight.size(2), sizes), out, result.mutable_data_ptr<float>());
  return result;
}

}  // namespace hpcai::kernels::image_products
