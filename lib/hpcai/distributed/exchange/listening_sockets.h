#pragma once

#include <set>

namespace hpcai::distributed {

// The descriptors of this process's sockets that listen for connections.
std::set<int> listening_sockets();

// From now on the kernel drops what comes to a listening socket; connections that it has accepted already stay. It is for
// sockets inside a library, which cannot be closed. Where the kernel does not allow it, nothing happens.
void refuse_further_connections(int listen_fd);

}  // namespace hpcai::distributed
