#include "hpcai/kernels/gated_stack/cpu/gate_block.h"

#include <catch2/catch.hpp>
#include <vector>

namespace hpcai::kernels::stack {
namespace {

struct Counted {
  std::vector<int64_t> visits;  // of each step of the chunk
  int64_t paired = 0;
};

// Visits the blocks of a chunk of `size` steps, of which the first `first` are not computed.
Counted visit(int64_t size, int64_t first, int64_t lag) {
  const Sizes sizes{.samples = 1, .steps = size, .left = lag / 2, .right = lag - lag / 2, .first_out = first};
  Counted counted{.visits = std::vector<int64_t>(size)};
  GateBlock::for_blocks(sizes, {.begin = 0, .end = size, .row = 0}, [&](const GateBlock& block) {
    CHECK((block.rows() > 0 && block.rows() <= sizes.block_rows()));
    std::vector<int64_t> steps(block.rows(), -1);
    block.for_runs([&](const GateBlock::Run& run) {
      for (int64_t i = 0; i < run.length; ++i) {
        steps.at(run.row + i) = run.step + i;
        ++counted.visits.at(run.step + i);
      }
    });
    for (int64_t i = 0; block.paired() && i < block.half(); ++i) CHECK(steps[i] + lag == steps[block.half() + i]);
    if (block.paired()) counted.paired += block.rows();
  });
  return counted;
}

}  // namespace

TEST_CASE("blocks of gates have each wanted step of a chunk once, and pairs of steps lie a lag apart") {
  for (const int64_t size : {1, 2, 3, 63, 64, 65, 200, 2067}) {
    for (const int64_t first : {int64_t{0}, int64_t{1}, size / 3, size - 1}) {
      for (const int64_t lag : {1, 2, 3, 5, 31, 32, 33, 64, 100, 1024, 3000}) {
        INFO(size << " steps from " << first << " on, lag " << lag);
        const Counted counted = visit(size, first, lag);
        for (int64_t step = 0; step < size; ++step) CHECK(counted.visits[step] == (step < first ? 0 : 1));
        CHECK(size - first - counted.paired <= lag);
      }
    }
  }
}

TEST_CASE("most steps of a long chunk have a partner, so that the gated convolution saves a product") {
  CHECK(visit(2048, 0, 1).paired == 2048);
  CHECK(visit(2067, 0, 128).paired == 2048);
  CHECK(visit(2067, 0, 1024).paired == 2048);
  CHECK(visit(2700, 0, 2000).paired == 1400);
}

}  // namespace hpcai::kernels::stack
