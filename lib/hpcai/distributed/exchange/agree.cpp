#include "hpcai/distributed/exchange/agree.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/sha256.h"
#include "hpcai/distributed/world/peers.h"

namespace hpcai::distributed {
namespace {

constexpr size_t kLongestShown = 400;

}  // namespace

void agree(Group& group, const std::string& what, const std::string& value) {
  const auto values = group.all_gather(value);
  std::vector<int> different;
  for (int rank = 1; rank < group.size(); ++rank) {
    if (values[rank] != values[0]) different.push_back(rank);
  }
  if (different.empty()) return;
  const std::string& first = values[static_cast<size_t>(different.front())];
  const bool readable = values[0].find(' ') != std::string::npos && std::max(values[0].size(), first.size()) <= kLongestShown;
  throw Error(ExitCode::ranks_disagree,
              fmt::format("the ranks have different {}: {} of {} {} from rank 0{}", what, describe_ranks(different), group.size(),
                          different.size() == 1 ? "differs" : "differ",
                          readable ? fmt::format("\n  rank 0: {}\n  rank {}: {}", values[0], different.front(), first) : ""),
              "Start all ranks from the same build, with the same config and the same files.");
}

void broadcast_state(Group& group, const std::vector<at::Tensor>& tensors, int root) {
  Sha256 layout;
  for (const at::Tensor& tensor : tensors) {
    const auto sizes = tensor.sizes(), strides = tensor.strides();
    layout.update(fmt::format("{} {} {};", at::toString(tensor.scalar_type()), fmt::join(sizes, ","), fmt::join(strides, ",")));
  }
  agree(group, "models (number, shapes or types of tensors)", layout.hex());
  for (const at::Tensor& tensor : tensors) {
    if (tensor.is_non_overlapping_and_dense()) {
      group.broadcast(tensor, root);
    } else {
      const at::Tensor dense = tensor.detach().contiguous();
      group.broadcast(dense, root);
      tensor.detach().copy_(dense);
    }
  }
}

}  // namespace hpcai::distributed
