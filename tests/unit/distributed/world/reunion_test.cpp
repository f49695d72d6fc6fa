#include "hpcai/distributed/world/reunion.h"

#include <catch2/catch.hpp>

using namespace hpcai::distributed;

namespace {

World of_four(int rank) {
  World world{.rank = rank, .size = 4, .launcher = "slurm", .master_host = "n1", .master_port = 30000};
  world.job = "slurm 7.0";
  world.most_restarts = 2;
  return world;
}

const std::vector<std::string> kAddresses{"10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2"};
bool always(int) { return true; }

}  // namespace

TEST_CASE("the living ranks keep their order and meet at the host of the first one") {
  std::vector<World> worlds;
  for (const int rank : {1, 2, 3}) {
    Reunion reunion(of_four(rank));
    REQUIRE(reunion.possible());
    reunion.report({0}, kAddresses, 17);
    worlds.push_back(reunion.next(always).value());
    CHECK(worlds.back().rank == rank - 1);
    CHECK(worlds.back().size == 3);
    CHECK(worlds.back().restarts == 1);
    CHECK(worlds.back().goes_on_alone());
    CHECK(worlds.back().job == worlds.front().job);
    CHECK(worlds.back().master_host == "10.0.0.1");
    CHECK(worlds.back().master_port == worlds.front().master_port);
  }
  CHECK(worlds.front().job != of_four(0).job);
}

TEST_CASE("a second loss counts in the ranks of the smaller world") {
  Reunion reunion(of_four(3));
  reunion.report({0}, kAddresses, 17);
  CHECK(reunion.next(always)->rank == 2);
  reunion.report({0}, {}, 17);  // the former rank 1 did not come to the meeting
  const auto world = reunion.next(always);
  CHECK(world->rank == 1);
  CHECK(world->size == 2);
  CHECK(world->master_host == "10.0.0.2");
  CHECK_FALSE(Reunion(*world).possible());  // most_restarts is 2
}

TEST_CASE("a world size that the experiment cannot use leaves ranks over") {
  const auto even = [](int size) { return size % 2 == 0; };
  Reunion needed(of_four(2)), superfluous(of_four(3));
  needed.report({1}, kAddresses, 0);
  superfluous.report({1}, kAddresses, 0);
  const auto smaller = needed.next(even);
  CHECK(smaller->rank == 1);
  CHECK(smaller->size == 2);
  const auto world = superfluous.next(even);
  CHECK(world->rank >= world->size);
}

TEST_CASE("ranks that hold different ranks for lost do not meet") {
  Reunion first(of_four(2)), second(of_four(3));
  first.report({0}, kAddresses, 0);
  second.report({0, 1}, kAddresses, 0);
  CHECK(first.next(always)->job != second.next(always)->job);
}

TEST_CASE("there is no reunion without --restarts, under torchrun, and for a rank alone") {
  World world = of_four(1);
  world.most_restarts = 0;
  CHECK_FALSE(Reunion(world).possible());
  world = of_four(1);
  world.launcher = "torchrun";
  CHECK_FALSE(Reunion(world).possible());
  world = of_four(0);
  world.size = 1;
  CHECK_FALSE(Reunion(world).possible());
}

TEST_CASE("a rank that is among the lost ones does not go on") {
  Reunion reunion(of_four(1));
  reunion.report({1, 2}, kAddresses, 0);
  CHECK_FALSE(reunion.next(always));
}
