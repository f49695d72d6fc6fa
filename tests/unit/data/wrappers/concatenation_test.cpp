#include "hpcai/data/wrappers/concatenation.h"

#include <ATen/ops/empty.h>

#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/core/sha256.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// Sample i of a set that begins at `first` is (first + i, epoch or -1), its class first + i.
class Counted : public Dataset {
 public:
  Counted(int64_t first, int64_t size, int64_t values = 2) : Dataset({{values}, {"a", "b"}, {}}), first_(first), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return "n" + std::to_string(first_ + index); }
  std::string where(int64_t index) const override { return "number " + std::to_string(first_ + index); }
  void read(int64_t index, const Draw* draw, float* out) const override {
    out[0] = static_cast<float>(first_ + index);
    out[1] = draw ? static_cast<float>(draw->epoch) : -1;
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    const at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::ScalarType::Long);
    for (size_t i = 0; i < index.size(); ++i) targets.mutable_data_ptr<int64_t>()[i] = first_ + index[i];
    return targets;
  }
  void hash_content(int64_t index, Sha256& hash) const override { hash.update(id(index)); }

 private:
  int64_t first_, size_;
};

std::vector<int64_t> targets_of(const Dataset& dataset, const std::vector<int64_t>& index) {
  const at::Tensor targets = dataset.targets(index);
  return {targets.const_data_ptr<int64_t>(), targets.const_data_ptr<int64_t>() + targets.numel()};
}

std::string content_of(const Dataset& dataset, int64_t index) {
  Sha256 hash;
  dataset.hash_content(index, hash);
  return hash.hex();
}

using Indices = std::vector<int64_t>;

template <class... Part>
std::vector<std::unique_ptr<Dataset>> parts_of(std::unique_ptr<Part>... part) {
  std::vector<std::unique_ptr<Dataset>> parts;
  (parts.push_back(std::move(part)), ...);
  return parts;
}

}  // namespace

TEST_CASE("a concatenation gives all samples of its parts, in order, also of empty ones") {
  const Concatenation all(
      parts_of(std::make_unique<Counted>(0, 2), std::make_unique<Counted>(90, 0), std::make_unique<Counted>(10, 3)));
  CHECK(all.size() == 5);
  CHECK(all.id(1) == "0/n1");
  CHECK(all.id(2) == "2/n10");
  CHECK(all.where(4) == "number 12");
  CHECK(test::read_input(all, 3) == std::vector<float>{11, -1});
  CHECK(targets_of(all, {4, 0, 1, 2}) == Indices{12, 0, 1, 10});
  CHECK(targets_of(all, {}).empty());
  CHECK(content_of(all, 2) == sha256("n10"));
  const auto thrown =
      test::thrown_by([] { Concatenation(parts_of(std::make_unique<Counted>(0, 2), std::make_unique<Counted>(5, 2, 3))); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what == "number 5: its samples differ from those of number 0 in shape, classes or targets");
  CHECK_THROWS_AS(Concatenation({}), std::invalid_argument);
  auto one = std::make_unique<Counted>(0, 2);
  const Dataset* only = one.get();
  CHECK(joined(parts_of(std::move(one))).get() == only);
  CHECK(joined(parts_of(std::make_unique<Counted>(0, 2), std::make_unique<Counted>(5, 2)))->size() == 4);
}

namespace {

// Samples with the probabilities 0.25 and 0.75 of their classes.
class Doubtful : public Counted {
 public:
  using Counted::Counted;
  at::Tensor targets(std::span<const int64_t> index) const override {
    const at::Tensor targets = at::empty({static_cast<int64_t>(index.size()), 2}, at::ScalarType::Float);
    for (size_t i = 0; i < 2 * index.size(); ++i) targets.mutable_data_ptr<float>()[i] = i % 2 == 0 ? 0.25F : 0.75F;
    return targets;
  }
};

}  // namespace

TEST_CASE("labels become soft labels beside a part that has such") {
  std::vector<std::unique_ptr<Dataset>> parts;
  parts.push_back(std::make_unique<Counted>(0, 2));
  parts.push_back(std::make_unique<Doubtful>(0, 1));
  const Concatenation all(std::move(parts));
  const auto targets = [&](const std::vector<int64_t>& index) {
    const at::Tensor of_rows = all.targets(index);
    return std::vector<float>(of_rows.const_data_ptr<float>(), of_rows.const_data_ptr<float>() + of_rows.numel());
  };
  CHECK(targets({1, 2}) == std::vector<float>{0, 1, 0.25F, 0.75F});
  CHECK(targets({0}) == std::vector<float>{1, 0});  // also where a batch has labels alone
}
