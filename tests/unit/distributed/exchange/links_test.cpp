#include "hpcai/distributed/exchange/links.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/short_messages.h"
#include "pairwise_sum.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

// Threads play the ranks, which socket pairs connect.
std::vector<std::unique_ptr<Links>> link(int ranks) {
  std::vector<std::vector<std::unique_ptr<Connection>>> connections(static_cast<size_t>(ranks));
  for (auto& of_rank : connections) of_rank.resize(static_cast<size_t>(ranks));
  for (size_t a = 0; a < connections.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      std::array<int, 2> ends{};
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
      for (const int end : ends) {
        const int small = 8 << 10;  // so that a message goes through in many pieces
        setsockopt(end, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
      }
      connections[a][b] = std::make_unique<Connection>(ends[0]);
      connections[b][a] = std::make_unique<Connection>(ends[1]);
    }
  }
  std::vector<std::unique_ptr<Links>> members;
  for (int rank = 0; rank < ranks; ++rank) {
    members.push_back(std::make_unique<Links>(rank));
    members.back()->use(std::move(connections[static_cast<size_t>(rank)]));
  }
  return members;
}

void on_each(const std::vector<std::unique_ptr<Links>>& members, const std::function<void(int rank, Links&)>& body) {
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < members.size(); ++rank) {
    threads.emplace_back([&, rank] { body(static_cast<int>(rank), *members[rank]); });
  }
  for (std::thread& thread : threads) thread.join();
}

at::Tensor values_of(int rank, int64_t count, at::ScalarType type) {
  std::mt19937 random(static_cast<unsigned>(rank * 1000 + count));
  const at::Tensor values = at::empty({count}, at::kFloat);
  for (int64_t i = 0; i < count; ++i) values.mutable_data_ptr<float>()[i] = std::normal_distribution<float>()(random);
  return values.to(type);
}

at::Tensor sum_of_all(int ranks, int64_t count, at::ScalarType type) {
  std::vector<at::Tensor> parts;
  for (int rank = 0; rank < ranks; ++rank) parts.push_back(values_of(rank, count, type));
  return pairwise_sum(parts);
}

// The limits that docs/gradient_exchange.md names, in bytes.
static_assert(most_linked_sum_bytes(4, 2) == 18 << 10);
static_assert(most_linked_sum_bytes(16, 8) == 1880);
static_assert(most_linked_bytes(2) == 256 << 10);
static_assert(most_linked_bytes(3) == 36 << 10);

}  // namespace

TEST_CASE("linked ranks add short tensors in pairs of ranks, whoever is late and however large they are") {
  const int ranks = GENERATE(1, 2, 3, 5);
  const auto members = link(ranks);
  std::atomic<int> wrong{0};
  on_each(members, [&](int rank, Links& links) {
    std::mt19937 random(static_cast<unsigned>(rank));
    for (int round = 0; round < 60; ++round) {
      if (random() % 10 == 0) std::this_thread::sleep_for(1ms);
      for (const auto type : {at::kFloat, at::kDouble}) {
        const int64_t count = round % 10 == 0 ? 30'000 : round * 7 + 1;
        const at::Tensor values = values_of(rank, count, type);
        links.finish(links.start(values, 1));
        if (!at::equal(values, sum_of_all(ranks, count, type))) ++wrong;
      }
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("several exchanges of linked ranks are under way at the same time") {
  const auto members = link(3);
  std::atomic<int> wrong{0};
  on_each(members, [&](int rank, Links& links) {
    std::vector<at::Tensor> values;
    std::vector<int64_t> numbers;
    for (int64_t i = 0; i < 20; ++i) {
      values.push_back(values_of(rank, 1 + i * 1500, at::kFloat));
      numbers.push_back(links.start(values.back(), 3));
    }
    for (size_t i = 20; i-- > 0;) {
      links.finish(numbers[i]);
      const at::Tensor mean = sum_of_all(3, values[i].numel(), at::kFloat) / 3;
      if (!at::equal(values[i], mean)) ++wrong;
      links.finish(numbers[i]);  // has no effect any more
      if (!at::equal(values[i], mean)) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("a lost rank, ranks in different exchanges and abandonment end a linked exchange") {
  auto members = link(2);
  const at::Tensor values = at::ones({100});
  SECTION("the other rank leaves") {
    const int64_t number = members[0]->start(values, 1);
    std::thread leaves([&] {
      std::this_thread::sleep_for(20ms);
      members[1].reset();
    });
    CHECK_THROWS_AS(members[0]->finish(number), ConnectionLost);
    leaves.join();
  }
  SECTION("the other rank sums a tensor of another size") {
    const int64_t number = members[0]->start(values, 1);
    CHECK_THROWS_AS(members[1]->start(at::ones({99}), 1), Error);
    CHECK_THROWS_AS(members[0]->finish(number), Error);
  }
  SECTION("the other rank sums a tensor of another type and as many bytes") {
    const int64_t number = members[0]->start(values, 1);
    CHECK_THROWS_WITH(members[1]->start(at::ones({50}, at::kDouble), 1), Catch::Matchers::Contains("different exchanges"));
    CHECK_THROWS_WITH(members[0]->finish(number), Catch::Matchers::Contains("different exchanges"));
  }
  SECTION("another thread abandons it") {
    const int64_t number = members[0]->start(values, 1);
    std::thread abandons([&] {
      std::this_thread::sleep_for(20ms);
      members[0]->abandon();
    });
    CHECK_THROWS_WITH(members[0]->finish(number), Catch::Matchers::Contains("given up"));
    abandons.join();
  }
  CHECK(at::equal(values, at::ones({100})));
}

}  // namespace hpcai::distributed
