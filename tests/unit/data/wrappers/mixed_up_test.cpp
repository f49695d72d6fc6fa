#include "hpcai/data/wrappers/mixed_up.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <numbers>
#include <set>

#include "../support.h"
#include "hpcai/data/loader.h"

using namespace hpcai::data;

namespace {

// Sample i of class i % 3: its number and whether it is changed by a draw, as input.
class NumberedSamples : public Dataset {
 public:
  explicit NumberedSamples(int64_t size) : Dataset({{2}, {"a", "b", "c"}, {}}), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return "s" + std::to_string(index); }
  std::string where(int64_t index) const override { return "sample " + std::to_string(index); }
  void read(int64_t index, const Draw* draw, float* out) const override {
    out[0] = static_cast<float>(index);
    out[1] = draw ? 1.0F : 0.0F;
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
    for (size_t i = 0; i < index.size(); ++i) targets[static_cast<int64_t>(i)] = index[i] % 3;
    return targets;
  }

 private:
  int64_t size_;
};

// The same with soft labels, of which those of sample 0 are not known.
class SoftSamples : public NumberedSamples {
 public:
  using NumberedSamples::NumberedSamples;
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor targets = at::full({static_cast<int64_t>(index.size()), 3}, 0.25);
    for (size_t i = 0; i < index.size(); ++i) targets[static_cast<int64_t>(i)][index[i] % 3] = index[i] == 0 ? std::nan("") : 0.5;
    return targets;
  }
};

std::vector<double> mixing_parts(double alpha, int64_t count) {
  std::vector<double> parts;
  for (int64_t i = 0; i < count; ++i) parts.push_back(draw_mixture(alpha, {7, 3}, i, count).part);
  return parts;
}

// The largest distance between the distribution of `values` and `cdf`.
double ks_distance(std::vector<double> values, const std::function<double(double)>& cdf) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double distance = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double expected = cdf(values[i]), below = static_cast<double>(i) / count;
    distance = std::max({distance, std::abs(expected - below), std::abs(below + 1 / count - expected)});
  }
  return distance;
}

}  // namespace

TEST_CASE("the parts of mixtures have the distribution Beta(alpha, alpha)") {
  constexpr int64_t kCount = 20000;
  const double most = 1.63 / std::sqrt(static_cast<double>(kCount));  // Kolmogorov and Smirnov, 1 %
  const auto arcsine = [](double x) { return 2 / std::numbers::pi * std::asin(std::sqrt(x)); };
  CHECK(ks_distance(mixing_parts(0.5, kCount), arcsine) < most);
  CHECK(ks_distance(mixing_parts(1, kCount), [](double x) { return x; }) < most);
  CHECK(ks_distance(mixing_parts(2, kCount), [](double x) { return x * x * (3 - 2 * x); }) < most);
  CHECK(ks_distance(mixing_parts(1, kCount), arcsine) > most);
  // with a tiny alpha nearly all samples stay unmixed, half of them as the other one
  const auto tiny = mixing_parts(0.001, 2000);
  CHECK(std::all_of(tiny.begin(), tiny.end(), [](double part) { return part >= 0 && part <= 1; }));
  const auto ends = std::count_if(tiny.begin(), tiny.end(), [](double part) { return part < 1e-6 || part > 1 - 1e-6; });
  const auto high = std::count_if(tiny.begin(), tiny.end(), [](double part) { return part > 0.5; });
  CHECK(ends > 1940);
  CHECK(std::abs(high - 1000) < 100);
}

TEST_CASE("the partner of a sample is any sample with the same chance, drawn anew in every epoch and for every seed") {
  constexpr int64_t kCount = 8, kDraws = 8000;
  std::vector<double> seen(kCount, 0);
  for (int64_t epoch = 0; epoch < kDraws; ++epoch) ++seen[static_cast<size_t>(draw_mixture(0.2, {7, epoch}, 5, kCount).other)];
  double chi_square = 0;
  for (const double count : seen) chi_square += (count - 1000) * (count - 1000) / 1000;
  CHECK(chi_square < 18.5);  // 7 degrees of freedom, 1 %
  std::set<double> parts;
  for (const uint64_t seed : {1, 2}) {
    for (const int64_t epoch : {0, 1}) {
      for (const int64_t index : {0, 1, 2}) parts.insert(draw_mixture(1, {seed, epoch}, index, kCount).part);
    }
  }
  CHECK(parts.size() == 12);
}

