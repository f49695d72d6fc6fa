#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// The sums of some tensors over the leaves [first, first + leaves) of a tree.
struct TreeNode {
  int64_t first = 0, leaves = 1;
  std::vector<at::Tensor> sums = {};  // [values] each
};

// Adds tensors over the leaves 0, 1, 2, ... of a binary tree. A sum of floating-point numbers depends on the order of the
// additions. Here the order is a function of the number of leaves alone: a node of 2^k leaves starts at a multiple of 2^k and is
// the sum of its halves, left + right. The nodes that are left at the end are added from the right. 7 leaves:
//
//   ((0 + 1) + (2 + 3)) + ((4 + 5) + 6)
//
// An object may hold a part of the leaves, such as those of one rank.
class TreeSum {
 public:
  // Adds the node that follows on the right. Changes the tensors of its nodes in place.
  void add(TreeNode node);
  // The largest nodes so far, from left to right.
  const std::vector<TreeNode>& nodes() const { return nodes_; }
  // Returns the sums over all leaves. There must be one.
  std::vector<at::Tensor> total() &&;

 private:
  void join_last_two();

  std::vector<TreeNode> nodes_;
};

// Returns the sums over the leaves of all ranks: the same bits on every rank and for every number of ranks. Each of the n ranks
// holds the same number of leaves, and rank r those with the numbers [r leaves / n, (r + 1) leaves / n). The tensors have the
// same shapes and dtypes on all ranks. Every rank gathers the nodes of all ranks and adds them itself, in pieces of `piece_bytes`
// of a rank, so that an exchange needs little memory. Every rank calls it. Throws what Group throws.
std::vector<at::Tensor> sum_over_ranks(Group& group, TreeSum mine, double piece_bytes);

}  // namespace hpcai::distributed
