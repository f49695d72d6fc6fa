#include "hpcai/kernels/gradient_memory.h"

#include <catch2/catch.hpp>

namespace hpcai::kernels {
namespace {

at::Tensor images() { return at::ones({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast); }
at::Tensor take(at::Tensor& gradient) { return take_gradient(gradient, at::MemoryFormat::ChannelsLast); }

TEST_CASE("a backward pass writes over a gradient that nobody else holds") {
  at::Tensor gradient = images();
  const void* const memory = gradient.const_data_ptr();
  const at::Tensor taken = take(gradient);
  CHECK_FALSE(gradient.defined());
  CHECK(memory_of(taken).const_data_ptr() == memory);
  CHECK(own_copy_of(taken).const_data_ptr() == memory);
}

TEST_CASE("a backward pass leaves a gradient alone that others hold, also as a view") {
  at::Tensor gradient = images();
  const bool as_view = GENERATE(false, true);
  const at::Tensor other = as_view ? gradient.select(0, 1) : gradient;
  const at::Tensor taken = take(gradient);
  CHECK(memory_of(taken).const_data_ptr() != taken.const_data_ptr());
  CHECK(memory_of(taken).is_contiguous(at::MemoryFormat::ChannelsLast));
  const at::Tensor copy = own_copy_of(taken);
  CHECK(copy.const_data_ptr() != taken.const_data_ptr());
  CHECK(copy.equal(taken));
}

TEST_CASE("a taken gradient is dense, and may be undefined") {
  at::Tensor spread = at::ones({1, 1, 1, 1}).expand({2, 3, 4, 5}), none;
  CHECK(take(spread).is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK_FALSE(take(none).defined());
}

}  // namespace
}  // namespace hpcai::kernels
