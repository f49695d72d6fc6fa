#include "hpcai/distributed/exchange/backend_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/short_messages.h"
#include "hpcai/distributed/watch/status.h"

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
std::string reason_of(const std::exception& error) {
  const auto* detailed = dynamic_cast<const c10::Error*>(&error);
  std::string text = detailed ? detailed->what_without_backtrace() : error.what();
  return std::string(first_line(text));
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
  watchdog_->on_verdict([this, abandoned = backend_] {
    try {
      abandoned->abort();
    } catch (const std::exception&) {  // the process ends soon, which gives them up
    }
    if (SharedMemory* const memory = abandonable_) memory->abandon();
  });
}

void BackendGroup::share_memory(bool own_core) {
  const size_t box_bytes = most_short_bytes(size());
  auto memory = rank() == 0 ? SharedMemory::make(size(), box_bytes) : nullptr;
  const std::string invitation = broadcast(memory ? memory->invitation() : std::string());
  if (rank() > 0) memory = SharedMemory::join(invitation, rank(), size(), box_bytes);
  const auto present = all_gather(std::string(memory ? "y" : "n"));
  if (memory) memory->close_invitation();
  if (std::count(present.begin(), present.end(), "y") < size()) return;  // short messages go through sockets, too
  own_core_ = own_core;
  memory_ = std::move(memory);
  abandonable_ = memory_.get();
}

BackendGroup::~BackendGroup() {
  const bool failed = broken_ || std::uncaught_exceptions() > 0;
  if (failed) watchdog_->set_failed();
  // NCCL waits here for the other ranks, so they must still be watched; Gloo's connections end when all have said farewell.
  const bool nccl = !device().is_cpu();
  if (nccl && !failed) shut_down();
  watchdog_.reset();
  if (meeting_.server) meeting_.server->finish(failed);
  if (!nccl && !failed) shut_down();
  // After a failure the backend would wait for exchanges that nobody answers; the process ends soon and takes it along.
  if (failed) backend_.release();
}

void BackendGroup::shut_down() {
  if (!backend_) return;
  const InPhase phase(status(), Phase::exchange);
  try {
    wait_for_device();
    backend_->shutdown();
  } catch (const std::exception&) {  // the work is done
  }
}

void BackendGroup::report_loss(const char* what, const std::exception& reason) {
  broken_ = true;
  if (const auto verdict = watchdog_->ask_why()) throw Error(verdict->code, verdict->text, verdict->remedy);
  throw Error(ExitCode::peers_unreachable, fmt::format("{} failed, although all ranks are there: {}", what, reason_of(reason)),
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

template <class Rest>
void BackendGroup::finish_timed(const char* what, Rest rest) {
  const InPhase phase(status(), Phase::exchange);
  timer_.start();
  try {
    rest();
  } catch (const std::exception& error) {
    report_loss(what, error);
  }
  timer_.stop();
  timer_.tidy();
}

void BackendGroup::finish(c10d::Work& work, const char* what) {
  finish_timed(what, [&] { work.wait(); });
}

std::unique_ptr<Work> BackendGroup::all_reduce_async(const at::Tensor& tensor, ReduceOp op) {
  c10d::AllreduceOptions options;
  if (op == ReduceOp::average) options.reduceOp = c10d::ReduceOp::AVG;
  std::vector<at::Tensor> tensors{tensor.detach()};
  return std::make_unique<BackendWork>(*this, start("all-reduce", [&] { return backend_->allreduce(tensors, options); }));
}

// Of all ranks, in their order; without a copy where memory is shared.
std::vector<at::Tensor> BackendGroup::gather_short(const at::Tensor& values) {
  std::vector<at::Tensor> all;
  if (!memory_) {
    for (const at::Tensor& bytes : all_gather_bytes(values.view(at::kByte))) all.push_back(bytes.view(values.scalar_type()));
    return all;
  }
  status().begin_exchange();
  std::vector<const std::byte*> messages;
  finish_timed("all-reduce", [&] { messages = memory_->gather(values.const_data_ptr(), values.nbytes(), own_core_); });
  for (const std::byte* message : messages)
    all.push_back(at::from_blob(const_cast<std::byte*>(message), values.sizes(), values.options()));
  return all;
}

void BackendGroup::all_reduce_sum(const at::Tensor& tensor) {
  if (!tensor.is_cpu() || tensor.numel() == 0 || tensor.nbytes() > most_short_bytes(size())) return Group::all_reduce_sum(tensor);
  const at::Tensor values = values_in_memory_order(tensor);
  const auto parts = gather_short(values);
  values.copy_(parts[0]);
  for (int rank = 1; rank < size(); ++rank) values.add_(parts[static_cast<size_t>(rank)]);
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
