#pragma once

#include <cstdint>

#include "hpcai/config/field.h"

namespace hpcai::checkpoint {

// The section `checkpoint` of an experiment.
struct CheckpointConfig {
  int64_t every_steps = 0;
  int64_t every_epochs = 1;
  int64_t keep = 3;
  bool best = true;
  double max_unsaved_s = 1800;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("every_steps", every_steps,
                  {.help = "Save after every so many steps; 0 for never.", .unit = "steps", .min = 0, .local = true});
    visitor.field("every_epochs", every_epochs,
                  {.help = "Save after every so many epochs; 0 for never.", .unit = "epochs", .min = 0, .local = true});
    visitor.field("keep", keep, {.help = "How many of the newest checkpoints stay on disk.", .min = 1, .local = true});
    visitor.field("best", best, {.help = "Keep the checkpoint with the best validation result as well.", .local = true});
    visitor.field("max_unsaved_s", max_unsaved_s,
                  {.help = "How long training goes on while no checkpoint can be written (a full disk, a network in trouble), "
                           "trying again and again, and the longest time of one write; 0 ends it at the first failure.",
                   .unit = "s",
                   .min = 0,
                   .local = true});
  }
};

}  // namespace hpcai::checkpoint
