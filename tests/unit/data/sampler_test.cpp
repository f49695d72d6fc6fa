#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "hpcai/core/random.h"
#include "hpcai/data/sampler.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// The samples of all ranks for one batch, rank after rank.
std::vector<int64_t> over_ranks(int64_t size, int64_t batch, int world, SamplerMode mode, uint64_t seed, int64_t epoch,
                                int64_t number) {
  std::vector<int64_t> all;
  for (int rank = 0; rank < world; ++rank) {
    const auto part = Sampler(size, batch, rank, world, mode, seed).batch(epoch, number);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

TEST_CASE("the samples of a training step are a slice of the epoch's permutation for any number of ranks") {
  for (int64_t size : {7, 64, 100, 257}) {
    for (int64_t batch : {1, 3, 7}) {
      for (int world : {1, 2, 3, 5, 8}) {
        for (int64_t epoch : {0, 1, 9}) {
          const auto order = permutation(size, 5, static_cast<uint64_t>(epoch));
          const Sampler sampler(size, batch, 0, world, SamplerMode::training, 5);
          REQUIRE(sampler.batches_per_epoch() == size / batch);
          for (int64_t i = 0; i < sampler.batches_per_epoch(); ++i) {
            const std::vector<int64_t> expected(order.begin() + i * batch, order.begin() + (i + 1) * batch);
            REQUIRE(over_ranks(size, batch, world, SamplerMode::training, 5, epoch, i) == expected);
          }
        }
      }
    }
  }
}

TEST_CASE("ranks' parts differ by at most one sample") {
  for (int world : {1, 2, 3, 7, 64}) {
    size_t smallest = SIZE_MAX, largest = 0;
    for (int rank = 0; rank < world; ++rank) {
      const size_t part = Sampler(1000, 50, rank, world, SamplerMode::training, 0).batch(0, 3).size();
      smallest = std::min(smallest, part);
      largest = std::max(largest, part);
    }
    CHECK(largest - smallest <= 1);
  }
}

TEST_CASE("evaluation sees every sample exactly once and in file order, whatever the batch and the ranks") {
  for (int64_t size : {1, 2, 7, 100, 131}) {
    for (int64_t batch : {1, 4, 32, 500}) {
      for (int world : {1, 2, 5, 16}) {
        std::vector<int64_t> seen;
        const int64_t batches = Sampler(size, batch, 0, world, SamplerMode::evaluation, 0).batches_per_epoch();
        for (int64_t i = 0; i < batches; ++i) {
          const auto part = over_ranks(size, batch, world, SamplerMode::evaluation, 0, 0, i);
          seen.insert(seen.end(), part.begin(), part.end());
        }
        std::vector<int64_t> expected(static_cast<size_t>(size));
        std::iota(expected.begin(), expected.end(), 0);
        REQUIRE(seen == expected);
      }
    }
  }
}

TEST_CASE("a rank with nothing to evaluate takes part in every batch with an empty one") {
  const Sampler last(2, 8, 0, 4, SamplerMode::evaluation, 0);
  CHECK(last.batches_per_epoch() == 1);
  CHECK(last.batch(0, 0).empty());
  CHECK(Sampler(0, 8, 0, 4, SamplerMode::evaluation, 0).batches_per_epoch() == 0);
}

TEST_CASE("an evaluation in passes has the same passes on any number of ranks") {
  const int64_t pass = 4;
  for (int64_t size : {1, 4, 7, 16, 35, 100}) {
    for (int world : {1, 2, 3, 8}) {
      const SamplerMode mode = SamplerMode::evaluation_in_passes;
      std::vector<std::vector<int64_t>> passes;
      for (int64_t i = 0; i < Sampler(size, pass * world, 0, world, mode, 0).batches_per_epoch(); ++i) {
        for (int rank = 0; rank < world; ++rank) {
          const auto part = Sampler(size, pass * world, rank, world, mode, 0).batch(0, i);
          if (!part.empty()) passes.push_back(part);
        }
      }
      REQUIRE(static_cast<int64_t>(passes.size()) == (size + pass - 1) / pass);
      for (size_t i = 0; i < passes.size(); ++i) {
        std::vector<int64_t> expected(static_cast<size_t>(std::min(pass, size - static_cast<int64_t>(i) * pass)));
        std::iota(expected.begin(), expected.end(), static_cast<int64_t>(i) * pass);
        REQUIRE(passes[i] == expected);
      }
    }
  }
}

TEST_CASE("another epoch or seed gives another order, the same ones the same") {
  auto first = [](uint64_t seed, int64_t epoch) { return Sampler(1000, 100, 0, 1, SamplerMode::training, seed).batch(epoch, 0); };
  CHECK(first(1, 0) == first(1, 0));
  CHECK(first(1, 0) != first(1, 1));
  CHECK(first(1, 0) != first(2, 0));
}

TEST_CASE("a training set smaller than the global batch is refused with the remedy") {
  const auto thrown = test::thrown_by([] { Sampler(99, 128, 0, 1, SamplerMode::training, 0); });
  CHECK(thrown.code == ExitCode::usage);
  CHECK(thrown.what == "the training set has 99 samples, less than one global batch of 128");
  CHECK(thrown.remedy == "Lower training.global_batch or use more data.");
}

TEST_CASE("the sampler's arithmetic is 64-bit: evaluation of more samples than 32 bits can count") {
  const int64_t size = int64_t{5} << 32, batch = int64_t{1} << 20;
  const Sampler sampler(size, batch, 1023, 1024, SamplerMode::evaluation, 0);
  CHECK(sampler.batches_per_epoch() == size / batch);
  const auto part = sampler.batch(0, sampler.batches_per_epoch() - 1);
  CHECK(part.size() == 1024);
  CHECK(part.back() == size - 1);
}
