#include "hpcai/trainer/snapshots.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "hpcai/checkpoint/copy_tensors.h"
#include "hpcai/core/json.h"
#include "hpcai/trainer/weights.h"

namespace hpcai::trainer {
namespace {

constexpr const char* kOlderPrefix = "older.";
constexpr const char* kNewerPrefix = "newer.";

}  // namespace

Snapshots::Snapshots(NamedTensors live, int64_t every_steps) : every_steps_(every_steps) {
  for (auto& [name, tensor] : live) {
    names_.push_back(name);
    live_.push_back(tensor.detach());
    older_.tensors.push_back(live_.back().clone());
    newer_.tensors.push_back(live_.back().clone());
  }
}

void Snapshots::keep(int64_t step) {
  const bool first = newer_.step == kNone;
  if (!first && (step % every_steps_ != 0 || step == newer_.step)) return;
  std::swap(older_, newer_);
  copy_each(newer_.tensors, live_);
  newer_.step = step;
  if (!first) return;
  copy_each(older_.tensors, live_);
  older_.step = step;
}

int64_t Snapshots::restore() {
  copy_each(live_, older_.tensors);
  copy_each(newer_.tensors, older_.tensors);
  newer_.step = older_.step;
  return older_.step;
}

NamedTensors Snapshots::named(const Copy& copy, const std::string& prefix) const {
  NamedTensors named;
  for (size_t i = 0; i < names_.size(); ++i) named.emplace_back(prefix + names_[i], copy.tensors[i]);
  return named;
}

NamedTensors Snapshots::tensors() const {
  NamedTensors both = named(older_, kOlderPrefix);
  for (auto& item : named(newer_, kNewerPrefix)) both.push_back(std::move(item));
  return both;
}

bool Snapshots::owns(const std::string& name) { return name.starts_with(kOlderPrefix) || name.starts_with(kNewerPrefix); }

void Snapshots::save(checkpoint::TrainingState& state) const {
  if (newer_.step == kNone) return;
  for (auto& item : tensors()) state.optimizer.push_back(std::move(item));
  state.state["snapshots"] = {{"older", older_.step}, {"newer", newer_.step}};
}

std::optional<std::string> Snapshots::load(const checkpoint::TrainingState& state) {
  older_.step = newer_.step = kNone;
  if (!state.state.contains("snapshots")) return std::nullopt;
  if (const auto misfit = checkpoint::copy_tensors(state.optimizer, tensors())) return misfit;
  older_.step = count_at(state.state["snapshots"], "older");
  newer_.step = count_at(state.state["snapshots"], "newer");
  return std::nullopt;
}

}  // namespace hpcai::trainer
