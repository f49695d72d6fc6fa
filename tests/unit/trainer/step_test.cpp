#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/trainer/step.h"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "unit/metrics/thread_group.h"
#include "unit/trainer/no_host_read.h"
#include "unit/trainer/small_training.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

std::vector<optim::OptimizerConfig> all_rules() {
  optim::LarsConfig corrected{.momentum_correction = true, .adapt_bias_and_norm = true};
  return {optim::SgdConfig{},
          optim::SgdConfig{.momentum = 0},
          optim::SgdConfig{.nesterov = true},
          optim::SgdConfig{.momentum_correction = false},
          optim::AdamConfig{},
          optim::AdamWConfig{},
          optim::LarsConfig{},
          optim::LarsConfig{.form = optim::LarsForm::mlperf},
          corrected,
          optim::LambConfig{},
          optim::LambConfig{.min_weight_norm = 0.1, .max_weight_norm = 10}};
}

data::StepBatch batch_of(const data::Dataset& data, int64_t size, const std::vector<int64_t>& shape) {
  data::StepBatch batch;
  for (int64_t i = 0; i < size; ++i) batch.index.push_back(i);
  std::vector<int64_t> whole{size};
  whole.insert(whole.end(), shape.begin(), shape.end());
  batch.input = at::empty(whole);
  const int64_t values = batch.input.numel() / size;
  for (int64_t i = 0; i < size; ++i) data.read(i, nullptr, batch.input.data_ptr<float>() + i * values);
  batch.target = data.targets(batch.index);
  return batch;
}

// What two steps read back.
std::vector<std::string> reads_of_two_steps(distributed::Group& group, models::Model& model, const tasks::Task& task,
                                            const optim::OptimizerConfig& rule, const StepSettings& settings,
                                            const data::StepBatch& batch) {
  const auto optimizer = optim::make_optimizer(rule, named_parameters(model));
  Step step({group, model, task, *optimizer}, settings, "all");
  std::vector<std::string> reads;
  for (int64_t number = 0; number < 2; ++number) {
    {
      const NoHostRead watch;
      step.compute_gradients(batch, number);
      reads.insert(reads.end(), watch.reads().begin(), watch.reads().end());
    }
    CHECK(std::isfinite(step.loss().item<double>()));
    if (step.scaler() && !step.scaler()->accept(number + 1)) continue;
    const NoHostRead watch;
    step.update(0.1, number);
    reads.insert(reads.end(), watch.reads().begin(), watch.reads().end());
  }
  return reads;
}

std::vector<at::Tensor> everything(Loop& loop, models::Model& model, optim::Optimizer& optimizer) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& parameter : model.parameters()) all.push_back(parameter.detach().clone());
  for (const auto& [name, tensor] : optimizer.state()) all.push_back(tensor.clone());
  for (const auto& [name, tensor] : loop.computation().average().tensors()) all.push_back(tensor.clone());
  return all;
}

void check_equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i], b[i]));
}

}  // namespace

TEST_CASE("what would wait for a GPU is seen, also inside other operations and in a backward pass") {
  const at::Tensor x = at::ones({3}).requires_grad_();
  const auto seen = [](const std::function<void()>& work) {
    const NoHostRead watch;
    work();
    return !watch.reads().empty();
  };
  CHECK(seen([&] { x.sum().item<float>(); }));
  CHECK(seen([&] { x.sum().is_nonzero(); }));
  CHECK(seen([&] { at::equal(x, x); }));
  CHECK(seen([&] { x.detach().cpu(); }));
  CHECK(seen([&] { x.nonzero(); }));
  CHECK(seen([&] { at::allclose(x, x); }));
  CHECK(seen([&] { x.repeat_interleave(at::tensor({1, 0, 2})); }));  // reads the length of the result
  CHECK(seen([&] {
    const at::Tensor y = x * 2;
    y.register_hook([](const at::Tensor& gradient) { gradient.sum().item<float>(); });
    y.sum().backward();
  }));
  CHECK_FALSE(seen([&] { (x * 2).sum().backward(); }));
}

