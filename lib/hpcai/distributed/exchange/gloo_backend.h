#pragma once

#include "hpcai/distributed/exchange/backend.h"

namespace hpcai::distributed {

// Connects the ranks over TCP. Once they are connected, the socket on which Gloo listens takes no further connections, so that
// strangers cannot use up this process's file descriptors through it. Throws what LibTorch throws if the ranks cannot connect,
// Error{usage} in a program that was built without Gloo.
BackendPointer make_gloo_backend(const BackendRequest& request);

}  // namespace hpcai::distributed
