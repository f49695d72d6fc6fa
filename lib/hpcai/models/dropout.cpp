#include "hpcai/models/dropout.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "hpcai/core/random.h"

namespace hpcai::models {
namespace {

at::Tensor dropout_of_generator(const at::Tensor& input, double rate, const Randomness& randomness, uint64_t layer) {
  Random random(randomness.seed, static_cast<uint64_t>(randomness.step),
                (layer << 40) + static_cast<uint64_t>(randomness.first_sample), Purpose::dropout);
  auto generator = at::globalContext().defaultGenerator(input.device());
  generator.set_current_seed((uint64_t{random.bits()} << 32) | random.bits());
  return at::dropout(input, rate, true);
}

}  // namespace

at::Tensor dropout(const at::Tensor& input, double rate, const Randomness& randomness, uint64_t layer) {
  if (rate == 0) return input;
  if (!input.is_cpu()) return dropout_of_generator(input, rate, randomness, layer);
  const int64_t samples = input.size(0);
  const int64_t values = samples > 0 ? input.numel() / samples : 0;
  at::Tensor mask = at::empty(input.sizes(), at::kFloat);
  float* const out = mask.mutable_data_ptr<float>();
  const auto kept = static_cast<float>(1 / (1 - rate));
  const auto threshold = static_cast<uint32_t>(std::min(rate * 0x1p32, 0x1p32 - 1));
  at::parallel_for(0, samples, 1, [&](int64_t begin, int64_t end) {
    for (int64_t sample = begin; sample < end; ++sample) {
      Random random(randomness.seed, static_cast<uint64_t>(randomness.step),
                    (layer << 40) + static_cast<uint64_t>(randomness.first_sample + sample), Purpose::dropout);
      float* const row = out + sample * values;
      for (int64_t i = 0; i < values; ++i) row[i] = random.bits() < threshold ? 0.0f : kept;
    }
  });
  return input * mask.to(input.scalar_type());
}

}  // namespace hpcai::models
