#include "hpcai/distributed/exchange/backend_group.h"

#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/distributed/exchange/short_messages.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/distributed/exchange/sum_parts.h"
#include "hpcai/distributed/meeting/acceptor.h"
#include "hpcai/distributed/meeting/mutual_greeting.h"
#include "hpcai/distributed/meeting/place.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

// Time for the ranks to link, after they have connected by the backend: without links a run is slower and works all the same.
constexpr std::chrono::milliseconds kLinkLimit{20'000};

class BackendWork : public Work {
 public:
  // `dividend`: a tensor that is divided by the number of ranks at the end; may be undefined.
  BackendWork(BackendGroup& group, c10::intrusive_ptr<c10d::Work> work, at::Tensor dividend)
      : group_(group), work_(std::move(work)), dividend_(std::move(dividend)) {}
  void wait() override {
    group_.finish(*work_, "all-reduce");
    if (dividend_.defined()) dividend_.div_(group_.size());
  }

 private:
  BackendGroup& group_;
  c10::intrusive_ptr<c10d::Work> work_;  // keeps the tensors alive
  at::Tensor dividend_;
};

// An exchange that the group finishes by its number.
class NumberedWork : public Work {
 public:
  using Finish = void (BackendGroup::*)(int64_t);
  NumberedWork(BackendGroup& group, Finish finish, int64_t number) : group_(group), finish_(finish), number_(number) {}
  void wait() override { (group_.*finish_)(number_); }

 private:
  BackendGroup& group_;
  Finish finish_;
  int64_t number_;
};

std::vector<Peer> peers_of(const std::vector<Peer>& peers, const std::vector<int>& members) {
  std::vector<Peer> chosen;
  for (const int member : members) chosen.push_back(peers[static_cast<size_t>(member)]);
  return chosen;
}

// The placement of member `rank` of a part of the run. Ranks outside the part share its cores too.
Placement placement_among(const std::vector<Peer>& peers, const std::vector<int>& members, int rank) {
  Placement placement = place_ranks(peers_of(peers, members))[static_cast<size_t>(rank)];
  placement.core_sharers = place_ranks(peers)[static_cast<size_t>(members[static_cast<size_t>(rank)])].core_sharers;
  return placement;
}

}  // namespace

BackendGroup::BackendGroup(std::shared_ptr<Membership> membership, const BackendSettings& settings,
                           const std::vector<int>& members, std::string name, int rank, const Placement& placement)
    : Group(rank, static_cast<int>(members.size()), settings.device, placement, membership->status()),
      membership_(std::move(membership)),
      settings_(settings),
      members_(members),
      name_(std::move(name)),
      layout_(lay_out_hosts(peers_of(membership_->meeting().peers, members_), rank)),
      timer_(settings.device) {}

std::unique_ptr<BackendGroup> BackendGroup::connect(std::shared_ptr<Membership> membership, const BackendSettings& settings,
                                                    const std::vector<int>& members, const std::string& name) {
  const auto rank = static_cast<int>(std::ranges::find(members, settings.request.rank) - members.begin());
  const Placement placement = placement_among(membership->meeting().peers, members, rank);
  const InPhase connecting(*membership->status(), Phase::connect);
  BackendRequest request = settings.request;
  request.store = c10::make_intrusive<c10d::PrefixStore>(name, membership->meeting().store);
  request.rank = rank;
  request.size = static_cast<int>(members.size());
  std::unique_ptr<BackendGroup> group(new BackendGroup(membership, settings, members, name, rank, placement));
  group->backend_ = settings.make(request);
  membership->keep(group->backend_);
  group->barrier();  // all ranks are connected after it
  if (group->device().is_cpu() && group->layout_.most > 1) group->share_memory();
  if (group->device().is_cpu() && group->layout_.hosts > 1) group->link_ranks();
  return group;
}

// The membership keeps the backend.
BackendGroup::~BackendGroup() {
  if (backend_ && std::uncaught_exceptions() == 0) {
    try {
      wait_for_device();
    } catch (const std::exception&) {  // an error no longer matters: the work of the group is complete
    }
  }
}

// Shares something among the ranks of each host: the leader of a host calls make(), and the others join(invitation). Both return
// null if the host does not allow it. Returns null on all ranks if one has got null, so all ranks of the group decide alike, and
// use the same path in every later exchange.
template <class Shared, class Make, class Join>
std::unique_ptr<Shared> BackendGroup::share(Make make, Join join) {
  const bool leads = rank() == layout_.leader;
  std::unique_ptr<Shared> shared = leads ? make() : nullptr;
  const auto invitations = all_gather(shared ? shared->invitation() : std::string());
  if (!leads) shared = join(invitations[static_cast<size_t>(layout_.leader)]);
  const auto joined = all_gather(std::string(shared ? "y" : "n"));
  if (std::ranges::count(joined, "y") < size()) return nullptr;
  shared->close_invitation();
  return shared;
}

void BackendGroup::tell_that_memory_is_not_shared() {
  if (rank() == 0 && members_.size() == membership_->meeting().peers.size() && !std::exchange(told_, true)) {
    log::info("The ranks of a host cannot share memory, so they exchange gradients through its network.");
  }
}

