#include "hpcai/checkpoint/unsaved.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hpcai::checkpoint {
namespace {

constexpr double kFirstPause_s = 1, kLongestPause_s = 60;
constexpr double kLargestShare = 0.05;  // the largest part of the training time that failing attempts may take

using Seconds = std::chrono::duration<double>;

NamedTensors copied(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors)
    copies.emplace_back(name, tensor.detach().to(at::kCPU, tensor.scalar_type(), false, true));
  return copies;
}

}  // namespace

void Unsaved::supersede(bool newer_is_best) {
  std::erase_if(states_, [&](const State& state) { return newer_is_best || !state.best; });
}

void Unsaved::keep(const State& state) {
  states_.push_back({state.step, state.best, {copied(state.state.model), copied(state.state.optimizer), state.state.state}});
}

void Unsaved::saved_first() {
  states_.erase(states_.begin());
  recovered();
}

void Unsaved::recovered() {
  failures_ = 0;
  pause_s_ = 0;
}

void Unsaved::failed(Clock::time_point now, double attempt_s) {
  if (failures_++ == 0) since_ = now;
  pause_s_ = std::clamp(2 * pause_s_, kFirstPause_s, kLongestPause_s);
  pause_s_ = std::max(pause_s_, attempt_s / kLargestShare);
  next_try_ = now + std::chrono::duration_cast<Clock::duration>(Seconds(pause_s_));
}

bool Unsaved::overdue(Clock::time_point now) const { return !empty() && waiting_s(now) > longest_s_; }

double Unsaved::waiting_s(Clock::time_point now) const { return failures_ == 0 ? 0 : Seconds(now - since_).count(); }

}  // namespace hpcai::checkpoint
