// A loss of two batches, of labelled and of unlabelled samples, through the whole training loop.
#include <ATen/Parallel.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/trainer/loop.h"
#include "unit/metrics/thread_group.h"
#include "unit/tasks/semi_supervised.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

// Points on a line through the origin, on either side: the side is the target where it is known.
class Sides : public data::Dataset {
 public:
  Sides(int64_t size, float x, float y, bool labelled)
      : Dataset({{2}, {}, {"side"}}), size_(size), x_(x), y_(y), labelled_(labelled) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return "point" + std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t index, const data::Draw*, float* out) const override {
    out[0] = index == spoilt ? std::numeric_limits<float>::quiet_NaN() : side(index) * x_;
    out[1] = side(index) * y_;
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    if (!labelled_) return {};
    at::Tensor targets = at::empty({static_cast<int64_t>(index.size()), 1});
    for (size_t i = 0; i < index.size(); ++i) targets.data_ptr<float>()[i] = side(index[i]);
    return targets;
  }

  std::atomic<int64_t> spoilt{-1};

 private:
  static float side(int64_t index) { return index % 2 == 0 ? 1.0F : -1.0F; }

  int64_t size_;
  float x_, y_;
  bool labelled_;
};

std::unique_ptr<data::Loader> loader_of(const Sides& points, int64_t batch, const distributed::Group& group) {
  return std::make_unique<data::Loader>(
      points, data::Sampler(points.size(), batch, group.rank(), group.size(), data::SamplerMode::training, 1),
      data::LoaderConfig{.threads = 1, .queue_batches = 1});
}

data::StepLoader::Further further_of(const Sides& unlabelled, const distributed::Group& group) {
  data::StepLoader::Further further;
  further.emplace("unlabelled", loader_of(unlabelled, 8, group));
  return further;
}

struct Variant {
  int64_t steps = 400;
  int64_t accumulation = 1;
  double weight = 1;  // of the unlabelled samples
};

// Labelled points do not tell what the second coordinate does, unlabelled ones do: (1, 2) puts them at distance 1.
struct TwoSources {
  TwoSources(const Variant& way, distributed::Group& group)
      : loader(loader_of(labelled, 4, group), further_of(unlabelled, group)),
        task(way.weight),
        optimizer(optim::make_optimizer(optim::SgdConfig{}, {{"weight", model.parameters()[0]}})),
        loop({group, loader, model, task, *optimizer}, settings_of(way)) {
    at::set_num_threads(1);
  }

  static LoopSettings settings_of(const Variant& way) {
    LoopSettings settings;
    settings.course.training.global_batch = 4;
    settings.course.training.epochs = 1000;
    settings.course.training.max_steps = way.steps;
    settings.course.training.accumulation = way.accumulation;
    settings.course.schedule = optim::ConstantConfig{};
    settings.course.base_lr = 0.1;
    return settings;
  }

  Sides labelled{20, 1, 0, true}, unlabelled{24, 0.5F, 0.25F, false};
  data::StepLoader loader;
  tasks::SemiSupervised task;
  tasks::Line model{at::kFloat};
  std::unique_ptr<optim::Optimizer> optimizer;
  Loop loop;
};

at::Tensor trained(const Variant& way, distributed::Group& group) {
  TwoSources training(way, group);
  training.loop.run();
  return training.model.parameters()[0].detach().clone();
}

at::Tensor trained(const Variant& way) { return trained(way, *distributed::make_single_group()); }

}  // namespace

TEST_CASE("a task of two sources is trained on both: what only unlabelled samples show is learnt") {
  const at::Tensor both = trained({}), one = trained({.weight = 0});
  CHECK(both[0].item<double>() == Approx(1).margin(1e-2));
  CHECK(both[1].item<double>() == Approx(2).margin(1e-1));
  CHECK(one[0].item<double>() == Approx(1).margin(1e-2));
  CHECK(one[1].item<double>() == 0);
}

TEST_CASE("two sources give the same weights in several passes and on several ranks") {
  const at::Tensor whole = trained({.steps = 30});
  CHECK(at::allclose(whole, trained({.steps = 30, .accumulation = 2}), 1e-5, 1e-6));
  metrics::as_ranks(2, [&](distributed::Group& group) {
    if (!at::allclose(whole, trained({.steps = 30}, group), 1e-5, 1e-6)) throw std::runtime_error("ranks train to other weights");
  });
}

TEST_CASE("a training of two sources goes on bit for bit, where neither is at an epoch's end") {
  const auto group = distributed::make_single_group();
  const at::Tensor whole = trained({.steps = 30});
  TwoSources first({.steps = 13}, *group), second({.steps = 30}, *group);
  first.loop.run();
  second.loop.load(first.loop.state());
  second.loop.run();
  CHECK(at::equal(second.model.parameters()[0], whole));
}

TEST_CASE("a loss that is not finite names the sample of the further source, and a missing source is refused at once") {
  const auto group = distributed::make_single_group();
  TwoSources training({}, *group);
  training.unlabelled.spoilt = 7;
  try {
    for (int step = 0; step < 6; ++step) training.loop.step();
    FAIL("a loss that is not finite must end the training");
  } catch (const SharedError& error) {
    CHECK(error.code() == ExitCode::diverged);
    CHECK(std::string(error.what()).find("unlabelled point7") != std::string::npos);
  }
  data::StepLoader alone(loader_of(training.labelled, 4, *group));
  CHECK_THROWS_AS(Loop({*group, alone, training.model, training.task, *training.optimizer}, TwoSources::settings_of({})),
                  std::logic_error);
}
