#include "hpcai/trainer/step_outcome.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"

using namespace hpcai;

namespace {

class Numbered : public data::Dataset {
 public:
  Numbered() : Dataset({{1, 3}, {}, {"q", "s1", "s2"}}) {}
  int64_t size() const override { return 100; }
  std::string id(int64_t index) const override { return "sample" + std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t, const data::Draw*, float* out) const override { std::fill(out, out + 3, 0.0F); }
  at::Tensor targets(std::span<const int64_t>) const override { return {}; }
};

std::unique_ptr<data::Loader> loader_of(const Numbered& data) {
  return std::make_unique<data::Loader>(data, data::Sampler(data.size(), 50, 0, 1, data::SamplerMode::training, 1));
}

std::string divergence(const data::StepBatch& batch) {
  const Numbered training, unlabelled;
  data::StepLoader::Further further;
  further.emplace("unlabelled", loader_of(unlabelled));
  const data::StepLoader loader(loader_of(training), std::move(further));
  const auto group = distributed::make_single_group();
  try {
    trainer::report_divergence(*group, 7, loader, batch, at::full({}, std::nan("")));
  } catch (const SharedError& e) {
    CHECK(e.code() == ExitCode::diverged);
    return e.what();
  }
  FAIL("report_divergence must throw");
  return "";
}

}  // namespace

TEST_CASE("the outcome of a step tells loss, finiteness and the wish to stop") {
  const auto group = distributed::make_single_group();
  const auto good = trainer::agree_on_step(*group, at::full({}, 1.5), false, {0.25, 0.5});
  CHECK((good.loss == 1.5 && good.finite && !good.stop));
  CHECK((good.busy.size() == 1 && good.busy[0].input_s == 0.25 && good.busy[0].compute_s == 0.5));
  CHECK_FALSE(trainer::agree_on_step(*group, at::full({}, std::nan("")), false, {}).finite);
  CHECK_FALSE(trainer::agree_on_step(*group, at::full({}, std::numeric_limits<float>::infinity()), false, {}).finite);
  CHECK(trainer::agree_on_step(*group, at::full({}, 1.0), true, {}).stop);
}

TEST_CASE("divergence names the samples whose values are not finite") {
  data::StepBatch batch;
  batch.input = at::zeros({3, 1, 3});
  batch.target = at::zeros({3, 3});
  batch.index = {40, 41, 42};
  batch.input[1][0][2] = std::numeric_limits<float>::quiet_NaN();
  const std::string text = divergence(batch);
  CHECK(text.find("step 7") != std::string::npos);
  CHECK(text.find("sample41") != std::string::npos);
  CHECK(text.find("sample40") == std::string::npos);
}

TEST_CASE("divergence of good samples names the batch, but not a hundred of them") {
  data::StepBatch batch;
  batch.input = at::zeros({50, 1, 3});
  batch.target = at::zeros({50, 3});
  for (int64_t i = 0; i < 50; ++i) batch.index.push_back(i);
  const std::string text = divergence(batch);
  CHECK(text.find("sample0, sample1") != std::string::npos);
  CHECK(text.find("and 42 more") != std::string::npos);
}

TEST_CASE("divergence names samples of further sources, also without targets") {
  data::StepBatch batch;
  batch.input = at::zeros({2, 1, 3});
  batch.target = at::zeros({2, 3});
  batch.index = {1, 2};
  data::Batch& unlabelled = batch.further["unlabelled"];
  unlabelled.input = at::zeros({3, 1, 3});
  unlabelled.index = {60, 61, 62};
  unlabelled.input[2][0][0] = std::numeric_limits<float>::infinity();
  CHECK(divergence(batch).find("(values that are not finite in unlabelled sample62)") != std::string::npos);
  batch.target[1][1] = std::nan("");
  CHECK(divergence(batch).find("(values that are not finite in sample2; values that are not finite in unlabelled sample62)") !=
        std::string::npos);
}
