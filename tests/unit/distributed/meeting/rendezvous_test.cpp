#include "hpcai/distributed/meeting/rendezvous.h"

#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <thread>

#include "hpcai/core/error.h"
#include "hpcai/distributed/world/network.h"

using namespace hpcai::distributed;
using Catch::Matchers::Contains;

TEST_CASE("ranks on GPUs and ranks on CPUs are named, on each of them, instead of waiting for each other") {
  World world{.size = 2, .local_size = 2, .master_host = "127.0.0.1", .job = "devices"};
  const int listening = listen_on("127.0.0.1", 0);
  world.master_port = port_of(listening);
  std::array<std::string, 2> complaints;
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 2; ++rank) {
    ranks.emplace_back([&, world, rank]() mutable {
      world.rank = rank;
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
