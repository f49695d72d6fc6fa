#pragma once

#include <set>

namespace hpcai::distributed {

// Returns the descriptors of this process's listening sockets.
std::set<int> listening_sockets();

// Makes the kernel drop all further packets to a listening socket. Accepted connections stay. It is meant for a library's socket,
// which this program cannot close. It does nothing if the kernel does not allow it.
void refuse_further_connections(int listen_fd);

// Shuts down all connections of this process that a listening socket at `port` has accepted. Both ends then see the end of the
// connection. The descriptors stay open, because a library owns them.
void end_connections_at(int port);

}  // namespace hpcai::distributed
