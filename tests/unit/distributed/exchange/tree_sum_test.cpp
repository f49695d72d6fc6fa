#include "hpcai/distributed/exchange/tree_sum.h"

#include <catch2/catch.hpp>

#include "hpcai/distributed/exchange/single_group.h"
#include "unit/metrics/thread_group.h"

using namespace hpcai;
using distributed::TreeSum;

namespace {

// Values of very different sizes, so that every order of additions rounds in its own way. [values] for each leaf
std::vector<at::Tensor> leaves_of(int64_t count, int64_t values) {
  at::manual_seed(count);
  std::vector<at::Tensor> leaves;
  for (int64_t i = 0; i < count; ++i) leaves.push_back(at::randn({values}) * at::pow(10, at::randint(-6, 7, {values})));
  return leaves;
}

// The definition of the tree, from the root: the left child has the largest power of two below the number of leaves.
at::Tensor by_definition(const std::vector<at::Tensor>& leaves, size_t first, size_t count) {
  if (count == 1) return leaves[first];
  size_t left = 1;
  while (2 * left < count) left *= 2;
  return by_definition(leaves, first, left) + by_definition(leaves, first + left, count - left);
}
at::Tensor by_definition(const std::vector<at::Tensor>& leaves) { return by_definition(leaves, 0, leaves.size()); }

TreeSum tree_of(const std::vector<at::Tensor>& leaves, int64_t begin, int64_t end) {
  TreeSum tree;
  for (int64_t i = begin; i < end; ++i) {
    const at::Tensor& leaf = leaves[static_cast<size_t>(i)];
    tree.add({.first = i, .sums = {leaf.clone(), leaf.to(at::kDouble)}});
  }
  return tree;
}

}  // namespace

TEST_CASE("a tree adds its leaves in the order of its definition") {
  for (int64_t count = 1; count <= 20; ++count) {
    INFO(count << " leaves");
    const auto leaves = leaves_of(count, 1000);
    CHECK(tree_of(leaves, 0, count).total().front().equal(by_definition(leaves)));
  }
}

TEST_CASE("the order matters for the values of these tests") {
  const auto leaves = leaves_of(8, 1000);
  at::Tensor in_turn = leaves[0].clone();
  for (size_t i = 1; i < leaves.size(); ++i) in_turn += leaves[i];
  CHECK_FALSE(in_turn.equal(by_definition(leaves)));
}

TEST_CASE("a part of the leaves has the nodes that lie within it") {
  const auto leaves = leaves_of(6, 1);
  const auto shape = [&](int64_t begin, int64_t end) {
    std::vector<std::pair<int64_t, int64_t>> nodes;
    const TreeSum tree = tree_of(leaves, begin, end);
    for (const auto& node : tree.nodes()) nodes.emplace_back(node.first, node.leaves);
    return nodes;
  };
  using Nodes = std::vector<std::pair<int64_t, int64_t>>;
  CHECK(shape(0, 4) == Nodes{{0, 4}});
  CHECK(shape(0, 3) == Nodes{{0, 2}, {2, 1}});
  CHECK(shape(3, 6) == Nodes{{3, 1}, {4, 2}});
  CHECK(shape(0, 6) == Nodes{{0, 4}, {4, 2}});
}

TEST_CASE("the sum over the ranks has the bits of the definition on every number of ranks, in pieces of any size") {
  const double piece_bytes = GENERATE(1.0, 1000.0, 1e9);
  for (const int64_t count : {1, 2, 4, 6, 8, 12}) {
    const auto leaves = leaves_of(count, 137);
    const at::Tensor expected = by_definition(leaves);
    for (int ranks = 1; ranks <= count; ++ranks) {
      if (count % ranks != 0) continue;
      std::vector<std::vector<at::Tensor>> sums(static_cast<size_t>(ranks));
      metrics::as_ranks(ranks, [&](distributed::Group& group) {
        const int64_t own = count / ranks, first = group.rank() * own;
        sums[static_cast<size_t>(group.rank())] =
            distributed::sum_over_ranks(group, tree_of(leaves, first, first + own), piece_bytes);
      });
      for (const auto& of_rank : sums) {
        INFO(count << " leaves on " << ranks << " ranks");
        REQUIRE(of_rank.size() == 2);
        CHECK(of_rank[0].equal(expected));
        CHECK(of_rank[1].scalar_type() == at::kDouble);
        CHECK(of_rank[1].equal(sums[0][1]));
      }
    }
  }
}

TEST_CASE("one rank alone exchanges nothing") {
  const auto leaves = leaves_of(5, 10);
  const auto group = distributed::make_single_group();
  CHECK(distributed::sum_over_ranks(*group, tree_of(leaves, 0, 5), 1e6).front().equal(by_definition(leaves)));
}
