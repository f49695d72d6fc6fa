#include "hpcai/data/wrappers/cached.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/core/sha256.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// Sample i is 1000 values i. Counts how often one is made.
class Constants : public Dataset {
 public:
  explicit Constants(int64_t size) : Dataset({{1, 1000}, {}, {"value"}}), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return "c" + std::to_string(index); }
  std::string where(int64_t index) const override { return "constant " + std::to_string(index); }
  void read(int64_t index, const Draw*, float* out) const override {
    ++made;
    std::fill(out, out + 1000, static_cast<float>(index));
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    return at::full({static_cast<int64_t>(index.size()), 1}, static_cast<double>(index[0]));
  }
  void hash_content(int64_t index, Sha256& hash) const override { hash.update(id(index)); }

  mutable std::atomic<int64_t> made{0};

 private:
  int64_t size_;
};

}  // namespace

TEST_CASE("an input that is kept is made once, and everything else is the base's") {
  auto base = std::make_unique<Constants>(3);
  const Constants& constants = *base;
  const Cached kept(std::move(base));
  CHECK(kept.spec() == constants.spec());
  CHECK(kept.size() == 3);
  CHECK(kept.id(1) == "c1");
  CHECK(kept.where(1) == "constant 1");
  const Draw draw{1, 2};
  for (int repeat = 0; repeat < 3; ++repeat) {
    CHECK(test::read_input(kept, 2) == std::vector<float>(1000, 2));
    CHECK(test::read_input(kept, 2, &draw) == std::vector<float>(1000, 2));
  }
  CHECK(constants.made == 1);
  const int64_t rows[] = {2};
  CHECK(kept.targets(rows).data_ptr<float>()[0] == 2);
  Sha256 hash;
  kept.hash_content(1, hash);
  CHECK(hash.hex() == sha256("c1"));
}

TEST_CASE("inputs are kept where all of them fit, and made at once when asked") {
  for (const bool fits : {true, false}) {
    auto base = std::make_unique<Constants>(fits ? 250 : 251);  // 4 kB each
    const Constants& constants = *base;
    const auto data = cached(std::move(base), 1, FillCache{2, "constants"});
    CHECK(constants.made == (fits ? 250 : 0));
    for (int repeat = 0; repeat < 2; ++repeat) CHECK(test::read_input(*data, 7) == std::vector<float>(1000, 7));
    CHECK(constants.made == (fits ? 250 : 2));
    CHECK((data.get() == &constants) != fits);
  }
}
