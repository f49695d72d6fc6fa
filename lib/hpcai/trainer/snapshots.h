#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/state.h"
#include "hpcai/core/named_tensors.h"

namespace hpcai::trainer {

// Two copies of the state of a training in the memory of its device, to go back to; see OnDivergence::roll_back.
//
// The newer copy is renewed every k steps and may hold the cause of a divergence already, for example weights that have grown
// for some steps before the loss overflowed. So the training goes back to the older one, which is k to 2k - 1 steps old, or to
// the first copy or the one that returned last if there is no other yet. Which step that is depends only on the numbers of steps,
// so it is the same on all ranks.
class Snapshots {
 public:
  static constexpr int kCopies = 2;

  // `live`: the tensors of the state, which the object keeps. `every_steps`: k.
  Snapshots(NamedTensors live, int64_t every_steps);

  // Copies the state if it is time. Call it after `step` steps, before the next one. It reads nothing from a GPU.
  void keep(int64_t step);
  // Copies the older copy into the state and into the newer copy, which belongs to a past that is given up. Returns the number of
  // steps after which the state was so. Needs keep() before.
  int64_t restore();

  // The tensors of both copies, with the prefixes "older." and "newer.".
  NamedTensors tensors() const;
  // Adds the copies to state.optimizer, and their steps to state.state as "snapshots".
  void save(checkpoint::TrainingState& state) const;
  // Restores save(). Without "snapshots" in `state` the next keep() copies the state. Returns the name of the first tensor that
  // is missing or has another shape or type; std::nullopt if all fit. Throws std::out_of_range for steps that are none.
  std::optional<std::string> load(const checkpoint::TrainingState& state);
  // Whether a tensor of a checkpoint's state.optimizer is one of save().
  static bool owns(const std::string& name);

 private:
  struct Copy {
    std::vector<at::Tensor> tensors;
    int64_t step = kNone;
  };
  static constexpr int64_t kNone = -1;

  NamedTensors named(const Copy& copy, const std::string& prefix) const;

  std::vector<std::string> names_;
  std::vector<at::Tensor> live_;
  int64_t every_steps_;
  Copy older_, newer_;
};

}  // namespace hpcai::trainer
