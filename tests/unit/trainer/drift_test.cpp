#include "hpcai/trainer/drift.h"

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/core/error.h"
#include "unit/metrics/thread_group.h"
#include "unit/trainer/small_training.h"

using namespace hpcai;
using namespace hpcai::trainer;
using models::BatchNormMode;

namespace {

struct Healings : Observer {
  void healed(const Position& position, const std::vector<int>& ranks, const std::string& tensor, double) override {
    heard.push_back(std::to_string(position.step) + " " + std::to_string(ranks.at(0)) + " " + tensor);
  }
  std::vector<std::string> heard;
};

void flip_a_bit(const at::Tensor& tensor) {
  const at::Tensor bits = tensor.detach().view(at::kInt).flatten()[0];
  bits.bitwise_xor_(1 << 20);
}

at::Tensor first_of_snapshot(const NamedTensors& state) {
  for (const auto& [name, tensor] : state) {
    if (name.starts_with("older.")) return tensor;
  }
  throw std::logic_error("no snapshot");
}

LoopSettings settings_of(int64_t every_steps, distributed::OnDrift on_drift) {
  LoopSettings settings = SmallTraining::usual();
  settings.course.training.max_steps = 6;
  settings.course.training.on_divergence = OnDivergence::roll_back;  // has snapshots
  settings.drift = {every_steps, on_drift};
  return settings;
}

// How the training of each rank ends, if the last rank flips a bit of `part` of its state after the second step: the error, or
// the step of the last report.
enum class Flipped { nothing, weight, optimizer, average, statistics, snapshot };
struct End {
  ExitCode code = ExitCode::done;
  std::string what;
  NamedTensors state;
  std::vector<std::string> healings;
};

// The last rank flips a bit of `part` of its state after the second step.
std::vector<End> train(int ranks, const LoopSettings& settings, Flipped part, BatchNormMode mode = BatchNormMode::synchronised) {
  return metrics::results_of_ranks(ranks, [&](distributed::Group& group) {
    at::set_num_threads(1);
    End end;
    RankTraining training(group, settings, mode);
    Healings healings;
    training.loop.add_observer(healings);
    for (int i = 0; i < 2; ++i) training.loop.step();
    if (group.rank() == ranks - 1) {
      if (part == Flipped::weight) flip_a_bit(training.model.parameters()[0]);
      if (part == Flipped::optimizer) flip_a_bit(training.optimizer->state()[0].second);
      if (part == Flipped::average) flip_a_bit(training.loop.computation().average().tensors()[0].second);
      if (part == Flipped::statistics) flip_a_bit(training.model.buffers()[0]);
      if (part == Flipped::snapshot) flip_a_bit(first_of_snapshot(training.loop.computation().shared_state()));
    }
    try {
      training.loop.run();
    } catch (const SharedError& error) {
      end.code = error.code();
      end.what = error.what();
    }
    for (const auto& [name, tensor] : training.loop.computation().shared_state()) end.state.emplace_back(name, tensor.clone());
    end.healings = healings.heard;
    return end;
  });
}

}  // namespace

TEST_CASE("ranks that train together do not drift, whatever the batch norm") {
  for (const auto mode : {BatchNormMode::synchronised, BatchNormMode::local, BatchNormMode::frozen}) {
    for (const End& end : train(3, settings_of(1, distributed::OnDrift::stop), Flipped::nothing, mode)) {
      INFO(end.what);
      CHECK(end.code == ExitCode::done);
    }
  }
}

TEST_CASE("a bit that flips in any part of the state of one rank ends the training and names the rank") {
  for (const Flipped part : {Flipped::weight, Flipped::optimizer, Flipped::average, Flipped::statistics, Flipped::snapshot}) {
    for (const End& end : train(3, settings_of(1, distributed::OnDrift::stop), part)) {
      INFO(end.what);
      CHECK(end.code == ExitCode::ranks_disagree);
      CHECK(end.what.find("after step 3 the state of rank 2 (host ") == 0);
      CHECK(end.what.find("first tensor that differs") != std::string::npos);
    }
  }
}

TEST_CASE("of two ranks both are named, because none is known to be right") {
  for (const auto on_drift : {distributed::OnDrift::stop, distributed::OnDrift::heal}) {
    for (const End& end : train(2, settings_of(1, on_drift), Flipped::weight)) {
      CHECK(end.code == ExitCode::ranks_disagree);
      CHECK(end.what.find("rank 0 (host ") != std::string::npos);
      CHECK(end.what.find("rank 1 (host ") != std::string::npos);
    }
  }
}

TEST_CASE("the state of most ranks heals the others") {
  for (const Flipped part : {Flipped::weight, Flipped::optimizer, Flipped::average, Flipped::snapshot}) {
    const auto ends = train(3, settings_of(2, distributed::OnDrift::heal), part);
    for (const End& end : ends) {
      CHECK(end.code == ExitCode::done);
      REQUIRE(end.healings.size() == 1);
      CHECK(end.healings[0].starts_with("4 2 "));
      for (size_t i = 0; i < end.state.size(); ++i) CHECK(at::equal(end.state[i].second, ends[0].state[i].second));
    }
  }
}

TEST_CASE("ranks are compared every so many steps and before a checkpoint, or never") {
  for (const End& end : train(3, settings_of(4, distributed::OnDrift::stop), Flipped::average)) {
    CHECK(end.what.find("after step 4 ") == 0);
  }
  for (const End& end : train(3, settings_of(1000, distributed::OnDrift::stop), Flipped::average)) {
    CHECK(end.what.find("after step 6 ") == 0);  // the last one is saved
  }
  for (const End& end : train(3, settings_of(0, distributed::OnDrift::stop), Flipped::average)) CHECK(end.code == ExitCode::done);
}