void BackendGroup::share_memory() {
  const size_t box_bytes = layout_.hosts == 1 ? most_short_bytes(size()) : 0;
  std::shared_ptr<SharedMemory> memory = share<SharedMemory>(
      [&] { return SharedMemory::make(layout_.ranks, box_bytes); },
      [&](const std::string& invitation) { return SharedMemory::join(invitation, layout_.rank, layout_.ranks, box_bytes); });
  if (!memory) {
    tell_that_memory_is_not_shared();
    return;
  }
  membership_->keep(memory);
  // Between hosts a thread waits beside those that compute: it leaves the core to them between polls.
  const bool own_core = layout_.hosts == 1 && cores_of_rank(placement()) >= 1;
  host_ = std::make_unique<HostExchange>(
      HostExchange::Place{
          .rank = layout_.rank, .ranks = layout_.ranks, .slices = layout_.fewest, .all_ranks = size(), .own_core = own_core},
      memory, connect_hosts());
  if (layout_.hosts == 1) memory_ = std::move(memory);
}

// Connects the ranks for short sums. All ranks decide alike whether they use these connections.
void BackendGroup::link_ranks() {
  const auto links = std::make_shared<Links>(rank());
  membership_->keep(links);
  const auto connected = all_gather(std::string(connect_links(*links) ? "y" : "n"));
  if (std::ranges::count(connected, "y") == size()) {
    links_ = links;
    return;
  }
  links->close();
  if (rank() == 0 && members_.size() == membership_->meeting().peers.size()) {
    log::info("The ranks cannot open further connections, so short exchanges take longer.");
  }
}

bool BackendGroup::connect_links(Links& links) {
  std::optional<Acceptor> acceptor;
  try {
    acceptor.emplace(listen_on(address(), 0));
  } catch (const Error&) {  // the others learn it
  }
  const auto texts = all_gather(acceptor ? to_text({address(), acceptor->port()}) : std::string());
  if (std::ranges::count(texts, "") > 0) return false;
  std::vector<Place> places;
  for (const std::string& text : texts) places.push_back(place_from_text(text));
  const MutualGreeting self{.secret = membership_->meeting().secret,
                            .group = name_,
                            .rank = rank(),
                            .deadline = SteadyClock::now() + std::min(settings_.request.connect_timeout, kLinkLimit),
                            .abandoned = links.abandoned()};
  try {
    links.use(connect_mutually(self, *acceptor, places));
    return true;
  } catch (const ConnectionLost&) {
    return false;
  }
}

// Connects the owners of one slice on all hosts. Returns no functions on one host.
HostExchange::OverHosts BackendGroup::connect_hosts() {
  if (layout_.hosts == 1) return {};
  BackendPointer backend;
  if (layout_.rank < layout_.fewest) {
    BackendRequest request = settings_.request;
    const std::string name = fmt::format("{}/slice {}", name_, layout_.rank);
    request.store = c10::make_intrusive<c10d::PrefixStore>(name, membership_->meeting().store);
    request.rank = layout_.host;
    request.size = layout_.hosts;
    backend = settings_.make(request);
    membership_->keep(backend);
  }
  barrier();  // a rank continues when all ranks are connected
  const auto sum = [backend](const at::Tensor& values) {
    std::vector<at::Tensor> tensors{values};
    backend->allreduce(tensors)->wait();
  };
  const auto abort = [backend] {
    if (backend) backend->abort();
  };
  return {.sum = sum, .abort = abort};
}

at::Tensor BackendGroup::make_shared_zeros(int64_t values, at::ScalarType type) {
  if (!host_ || values == 0) return Group::make_shared_zeros(values, type);
  const size_t bytes_of_rank = HostExchange::buffer_bytes(values, type);
  const size_t bytes = static_cast<size_t>(layout_.ranks) * bytes_of_rank;
  const auto populated = [&](std::unique_ptr<SharedMapping> mapping) {
    const bool usable = mapping && mapping->populate(static_cast<size_t>(layout_.rank) * bytes_of_rank, bytes_of_rank);
    return usable ? std::move(mapping) : nullptr;
  };
  auto mapping =
      share<SharedMapping>([&] { return populated(SharedMapping::make(bytes)); },
                           [&](const std::string& invitation) { return populated(SharedMapping::join(invitation, bytes)); });
  if (mapping) return host_->adopt(std::move(mapping), values, type);
  tell_that_memory_is_not_shared();
  return Group::make_shared_zeros(values, type);
}

std::unique_ptr<Group> BackendGroup::split(int colour) {
  const auto colours = all_gather(std::to_string(colour));
  std::vector<int> members;
  for (size_t rank = 0; rank < colours.size(); ++rank) {
    if (colours[rank] == std::to_string(colour)) members.push_back(members_[rank]);
  }
  const std::string name = fmt::format("{}/{}.{}", name_, splits_++, colour);
  std::unique_ptr<Group> part;
  if (members.size() == 1) {
    part = make_single_group(device(), shared_status());
  } else {
    try {
      part = connect(membership_, settings_, members, name);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      membership_->report_loss("split", error);
    }
  }
  barrier();  // a rank continues when all ranks are connected
  return part;
}