TEST_CASE("no part of a step reads a number back, whatever the update rule and the options") {
  at::set_num_threads(1);
  const Points points(kSmallBatch);
  const auto task = tasks::make_task(tasks::ClassificationConfig{.label_smoothing = 0.1});
  const data::StepBatch batch = batch_of(points, kSmallBatch, {1, kFeatures});
  for (const auto& rule : all_rules()) {
    for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::fp16}) {
      for (const auto& [options, shards] : {std::pair{false, 0}, {true, 0}, {true, 4}}) {
        INFO("rule " << rule.index() << ", precision " << static_cast<int>(precision) << ", options " << options << ", shards "
                     << shards);
        const StepSettings settings{.precision = precision,
                                    .accumulation = options && shards == 0 ? 2 : 1,
                                    .clip_norm = options ? 0.5 : 0,
                                    .average_decay = options ? 0.9 : 0,
                                    .shards = shards};
        SmallNet alone(models::BatchNormMode::local, 0.5);
        CHECK(reads_of_two_steps(*distributed::make_single_group(), alone, *task, rule, settings, batch) ==
              std::vector<std::string>{});
        std::vector<std::vector<std::string>> reads(2);
        metrics::as_ranks(2, [&](distributed::Group& group) {
          SmallNet model(models::BatchNormMode::local, 0.5);
          reads[static_cast<size_t>(group.rank())] = reads_of_two_steps(group, model, *task, rule, settings, batch);
        });
        CHECK(reads == std::vector<std::vector<std::string>>(2));
      }
    }
  }
}

TEST_CASE("no network reads a number back in a step") {
  at::set_num_threads(1);
  const auto group = distributed::make_single_group();
  const auto classes = tasks::make_task(tasks::ClassificationConfig{});
  const auto mergers = tasks::make_task(tasks::WaveformRegressionConfig{});
  const auto precision = GENERATE(Precision::fp32, Precision::bf16);
  const StepSettings settings{.precision = precision};
  at::manual_seed(1);

  data::StepBatch images;
  images.input = at::rand({4, 3, 32, 32});
  images.target = at::arange(4, at::kLong);
  const std::vector<int64_t> image_shape{3, 32, 32};
  for (const models::ModelConfig& config : {models::ModelConfig(models::XceptionConfig{
                                                .width_factor = 0.0625, .middle_blocks = 1, .entry_stride = 1, .head_units = 16}),
                                            models::ModelConfig(models::ResNetConfig{.blocks = {1, 1}, .width = 8})}) {
    const auto model = models::make_model(config, image_shape, 4, 1);
    CHECK(reads_of_two_steps(*group, *model, *classes, optim::SgdConfig{}, settings, images) == std::vector<std::string>{});
  }

  data::StepBatch waveforms;
  waveforms.input = at::rand({4, 1, 192});
  waveforms.target = at::rand({4, 3}) + 1;
  const std::vector<int64_t> waveform_shape{1, 192};
  models::WaveNetConfig wavenet;
  wavenet.residual_channels = 4;
  wavenet.gate_channels = 8;
  wavenet.dilations = {1, 2, 4};
  wavenet.tail_channels = 8;
  wavenet.keep_steps = 64;
  wavenet.dense_units = 16;
  const auto model = models::make_model(wavenet, waveform_shape, 5, 1);
  CHECK(reads_of_two_steps(*group, *model, *mergers, optim::AdamConfig{}, settings, waveforms) == std::vector<std::string>{});
}

TEST_CASE("a step whose gradients overflow leaves no trace but the loss scale and the count of steps") {
  at::set_num_threads(1);
  for (const auto& rule : all_rules()) {
    LoopSettings settings = SmallTraining::usual();
    settings.course.training.precision = Precision::fp16;
    SmallTraining training(rule, settings);
    Loop& loop = training.loop;
    loop.computation().scaler()->load({{"scale", 1.0}, {"good_steps", 0}, {"skipped_at_minimum", 0}});
    for (int i = 0; i < 3; ++i) loop.step();
    const auto before = everything(loop, training.model, *training.optimizer);
    loop.computation().scaler()->load({{"scale", 0x1p100}, {"good_steps", 0}, {"skipped_at_minimum", 0}});
    loop.step();
    check_equal(before, everything(loop, training.model, *training.optimizer));
    CHECK(loop.course().position().step == 4);
    CHECK(loop.computation().scaler()->scale() == 0x1p99);
    CHECK(loop.computation().scaler()->skipped() == 1);
    loop.computation().scaler()->load({{"scale", 1.0}, {"good_steps", 0}, {"skipped_at_minimum", 0}});
    loop.step();
    CHECK_FALSE(at::equal(before[0], training.model.parameters()[0]));
  }
}

