#include "hpcai/distributed/exchange/tree_sum.h"

#include <algorithm>
#include <utility>

namespace hpcai::distributed {
namespace {

bool are_halves(const TreeNode& left, const TreeNode& right) {
  return left.leaves == right.leaves && left.first % (2 * left.leaves) == 0;
}

// The nodes of each rank, without sums, if every rank holds `leaves` leaves.
std::vector<std::vector<TreeNode>> nodes_of_ranks(int ranks, int64_t leaves) {
  std::vector<std::vector<TreeNode>> nodes;
  for (int rank = 0; rank < ranks; ++rank) {
    TreeSum tree;
    for (int64_t leaf = rank * leaves; leaf < (rank + 1) * leaves; ++leaf) tree.add({.first = leaf});
    nodes.push_back(tree.nodes());
  }
  return nodes;
}

// The values [begin, begin + count) of tensor `which` of each node, [rows, count]. Rows behind the last node are 0.
at::Tensor packed(const std::vector<TreeNode>& nodes, size_t rows, size_t which, int64_t begin, int64_t count) {
  at::Tensor piece = at::zeros({static_cast<int64_t>(rows), count}, nodes.front().sums[which].options());
  for (size_t i = 0; i < nodes.size(); ++i) {
    piece.select(0, static_cast<int64_t>(i)).copy_(nodes[i].sums[which].narrow(0, begin, count));
  }
  return piece;
}

// The sum [count] over the nodes of all ranks; pieces[rank]: as packed() returns it.
at::Tensor sum_of(const std::vector<at::Tensor>& pieces, const std::vector<std::vector<TreeNode>>& nodes) {
  TreeSum tree;
  for (size_t rank = 0; rank < nodes.size(); ++rank) {
    for (size_t i = 0; i < nodes[rank].size(); ++i) {
      TreeNode node = nodes[rank][i];
      node.sums = {pieces[rank].select(0, static_cast<int64_t>(i))};
      tree.add(std::move(node));
    }
  }
  return std::move(tree).total().front();
}

}  // namespace

void TreeSum::add(TreeNode node) {
  nodes_.push_back(std::move(node));
  while (nodes_.size() > 1 && are_halves(nodes_[nodes_.size() - 2], nodes_.back())) join_last_two();
}

void TreeSum::join_last_two() {
  const TreeNode right = std::move(nodes_.back());
  nodes_.pop_back();
  TreeNode& left = nodes_.back();
  for (size_t i = 0; i < left.sums.size(); ++i) left.sums[i].add_(right.sums[i]);
  left.leaves += right.leaves;
}

std::vector<at::Tensor> TreeSum::total() && {
  while (nodes_.size() > 1) join_last_two();
  return std::move(nodes_.front().sums);
}

std::vector<at::Tensor> sum_over_ranks(Group& group, TreeSum mine, double piece_bytes) {
  if (group.size() == 1) return std::move(mine).total();
  const std::vector<TreeNode>& own = mine.nodes();
  const int64_t leaves = own.back().first + own.back().leaves - own.front().first;
  const auto nodes = nodes_of_ranks(group.size(), leaves);
  size_t rows = 0;
  for (const auto& of_rank : nodes) rows = std::max(rows, of_rank.size());
  const std::vector<at::Tensor>& sums = own.front().sums;  // a piece that has been sent is free for the result
  for (size_t which = 0; which < sums.size(); ++which) {
    const int64_t values = sums[which].numel(), row_bytes = sums[which].element_size() * static_cast<int64_t>(rows);
    const auto step = std::max<int64_t>(1, static_cast<int64_t>(piece_bytes) / row_bytes);
    for (int64_t begin = 0; begin < values; begin += step) {
      const int64_t count = std::min(step, values - begin);
      const auto pieces = group.all_gather_equal(packed(own, rows, which, begin, count));
      sums[which].narrow(0, begin, count).copy_(sum_of(pieces, nodes));
    }
  }
  return sums;
}

}  // namespace hpcai::distributed