TEST_CASE("inputs and labels are mixed in the same parts, with a partner that the same draw changes") {
  const MixedUp mixed(std::make_unique<NumberedSamples>(30), 0.8);
  const Draw draw{4, 2};
  std::vector<int64_t> rows(30);
  for (int64_t i = 0; i < 30; ++i) rows[static_cast<size_t>(i)] = i;
  const at::Tensor targets = mixed.drawn_targets(rows, &draw);
  CHECK(targets.scalar_type() == at::kFloat);
  CHECK(targets.sizes() == at::IntArrayRef({30, 3}));
  CHECK(at::allclose(targets.sum(1), at::ones({30})));
  for (int64_t i = 0; i < 30; ++i) {
    const Mixture mixture = draw_mixture(0.8, draw, i, 30);
    const auto input = test::read_input(mixed, i, &draw);
    CHECK(input[0] == Approx(mixture.part * static_cast<double>(i) + (1 - mixture.part) * static_cast<double>(mixture.other)));
    CHECK(input[1] == Approx(1));
    const double of_own = (i % 3 == mixture.other % 3) ? 1 : mixture.part;
    CHECK(targets[i][i % 3].item<double>() == Approx(of_own).margin(1e-6));
  }
}

TEST_CASE("without a draw samples and labels are those of the data set below") {
  const MixedUp mixed(std::make_unique<NumberedSamples>(30), 0.8);
  CHECK(test::read_input(mixed, 7) == std::vector<float>{7, 0});
  const std::vector<int64_t> rows{7, 2};
  CHECK(mixed.targets(rows).equal(mixed.drawn_targets(rows, nullptr)));
  CHECK(mixed.targets(rows)[1].item<int64_t>() == 2);
  CHECK(mixed.id(3) == "s3");
  CHECK(mixed.where(3) == "sample 3");
  CHECK(mixed.size() == 30);
  CHECK_THROWS_AS(MixedUp(std::make_unique<NumberedSamples>(30), 0), std::invalid_argument);
}

TEST_CASE("mixed batches do not depend on threads and ranks, nor on where a training goes on") {
  const MixedUp mixed(std::make_unique<NumberedSamples>(30), 0.4);
  const auto batches = [&](int rank, int ranks, int64_t threads, int64_t epoch) {
    Loader loader(mixed, Sampler(30, 10, rank, ranks, SamplerMode::training, 5), {.threads = threads, .queue_batches = 2});
    loader.seek(epoch, 1);
    const Batch batch = loader.next();
    return std::pair{batch.input.clone(), batch.target.clone()};
  };
  const auto whole = batches(0, 1, 1, 3), half = batches(0, 2, 3, 3), rest = batches(1, 2, 2, 3), later = batches(0, 1, 1, 4);
  CHECK(at::equal(whole.first, at::cat({half.first, rest.first})));
  CHECK(at::equal(whole.second, at::cat({half.second, rest.second})));
  CHECK_FALSE(at::equal(whole.second, later.second));
}

TEST_CASE("soft labels are mixed as they are") {
  const MixedUp mixed(std::make_unique<SoftSamples>(9), 0.4);
  const Draw draw{3, 1};
  const std::vector<int64_t> index{4, 5, 6};
  const at::Tensor targets = mixed.drawn_targets(index, &draw);
  const SoftSamples plain(9);
  for (int64_t i = 0; i < 3; ++i) {
    const Mixture mixture = draw_mixture(0.4, draw, index[static_cast<size_t>(i)], 9);
    const int64_t pair[] = {index[static_cast<size_t>(i)], mixture.other};
    const at::Tensor both = plain.targets(pair);
    CHECK(at::allclose(targets[i], both[0] * mixture.part + both[1] * (1 - mixture.part), 1e-5, 1e-6, /*equal_nan=*/true));
  }
}
