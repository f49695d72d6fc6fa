#pragma once

#include <string>
#include <vector>

namespace hpcai::distributed {

// --nproc: runs this executable `nproc` times on this host with the given arguments (without the program's name), as the
// ranks of one world, and waits for them. SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 are passed on, once each, and
// SIGHUP as SIGTERM; the ranks die with this process. Each computes with its share of the cores unless the user says otherwise.
//
// Returns 0 when all ranks ended well, 75 when all stopped cleanly or before they had begun, else the exit status of the rank
// that failed first (128 + n for signal n); the others get a few seconds to end by themselves and are then killed. When one
// rank alone has stopped, before it had begun, the others are asked to stop too.
//
// The program must call note_stop_signals() (core/stop_signal.h) as early as it can: its ranks are started with those signals
// blocked.
//
// `port` 0 takes a free port. Throws Error{usage} for nproc < 1, when this process is itself a rank of a larger world, or when
// the system refuses a further process; Error{peers_unreachable} if the port is held by another program.
int run_local_ranks(int nproc, const std::vector<std::string>& arguments, int port = 0);

}  // namespace hpcai::distributed
