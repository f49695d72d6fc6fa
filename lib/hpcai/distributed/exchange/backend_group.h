#pragma once

#include <torch/csrc/distributed/c10d/Work.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/backend.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/distributed/exchange/host_exchange.h"
#include "hpcai/distributed/exchange/host_layout.h"
#include "hpcai/distributed/exchange/links.h"
#include "hpcai/distributed/exchange/membership.h"
#include "hpcai/distributed/exchange/shared_memory.h"
#include "hpcai/distributed/exchange/wait_timer.h"

namespace hpcai::distributed {

// Connects the ranks of one group. The request holds everything that differs between groups. Throws the exceptions of LibTorch.
using MakeBackend = std::function<BackendPointer(const BackendRequest&)>;

// The settings that all groups of a run share.
struct BackendSettings {
  BackendRequest request;  // of the whole run; a part of the run has its own rank, size and store
  MakeBackend make;
  bool can_average = false;  // whether the backend divides a sum by the number of ranks
  at::Device device = at::kCPU;
};

// A group over one of LibTorch's backends, Gloo or NCCL.
class BackendGroup : public Group {
 public:
  // Connects the ranks `members` of the run, in this order. Each member makes the same call. `name` is the same on all members
  // and unique among the groups of the run.
  static std::unique_ptr<BackendGroup> connect(std::shared_ptr<Membership> membership, const BackendSettings& settings,
                                               const std::vector<int>& members, const std::string& name);
  ~BackendGroup() override;

  std::string address() const override { return settings_.request.address; }
  bool can_average() const override { return true; }
  bool shares_memory() const override { return host_ != nullptr; }
  double wait_s() const override { return timer_.seconds(); }
  std::unique_ptr<Group> split(int colour) override;
  std::unique_ptr<Work> all_reduce_async(const at::Tensor& tensor, ReduceOp op) override;
  void all_reduce_sum(const at::Tensor& tensor) override;

  // Waits for the end of an exchange; `what` names it in messages. Throws Error{peers_unreachable} or Error{hang} that names the
  // rank at fault.
  void finish(c10d::Work& work, const char* what);
  // Waits for the end of exchange `number` of the HostExchange. Throws as above.
  void finish_on_host(int64_t number);
  // Waits for the end of exchange `number` of the Links. Throws as above.
  void finish_linked(int64_t number);

 protected:
  void broadcast_bytes(const at::Tensor& bytes, int root) override;
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor& bytes) override;
  at::Tensor make_shared_zeros(int64_t values, at::ScalarType type) override;

 private:
  BackendGroup(std::shared_ptr<Membership> membership, const BackendSettings& settings, const std::vector<int>& members,
               std::string name, int rank, const Placement& placement);

  template <class Shared, class Make, class Join>
  std::unique_ptr<Shared> share(Make make, Join join);
  void share_memory();
  void tell_that_memory_is_not_shared();
  void link_ranks();
  bool connect_links(Links& links);
  int64_t start_linked(const at::Tensor& values, int divisor);
  HostExchange::OverHosts connect_hosts();
  template <class Start>
  auto start(const char* what, Start start);
  template <class Rest>
  void finish_timed(const char* what, Rest rest);
  void count_exchange();
  std::span<std::byte* const> gather_in_memory(const at::Tensor& tensor);
  void sum_gathered(const at::Tensor& values);

  std::shared_ptr<Membership> membership_;
  BackendSettings settings_;
  std::vector<int> members_;  // rank in the run of each member, by rank in this group
  std::string name_;
  int splits_ = 0;
  BackendPointer backend_;
  HostLayout layout_;
  bool told_ = false;                     // that the ranks of a host cannot share memory
  std::shared_ptr<SharedMemory> memory_;  // for short messages; null if the ranks are not on one host or cannot share memory
  std::unique_ptr<HostExchange> host_;    // null if no two ranks share a host or if they cannot share memory
  std::shared_ptr<Links> links_;          // for short sums; null on one host or if the ranks cannot connect
  WaitTimer timer_;
};

}  // namespace hpcai::distributed
