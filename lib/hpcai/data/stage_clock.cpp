#include "hpcai/data/stage_clock.h"

#include <utility>

namespace hpcai::data {
namespace {

thread_local StageClock* clock_of_thread = nullptr;

}  // namespace

StageTimes& StageTimes::operator+=(const StageTimes& times) {
  for (size_t i = 0; i < kStages; ++i) {
    seconds[i] += times.seconds[i];
    bytes[i] += times.bytes[i];
  }
  return *this;
}

StageClock::StageClock() { clock_of_thread = this; }
StageClock::~StageClock() { clock_of_thread = nullptr; }

Stage StageClock::enter(Stage stage) {
  const auto now = std::chrono::steady_clock::now();
  times_.seconds[static_cast<size_t>(stage_)] += std::chrono::duration<double>(now - since_).count();
  since_ = now;
  return std::exchange(stage_, stage);
}

StageTimes StageClock::times() {
  enter(stage_);
  return times_;
}

ScopedStage::ScopedStage(Stage stage, int64_t bytes) : clock_(clock_of_thread) {
  if (clock_ == nullptr) return;
  before_ = clock_->enter(stage);
  clock_->times_.bytes[static_cast<size_t>(stage)] += bytes;
}

ScopedStage::~ScopedStage() {
  if (clock_ != nullptr) clock_->enter(before_);
}

}  // namespace hpcai::data
