#include "check.h"

#include <fmt/format.h>

#include "../distributed/exchange/fake_group.h"
#include "hpcai/core/error.h"
#include "hpcai/trainer/compression_memory.h"

namespace hpcai::trainer {
namespace {

using distributed::PowerSgdConfig;
using distributed::Reducer;

struct Compressed {
  explicit Compressed(int ranks)
      : group(std::vector<double>(static_cast<size_t>(ranks), 1)),
        reducer(group, {at::ones({30, 40}).requires_grad_(), at::ones({40, 30}).requires_grad_()},
                {.compression = PowerSgdConfig{.rank = 2, .start_step = 0}}) {}
  FakeGroup group;
  Reducer reducer;
};

// Errors of rank r: r + 1 everywhere.
NamedTensors saved_by(int ranks) {
  const Compressed like(2);
  NamedTensors saved{{"step", at::ones({1})}, {"gradient compression.0", at::full_like(like.reducer.shared_memory()[0], 0.5)}};
  for (int rank = 0; rank < ranks; ++rank) {
    saved.emplace_back(fmt::format("gradient compression.rank {}.0", rank),
                       at::full_like(like.reducer.own_memory()[0], rank + 1));
  }
  return saved;
}

}  // namespace

TEST_CASE("rank 0 gathers the memory of compression of all ranks under names that no other tensor has") {
  Compressed live(3);
  live.reducer.own_memory()[0].fill_(7);
  const NamedTensors memory = gather_compression_memory(live.group, live.reducer);
  REQUIRE(memory.size() == 4);
  CHECK(memory[0].first == "gradient compression.0");
  CHECK(memory[1].first == "gradient compression.rank 0.0");
  CHECK(memory[3].first == "gradient compression.rank 2.0");
  CHECK(at::equal(memory[1].second, live.reducer.own_memory()[0]));
  for (const auto& [name, tensor] : memory) CHECK(is_compression_memory(name));
  CHECK_FALSE(is_compression_memory("momentum.conv.weight"));
  CHECK_FALSE(is_compression_memory("compression.weight.momentum"));  // of a layer of this name
}

TEST_CASE("a rank gets its own memory back, and the mean of all if the number of ranks has changed") {
  Compressed live(2);
  restore_compression_memory(live.group, live.reducer, saved_by(2));
  CHECK(live.reducer.own_memory()[0].eq(1).all().item<bool>());  // of rank 0
  CHECK(live.reducer.shared_memory()[0].eq(0.5).all().item<bool>());
  restore_compression_memory(live.group, live.reducer, saved_by(4));
  CHECK(live.reducer.own_memory()[0].eq(2.5).all().item<bool>());
}

TEST_CASE("without saved memory it stays empty, and memory of another network is refused") {
  Compressed live(2);
  restore_compression_memory(live.group, live.reducer, {{"momentum", at::ones({3})}});
  CHECK(live.reducer.own_memory()[0].eq(0).all().item<bool>());
  NamedTensors other = saved_by(2);
  other[2].second = at::ones({3});
  try {
    restore_compression_memory(live.group, live.reducer, other);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::cannot_resume);
    CHECK_THAT(error.what(), Catch::Matchers::Contains("gradient compression.rank 0.0"));
  }
}

}  // namespace hpcai::trainer