void BackendGroup::count_exchange() {
  // The monitor compares ranks by their numbers of exchanges (monitor.h), so only exchanges of all ranks of the run count.
  const bool all_take_part = members_.size() == membership_->meeting().peers.size();
  all_take_part ? status().begin_exchange() : status().advance();
}

template <class Start>
auto BackendGroup::start(const char* what, Start start) {
  count_exchange();
  try {
    return start();
  } catch (const std::exception& error) {
    membership_->report_loss(what, error);
  }
}

template <class Rest>
void BackendGroup::finish_timed(const char* what, Rest rest) {
  const InPhase phase(status(), Phase::exchange);
  timer_.start();
  try {
    rest();
  } catch (const std::exception& error) {
    membership_->report_loss(what, error);
  }
  timer_.stop();
  timer_.tidy();
}

void BackendGroup::finish(c10d::Work& work, const char* what) {
  finish_timed(what, [&] { work.wait(); });
}

void BackendGroup::finish_on_host(int64_t number) {
  finish_timed("all-reduce", [&] { host_->finish(number); });
}

int64_t BackendGroup::start_linked(const at::Tensor& values, int divisor) {
  return start("all-reduce", [&] { return links_->start(values, divisor); });
}

void BackendGroup::finish_linked(int64_t number) {
  finish_timed("all-reduce", [&] { links_->finish(number); });
}

std::unique_ptr<Work> BackendGroup::all_reduce_async(const at::Tensor& tensor, ReduceOp op) {
  if (host_ && host_->takes(tensor)) {
    count_exchange();
    return std::make_unique<NumberedWork>(*this, &BackendGroup::finish_on_host,
                                          host_->start(values_in_memory_order(tensor), op == ReduceOp::average));
  }
  if (links_ && layout_.most == 1 && can_sum_parts(tensor.scalar_type()) && tensor.numel() > 0 &&
      tensor.nbytes() <= most_linked_bytes(size())) {
    require_dense(tensor);
    return std::make_unique<NumberedWork>(*this, &BackendGroup::finish_linked,
                                          start_linked(tensor.detach(), op == ReduceOp::average ? size() : 1));
  }
  c10d::AllreduceOptions options;
  if (op == ReduceOp::average && settings_.can_average) options.reduceOp = c10d::ReduceOp::AVG;
  std::vector<at::Tensor> tensors{tensor.detach()};
  const bool divides = op == ReduceOp::average && !settings_.can_average;
  return std::make_unique<BackendWork>(*this, start("all-reduce", [&] { return backend_->allreduce(tensors, options); }),
                                       divides ? tensors[0] : at::Tensor());
}

// The values of a dense tensor of each rank, in the order of the ranks, in shared memory.
std::span<std::byte* const> BackendGroup::gather_in_memory(const at::Tensor& tensor) {
  count_exchange();
  std::span<std::byte* const> all;
  const bool own_core = cores_of_rank(placement()) >= 1;
  finish_timed("all-reduce", [&] { all = memory_->gather(tensor.const_data_ptr(), tensor.nbytes(), own_core); });
  return all;
}

// Gathers the `values` [n] of all ranks and adds them.
void BackendGroup::sum_gathered(const at::Tensor& values) {
  std::vector<at::Tensor> all;
  if (memory_) {
    for (std::byte* part : gather_in_memory(values)) all.push_back(at::from_blob(part, values.sizes(), values.options()));
  } else {
    for (const at::Tensor& bytes : all_gather_bytes(values.view(at::kByte))) all.push_back(bytes.view(values.scalar_type()));
  }
  if (can_sum_parts(values.scalar_type())) {
    std::vector<std::byte*> parts;
    for (const at::Tensor& part : all) parts.push_back(static_cast<std::byte*>(part.data_ptr()));
    std::byte* const target = static_cast<std::byte*>(values.data_ptr());
    return sum_parts(values.scalar_type(), parts, {&target, 1}, 0, values.numel(), 1);
  }
  values.copy_(all[0]);
  for (int rank = 1; rank < size(); ++rank) values.add_(all[static_cast<size_t>(rank)]);
}

void BackendGroup::all_reduce_sum(const at::Tensor& tensor) {
  if (!tensor.is_cpu() || tensor.numel() == 0 || tensor.nbytes() > most_short_bytes(size())) return Group::all_reduce_sum(tensor);
  if (links_ && can_sum_parts(tensor.scalar_type()) && tensor.nbytes() <= most_linked_sum_bytes(size(), layout_.most)) {
    require_dense(tensor);
    return finish_linked(start_linked(tensor.detach(), 1));
  }
  if (!memory_ || !can_sum_parts(tensor.scalar_type())) return sum_gathered(values_in_memory_order(tensor));
  require_dense(tensor);  // without a view: its making takes as long as the exchange of a short tensor
  std::byte* const target = static_cast<std::byte*>(tensor.data_ptr());
  sum_parts(tensor.scalar_type(), gather_in_memory(tensor), {&target, 1}, 0, tensor.numel(), 1);
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
