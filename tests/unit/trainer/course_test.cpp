#include "hpcai/trainer/course.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "hpcai/checkpoint/load.h"
#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

constexpr int64_t kSamples = 35;  // with a global batch of 10: 3 steps an epoch, 5 samples dropped

CourseSettings settings() {
  CourseSettings settings;
  settings.training.global_batch = 10;
  settings.training.epochs = 4;
  settings.schedule = optim::ConstantConfig{};
  settings.base_lr = 0.1;
  return settings;
}

optim::PlateauConfig impatient_plateau() {
  optim::PlateauConfig plateau;
  plateau.patience = 1;
  plateau.factor = 0.5;
  return plateau;
}

StageConfig stage(int64_t epochs, int64_t patience = 0, bool plateau = true) {
  return {.trainable_from = "all", .epochs = epochs, .plateau = plateau, .early_stop_patience = patience};
}

struct Walk {
  std::vector<int64_t> saved, evaluated;  // steps, epochs
  std::vector<double> rates;
  std::vector<int64_t> stage_of_step;
};

// Trains to the end, or for `most` steps; `loss` is the validation loss of each epoch.
Walk walk(Course& course, const std::function<double(int64_t epoch)>& loss, int64_t most = 1000, double good_enough = -1) {
  Walk walk;
  for (int64_t step = 0; step < most && !course.finished(); ++step) {
    walk.rates.push_back(course.learning_rate());
    walk.stage_of_step.push_back(course.position().stage);
    course.step_done();
    EpochEnd end;
    if (course.epoch_complete()) {
      course.count_epoch();
      std::optional<double> validation;
      if (course.evaluation_due()) {
        validation = loss(course.position().epoch);
        walk.evaluated.push_back(course.position().epoch);
      }
      end = course.end_epoch(validation, validation && *validation <= good_enough);
    }
    if (course.save_due(end.best)) walk.saved.push_back(course.position().step);
  }
  return walk;
}

double falling(int64_t epoch) { return 1.0 / static_cast<double>(epoch); }
double flat(int64_t) { return 1; }

using Steps = std::vector<int64_t>;

}  // namespace

TEST_CASE("the length of a training counts full global batches, stages and the limit of steps") {
  TrainingConfig training = settings().training;
  CourseLength length = length_of(training, kSamples);
  CHECK((length.steps_per_epoch == 3 && length.dropped_per_epoch == 5 && length.epochs == 4 && length.steps == 12));
  training.max_steps = 7;
  length = length_of(training, kSamples);
  CHECK((length.steps == 7 && length.epochs == 3));
  training.max_steps = 0;
  training.stages = {stage(1), stage(2)};
  CHECK(length_of(training, kSamples).steps == 9);
  length = length_of(training, 9);
  CHECK((length.steps_per_epoch == 0 && length.dropped_per_epoch == 9 && length.steps == 0 && length.epochs == 0));
}

TEST_CASE("a training ends after its epochs, or in the middle of one at the limit of steps") {
  Course course(settings(), kSamples);
  walk(course, falling);
  CHECK(course.position() == Position{.step = 12, .epoch = 4, .batch = 0, .stage = 1, .stage_epoch = 0, .stage_step = 0});
  CourseSettings limited = settings();
  limited.training.max_steps = 7;
  Course shorter(limited, kSamples);
  walk(shorter, falling);
  CHECK(shorter.position() == Position{.step = 7, .epoch = 2, .batch = 1, .stage = 0, .stage_epoch = 2, .stage_step = 7});
}

TEST_CASE("evaluations and checkpoints fall due by epochs, by steps, and for the best loss") {
  CourseSettings some = settings();
  some.evaluate_every_epochs = 2;
  some.checkpoint.every_epochs = 0;
  some.checkpoint.best = false;
  Course none(some, kSamples);
  const Walk quiet = walk(none, falling);
  CHECK(quiet.evaluated == Steps{2, 4});
  CHECK(quiet.saved.empty());

  some.checkpoint.best = true;
  Course best(some, kSamples);
  CHECK(walk(best, [](int64_t epoch) { return epoch == 2 ? 1.0 : 2.0; }).saved == Steps{6});

  some.checkpoint.best = false;
  some.checkpoint.every_steps = 5;
  some.checkpoint.every_epochs = 3;
  Course both(some, kSamples);
  CHECK(walk(both, falling).saved == Steps{5, 9, 10});
}

