#include "hpcai/trainer/snapshots.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "unit/metrics/thread_group.h"
#include "unit/trainer/no_host_read.h"
#include "unit/trainer/small_training.h"

using namespace hpcai;
using namespace hpcai::trainer;
using models::BatchNormMode;

namespace {

constexpr int64_t kBad = 7;  // the sample that is not finite, once in each epoch

LoopSettings rolling_back(int64_t steps) {
  LoopSettings settings = SmallTraining::usual();
  settings.course.training.max_steps = 24;
  settings.course.training.on_divergence = OnDivergence::roll_back;
  settings.course.training.roll_back_steps = steps;
  settings.drift.check_every_steps = 1;
  return settings;
}

std::vector<at::Tensor> whole_state(Loop& loop, const models::Model& model, const optim::Optimizer& optimizer) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& parameter : model.parameters()) all.push_back(parameter.detach().clone());
  for (const at::Tensor& statistics : model.buffers()) all.push_back(statistics.clone());
  for (const auto& [name, tensor] : optimizer.state()) all.push_back(tensor.clone());
  for (const auto& [name, tensor] : loop.computation().average().tensors()) all.push_back(tensor.clone());
  return all;
}

bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) { return x.equal(y); });
}

// Keeps the state after each step, and the reports of the steps that were rolled back.
template <class Training>
struct Diary : Observer {
  explicit Diary(Training& of) : training(of), states{state()} { of.loop.add_observer(*this); }
  void step_done(const StepReport& report, double) override {
    states.push_back(state());
    if (report.skipped) rolled_back.push_back(report);
  }
  std::vector<at::Tensor> state() { return whole_state(training.loop, training.model, *training.optimizer); }

  Training& training;
  std::vector<std::vector<at::Tensor>> states;
  std::vector<StepReport> rolled_back;
};

// A copy of the state that would come back from a file.
checkpoint::TrainingState saved(Loop& loop) {
  checkpoint::TrainingState state = loop.state();
  for (auto* tensors : {&state.model, &state.optimizer}) {
    for (auto& [name, tensor] : *tensors) tensor = tensor.clone();
  }
  state.state = nlohmann::json::parse(state.state.dump());
  return state;
}

}  // namespace

TEST_CASE("the state that returns is k to 2k - 1 steps old, or the first") {
  for (const int64_t k : {1, 3, 4}) {
    for (int64_t steps = 0; steps < 5 * k; ++steps) {
      const at::Tensor live = at::zeros({2});
      Snapshots snapshots({{"x", live}}, k);
      for (int64_t step = 0; step <= steps; ++step) {
        live.fill_(step);
        const NoHostRead watch;
        snapshots.keep(step);
        CHECK(watch.reads().empty());
      }
      live.fill_(-1);
      const int64_t expected = std::max<int64_t>(0, steps / k * k - k);
      for (int again = 0; again < 2; ++again) {
        CHECK(snapshots.restore() == expected);
        CHECK(live.equal(at::full({2}, static_cast<float>(expected))));
      }
    }
  }
}

TEST_CASE("a state that was given up does not return") {
  const at::Tensor live = at::zeros({});
  Snapshots snapshots({{"x", live}}, 3);
  const auto run_to = [&](int64_t first, int64_t last, float value) {
    for (int64_t step = first; step <= last; ++step) {
      snapshots.keep(step);
      live.fill_(value);
    }
  };
  run_to(0, 7, 1);  // copies after 0, 3, 6 steps
  CHECK(snapshots.restore() == 3);
  run_to(8, 10, 2);  // a copy after 9 steps
  CHECK(snapshots.restore() == 3);
  run_to(11, 15, 4);  // copies after 12, 15 steps
  CHECK(snapshots.restore() == 12);
  CHECK(live.item<float>() == 4);
}

TEST_CASE("a training that diverges goes back to an earlier state and on with the next batch, whatever the update rule") {
  at::set_num_threads(1);
  const optim::LarsConfig corrected{.momentum_correction = true};
  for (const optim::OptimizerConfig& rule :
       {optim::OptimizerConfig(optim::SgdConfig{.momentum_correction = false}), optim::OptimizerConfig(optim::AdamConfig{}),
        optim::OptimizerConfig(corrected), optim::OptimizerConfig(optim::LambConfig{})}) {
    for (const int64_t k : {1, 3, 50}) {
      SmallTraining training(rule, rolling_back(k), BatchNormMode::local);
      training.points.bad = kBad;
      Diary diary(training);
      CHECK(training.loop.run() == Ending::finished);
      REQUIRE(diary.rolled_back.size() == 2);
      CHECK(training.loop.skipped_steps() == 2);
      for (const StepReport& report : diary.rolled_back) {
        const int64_t done = report.position.step - 1, to = report.skipped->restored_step.value();
        CHECK((to == 0 || (done - to >= k && done - to < 2 * k)));
        CHECK(to <= done);
        CHECK(same(diary.states[done + 1], diary.states[to]));
        CHECK_FALSE(same(diary.states[done + 2], diary.states[to]));
        CHECK(report.skipped->samples == std::vector<std::string>{std::to_string(kBad)});
      }
      CHECK(training.loop.course().position().step == 24);
    }
  }
}

TEST_CASE("a training that does not diverge has the same weights with and without snapshots") {
  at::set_num_threads(1);
  SmallTraining with(optim::AdamConfig{}, rolling_back(3)), without(optim::AdamConfig{}, SmallTraining::usual());
  with.loop.run_until(12);
  without.loop.run_until(12);
  CHECK(same(whole_state(with.loop, with.model, *with.optimizer), whole_state(without.loop, without.model, *without.optimizer)));
}

