#include "check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "fake_group.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/network.h"
#include "hpcai/distributed/meeting/rendezvous.h"

using namespace hpcai::distributed;
using Catch::Matchers::Contains;

TEST_CASE("a group of one member needs no network") {
  const auto group = Group::create({}, {}, false);
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
  CHECK_THROWS_WITH(Group::create({}, config, false), Contains("nccl"));
}

TEST_CASE("a GPU without libhpcai_cuda.so is refused with the places where it was looked for") {
  setenv("HPCAI_CUDA_LIBRARY", "/nowhere/libhpcai_cuda.so", 1);
  CHECK_THROWS_WITH(Group::create({}, {}, true), Contains("/nowhere/libhpcai_cuda.so"));
  unsetenv("HPCAI_CUDA_LIBRARY");
}

TEST_CASE("ranks on GPUs and ranks on CPUs are named, on each of them, instead of waiting for each other") {
  World world{.size = 2, .local_size = 2, .master_host = "127.0.0.1", .job = "devices"};
  const int listening = listen_on("127.0.0.1", 0);
  world.master_port = port_of(listening);
  std::array<std::string, 2> complaints;
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 2; ++rank) {
    ranks.emplace_back([&, world, rank]() mutable {
      world.rank = world.local_rank = rank;
      if (rank == 0) world.listen_fd = listening;
      try {
        meet(world, {}, /*use_gpu=*/rank == 1);
      } catch (const hpcai::Error& error) {
        complaints[static_cast<size_t>(rank)] = fmt::format("{}: {}", static_cast<int>(error.code()), error.what());
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
  for (const std::string& complaint : complaints) {
    CHECK_THAT(complaint, Contains("76: rank 0 (") && Contains("computes on the CPU, rank 1 (") && Contains("on a GPU"));
  }
}

TEST_CASE("an interface that does not exist is refused, naming those that do") {
  try {
    addresses_of_interface("ib7");
    FAIL("accepted");
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::usage);
    CHECK_THAT(error.remedy(), Contains("lo"));
  }
  CHECK(addresses_of_interface("lo").front() == "127.0.0.1");
  CHECK(source_address("127.0.0.1") == "127.0.0.1");
}

TEST_CASE("a port that another program holds is refused at once") {
  const int fd = listen_on("127.0.0.1", 0);
  try {
    listen_on("127.0.0.1", port_of(fd));
    FAIL("listened twice");
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::peers_unreachable);
    CHECK_THAT(error.what(), Contains(std::to_string(port_of(fd))) && Contains("another program"));
    CHECK_THAT(error.remedy(), Contains("distributed.port"));
  }
  close(fd);
}

TEST_CASE("ranks are listed in words") {
  CHECK(describe_ranks({3}) == "rank 3");
  CHECK(describe_ranks({3, 5}) == "ranks 3, 5");
  std::vector<int> many(40);
  for (int i = 0; i < 40; ++i) many[i] = i;
  CHECK_THAT(describe_ranks(many), Contains("15 and 24 more"));
}
