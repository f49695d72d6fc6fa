#include "hpcai/trainer/loop.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hpcai/checkpoint/load.h"
#include "hpcai/core/error.h"
#include "unit/checkpoint/scratch.h"
#include "unit/trainer/small_training.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

// Writes down what it hears.
struct Notes : Observer {
  void step_done(const StepReport& report, double) override { heard.push_back(fmt::format("step {}", report.position.step)); }
  void evaluated(const Position& position, const nlohmann::json& metrics, double) override {
    heard.push_back(fmt::format("evaluated {}{}", position.epoch, metrics.contains("loss") ? "" : " without loss"));
  }
  void epoch_done(const Position& position, std::optional<double> loss, double) override {
    heard.push_back(fmt::format("epoch {}{}", position.epoch, loss ? "" : " without loss"));
  }
  void paused(double seconds) override {
    CHECK(seconds >= 0);
    heard.push_back("paused");
  }

  std::vector<std::string> heard;
};

LoopSettings short_settings() {
  LoopSettings settings = SmallTraining::usual();
  settings.course.training.max_steps = 12;
  settings.course.checkpoint.every_epochs = 0;
  settings.course.checkpoint.best = false;
  return settings;
}

std::vector<at::Tensor> weights_of(const SmallTraining& training) {
  std::vector<at::Tensor> weights;
  for (const at::Tensor& parameter : training.model.parameters()) weights.push_back(parameter.detach().clone());
  return weights;
}

}  // namespace

TEST_CASE("observers hear of steps, evaluations, epochs and checkpoints in the order in which they happen") {
  const Scratch scratch;
  LoopSettings settings = short_settings();
  settings.course.checkpoint.every_steps = 11;
  SmallTraining training(optim::SgdConfig{}, settings);
  checkpoint::Checkpoints checkpoints(scratch / "checkpoints", 5);
  checkpoints.prepare();
  Notes notes;
  training.loop.save_to({&checkpoints, {{"classes", 4}}});
  training.loop.add_observer(notes);
  CHECK(training.loop.run() == Ending::finished);
  std::vector<std::string> expected;
  for (int step = 1; step <= 10; ++step) expected.push_back(fmt::format("step {}", step));
  for (const char* event : {"evaluated 1", "paused", "epoch 1", "step 11", "paused", "step 12", "paused"}) {
    expected.emplace_back(event);
  }
  CHECK(notes.heard == expected);
  training.loop.finish_saving();
  CHECK(checkpoints.last_saved() == 12);
  CHECK(checkpoints.load_newest()->state.state.at("card") == nlohmann::json{{"classes", 4}});
  CHECK(training.loop.last_validation().at("samples") == 50);
}

TEST_CASE("a loop is in the phase of saving only while it saves") {
  const Scratch scratch;
  SmallTraining with(optim::SgdConfig{}, short_settings()), without(optim::SgdConfig{}, short_settings());
  checkpoint::Checkpoints checkpoints(scratch / "checkpoints", 5, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  with.loop.save_to({&checkpoints});
  with.loop.run();
  without.loop.run();
  const auto progress = [](const SmallTraining& training) { return training.group->status().snapshot().progress; };
  CHECK(progress(with) - progress(without) == 2);  // the phase of the one checkpoint at the end is entered and left
}

TEST_CASE("a loop without checkpoints, as on ranks other than 0, trains to the same weights") {
  const Scratch scratch;
  SmallTraining with(optim::SgdConfig{}, short_settings()), without(optim::SgdConfig{}, short_settings());
  checkpoint::Checkpoints checkpoints(scratch / "checkpoints", 5);
  checkpoints.prepare();
  with.loop.save_to({&checkpoints});
  with.loop.run();
  without.loop.run();
  const auto a = weights_of(with), b = weights_of(without);
  for (size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i], b[i]));
}

TEST_CASE("a loop that is loaded from a state goes on bit for bit, in the middle of an epoch and at its end") {
  for (const int64_t stop : {4, 10}) {
    for (const optim::OptimizerConfig& rule :
         {optim::OptimizerConfig(optim::SgdConfig{.momentum_correction = false}), optim::OptimizerConfig(optim::AdamConfig{}),
          optim::OptimizerConfig(optim::LambConfig{})}) {
      SmallTraining whole(rule, short_settings());
      whole.loop.run();
      LoopSettings until = short_settings();
      until.course.training.max_steps = stop;
      SmallTraining first(rule, until), second(rule, short_settings());
      first.loop.run();
      checkpoint::TrainingState state = first.loop.state();
      state.state = nlohmann::json::parse(state.state.dump());
      second.loop.load(state);
      CHECK(second.loop.course().position().step == stop);
      CHECK(second.loop.run() == Ending::finished);
      const auto a = weights_of(whole), b = weights_of(second);
      for (size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i], b[i]));
    }
  }
}

TEST_CASE("a state with parts missing or of other types is refused, whatever part it is") {
  LoopSettings settings = short_settings();
  settings.course.training.precision = Precision::fp16;
  SmallTraining training(optim::AdamConfig{}, settings);
  training.loop.step();
  const checkpoint::TrainingState good = training.loop.state();
  const auto refused = [&](const checkpoint::TrainingState& state) {
    SmallTraining other(optim::AdamConfig{}, settings);
    try {
      checkpoint::read_content("step-4", [&] { other.loop.load(state); });
      return false;
    } catch (const Error& error) {
      return error.code() == ExitCode::cannot_resume;
    }
  };
  CHECK_FALSE(refused(good));
  for (const char* part : {"position", "early_stop", "best", "loss_scale"}) {
    checkpoint::TrainingState state = good;
    state.state.erase(part);
    CHECK(refused(state));
  }
  for (const char* part : {"position", "early_stop", "best", "loss_scale", "elapsed_s", "target", "skipped"}) {
    checkpoint::TrainingState state = good;
    state.state[part] = "text";
    INFO(part);
    CHECK(refused(state));
  }
  for (const nlohmann::json& whole : {nlohmann::json(), nlohmann::json("text"), nlohmann::json::array()}) {
    checkpoint::TrainingState state = good;
    state.state = whole;
    CHECK(refused(state));
  }
  checkpoint::TrainingState state = good;
  state.model.pop_back();
  CHECK(refused(state));
  state = good;
  state.optimizer[0].second = at::zeros({7});
  CHECK(refused(state));
}
