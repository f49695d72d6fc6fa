#pragma once

#include "hpcai/distributed/exchange/backend.h"

namespace hpcai::distributed {

// Connects the ranks over TCP. Gloo's listening socket then refuses further connections, so strangers cannot exhaust this
// process's file descriptors through it. Throws the exceptions of LibTorch if the ranks cannot connect, Error{usage} in a program
// that was built without Gloo.
BackendPointer make_gloo_backend(const BackendRequest& request);

}  // namespace hpcai::distributed
