#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// How a rank goes on after it has lost others. With `--nproc N --restarts R` the parent starts a new process for each lost rank,
// and calls all ranks to another meeting.
class Reunion {
 public:
  // `world`: of this process.
  explicit Reunion(const World& world) : world_(world) {}

  // Whether the parent starts ranks again.
  bool possible() const { return world_.parent_fd >= 0; }
  // Tells the parent which ranks are `lost`, and at which step of the training. The parent kills those that still run.
  void report(const std::vector<int>& lost, int64_t step) const;
  // Waits until the parent calls to another meeting. Returns the world of that meeting, in which this rank has the same number.
  // Returns nothing if the parent starts no rank again, for example after a stop signal.
  std::optional<World> wait();

 private:
  World world_;
};

}  // namespace hpcai::distributed
