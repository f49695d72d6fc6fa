#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/distributed/world/world.h"

namespace hpcai::distributed {

// How a rank goes on after it has lost others (`--restarts`). There are two ways:
//
//   - With `--nproc N` the parent starts a new process for each lost rank, and calls all ranks to another meeting.
//   - With srun, mpirun or variables of the environment nobody starts a rank again. The living ranks go on alone: they keep their
//     order and meet at the host of the first one.
//
// torchrun ends all ranks when one is lost, so its ranks have no reunion.
class Reunion {
 public:
  // `world`: of this process.
  explicit Reunion(const World& world) : world_(world) {}

  bool possible() const { return has_parent() || may_go_on_alone(); }
  // Whether the parent has called to a meeting already, because other ranks were lost before.
  bool is_called() const;
  // States that the ranks `lost` of the present world are lost. `addresses`: by rank, at which the ranks reach each other.
  // `step`: of the training. The parent, if there is one, kills those that still run.
  void report(const std::vector<int>& lost, const std::vector<std::string>& addresses, int64_t step);
  // Returns the world of the next meeting. Returns nothing if the parent starts no rank again, for example after a stop signal,
  // or if less than half of the ranks are left without a parent. In a world without the lost ranks this rank has a smaller
  // number. That world has the most ranks that `usable` accepts as a world size; the rank of a superfluous process is not below
  // the size.
  std::optional<World> next(const std::function<bool(int)>& usable);

 private:
  bool has_parent() const { return world_.parent_fd >= 0; }
  bool may_go_on_alone() const;

  World world_;
  std::vector<int> lost_;
  std::vector<std::string> addresses_;
};

}  // namespace hpcai::distributed
