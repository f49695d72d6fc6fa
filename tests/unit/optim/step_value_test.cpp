#include "hpcai/optim/step_value.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <functional>

using namespace hpcai::optim;

namespace {

std::vector<at::Tensor> lists() { return {at::arange(1, 7, at::kFloat).view({2, 3}), at::full({4}, -2.0F)}; }

// Applies `change` with the number in memory and with the number as a tensor, and gives what the lists became.
void check_both(double number, const std::function<void(std::vector<at::Tensor>&, const StepValue&)>& change,
                const std::function<at::Tensor(const at::Tensor&)>& expected) {
  StepValue in_memory, as_tensor(at::kCPU);
  CHECK_FALSE(in_memory.is_tensor());
  CHECK(as_tensor.is_tensor());
  for (StepValue* value : {&in_memory, &as_tensor}) {
    value->set(12345);  // of an earlier step
    value->set(number);
    CHECK(value->number() == number);
    auto tensors = lists();
    change(tensors, *value);
    for (size_t i = 0; i < tensors.size(); ++i) CHECK(at::allclose(tensors[i], expected(lists()[i]), 1e-6, 1e-7));
  }
}

}  // namespace

TEST_CASE("a number of a step means the same in memory and as a tensor") {
  for (const double number : {0.3, 1.0, 0.0, -2.5}) {
    check_both(
        number, [](auto& tensors, const StepValue& value) { multiply_each(tensors, value); },
        [&](const at::Tensor& t) { return t * number; });
    check_both(
        number, [](auto& tensors, const StepValue& value) { add_scaled_each(tensors, lists(), value); },
        [&](const at::Tensor& t) { return t + t * number; });
    check_both(
        number, [](auto& tensors, const StepValue& value) { add_scaled_each(tensors, lists(), value, /*subtract=*/true); },
        [&](const at::Tensor& t) { return t - t * number; });
    check_both(
        number,
        [](auto& tensors, const StepValue& value) {
      auto ends = lists();
      for (at::Tensor& end : ends) end.mul_(3);
      approach_each(tensors, ends, value);
        },
        [&](const at::Tensor& t) { return t + number * 2 * t; });
    if (number == 0) continue;
    check_both(
        number, [](auto& tensors, const StepValue& value) { divide_each(tensors, value); },
        [&](const at::Tensor& t) { return t / number; });
    check_both(
        number, [](auto& tensors, const StepValue& value) { tensors = divided_each(tensors, value); },
        [&](const at::Tensor& t) { return t / number; });
  }
}
