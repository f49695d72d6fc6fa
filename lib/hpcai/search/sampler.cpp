#include "hpcai/search/sampler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <stdexcept>

#include "hpcai/core/random.h"

namespace hpcai::search {
namespace {

constexpr int64_t kSobolBits = 30;  // LibTorch's MAXBIT

std::vector<double> random_point(const Space& space, int64_t number) {
  Random random(static_cast<uint64_t>(space.seed), 0, static_cast<uint64_t>(number), Purpose::search);
  std::vector<double> point(space.parameters.size());
  std::ranges::generate(point, [&] { return random.uniform(); });
  return point;
}

Values grid_cell(const Space& space, int64_t number) {
  if (number >= *most_trials(space)) throw std::out_of_range("the grid has no such trial");
  std::vector<Values> values(space.parameters.size());
  for (size_t i = space.parameters.size(); i-- > 0;) {
    const int64_t points = grid_points(space.parameters[i]);
    values[i] = grid_value(space.parameters[i], number % points);
    number /= points;
  }
  Values cell = Values::object();
  for (size_t i = 0; i < values.size(); ++i) cell[space.parameters[i].key] = values[i];
  return cell;
}

// As SobolEngine._scramble() of torch/quasirandom.py. Changes `state` and returns the digital shift.
at::Tensor scramble(at::Tensor& state, int64_t dimensions, int64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(seed));
  const auto options = at::TensorOptions().dtype(at::kLong);
  const at::Tensor digits = at::randint(2, {dimensions, kSobolBits}, generator, options);
  const at::Tensor shift = at::mv(digits, at::pow(2, at::arange(0, kSobolBits, options)));
  const at::Tensor matrices = at::randint(2, {dimensions, kSobolBits, kSobolBits}, generator, options).tril();
  at::_sobol_engine_scramble_(state, matrices, dimensions);
  return shift;
}

}  // namespace

std::vector<double> sobol_point(int64_t dimensions, std::optional<int64_t> seed, int64_t number) {
  if (number >= int64_t{1} << kSobolBits) throw std::out_of_range("the Sobol sequence has no such point");
  const auto options = at::TensorOptions().dtype(at::kLong);
  at::Tensor state = at::zeros({dimensions, kSobolBits}, options);
  at::_sobol_engine_initialize_state_(state, dimensions);
  at::Tensor point = seed ? scramble(state, dimensions, *seed) : at::zeros({dimensions}, options);
  // Each point differs from the one before by one column of the state, in the order of the Gray code: the columns of point
  // `number` are the ones of its Gray code (Antonov & Saleev 1979).
  const auto gray = static_cast<uint64_t>(number) ^ (static_cast<uint64_t>(number) >> 1);
  for (int64_t bit = 0; bit < kSobolBits; ++bit) {
    if ((gray >> bit & 1) != 0) point.bitwise_xor_(state.select(1, bit));
  }
  const at::Tensor parts = (point.to(at::kDouble) / static_cast<double>(int64_t{1} << kSobolBits)).contiguous();
  return {parts.const_data_ptr<double>(), parts.const_data_ptr<double>() + dimensions};
}

Values propose(const Space& space, int64_t number, int64_t given) {
  if (space.sampler == Sampler::grid) return grid_cell(space, number - given);
  const auto point = space.sampler == Sampler::random ? random_point(space, number)
                                                      : sobol_point(std::ssize(space.parameters), space.seed, number);
  Values values = Values::object();
  for (size_t i = 0; i < point.size(); ++i) values[space.parameters[i].key] = value_at(space.parameters[i], point[i]);
  return values;
}

std::optional<int64_t> most_trials(const Space& space) {
  if (space.sampler != Sampler::grid) return std::nullopt;
  int64_t trials = 1;
  for (const Parameter& parameter : space.parameters) {
    if (__builtin_mul_overflow(trials, grid_points(parameter), &trials)) return int64_t{1} << 62;
  }
  return std::min(trials, int64_t{1} << 62);
}

}  // namespace hpcai::search
