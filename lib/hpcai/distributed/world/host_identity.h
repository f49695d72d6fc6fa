#pragma once

#include <string>

namespace hpcai::distributed {

// Returns a text that identifies the host of this process. Processes with equal texts share memory, cores and the loopback. The
// text holds the kernel's boot id, the host's name and the network namespace. Two containers on one machine are therefore two
// hosts unless they share the name and the network. Unreadable parts are omitted.
std::string host_identity();

}  // namespace hpcai::distributed
