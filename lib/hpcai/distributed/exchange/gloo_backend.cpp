#include "hpcai/distributed/exchange/gloo_backend.h"

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/listening_sockets.h"
#include "hpcai/distributed/world/network.h"

// Only this file includes Gloo's headers. The headers come from the system and the code from LibTorch, so this file touches no
// inside of a Gloo class. tests/distributed proves that it works.
#if __has_include(<gloo/algorithm.h>)

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace hpcai::distributed {

namespace {

// Adds to Gloo an abort(), which c10d leaves without effect: it ends the connections that this rank has accepted. Each connection
// is accepted by one of its two ranks.
class AbortableGloo : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  void accepts_at(int port) { port_ = port; }
  void abort() override {
    if (port_ > 0) end_connections_at(port_);
  }

 private:
  int port_ = 0;
};

}  // namespace

BackendPointer make_gloo_backend(const BackendRequest& request) {
  using c10d::ProcessGroupGloo;
  const auto listening_before = listening_sockets();
  auto options = ProcessGroupGloo::Options::create(request.connect_timeout);
  options->devices.push_back(request.interface.empty() ? ProcessGroupGloo::createDeviceForHostname(request.address)
                                                       : ProcessGroupGloo::createDeviceForInterface(request.interface));
  auto backend = c10::make_intrusive<AbortableGloo>(request.store, request.rank, request.size, options);
  backend->setTimeout(request.timeout);
  // Each rank is connected to all others now, so Gloo's listening socket has no further use.
  for (const int fd : listening_sockets()) {
    if (listening_before.contains(fd)) continue;
    backend->accepts_at(port_of(fd));
    refuse_further_connections(fd);
  }
  return backend;
}

}  // namespace hpcai::distributed

#else

namespace hpcai::distributed {

BackendPointer make_gloo_backend(const BackendRequest&) {
  throw Error(ExitCode::usage, "this program was built without Gloo, so CPU ranks cannot talk to each other",
              "Install libgloo-dev and build again, or run one rank.");
}

}  // namespace hpcai::distributed

#endif
