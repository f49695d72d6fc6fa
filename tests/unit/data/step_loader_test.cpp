#include "hpcai/data/step_loader.h"

#include <ATen/ops/empty.h>

#include <catch2/catch.hpp>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

class Plain : public Dataset {
 public:
  explicit Plain(int64_t size) : Dataset({{1}, {}, {}}), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t index, const Draw*, float* out) const override { *out = static_cast<float>(index); }
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }

 private:
  int64_t size_;
};

std::unique_ptr<Loader> loader_of(const Plain& samples, int64_t batch) {
  return std::make_unique<Loader>(samples, Sampler(samples.size(), batch, 0, 1, SamplerMode::training, 5), LoaderConfig{2, 3});
}

}  // namespace

TEST_CASE("a step takes a batch of every source, and the further ones go round at their own pace, also after a seek") {
  const Plain labelled(20), unlabelled(33);
  const Sampler main(20, 5, 0, 1, SamplerMode::training, 5), further(33, 10, 0, 1, SamplerMode::training, 5);
  auto make = [&] {
    StepLoader::Further others;
    others.emplace("unlabelled", loader_of(unlabelled, 10));
    return StepLoader(loader_of(labelled, 5), std::move(others));
  };
  auto check_step = [&](const StepBatch& batch, int64_t step) {
    REQUIRE(batch.index == main.batch(step / 4, step % 4));
    REQUIRE(batch.further.size() == 1);
    REQUIRE(batch.further.at("unlabelled").index == further.batch(step / 3, step % 3));
    REQUIRE_FALSE(batch.target.defined());
  };
  StepLoader undisturbed = make();
  for (int64_t step = 0; step < 14; ++step) check_step(undisturbed.next(), step);
  StepLoader resumed = make();
  resumed.seek(2, 3);
  for (int64_t step = 11; step < 14; ++step) check_step(resumed.next(), step);
  CHECK(resumed.wait_s() >= 0);
}

TEST_CASE("without further sources a step loader is a loader") {
  const Plain samples(20);
  StepLoader loader(loader_of(samples, 5));
  CHECK(loader.main().sampler().batches_per_epoch() == 4);
  loader.seek(1, 0);
  const StepBatch batch = loader.next();
  CHECK(batch.epoch == 1);
  CHECK(batch.further.empty());
}
