#include "hpcai/trainer/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::trainer {
namespace {

constexpr size_t kMostRanks = 8;
constexpr const char* kDriftRemedy =
    "A bit has changed in the memory of a host, or the hosts round differently (other processors, other numbers of threads). "
    "Go on from the last checkpoint, whose state was equal on all ranks, with --resume auto on other hosts. With three ranks or "
    "more, distributed.on_drift: heal goes on at once; distributed.check_every_steps: 0 accepts differences.";

// "rank 2 (host n1), rank 5 (host n2)"
std::string with_hosts(const std::vector<int>& ranks, const std::vector<std::string>& hosts) {
  std::string text;
  for (size_t i = 0; i < ranks.size() && i < kMostRanks; ++i) {
    text += fmt::format("{}rank {} (host {})", i > 0 ? ", " : "", ranks[i], printable(hosts[static_cast<size_t>(ranks[i])]));
  }
  return ranks.size() > kMostRanks ? text + fmt::format(" and {} more", ranks.size() - kMostRanks) : text;
}

}  // namespace

void resolve_drift(distributed::Group& group, const distributed::StateDifference& difference, const NamedTensors& state,
                   distributed::OnDrift on_drift, int64_t step) {
  const std::string ranks = with_hosts(difference.ranks, group.all_gather(distributed::host_name()));
  const std::string how = difference.source ? fmt::format("the state of {} differs from that of most ranks", ranks)
                                            : fmt::format("the states of {} differ, and none is that of most ranks", ranks);
  const std::string what = fmt::format("after step {} {}: '{}' is the first tensor that differs", step, how, difference.tensor);
  if (!difference.source || on_drift == distributed::OnDrift::stop)
    throw SharedError(ExitCode::ranks_disagree, what, kDriftRemedy);
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : state) tensors.push_back(tensor);
  distributed::broadcast_state(group, tensors, *difference.source);
  log::shared_warning("{}. The state of rank {} has replaced it; test the memory of that host", what, *difference.source);
}

}  // namespace hpcai::trainer
