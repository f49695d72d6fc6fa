#include "hpcai/models/dropout.h"

#include <ATen/Context.h>

#include <mutex>

#include "hpcai/core/random.h"
#include "hpcai/core/threads/pieces.h"

namespace hpcai::models {
namespace {

Random stream(const Randomness& randomness, uint64_t layer, int64_t sample) {
  return Random(randomness.seed, static_cast<uint64_t>(randomness.step),
                (layer << 40) + static_cast<uint64_t>(randomness.first_sample + sample), Purpose::dropout);
}

}  // namespace

void seed_dropout(at::Device device, const Randomness& randomness) {
  if (device.is_cpu()) return;
  Random random = stream(randomness, 0, 0);
  auto generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed((uint64_t{random.bits()} << 32) | random.bits());
}

kernels::DropoutKey dropout_key(const Randomness& randomness, uint64_t layer, int64_t sample) {
  Random random = stream(randomness, layer, sample);
  const uint32_t first = random.bits();
  return {first, random.bits()};
}

at::Tensor dropout(const at::Tensor& input, double rate, const Randomness& randomness, uint64_t layer) {
  if (rate == 0) return input;
  if (!input.is_cpu()) return at::dropout(input, rate, true);
  const int64_t samples = input.size(0);
  const int64_t values = samples > 0 ? input.numel() / samples : 0;
  at::Tensor mask = at::empty(input.sizes(), at::kFloat);
  float* const out = mask.mutable_data_ptr<float>();
  const auto kept = static_cast<float>(1 / (1 - rate));
  const int32_t threshold = kernels::dropout_threshold(rate);
  for_pieces(samples, [&](int64_t sample) {
    const kernels::DropoutKey key = dropout_key(randomness, layer, sample);
    float* const row = out + sample * values;
    for (int64_t i = 0; i < values; ++i) row[i] = kernels::dropped(key, static_cast<uint32_t>(i), threshold) ? 0.0f : kept;
  });
  return input * mask.to(input.scalar_type());
}

}  // namespace hpcai::models
