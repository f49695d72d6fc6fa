#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

// Measures in which parts of its work a thread spends its time while it reads samples.
namespace hpcai::data {

enum class Stage { read, decode, resize, augment, normalise, other };
inline constexpr size_t kStages = 6;
inline constexpr std::array<std::string_view, kStages> kStageNames = {"read",    "decode",    "resize",
                                                                      "augment", "normalise", "other"};

struct StageTimes {
  std::array<double, kStages> seconds{};
  std::array<int64_t, kStages> bytes{};  // that the stage made

  StageTimes& operator+=(const StageTimes& times);
};

// While it lives, the stages of this thread are measured. Time outside of all stages is `other`.
class StageClock {
 public:
  StageClock();
  ~StageClock();
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

  // The times so far.
  StageTimes times();

 private:
  friend class ScopedStage;
  Stage enter(Stage stage);  // returns the stage before

  StageTimes times_;
  Stage stage_ = Stage::other;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

// The thread is in this stage. A stage within a stage takes its time from the outer one. Costs nothing without a StageClock.
class ScopedStage {
 public:
  explicit ScopedStage(Stage stage, int64_t bytes);
  ~ScopedStage();
  ScopedStage(const ScopedStage&) = delete;
  ScopedStage& operator=(const ScopedStage&) = delete;

 private:
  StageClock* const clock_;
  Stage before_ = Stage::other;
};

}  // namespace hpcai::data
