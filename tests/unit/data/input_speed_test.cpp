#include "hpcai/data/input_speed.h"

#include <catch2/catch.hpp>

#include "hpcai/data/wrappers/augmented_images.h"
#include "hpcai/data/wrappers/cached_images.h"
#include "wrappers/noise.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("a measurement reads each batch once, or until its time is over, on any number of threads") {
  const AugmentedImages images(std::make_unique<test::Noise>(20), {});
  const Sampler sampler(20, 4, 0, 1, SamplerMode::training, 1);
  for (const int threads : {1, 3}) {
    const InputSpeed once = measure_input(images, sampler, 5, threads, 0);
    CHECK(once.samples == 20);
    CHECK(once.threads == threads);
    CHECK(once.samples_per_second() > 0);
    CHECK(once.cpu_seconds_per_sample() >= 0);  // a coarse clock may not tell so short a time
    CHECK(once.bytes_read_per_sample() == 0);
    CHECK(measure_input(images, sampler, 2, threads, 0.3).samples > 8);
  }
}

TEST_CASE("the stages of a sample are measured, and those that it does not go through have no rate") {
  const AugmentedImages images(std::make_unique<test::Noise>(8), {});
  const Sampler sampler(8, 4, 0, 1, SamplerMode::training, 1);
  const InputSpeed speed = measure_input(images, sampler, 2, 1, 0);
  CHECK(speed.samples_per_second(Stage::normalise) > 0);
  CHECK(speed.mb_per_second(Stage::normalise) > 0);
  CHECK(speed.stages.bytes[static_cast<size_t>(Stage::normalise)] == 8 * images.input_size() * 4);
  CHECK(speed.samples_per_second(Stage::augment) == 0);
  CHECK(speed.samples_per_second(Stage::decode) == 0);
}

TEST_CASE("the number of batches is at least one and at most that of an epoch, and memcpy has a rate") {
  const AugmentedImages images(std::make_unique<test::Noise>(8), {});
  const Sampler sampler(8, 4, 0, 1, SamplerMode::training, 1);
  CHECK(batches_in(images, sampler, 0) == 1);
  CHECK(batches_in(images, sampler, 1e6) == 2);
  CHECK(memcpy_mb_per_second(1000, 10'000, 2) > 0);
  CHECK(memcpy_mb_per_second(1000, 10, 1) > 0);
}