TEST_CASE("a step whose loss is not finite ends the training and leaves weights and their update alone") {
  at::set_num_threads(1);
  for (const auto& rule : all_rules()) {
    SmallTraining training(rule, SmallTraining::usual());
    training.loop.step();
    training.points.spoilt = true;
    std::vector<at::Tensor> before;
    try {
      for (int i = 0; i < 4; ++i) {  // some good batches may have been read ahead
        before = everything(training.loop, training.model, *training.optimizer);
        training.loop.step();
      }
      FAIL("a loss that is not finite must end the training");
    } catch (const SharedError& error) {
      CHECK(error.code() == ExitCode::diverged);
    }
    check_equal(before, everything(training.loop, training.model, *training.optimizer));
  }
}

TEST_CASE("with shards a pass computes on memory of its own") {
  data::StepBatch batch;
  batch.input = at::rand({6, 1, 4});
  batch.target = at::rand({6, 3});
  PassInput input(at::kCPU, /*copies=*/true);
  input.take(batch, 1, 2);
  CHECK(input.batch().input.equal(batch.input.narrow(0, 3, 3)));
  CHECK(input.batch().input.data_ptr() != batch.input[3].data_ptr());
}

TEST_CASE("a skipped step leaves weights, update rule, average and running statistics alone") {
  at::set_num_threads(1);
  for (const auto mode : {models::BatchNormMode::local, models::BatchNormMode::frozen}) {
    LoopSettings settings = SmallTraining::usual();
    settings.course.training.on_divergence = OnDivergence::skip;
    SmallTraining training(optim::AdamConfig{}, settings, mode);
    training.loop.step();
    training.points.spoilt = true;
    int skipped = 0;
    for (int i = 0; i < 4; ++i) {
      auto before = everything(training.loop, training.model, *training.optimizer);
      for (const at::Tensor& statistics : training.model.buffers()) before.push_back(statistics.clone());
      const StepReport report = training.loop.step();
      if (!report.skipped) continue;  // a good batch that had been read ahead
      ++skipped;
      auto after = everything(training.loop, training.model, *training.optimizer);
      for (const at::Tensor& statistics : training.model.buffers()) after.push_back(statistics.clone());
      check_equal(before, after);
      CHECK(report.skipped->reason == "the loss is not finite");
      CHECK(report.skipped->samples.size() == kSmallBatch);
      CHECK(report.position.step == i + 2);
    }
    CHECK(skipped >= 2);
    CHECK(training.loop.skipped_steps() == skipped);
    training.points.spoilt = false;
    StepReport report;
    for (int i = 0; i < 4; ++i) report = training.loop.step();
    CHECK_FALSE(report.skipped);
    CHECK(std::isfinite(report.loss));
  }
}

TEST_CASE("a gradient that is not finite is seen before the update, although the loss is finite, and a huge one is let through") {
  at::set_num_threads(1);
  const bool is_wrong = GENERATE(true, false);
  const float value = is_wrong ? std::numeric_limits<float>::infinity() : 1e30F;  // the square of both is infinite
  const Points points(kSmallBatch);
  const auto task = tasks::make_task(tasks::ClassificationConfig{});
  const data::StepBatch batch = batch_of(points, kSmallBatch, {1, kFeatures});
  for (const int ranks : {1, 2}) {
    const auto seen = metrics::results_of_ranks(ranks, [&](distributed::Group& group) {
      SmallNet model;
      const auto optimizer = optim::make_optimizer(optim::SgdConfig{}, named_parameters(model));
      Step step({group, model, *task, *optimizer}, {}, "all");
      step.compute_gradients(batch, 0);
      const bool before = step.not_finite().item<bool>();
      model.parameters()[0].register_hook(
          [&](const at::Tensor& gradient) { return group.rank() == 0 ? at::full_like(gradient, value) : gradient; });
      step.compute_gradients(batch, 0);
      return std::array{before, step.not_finite().item<bool>(), std::isfinite(step.loss().item<float>()),
                        step.gradients().size() == model.named_parameters().size()};
    });
    for (const auto& of_rank : seen) CHECK(of_rank == std::array{false, is_wrong, true, true});
  }
}

TEST_CASE("on a CPU a pass computes on the loader's own memory") {
  data::StepBatch batch;
  batch.input = at::rand({6, 1, 4});
  batch.target = at::rand({6, 3});
  PassInput input(at::kCPU);
  input.take(batch, 1, 2);
  CHECK(input.batch().input.data_ptr() == batch.input[3].data_ptr());
  CHECK(input.batch().target.sizes() == at::IntArrayRef({3, 3}));
}
