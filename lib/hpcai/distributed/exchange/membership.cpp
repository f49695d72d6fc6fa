#include "hpcai/distributed/exchange/membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::distributed {
namespace {

// The first line: c10d adds stack traces and pointers into its sources.
std::string reason_of(const std::exception& error) {
  const auto* detailed = dynamic_cast<const c10::Error*>(&error);
  const std::string text = detailed ? detailed->what_without_backtrace() : error.what();
  return printable(first_line(text));
}

// NCCL waits in its shutdown for the other ranks; Gloo does not.
bool waits_in_shutdown(const BackendPointer& backend) { return backend->getBackendName() == "nccl"; }

}  // namespace

struct Membership::Carriers {
  std::mutex mutex;
  std::vector<BackendPointer> backends;
  std::vector<std::shared_ptr<SharedMemory>> memories;

  // Called by the watchdog. NCCL's kernels that wait for a lost rank end, and with them the main thread's wait for the GPU. Gloo
  // has nothing to abort: its connections to a lost rank fail by themselves.
  void give_up() {
    std::unique_lock lock(mutex);
    for (const auto& memory : memories) memory->abandon();
    const auto abandoned = backends;
    lock.unlock();
    for (const BackendPointer& backend : abandoned) {
      try {
        backend->abort();
      } catch (const std::exception&) {  // the process ends soon, which gives them up
      }
    }
  }
};

Membership::Membership(Meeting meeting, const WatchLimits& limits, int rank)
    : meeting_(std::move(meeting)), carriers_(std::make_shared<Carriers>()) {
  watchdog_ = std::make_unique<Watchdog>(meeting_.open(), rank, meeting_.peers[0], limits, status_);
  watchdog_->on_end([carriers = carriers_] { carriers->give_up(); });
}

// The order of the end: connections that close while another rank still needs them look like a loss. So Gloo's close only when
// all ranks have said farewell. NCCL's must close while the ranks still watch over each other, because NCCL waits in that.
Membership::~Membership() {
  const bool failed = broken_ || std::uncaught_exceptions() > 0;
  const bool nccl = std::ranges::any_of(carriers_->backends, waits_in_shutdown);
  if (failed) watchdog_->set_failed();
  if (nccl && !failed) shut_down();
  watchdog_.reset();
  if (meeting_.server) meeting_.server->finish(failed);
  if (!nccl && !failed) shut_down();
  // After a failure a backend would wait for exchanges that no rank answers; the process ends soon and takes it along.
  for (BackendPointer& backend : carriers_->backends) {
    if (failed) backend.release();
  }
}

void Membership::keep(BackendPointer backend) {
  std::lock_guard lock(carriers_->mutex);
  carriers_->backends.push_back(std::move(backend));
}

void Membership::keep(std::shared_ptr<SharedMemory> memory) {
  std::lock_guard lock(carriers_->mutex);
  carriers_->memories.push_back(std::move(memory));
}

void Membership::shut_down() {
  const InPhase phase(*status_, Phase::exchange);
  for (const BackendPointer& backend : carriers_->backends) {
    try {
      backend->shutdown();
    } catch (const std::exception&) {  // the work is done
    }
  }
}

void Membership::report_loss(const char* what, const std::exception& failure) {
  broken_ = true;
  if (const auto reason = watchdog_->wait_for_reason()) throw Error(reason->code, reason->text, reason->remedy);
  throw Error(ExitCode::peers_unreachable, fmt::format("{} failed, although all ranks are there: {}", what, reason_of(failure)),
              "Check the network between the hosts; distributed.interface chooses another one.");
}

}  // namespace hpcai::distributed
