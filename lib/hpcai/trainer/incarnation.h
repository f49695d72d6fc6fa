#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/initial_weights.h"
#include "hpcai/trainer/loop.h"

namespace hpcai::trainer {

struct Experiment;

// Everything that depends on a group of ranks: the group itself, the data, the model, the optimizer and the loop. After a loss of
// ranks it gives up the group and the loop, and makes new ones. The Session owns what no loss touches.
class Incarnation {
 public:
  // Connects to the other ranks and sets the threads of this rank. Throws what make_group throws. `experiment` must outlive the
  // object.
  Incarnation(const Experiment& experiment, const distributed::World& world);

  // After a loss of ranks: destroys the loop and the group. Then connects to the ranks of `world`; data, model and optimizer
  // stay. Throws what make_group throws; then there is no group.
  void leave_group();
  void join_group(const distributed::World& world);

  // Opens the data and builds the model and all other parts except the loop. May throw on some of the ranks only; call it within
  // on_all_ranks().
  void build();
  bool is_built() const { return training_.model != nullptr; }
  // Gives the model of rank 0 the weights that the config names, for a training that does not resume. It needs build(), and does
  // nothing when it has been done since. May throw on rank 0 only; call it within on_all_ranks().
  void set_initial_weights();
  const InitialWeights& initial_weights() const { return initial_weights_; }  // of rank 0
  // Makes the loop. All ranks call it at the same time, because it broadcasts the weights of rank 0. `rewindable`: see
  // LoopSettings.
  void begin(bool rewindable = false);

  distributed::Group& group() { return *group_; }
  const std::vector<std::string>& addresses() const { return addresses_; }  // by rank, of the present group; see Group::address()
  const std::vector<std::string>& hosts() const { return hosts_; }          // the host name of each rank
  const Training& training() const { return training_; }                    // needs build()
  Loop& loop() { return *loop_; }                                           // needs begin()

 private:
  const Experiment& experiment_;
  std::unique_ptr<distributed::Group> group_;
  std::vector<std::string> hosts_, addresses_;
  Training training_;
  bool has_initial_weights_ = false;
  InitialWeights initial_weights_;
  std::optional<Loop> loop_;
};

}  // namespace hpcai::trainer
