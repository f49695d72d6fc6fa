#include "hpcai/models/dropout.h"

#include <ATen/Context.h>

#include <mutex>
#include <vector>

#include "hpcai/core/random.h"

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
  return {.first = first, .second = random.bits()};
}

at::Tensor dropout(const at::Tensor& input, double rate, const Randomness& randomness, uint64_t layer) {
  if (rate == 0) return input;
  if (!input.is_cpu()) return at::dropout(input, rate, true);
  const int64_t samples = input.size(0);
  if (samples == 0) return input;
  std::vector<kernels::DropoutKey> keys;
  for (int64_t sample = 0; sample < samples; ++sample) keys.push_back(dropout_key(randomness, layer, sample));
  const at::Tensor mask = kernels::dropout_mask(keys, rate, input.numel() / samples);
  return input * mask.view(input.sizes()).to(input.scalar_type());
}

}  // namespace hpcai::models
