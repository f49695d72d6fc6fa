#include "hpcai/distributed/exchange/gloo_backend.h"

#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/process_sockets.h"

// Only this file includes Gloo's headers. The headers come from the system and the code from LibTorch, so this file touches no
// inside of a Gloo class. tests/distributed proves that it works.
#if __has_include(<gloo/algorithm.h>)

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace hpcai::distributed {
namespace {

// Adds to Gloo an abort(), which c10d leaves without effect: it ends Gloo's connections.
class AbortableGloo : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  void owns(TcpSockets sockets) { sockets_ = std::move(sockets); }
  void abort() override { end_connections(sockets_); }

 private:
  TcpSockets sockets_;
};

}  // namespace

BackendPointer make_gloo_backend(const BackendRequest& request) {
  using c10d::ProcessGroupGloo;
  const TcpSockets before = process_sockets();
  auto options = ProcessGroupGloo::Options::create(request.connect_timeout);
  options->devices.push_back(request.interface.empty() ? ProcessGroupGloo::createDeviceForHostname(request.address)
                                                       : ProcessGroupGloo::createDeviceForInterface(request.interface));
  auto backend = c10::make_intrusive<AbortableGloo>(request.store, request.rank, request.size, options);
  backend->setTimeout(request.timeout);
  const TcpSockets opened = opened_since(before, process_sockets());
  refuse_further_connections(opened);  // each rank is connected to all others now
  backend->owns(opened);
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
