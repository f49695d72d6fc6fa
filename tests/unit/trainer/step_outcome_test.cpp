#include "hpcai/trainer/step_outcome.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "hpcai/distributed/exchange/single_group.h"
#include "unit/metrics/thread_group.h"

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

const float kNaN = std::numeric_limits<float>::quiet_NaN();

const trainer::StepOutcome kBadLoss{.loss_finite = false, .busy = {}}, kBadGradient{.gradients_finite = false, .busy = {}};

trainer::Divergence find(const data::StepBatch& batch, const trainer::StepOutcome& outcome = kBadLoss,
                         const NamedTensors& gradients = {}) {
  const Numbered training, unlabelled;
  data::StepLoader::Further further;
  further.emplace("unlabelled", loader_of(unlabelled));
  const data::StepLoader loader(loader_of(training), std::move(further));
  const auto group = distributed::make_single_group();
  const at::Tensor loss = at::full({}, outcome.loss_finite ? 1.0F : kNaN);
  return trainer::find_divergence(*group, outcome, loader, batch, loss, gradients);
}

std::string divergence(const data::StepBatch& batch) { return find(batch).where; }

}  // namespace

TEST_CASE("the outcome of a step tells loss, finiteness and the wish to stop") {
  const auto group = distributed::make_single_group();
  const auto agree = [&](double loss, double not_finite = 0, bool stop = false, trainer::Busy busy = {}) {
    return trainer::agree_on_step(*group, at::full({}, loss), at::full({}, not_finite), stop, busy);
  };
  const auto good = agree(1.5, 0, false, {0.25, 0.5});
  CHECK((good.loss == 1.5 && good.finite() && !good.stop));
  CHECK((good.busy.size() == 1 && good.busy[0].input_s == 0.25 && good.busy[0].compute_s == 0.5));
  CHECK_FALSE(agree(std::nan("")).loss_finite);
  CHECK_FALSE(agree(std::numeric_limits<float>::infinity()).finite());
  const auto bad_gradient = agree(1, 1);
  CHECK((bad_gradient.loss_finite && !bad_gradient.gradients_finite && !bad_gradient.finite()));
  CHECK(agree(1, 0, true).stop);
}

TEST_CASE("all ranks know that the loss or a gradient of one is not finite") {
  for (const int culprit : {0, 1, 2}) {
    const auto outcomes = metrics::results_of_ranks(3, [&](distributed::Group& group) {
      const bool mine = group.rank() == culprit;
      const at::Tensor one = at::ones({}), zero = at::zeros({});
      return std::pair{trainer::agree_on_step(group, mine ? at::full({}, kNaN) : one, zero, false, {}),
                       trainer::agree_on_step(group, one, mine ? one : zero, false, {1, group.rank() + 2.0})};
    });
    for (const auto& [bad_loss, bad_gradient] : outcomes) {
      CHECK((!bad_loss.loss_finite && bad_loss.gradients_finite && bad_loss.busy.size() == 3));
      CHECK((bad_gradient.loss_finite && !bad_gradient.gradients_finite && bad_gradient.loss == 1));
      CHECK((bad_gradient.busy[2].input_s == 1 && bad_gradient.busy[2].compute_s == 4));
    }
  }
}

TEST_CASE("a gradient that is not finite is named, with the samples of the step") {
  data::StepBatch batch;
  batch.input = at::zeros({2, 1, 3});
  batch.target = at::zeros({2, 3});
  batch.index = {4, 5};
  const auto found = find(batch, kBadGradient, {{"first", at::ones({3})}, {"last", at::full({2}, kNaN)}});
  CHECK(found.step.reason == "the gradient of 'last' is not finite");
  CHECK(found.step.samples == std::vector<std::string>{"sample4", "sample5"});
  CHECK(found.where == "samples of the step: sample4, sample5");
}

TEST_CASE("samples with values that are not finite are named rather than those of other ranks") {
  for (const bool broken : {true, false}) {
    const auto all = metrics::results_of_ranks(2, [&](distributed::Group& group) {
      const Numbered training;
      const data::StepLoader loader(loader_of(training));
      data::StepBatch batch;
      batch.input = at::zeros({1, 1, 3});
      if (broken && group.rank() == 1) batch.input.fill_(kNaN);
      batch.target = at::zeros({1, 3});
      batch.index = {10 + group.rank()};
      return trainer::find_divergence(group, kBadLoss, loader, batch, at::full({}, kNaN), {});
    });
    for (const auto& found : all) {
      CHECK(found.where == (broken ? "rank 1: values that are not finite in sample11"
                                   : "rank 0: samples of the step: sample10; rank 1: samples of the step: sample11"));
      CHECK(found.step.samples.size() == (broken ? 1 : 2));
      CHECK(found.step.reason == "the loss is not finite");
    }
  }
}

TEST_CASE("divergence names the samples whose values are not finite") {
  data::StepBatch batch;
  batch.input = at::zeros({3, 1, 3});
  batch.target = at::zeros({3, 3});
  batch.index = {40, 41, 42};
  batch.input[1][0][2] = std::numeric_limits<float>::quiet_NaN();
  const std::string text = divergence(batch);
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
  CHECK(divergence(batch) == "values that are not finite in unlabelled sample62");
  batch.target[1][1] = std::nan("");
  CHECK(divergence(batch).find("values that are not finite in sample2; values that are not finite in unlabelled sample62") !=
        std::string::npos);
}
