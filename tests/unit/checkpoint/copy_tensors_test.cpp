#include "hpcai/checkpoint/copy_tensors.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

using namespace hpcai;
using checkpoint::copy_tensors;

TEST_CASE("saved tensors are copied by name into live ones, which keep their memory") {
  const NamedTensors live = {{"a", at::zeros({2})}, {"b", at::zeros({3})}};
  const void* memory = live[0].second.data_ptr();
  const NamedTensors saved = {{"x.b", at::ones({3})}, {"x.a", at::full({2}, 5.0)}, {"other", at::ones({9})}};
  CHECK_FALSE(copy_tensors(saved, live, "x."));
  CHECK(live[0].second.equal(at::full({2}, 5.0)));
  CHECK(live[1].second.equal(at::ones({3})));
  CHECK(live[0].second.data_ptr() == memory);
}

TEST_CASE("if a saved tensor is missing or has another shape or type it is named and nothing is copied") {
  const NamedTensors live = {{"a", at::zeros({2})}, {"b", at::zeros({3})}};
  CHECK(copy_tensors({{"a", at::ones({2})}}, live) == "b");
  CHECK(copy_tensors({{"a", at::ones({2})}, {"b", at::ones({4})}}, live) == "b");
  CHECK(copy_tensors({{"a", at::ones({2})}, {"b", at::ones({3}, at::kInt)}}, live) == "b");
  CHECK(copy_tensors({{"a", at::ones({2}, at::kDouble)}, {"b", at::ones({3})}}, live) == "a");
  CHECK(copy_tensors({{"a", at::ones({2})}, {"b", at::ones({3})}}, live, "m.") == "m.a");
  CHECK(live[0].second.equal(at::zeros({2})));
}
