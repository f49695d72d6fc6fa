#pragma once

#include <string>

namespace hpcai::distributed {

// Tells the host of this process apart from all others: processes with equal texts share memory, cores and the loopback.
// It holds the kernel's boot id, the host's name and the network namespace, so two containers on one machine are two hosts
// unless they share the name and the network. What cannot be read is left out.
std::string host_identity();

}  // namespace hpcai::distributed
