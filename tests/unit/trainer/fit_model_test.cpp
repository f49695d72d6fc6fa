#include "hpcai/trainer/fit_model.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "hpcai/models/standardise.h"
#include "unit/trainer/small_net.h"

namespace hpcai::trainer {
namespace {

// Samples in the order of a grid: the input is the number of the sample, the target a tenth of it.
class Ordered : public data::Dataset {
 public:
  explicit Ordered(int64_t size) : Dataset({{1, 2}, {}, {"value"}}), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t index, const data::Draw*, float* out) const override { out[0] = out[1] = static_cast<float>(index); }
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor values = at::empty({static_cast<int64_t>(index.size()), 1});
    auto* value = values.data_ptr<float>();
    for (const int64_t i : index) *value++ = 0.1F * static_cast<float>(i);
    return values;
  }

 private:
  int64_t size_;
};

// Keeps what it is shown.
class Curious : public models::Model {
 public:
  explicit Curious(int64_t wanted) : wanted_(wanted) { add_layer("none"); }
  at::Tensor forward(const at::Tensor& input) override { return input; }
  int64_t examples_wanted() const override { return wanted_; }
  void fit_to(const models::Examples& examples) override { seen = examples; }
  models::Examples seen;

 private:
  int64_t wanted_;
};

}  // namespace

TEST_CASE("a model is shown samples that are spread over the data") {
  Curious model(10);
  fit_model(model, Ordered(100000), 1, 2);
  CHECK(model.seen.samples == 100000);
  CHECK(model.seen.inputs.sizes() == at::IntArrayRef({10, 1, 2}));
  CHECK(model.seen.inputs.select(2, 0).flatten()[9].item<float>() == 90000);
  CHECK(model.seen.targets.size(0) == 8192);
  CHECK(model.seen.targets.mean().item<double>() == Approx(5000).epsilon(0.001));
}

TEST_CASE("the scale of the targets, which a task adds, becomes that of the data") {
  Curious model(0);
  const auto scale = std::make_shared<models::TargetScale>(1);
  model.register_module(models::kTargetScale, scale);
  fit_model(model, Ordered(4), 1, 1);
  CHECK(scale->deviation().item<double>() == Approx(0.1 * std::sqrt(1.25)));  // of 0, 0.1, 0.2 and 0.3
}

TEST_CASE("a model's scale of its inputs becomes that of the data") {
  Curious model(0);
  const int64_t shape[] = {1, 2};
  const auto scale = std::make_shared<models::InputStandardiser>(shape);
  model.register_module(models::kInputStandardiser, scale);
  fit_model(model, Ordered(5), 1, 1);
  const at::Tensor value = at::full({1, 1, 2}, 4.0F);
  CHECK(scale->forward(value)[0][0][0].item<double>() == Approx(2 / std::sqrt(2.0)));  // of 0, 1, 2, 3 and 4
}

TEST_CASE("a model is shown each sample of small data, and no targets of classes") {
  Curious model(10);
  fit_model(model, Ordered(4), 1, 1);
  CHECK(at::equal(model.seen.inputs.select(2, 1).flatten(), at::tensor({0.0F, 1.0F, 2.0F, 3.0F})));
  CHECK(model.seen.targets.size(0) == 4);
  fit_model(model, Points(20), 1, 1);
  CHECK_FALSE(model.seen.targets.defined());
}

}  // namespace hpcai::trainer
