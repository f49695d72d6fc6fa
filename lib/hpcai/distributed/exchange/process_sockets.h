#pragma once

#include <map>

// The TCP sockets of this process, to control those of a library that keeps its descriptors to itself.
namespace hpcai::distributed {

struct TcpSocket {
  bool listens = false;
  int port = 0;       // on this host
  int peer_port = 0;  // of the other end of a connection; 0 for a listening socket
  bool operator==(const TcpSocket&) const = default;
};

// By descriptor.
using TcpSockets = std::map<int, TcpSocket>;

TcpSockets process_sockets();

// Returns the sockets of `now` that were opened after `before`, without connections to ports that the sockets of `before` use:
// this process may open and accept such ones at any time.
TcpSockets opened_since(const TcpSockets& before, const TcpSockets& now);

// Makes the kernel drop all further packets to the listening ones of `sockets`. Accepted connections stay. It does nothing if the
// kernel does not allow it.
void refuse_further_connections(const TcpSockets& sockets);

// Shuts down those connections of `sockets` that are still open. Both ends then see the end of the connection. The descriptors
// stay open, because the library owns them.
void end_connections(const TcpSockets& sockets);

}  // namespace hpcai::distributed
