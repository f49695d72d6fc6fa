#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "hpcai/core/random.h"
#include "hpcai/data/loader.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "support.h"
#include "wrappers/noise.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// Sample i is (i, draw.epoch or -1); samples take unequal times.
class Numbers : public Dataset {
 public:
  explicit Numbers(int64_t size) : Dataset({{2}, {"even", "odd"}, {}}), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return "number " + std::to_string(index); }
  void read(int64_t index, const Draw* draw, float* out) const override {
    ++reads;
    if (slow) std::this_thread::sleep_for(std::chrono::microseconds(philox4x32({static_cast<uint32_t>(index)}, {1, 2})[0] % 300));
    if (bad.count(index) > 0) throw Error(ExitCode::bad_data, where(index) + ": is bad");
    out[0] = static_cast<float>(index);
    out[1] = draw != nullptr ? static_cast<float>(draw->epoch) : -1;
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
    for (size_t i = 0; i < index.size(); ++i) targets.mutable_data_ptr<int64_t>()[i] = index[i] % 2;
    return targets;
  }

  mutable std::atomic<int64_t> reads{0};
  bool slow = false;
  std::set<int64_t> bad;

 private:
  int64_t size_;
};

Sampler training(const Numbers& numbers, int64_t batch) { return {numbers.size(), batch, 0, 1, SamplerMode::training, 3}; }
Sampler evaluation(const Numbers& numbers, int64_t batch, int rank = 0, int world = 1) {
  return {numbers.size(), batch, rank, world, SamplerMode::evaluation, 3};
}

void check_batch(const Batch& batch, const std::vector<int64_t>& index, float epoch) {
  REQUIRE(batch.index == index);
  REQUIRE(batch.input.size(0) == static_cast<int64_t>(index.size()));
  for (size_t i = 0; i < index.size(); ++i) {
    REQUIRE(batch.input.data_ptr<float>()[2 * i] == static_cast<float>(index[i]));
    REQUIRE(batch.input.data_ptr<float>()[2 * i + 1] == epoch);
    REQUIRE(batch.target.data_ptr<int64_t>()[i] == index[i] % 2);
  }
}

}  // namespace

TEST_CASE("batches come in the sampler's order with any number of threads and any queue") {
  Numbers numbers(103);
  numbers.slow = true;
  for (int64_t threads : {1, 2, 7}) {
    for (int64_t queue : {1, 3, 16}) {
      const Sampler sampler = training(numbers, 10);
      Loader loader(numbers, sampler, {threads, queue});
      for (int64_t i = 0; i < 25; ++i) {
        const Batch batch = loader.next();
        REQUIRE(batch.epoch == i / 10);
        REQUIRE(batch.number == i % 10);
        check_batch(batch, sampler.batch(i / 10, i % 10), static_cast<float>(i / 10));
      }
    }
  }
}

TEST_CASE("a batch that is still held is not written to by the loader") {
  Numbers numbers(40);
  Loader loader(numbers, training(numbers, 4), {2, 3});
  std::vector<Batch> held;
  std::vector<at::Tensor> copies;
  for (int i = 0; i < 30; ++i) {
    held.push_back(loader.next());
    copies.push_back(held.back().input.clone());
    if (i % 3 == 0) held.back().input = held.back().input.slice(0, 1, 2), copies.back() = held.back().input.clone();
  }
  for (size_t i = 0; i < held.size(); ++i) REQUIRE(at::equal(held[i].input, copies[i]));
}

TEST_CASE("seek gives what an undisturbed loader gives from there on") {
  Numbers numbers(50);
  const Sampler sampler = training(numbers, 5);
  Loader loader(numbers, sampler, {3, 4});
  loader.next();
  for (auto [epoch, number] : {std::pair<int64_t, int64_t>{2, 7}, {2, 9}, {0, 0}, {0, 1}, {0, 3}, {5, 10}}) {
    loader.seek(epoch, number);
    const int64_t position = epoch * 10 + number;
    for (int64_t i = position; i < position + 4; ++i) {
      check_batch(loader.next(), sampler.batch(i / 10, i % 10), static_cast<float>(i / 10));
    }
  }
}

TEST_CASE("evaluation neither augments nor reads beyond the end of an epoch") {
  Numbers numbers(23);
  const Sampler sampler = evaluation(numbers, 5);
  Loader loader(numbers, sampler, {3, 16});
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (int64_t i = 0; i < 5; ++i) check_batch(loader.next(), sampler.batch(epoch, i), -1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(numbers.reads == 23 * (epoch + 1));
  }
}

TEST_CASE("a rank without samples gets an empty batch of the right shape") {
  Numbers numbers(2);
  Loader loader(numbers, evaluation(numbers, 8, 0, 4));
  const Batch batch = loader.next();
  CHECK(batch.input.sizes() == at::IntArrayRef({0, 2}));
  CHECK(batch.target.sizes() == at::IntArrayRef({0}));
}

TEST_CASE("next throws what a background thread threw, for its batch and for the first bad sample in it") {
  Numbers numbers(60);
  numbers.slow = true;
  numbers.bad = {27, 28, 33, 38};
  for (int64_t threads : {1, 4}) {
    Loader loader(numbers, evaluation(numbers, 20), {threads, 4});
    CHECK(loader.next().index.front() == 0);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const auto thrown = test::thrown_by([&] { loader.next(); });
      CHECK(thrown.code == ExitCode::bad_data);
      CHECK(thrown.what == "number 27: is bad");
    }
    loader.seek(0, 2);
    CHECK(loader.next().index.front() == 40);
  }
}

TEST_CASE("a loader may be destroyed at any time") {
  Numbers numbers(1000);
  numbers.slow = true;
  for (int i = 0; i < 20; ++i) {
    Loader loader(numbers, training(numbers, 100), {4, 4});
    if (i % 2 == 0) loader.next();
  }
}

TEST_CASE("the loader counts the seconds that next waits") {
  Numbers numbers(100);
  Loader loader(numbers, training(numbers, 10), {1, 2});
  CHECK(loader.wait_s() == 0);
  loader.next();
  const double once = loader.wait_s();
  CHECK(once >= 0);
  loader.next();
  CHECK(loader.wait_s() >= once);
}

TEST_CASE("batches of images are in channels-last memory, and hold the same values") {
  const AugmentedImages images(std::make_unique<test::Noise>(8), {});
  const Sampler sampler(8, 4, 0, 1, SamplerMode::evaluation, 3);
  Loader loader(images, sampler, {2, 2});
  const Batch batch = loader.next();
  CHECK(batch.input.is_contiguous(at::MemoryFormat::ChannelsLast));
  for (int64_t i = 0; i < 4; ++i) {
    const std::vector<float> planes = test::read_input(images, i);
    const at::Tensor values = batch.input[i].contiguous();
    for (size_t k = 0; k < planes.size(); ++k) REQUIRE(values.const_data_ptr<float>()[k] == Approx(planes[k]).margin(1e-6));
  }
}
