#include "hpcai/scaling/model/one_rank.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "hpcai/config/config.h"
#include "hpcai/scaling/model/footprint.h"

using namespace hpcai;
using namespace hpcai::scaling;

namespace {

trainer::Experiment experiment(const std::vector<std::string>& changes = {}) {
  return config::parse<trainer::Experiment>(R"(
name: small
data: {type: simulated_galaxies, image_size: 32, train: 16, validation: 4, test: 4}
model: {type: xception, width_factor: 0.0625, middle_blocks: 1, head_units: 16, entry_stride: 1}
loss: {type: cross_entropy}
optimizer: {type: sgd, lr: 0.1}
training: {global_batch: 8, clip_norm: 1, average_decay: 0.9}
distributed: {bucket_mb: 0.01, first_bucket_mb: 0.001}
)",
                                            "small.yaml", changes);
}

double bytes_of(const OneRank& rank, const StepParts& parts) {
  double bytes = 0;
  for (const Bucket& bucket : rank.buckets(parts.ready)) bytes += bucket.bytes;
  return bytes;
}

}  // namespace

TEST_CASE("a rehearsed step has parts that take time, and buckets that leave one after the other during the backward pass") {
  OneRank rank(experiment(), at::kCPU, 8);
  for (const int64_t size : {8, 2, 8}) {
    const StepParts parts = rank.step(size);
    CHECK((parts.forward > 0 && parts.backward > 0 && parts.update > 0));
    REQUIRE(parts.ready.size() > 2);
    CHECK(std::is_sorted(parts.ready.begin(), parts.ready.end()));
    CHECK((parts.ready.front() >= 0 && parts.ready.front() < 1 && parts.ready.back() == 1));
  }
  CHECK(rank.blocking_exchanges() == 1);  // the outcome of the step
  CHECK(rank.blocking_bytes() == 32);
}

TEST_CASE("a rehearsal counts the exchanges of synchronised batch norms, and only among others") {
  OneRank rank(experiment({"model.batch_norm=synchronised"}), at::kCPU, 8);
  rank.step(8);
  const double exchanges = rank.blocking_exchanges(), bytes = rank.blocking_bytes();
  CHECK(exchanges > 10);
  CHECK(bytes > 1000);
  rank.among_others(false);
  rank.step(8);
  CHECK(rank.blocking_exchanges() == 1);
  rank.among_others(true);
  rank.step(8);
  CHECK((rank.blocking_exchanges() == exchanges && rank.blocking_bytes() == bytes));
}

TEST_CASE("a rehearsal has the wire's precision and the loss scale of the training") {
  OneRank wide(experiment(), at::kCPU, 8);
  OneRank narrow(experiment({"training.precision=fp16", "distributed.wire_precision=fp16"}), at::kCPU, 8);
  const double half = bytes_of(narrow, narrow.step(8)), whole = bytes_of(wide, wide.step(8));
  CHECK(half == whole / 2);
  for (int i = 0; i < 5; ++i) CHECK(narrow.step(8).update > 0);
}

TEST_CASE("a rehearsal sends compressed gradients, and the footprint has the same exchanges") {
  const auto compressed = experiment({"distributed.compression.type=powersgd", "distributed.compression.rank=1"});
  OneRank rank(compressed, at::kCPU, 8), plain(experiment(), at::kCPU, 8);
  const StepParts parts = rank.step(8);
  const double whole = bytes_of(plain, plain.step(8));
  CHECK(bytes_of(rank, parts) < 0.7 * whole);
  const std::vector<Bucket> rehearsed = rank.buckets(parts.ready);
  data::SampleSpec spec{};
  spec.input_shape = {3, 32, 32};
  spec.class_names = {"elliptical", "spiral"};
  const Footprint footprint = measure_footprint(compressed, spec);
  REQUIRE(footprint.buckets.size() == rehearsed.size());
  for (size_t i = 0; i < rehearsed.size(); ++i) CHECK(footprint.buckets[i].bytes == rehearsed[i].bytes);
  CHECK(footprint.gradients == Approx(2 * whole));
}