TEST_CASE("a training that rolls back is the same after an interrupt at any step") {
  at::set_num_threads(1);
  SmallTraining whole(optim::AdamConfig{}, rolling_back(3), BatchNormMode::local);
  whole.points.bad = kBad;
  Diary diary(whole);
  whole.loop.run();
  REQUIRE(diary.rolled_back.size() == 2);
  for (int64_t stop = 0; stop < 24; ++stop) {
    SmallTraining first(optim::AdamConfig{}, rolling_back(3), BatchNormMode::local);
    first.points.bad = kBad;
    first.loop.run_until(stop);
    const auto state = saved(first.loop);
    SmallTraining second(optim::AdamConfig{}, rolling_back(3), BatchNormMode::local);
    second.points.bad = kBad;
    second.loop.load(state);
    second.loop.run();
    CHECK(same(whole_state(second.loop, second.model, *second.optimizer), diary.states.back()));
  }
}

TEST_CASE("without snapshots in a checkpoint the training goes back to the state of the checkpoint") {
  at::set_num_threads(1);
  LoopSettings skipping = rolling_back(3);
  skipping.course.training.on_divergence = OnDivergence::skip;
  SmallTraining first(optim::AdamConfig{}, skipping);
  first.loop.run_until(2);
  SmallTraining second(optim::AdamConfig{}, rolling_back(100));
  second.points.bad = kBad;
  second.loop.load(saved(first.loop));
  Diary diary(second);
  second.loop.run();
  REQUIRE_FALSE(diary.rolled_back.empty());
  for (const StepReport& report : diary.rolled_back) CHECK(report.skipped->restored_step == 2);
}

TEST_CASE("snapshots in a checkpoint do not disturb another policy, and are refused if they do not fit") {
  at::set_num_threads(1);
  SmallTraining first(optim::AdamConfig{}, rolling_back(3));
  first.loop.run_until(5);
  const auto state = saved(first.loop);
  LoopSettings skipping = rolling_back(3);
  skipping.course.training.on_divergence = OnDivergence::skip;
  SmallTraining other(optim::AdamConfig{}, skipping);
  other.loop.load(state);
  CHECK(same(whole_state(first.loop, first.model, *first.optimizer), whole_state(other.loop, other.model, *other.optimizer)));

  checkpoint::TrainingState bad = state;
  std::erase_if(bad.optimizer, [](const auto& item) { return item.first == "newer.first.weight"; });
  REQUIRE(bad.optimizer.size() == state.optimizer.size() - 1);
  try {
    SmallTraining(optim::AdamConfig{}, rolling_back(3)).loop.load(bad);
    FAIL("a snapshot with a missing tensor must be refused");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::cannot_resume);
    CHECK(std::string(error.what()).find("newer.first.weight") != std::string::npos);
  }
  bad = state;
  bad.state["snapshots"]["older"] = -1;
  CHECK_THROWS_AS(SmallTraining(optim::AdamConfig{}, rolling_back(3)).loop.load(bad), std::out_of_range);
}

TEST_CASE("a training whose data are all not finite does not go back for ever") {
  at::set_num_threads(1);
  SmallTraining training(optim::AdamConfig{}, rolling_back(3), BatchNormMode::local);
  Diary diary(training);
  training.loop.run_until(7);
  training.points.spoilt = true;
  try {
    training.loop.run();
    FAIL("max_skipped_steps must end the training");
  } catch (const SharedError& error) {
    CHECK(error.code() == ExitCode::diverged);
    CHECK(std::string(error.what()).find("gone back 10 times") != std::string::npos);
  }
  REQUIRE(diary.rolled_back.size() == 9);
  CHECK(same(diary.state(), diary.states[diary.rolled_back[0].skipped->restored_step.value()]));
}

TEST_CASE("going back leaves the loss scale as it is") {
  at::set_num_threads(1);
  LoopSettings settings = rolling_back(3);
  settings.course.training.precision = Precision::fp16;
  settings.course.training.max_steps = 12;
  SmallTraining training(optim::AdamConfig{}, settings);
  training.loop.computation().scaler()->load({{"scale", 8.0}, {"good_steps", 0}, {"skipped_at_minimum", 0}});
  training.points.bad = kBad;
  Diary diary(training);
  training.loop.run();
  REQUIRE_FALSE(diary.rolled_back.empty());
  CHECK(training.loop.computation().scaler()->scale() == 8);
}

TEST_CASE("all ranks go back to the same step, whichever has the bad sample") {
  for (const auto mode : {BatchNormMode::synchronised, BatchNormMode::local}) {
    struct End {
      std::vector<int64_t> rolled_back;
      bool restored = true;
      std::vector<at::Tensor> weights;
    };
    const auto ends = metrics::results_of_ranks(3, [&](distributed::Group& group) {
      at::set_num_threads(1);
      RankTraining training(group, rolling_back(3), mode, kBad);
      Diary diary(training);
      training.loop.run();
      End end;
      for (const StepReport& report : diary.rolled_back) {
        end.rolled_back.insert(end.rolled_back.end(), {report.position.step, report.skipped->restored_step.value()});
        end.restored &= same(diary.states[report.position.step], diary.states[report.skipped->restored_step.value()]);
      }
      for (const at::Tensor& parameter : training.model.parameters()) end.weights.push_back(parameter.detach().clone());
      return end;
    });
    for (const End& end : ends) {
      CHECK(end.restored);
      CHECK(end.rolled_back.size() == 4);
      CHECK(end.rolled_back == ends[0].rolled_back);
      CHECK(same(end.weights, ends[0].weights));
    }
  }
}