TEST_CASE("every stage has its own schedule, and the limit of steps counts over all of them") {
  CourseSettings staged = settings();
  staged.training.stages = {stage(1), stage(2)};
  staged.training.max_steps = 7;
  optim::CosineConfig cosine;
  cosine.final_fraction = 0;
  staged.schedule = cosine;
  Course course(staged, kSamples);
  const Walk done = walk(course, falling);
  CHECK(done.stage_of_step == Steps{0, 0, 0, 1, 1, 1, 1});
  for (const size_t first : {size_t{0}, size_t{3}}) CHECK(done.rates[first] == 0.1);
  CHECK(done.rates[2] == Approx(0.1 * (1 + std::cos(std::acos(-1.0) * 2 / 3)) / 2));
  CHECK(done.rates[5] == Approx(0.05));  // half of the 4 steps that are left for the second stage
}

TEST_CASE("a plateau lowers the rate of its stage, where the stage allows it") {
  CourseSettings waits = settings();
  waits.schedule = impatient_plateau();
  waits.training.stages = {stage(3), stage(1), stage(2, 0, false)};
  Course course(waits, kSamples);
  const Walk done = walk(course, flat);
  CHECK(done.rates[5] == 0.1);  // the first loss is the best so far
  CHECK(done.rates[6] == 0.05);
  CHECK(done.rates[9] == 0.1);   // a new stage
  CHECK(done.rates[15] == 0.1);  // not in this stage
}

TEST_CASE("a stage ends early for want of a better loss, and everything ends where the quality is reached") {
  CourseSettings patient = settings();
  patient.training.stages = {stage(4, 2), stage(2)};
  Course course(patient, kSamples);
  CHECK(walk(course, flat).stage_of_step == Steps{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1});
  Course good(patient, kSamples);
  walk(good, falling, 1000, 0.5);
  CHECK(good.finished());
  CHECK(good.position() == Position{.step = 6, .epoch = 2, .batch = 0, .stage = 2, .stage_epoch = 0, .stage_step = 0});
}

TEST_CASE("a course that is stopped anywhere and loaded again goes on as if it had not been") {
  CourseSettings waits = settings();
  waits.schedule = impatient_plateau();
  waits.training.stages = {stage(3, 3), stage(4, 2, false), stage(2)};
  Course whole(waits, kSamples);
  const Walk expected = walk(whole, flat);
  for (int64_t stop = 0; stop <= std::ssize(expected.rates); ++stop) {
    Course first(waits, kSamples), second(waits, kSamples);
    walk(first, flat, stop);
    second.load(nlohmann::json::parse(first.state().dump()));
    CHECK(second.position() == first.position());
    const Walk rest = walk(second, flat);
    CHECK(std::equal(rest.rates.begin(), rest.rates.end(), expected.rates.begin() + stop, expected.rates.end()));
    CHECK(second.position() == whole.position());
  }
}

TEST_CASE("a state that this training cannot have reached is refused") {
  Course done(settings(), kSamples);
  walk(done, falling, 7);
  const nlohmann::json good = done.state();
  const auto refused = [&](const nlohmann::json& state, int64_t samples = kSamples) {
    Course course(settings(), samples);
    try {
      checkpoint::read_content("step-4", [&] { course.load(state); });
      return false;
    } catch (const Error& error) {
      return error.code() == ExitCode::cannot_resume;
    }
  };
  CHECK_FALSE(refused(good));
  CHECK(refused(good, 45));  // other data: 4 steps an epoch
  CHECK(refused(good, 5));   // no data
  for (const char* part : {"position", "early_stop", "best"}) {
    nlohmann::json state = good;
    state.erase(part);
    CHECK(refused(state));
    state[part] = "text";
    CHECK(refused(state));
  }
  for (const char* count : {"step", "epoch", "batch", "stage", "stage_epoch", "stage_step"}) {
    for (const nlohmann::json& value :
         {nlohmann::json(-1), nlohmann::json(1000), nlohmann::json(INT64_MAX), nlohmann::json("1"), nlohmann::json(nullptr)}) {
      INFO(count << " = " << value);
      nlohmann::json state = good;
      state["position"][count] = value;
      CHECK(refused(state));
    }
  }
}
