#include "hpcai/distributed/backend_group.h"

#include <fmt/format.h>

#include <exception>

#include "hpcai/core/error.h"
#include "hpcai/distributed/status.h"

namespace hpcai::distributed {
namespace {

class BackendWork : public Work {
 public:
  BackendWork(BackendGroup& group, c10::intrusive_ptr<c10d::Work> work) : group_(group), work_(std::move(work)) {}
  void wait() override { group_.finish(*work_, "all-reduce"); }

 private:
  BackendGroup& group_;
  c10::intrusive_ptr<c10d::Work> work_;  // holds the tensors
};

// The first line: c10d adds stack traces and pointers into its sources.
std::string first_line(const std::exception& error) {
  const auto* detailed = dynamic_cast<const c10::Error*>(&error);
  std::string text = detailed ? detailed->what_without_backtrace() : error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace

BackendGroup::BackendGroup(Meeting meeting, const WatchLimits& limits, int rank, at::Device device)
    : Group(rank, static_cast<int>(meeting.peers.size()), device), meeting_(std::move(meeting)), timer_(device) {
  watchdog_ = std::make_unique<Watchdog>(meeting_.open(), rank, meeting_.peers[0], limits, shared_status());
}

void BackendGroup::use(BackendPointer backend, bool can_average) {
  backend_ = std::move(backend);
  can_average_ = can_average;
  // NCCL: kernels that wait for a lost rank end, and with them the main thread's wait for the GPU. Gloo has nothing to abort.
  watchdog_->on_verdict([abandoned = backend_] { abandoned->abort(); });
}

BackendGroup::~BackendGroup() {
  const bool failed = broken_ || std::uncaught_exceptions() > 0;
  if (failed) watchdog_->set_failed();
  watchdog_.reset();
  if (meeting_.server) meeting_.server->finish(failed);
  if (!backend_) return;
  // After a failure the backend would wait for exchanges that nobody answers; the process ends soon and takes it along.
  if (failed) {
    backend_.release();
  } else {
    backend_->shutdown();
  }
}

void BackendGroup::report_loss(const char* what, const std::exception& reason) {
  broken_ = true;
  if (const auto verdict = watchdog_->ask_why()) throw Error(verdict->code, verdict->text, verdict->remedy);
  throw Error(ExitCode::peers_unreachable, fmt::format("{} failed, although all ranks are there: {}", what, first_line(reason)),
              "Check the network between the hosts; distributed.interface chooses another one.");
}

template <class Start>
c10::intrusive_ptr<c10d::Work> BackendGroup::start(const char* what, Start start) {
  status().begin_exchange();
  try {
    return start();
  } catch (const std::exception& error) {
    report_loss(what, error);
  }
}

void BackendGroup::finish(c10d::Work& work, const char* what) {
  const InPhase phase(status(), Phase::exchange);
  timer_.start();
  try {
    work.wait();
  } catch (const std::exception& error) {
    report_loss(what, error);
  }
  timer_.stop();
  timer_.tidy();
}

std::unique_ptr<Work> BackendGroup::all_reduce_async(const at::Tensor& tensor, ReduceOp op) {
  c10d::AllreduceOptions options;
  if (op == ReduceOp::average) options.reduceOp = c10d::ReduceOp::AVG;
  std::vector<at::Tensor> tensors{tensor.detach()};
  return std::make_unique<BackendWork>(*this, start("all-reduce", [&] { return backend_->allreduce(tensors, options); }));
}

void BackendGroup::broadcast_bytes(const at::Tensor& bytes, int root) {
  c10d::BroadcastOptions options;
  options.rootRank = root;
  std::vector<at::Tensor> tensors{bytes};
  finish(*start("broadcast", [&] { return backend_->broadcast(tensors, options); }), "broadcast");
}

std::vector<at::Tensor> BackendGroup::all_gather_bytes(const at::Tensor& bytes) {
  std::vector<std::vector<at::Tensor>> results(1);
  for (int rank = 0; rank < size(); ++rank) results[0].push_back(at::empty_like(bytes));
  std::vector<at::Tensor> tensors{bytes};
  finish(*start("all-gather", [&] { return backend_->allgather(results, tensors, {}); }), "all-gather");
  return std::move(results[0]);
}

}  // namespace hpcai::distributed
