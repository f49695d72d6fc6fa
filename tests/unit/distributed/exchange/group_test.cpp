#include "check.h"

#include <cstdlib>

#include "fake_group.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/distributed/exchange/single_group.h"

using namespace hpcai::distributed;
using Catch::Matchers::Contains;

TEST_CASE("a group of one member needs no network") {
  const auto group = make_group({}, {}, false);
  CHECK(group->size() == 1);
  CHECK(group->device() == at::Device(at::kCPU));
  at::Tensor x = at::arange(6.0).view({2, 3});
  const at::Tensor before = x.clone();
  group->all_reduce_sum(x);
  group->broadcast(x);
  group->barrier();
  CHECK(at::equal(x, before));
  CHECK(at::equal(group->all_gather(x)[0], before));
  CHECK(group->all_gather(std::string("a\0b", 3)) == std::vector<std::string>{std::string("a\0b", 3)});
  CHECK(group->broadcast(std::string("text")) == "text");
  CHECK(group->all_gather(std::string()) == std::vector<std::string>{""});
  broadcast_state(*group, {x, at::empty({0}), at::ones({}, at::kBool)});
  agree(*group, "configs", "digest");
}

TEST_CASE("gathering keeps dtype and shape, also of scalars, empty tensors and transposed ones") {
  FakeGroup group({1, 1, 1});
  for (const at::Tensor& tensor : {at::arange(12).view({3, 4}).t(), at::ones({}, at::kDouble), at::zeros({0, 3}),
                                   at::ones({2, 3}, at::kBool), at::ones({5}, at::kBFloat16)}) {
    const auto all = group.all_gather(tensor);
    REQUIRE(all.size() == 3);
    for (const at::Tensor& one : all) {
      CHECK(one.scalar_type() == tensor.scalar_type());
      CHECK(one.sizes() == tensor.sizes());
      CHECK(at::equal(one, tensor));
    }
  }
}

TEST_CASE("a backend that does not fit the device is refused") {
  DistributedConfig config;
  config.backend = Backend::nccl;
  CHECK_THROWS_WITH(make_group({}, config, false), Contains("nccl"));
}

TEST_CASE("a GPU without libhpcai_cuda.so is refused with the places where it was looked for") {
  setenv("HPCAI_CUDA_LIBRARY", "/nowhere/libhpcai_cuda.so", 1);
  CHECK_THROWS_WITH(make_group({}, {}, true), Contains("/nowhere/libhpcai_cuda.so"));
  unsetenv("HPCAI_CUDA_LIBRARY");
}

TEST_CASE("a group of one member splits into itself, and its parts tell the same status") {
  const auto group = make_single_group();
  const auto part = group->split(7);
  CHECK(part->size() == 1);
  part->status().begin_step(3);
  CHECK(group->status().snapshot().step == 3);
  CHECK(group->placement().one_host());
}
