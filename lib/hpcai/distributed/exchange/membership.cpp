#include "hpcai/distributed/exchange/membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/watch/ranks_lost.h"

namespace hpcai::distributed {
namespace {

// The first line of the message. c10d adds stack traces and pointers into its sources.
std::string reason_of(const std::exception& error) {
  const auto* detailed = dynamic_cast<const c10::Error*>(&error);
  const std::string text = detailed ? detailed->what_without_backtrace() : error.what();
  return printable(first_line(text));
}

// NCCL's shutdown waits for the other ranks. Gloo's does not.
bool waits_in_shutdown(const BackendPointer& backend) { return backend->getBackendName() == "nccl"; }

}  // namespace

struct Membership::Carriers {
  std::mutex mutex;
  std::vector<BackendPointer> backends;
  std::vector<std::shared_ptr<SharedMemory>> memories;
  std::vector<std::shared_ptr<Links>> links;

  // The watchdog thread calls this. It ends NCCL's kernels that wait for a lost rank, and with them the main thread's wait for
  // the GPU. It ends Gloo's connections, because this rank may wait for one that has given the exchange up.
  void give_up() {
    std::unique_lock lock(mutex);
    for (const auto& memory : memories) memory->abandon();
    for (const auto& links_of_group : links) links_of_group->abandon();
    const auto abandoned = backends;
    lock.unlock();
    for (const BackendPointer& backend : abandoned) {
      try {
        backend->abort();
      } catch (const std::exception&) {  // nothing else can end it
      }
    }
  }
};

Membership::Membership(Meeting meeting, const WatchLimits& limits, int rank)
    : meeting_(std::move(meeting)), carriers_(std::make_shared<Carriers>()) {
  watchdog_ = std::make_unique<Watchdog>(meeting_.open(), rank, meeting_.peers[0], limits, status_);
  watchdog_->on_end([carriers = carriers_] { carriers->give_up(); });
}

// A connection that closes while another rank still uses it looks like a loss. Gloo's connections therefore close after the
// farewell of all ranks. NCCL's connections close before it, while the ranks are still watched, because NCCL's shutdown waits for
// the other ranks.
Membership::~Membership() {
  const bool failed = broken_ || std::uncaught_exceptions() > 0;
  const bool nccl = std::ranges::any_of(carriers_->backends, waits_in_shutdown);
  if (failed) watchdog_->set_failed();
  if (nccl && !failed) shut_down();
  watchdog_.reset();
  if (meeting_.server) meeting_.server->finish(failed);
  if (!nccl && !failed) shut_down();
  if (!failed) return;
  // The destructor of a backend would wait for exchanges that no rank answers. So the backend leaks; that happens once for each
  // loss of ranks.
  std::lock_guard lock(carriers_->mutex);
  for (BackendPointer& backend : carriers_->backends) backend.release();
  carriers_->backends.clear();
}

void Membership::keep(BackendPointer backend) {
  std::lock_guard lock(carriers_->mutex);
  carriers_->backends.push_back(std::move(backend));
}

void Membership::keep(std::shared_ptr<SharedMemory> memory) {
  std::lock_guard lock(carriers_->mutex);
  carriers_->memories.push_back(std::move(memory));
}

void Membership::keep(std::shared_ptr<Links> links) {
  std::lock_guard lock(carriers_->mutex);
  carriers_->links.push_back(std::move(links));
}

void Membership::shut_down() {
  const InPhase phase(*status_, Phase::exchange);
  for (const BackendPointer& backend : carriers_->backends) {
    try {
      backend->shutdown();
    } catch (const std::exception&) {  // an error no longer matters: the work is complete
    }
  }
}

void Membership::report_loss(const char* what, const std::exception& failure) {
  broken_ = true;
  if (dynamic_cast<const Error*>(&failure)) throw;  // no loss: the ranks disagree
  if (const auto reason = watchdog_->wait_for_reason())
    throw RanksLost(reason->code, reason->text, reason->remedy, reason->ranks);
  throw Error(ExitCode::peers_unreachable, fmt::format("{} failed, although all ranks are there: {}", what, reason_of(failure)),
              "Check the network between the hosts; distributed.interface chooses another one.");
}

}  // namespace hpcai::distributed
