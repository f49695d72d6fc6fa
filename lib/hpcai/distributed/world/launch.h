#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hpcai::distributed {

// When lost ranks are started again; see RestartGuard.
struct RestartRules {
  int most = 0;                              // restarts in all
  std::function<int64_t()> saved_step = {};  // step of the newest checkpoint, -1 if there is none; needed if `most` is above 0
};

// Implements --nproc: runs this executable `nproc` times on this host as the ranks of one world, and waits for them. `arguments`:
// those of the program without its name. The parent passes the stop signals (core/stop_signal.h) on, once each. The kernel kills
// the ranks when the parent dies. Each rank computes with its share of the cores unless the user sets the threads.
//
// Returns 0 if all ranks ended well, 75 if all ranks stopped cleanly or before they had begun, and else the exit status of the
// rank that failed first (128 + n for signal n). After a failure the other ranks have a few seconds to end by themselves; then
// the parent kills them. If one rank has stopped alone, before it had begun, the parent asks the other ranks to stop too.
//
// The program must call note_stop_signals() (core/stop_signal.h) as early as it can, because the parent starts the ranks with
// those signals blocked.
//
// With `restarts` it starts a lost rank again, unless the parent has passed a stop signal on: a rank that a signal has killed,
// that has ended with status 69 or 80, or that others report as hanging, which the parent kills. The other ranks keep their
// processes: the parent calls them and the new rank to another meeting (parent_link.h, Reunion). A new rank finds World::restarts
// above 0; if no rank is left it must go on from the newest checkpoint.
//
// `port` 0 selects a free port. Throws Error{usage} if nproc < 1, if this process is itself a rank of a larger world, or if the
// system refuses another process. Throws Error{peers_unreachable} if another program holds the port.
int run_local_ranks(int nproc, const std::vector<std::string>& arguments, int port = 0, const RestartRules& restarts = {});

}  // namespace hpcai::distributed
