#include "hpcai/trainer/feature_cache.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/tasks/tasks.h"
#include "hpcai/trainer/loop.h"
#include "unit/metrics/thread_group.h"
#include "unit/trainer/small_net.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

constexpr int64_t kImageSide = 16, kImageBatch = 8;

// Random images in two classes. A draw turns them upside down, if they are augmented.
class RandomImages : public data::Dataset {
 public:
  explicit RandomImages(int64_t size, bool augmented = false)
      : Dataset({{3, kImageSide, kImageSide}, {"a", "b"}, {}}), size_(size), augmented_(augmented) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return "image" + std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t index, const data::Draw* draw, float* out) const override {
    Random random(1, 0, static_cast<uint64_t>(index), Purpose::test);
    const double sign = augmented_ && draw != nullptr ? -1 : 1;
    const double light = index % 2 == 0 ? 0.3 : -0.3;
    for (int64_t i = 0; i < input_size(); ++i) out[i] = static_cast<float>(sign * (random.normal() + light));
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor labels = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
    for (size_t i = 0; i < index.size(); ++i) labels[static_cast<int64_t>(i)] = index[i] % 2;
    return labels;
  }

 private:
  int64_t size_;
  bool augmented_;
};

models::ModelConfig cacheable_xception(models::Symmetry symmetry = models::Symmetry::none) {
  return models::XceptionConfig{
      .width_factor = 0.02, .middle_blocks = 0, .entry_stride = 1, .head_units = 8, .dropout = 0.5, .symmetry = symmetry};
}
models::ModelConfig cacheable_resnet() { return models::ResNetConfig{.blocks = {1, 1}, .width = 8}; }

LoopSettings two_stages(bool cached, int64_t first_epochs = 2) {
  LoopSettings settings;
  auto& training = settings.course.training;
  training.global_batch = kImageBatch;
  training.seed = 3;
  training.stages = {{.trainable_from = "head", .epochs = first_epochs, .cache_features = cached}, {.epochs = 1}};
  settings.course.schedule = optim::ConstantConfig{};
  settings.course.base_lr = 0.05;
  settings.course.checkpoint.best = false;
  settings.evaluation.global_batch = 12;  // of the forward passes for the features
  return settings;
}

struct Losses : Observer {
  void step_done(const StepReport& report, double) override { all.push_back(report.loss); }
  std::vector<double> all;
};

// 40 images in batches of 8: five steps an epoch.
struct ImageTraining {
  ImageTraining(const models::ModelConfig& config, const LoopSettings& settings, distributed::Group& group,
                bool augmented = false)
      : images(40, augmented),
        loader(std::make_unique<data::Loader>(
            images, data::Sampler(images.size(), kImageBatch, group.rank(), group.size(), data::SamplerMode::training, 3),
            data::LoaderConfig{.threads = 1, .queue_batches = 2})),
        model(models::make_model(config, images.spec().input_shape, 2, 9)),
        optimizer(optim::make_optimizer(optim::SgdConfig{}, named_parameters(*model))),
        loop({group, loader, *model, *task, *optimizer, &validation}, settings) {
    at::set_num_threads(1);
    loop.add_observer(losses);
  }

  RandomImages images, validation{16};
  data::StepLoader loader;
  std::shared_ptr<models::Model> model;
  std::unique_ptr<tasks::Task> task = tasks::make_task(tasks::ClassificationConfig{});
  std::unique_ptr<optim::Optimizer> optimizer;
  Losses losses;
  Loop loop;
};

at::Tensor all_weights(const models::Model& model) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& parameter : model.parameters()) flat.push_back(parameter.detach().flatten());
  return at::cat(flat);
}

bool within(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::abs(a[i] - b[i]) <= tolerance)) return false;
  }
  return true;
}

std::string refusal_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a stage with cached features has the losses and weights of one that computes all layers in every step") {
  const auto group = distributed::make_single_group();
  for (const auto& config : {cacheable_xception(), cacheable_xception(models::Symmetry::d4), cacheable_resnet()}) {
    ImageTraining plain(config, two_stages(false), *group), cached(config, two_stages(true), *group);
    plain.loop.run();
    cached.loop.run();
    REQUIRE(plain.losses.all.size() == 15);
    CHECK(plain.losses.all[0] != plain.losses.all[9]);
    CHECK(within(plain.losses.all, cached.losses.all, 1e-4));  // in the second stage too: it sees the same images
    CHECK(at::allclose(all_weights(*plain.model), all_weights(*cached.model), 1e-3, 1e-4));
    CHECK(cached.loop.last_validation().at("samples") == 16);  // of images
  }
}

TEST_CASE("several ranks with cached features train to the weights of one") {
  const auto group = distributed::make_single_group();
  const LoopSettings settings = two_stages(true);
  ImageTraining whole(cacheable_resnet(), settings, *group);
  whole.loop.run_until(10);  // the first stage: in the second the statistics of a batch are those of a rank
  const at::Tensor expected = all_weights(*whole.model);
  const auto ranks = metrics::results_of_ranks(2, [&](distributed::Group& two) {
    ImageTraining training(cacheable_resnet(), settings, two);
    training.loop.run_until(10);
    return all_weights(*training.model);
  });
  CHECK(at::equal(ranks[0], ranks[1]));
  CHECK(at::allclose(ranks[0], expected, 1e-4, 1e-5));
}

