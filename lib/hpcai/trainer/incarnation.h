#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/loop.h"

namespace hpcai::trainer {

struct Experiment;

// Everything that lives as long as one group of ranks does: the group, data, model, optimizer and the loop. When ranks are lost a
// process may drop it and make a new one with those that are left; what outlives that belongs to the Session.
class Incarnation {
 public:
  // Meets the other ranks. Throws what make_group throws. `experiment` outlives this.
  Incarnation(const Experiment& experiment, const distributed::World& world);

  // Opens the data and makes the model and all else but the loop. For on_all_ranks(): may fail on some ranks alone.
  void build();
  // Makes the loop; the same on all ranks.
  void begin();

  distributed::Group& group() { return *group_; }
  const std::vector<std::string>& hosts() const { return hosts_; }  // by rank
  const Training& training() const { return training_; }            // after build()
  Loop& loop() { return *loop_; }                                   // after begin()

 private:
  const Experiment& experiment_;
  std::unique_ptr<distributed::Group> group_;
  std::vector<std::string> hosts_;
  Training training_;
  std::optional<Loop> loop_;
};

}  // namespace hpcai::trainer