TEST_CASE("a training goes on bit for bit within a stage with cached features, and behind it") {
  const auto group = distributed::make_single_group();
  const auto settings = two_stages(true);
  ImageTraining whole(cacheable_xception(), settings, *group);
  whole.loop.run();
  for (const int64_t stop : {3, 5, 10, 12}) {
    ImageTraining first(cacheable_xception(), settings, *group), second(cacheable_xception(), settings, *group);
    first.loop.run_until(stop);
    checkpoint::TrainingState state = first.loop.state();
    state.state = nlohmann::json::parse(state.state.dump());
    second.loop.load(state);
    second.loop.run();
    CHECK(at::equal(all_weights(*whole.model), all_weights(*second.model)));
  }
}

TEST_CASE("the images of a stage with cached features are not augmented, those of the next stage are") {
  const auto group = distributed::make_single_group();
  ImageTraining plain(cacheable_resnet(), two_stages(true), *group), turned(cacheable_resnet(), two_stages(true), *group, true);
  plain.loop.run_until(10);
  turned.loop.run_until(10);
  CHECK(at::equal(all_weights(*plain.model), all_weights(*turned.model)));
  plain.loop.run();
  turned.loop.run();
  CHECK_FALSE(at::allclose(all_weights(*plain.model), all_weights(*turned.model), 1e-3, 1e-4));
}

TEST_CASE("after a rollback in the last step of a stage with cached features the next stage sees its own images") {
  const auto group = distributed::make_single_group();
  LoopSettings settings = two_stages(true, 1);
  settings.course.training.on_divergence = OnDivergence::roll_back;
  settings.course.training.roll_back_steps = 2;
  ImageTraining training(cacheable_resnet(), settings, *group), other(cacheable_resnet(), settings, *group);
  for (ImageTraining* one : {&training, &other}) one->loop.run_until(4);
  // the weights of the head are spoilt in the last step of the stage of one of them
  const auto bias = training.model->named_parameters()["fc.bias"];
  bias.data().fill_(std::numeric_limits<float>::infinity());
  for (ImageTraining* one : {&training, &other}) one->loop.run_until(5);
  CHECK_FALSE(std::isfinite(training.losses.all[4]));
  CHECK(training.loop.skipped_steps() == 1);
  CHECK(all_weights(*training.model).isfinite().all().item<bool>());
  CHECK(training.loader.next().index == other.loader.next().index);
}

TEST_CASE("the means of the maps are the same for any number of ranks and any size of a pass") {
  const RandomImages images(11);
  const auto model = models::make_model(cacheable_resnet(), images.spec().input_shape, 2, 9);
  models::MapNetwork& network = models::map_network(*model, "test");
  const auto group = distributed::make_single_group();
  EvaluationSettings settings;
  settings.global_batch = 4;
  const at::Tensor means = means_of_maps(*group, network, images, settings);
  CHECK(model->is_training());
  CHECK(means.sizes() == at::IntArrayRef({11, 64}));
  model->eval();
  std::vector<float> image(static_cast<size_t>(images.input_size()));
  images.read(10, nullptr, image.data());
  const at::NoGradGuard no_grad;
  const at::Tensor expected = network.maps(torch::tensor(image).view({1, 3, kImageSide, kImageSide})).mean({2, 3}).squeeze(0);
  CHECK(at::allclose(means[10], expected, 1e-4, 1e-6));
  for (const bool deterministic : {false, true}) {
    settings.deterministic = deterministic;
    settings.global_batch = 6;
    const auto ranks = metrics::results_of_ranks(3, [&](distributed::Group& three) {
      const auto own = models::make_model(cacheable_resnet(), images.spec().input_shape, 2, 9);
      return means_of_maps(three, models::map_network(*own, "test"), images, settings);
    });
    CHECK(at::equal(ranks[0], ranks[2]));
    CHECK(at::allclose(ranks[0], means, 1e-4, 1e-6));
  }
}

TEST_CASE("cached features need room in memory and a head that reads the means of maps") {
  CHECK_NOTHROW(require_room_for_features(1000, 2048, 2, {1000.0 * 2048 * 4 * 2, ""}));
  const std::string text = refusal_of([] { require_room_for_features(1000, 2048, 2, {1e7, "/a/memory.max"}); });
  CHECK(text.find("the 2048 features of each of 1000 training samples take 8.2 MB in each of 2 ranks") != std::string::npos);
  CHECK(text.find("10.0 MB left (/a/memory.max)") != std::string::npos);

  const auto group = distributed::make_single_group();
  const Points points(50);
  const data::Loader loader(points, data::Sampler(50, 10, 0, 1, data::SamplerMode::training, 1),
                            {.threads = 1, .queue_batches = 1});
  SmallNet net;
  const std::string refused = refusal_of([&] { CachedStage(*group, net, loader, {}); });
  CHECK(refused.find("whose head reads the means") != std::string::npos);
}
