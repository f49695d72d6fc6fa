// All-reduces of ranks that share memory or have links, against sums that each rank computes for itself.
#include <fmt/format.h>
#include <signal.h>

#include <fstream>
#include <limits>
#include <utility>
#include <vector>

#include "pairwise_sum.h"
#include "scenarios.h"

using namespace hpcai::distributed;

namespace ranks {
namespace {

// Random values [count] of each rank, and their sum in pairs of neighbours, in `type`.
struct Values {
  at::Tensor mine;
  at::Tensor sum;

  Values(const Group& group, int64_t count, at::ScalarType type) {
    std::vector<at::Tensor> all;
    for (int rank = 0; rank < group.size(); ++rank) {
      at::manual_seed(rank);
      all.push_back(at::randn({count}).to(type));
    }
    mine = all[static_cast<size_t>(group.rank())];
    sum = pairwise_sum(all);
  }
};

at::Tensor shared_copy(Group& group, const at::Tensor& values) {
  const at::Tensor shared = group.shared_zeros(values.numel(), values.scalar_type());
  shared.copy_(values);
  return shared;
}

// Between hosts Gloo chooses the order of the additions.
void check_sum(const Group& group, const at::Tensor& sum, const at::Tensor& expected, const std::string& what) {
  const bool ordered = group.placement().one_host() || group.size() == 2;
  const double limit = expected.scalar_type() == at::kDouble ? 1e-14 : 1e-5;
  check(ordered ? at::equal(sum, expected) : at::allclose(sum, expected, limit, limit), what);
}

void wide_types(Group& group) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const int64_t count : {1, 2, 17, 4096, 65'537, 1'000'003}) {
      const std::string what = fmt::format("sum of {} values of {}", count, at::toString(type));
      const Values values(group, count, type);
      const at::Tensor shared = shared_copy(group, values.mine);
      group.all_reduce_async(shared)->wait();
      check_sum(group, shared, values.sum, what + " in shared memory");
      shared.copy_(values.mine);
      group.all_reduce_async(shared, ReduceOp::average)->wait();
      check_sum(group, shared, values.sum / group.size(), "mean instead of " + what);
      const at::Tensor own = values.mine.clone();
      group.all_reduce_async(own, ReduceOp::average)->wait();
      check(at::allclose(own, values.sum / group.size(), 1e-5, 1e-5), "mean through sockets instead of " + what);
    }
  }
}

// A sum in a narrow type is off by one rounding of the result, wherever it is added in float32.
void narrow_types(Group& group) {
  const double hosts = group.placement().hosts;  // further roundings between hosts
  for (const auto& [type, rounding] : {std::pair{at::kBFloat16, 1.0 / 256}, std::pair{at::kHalf, 1.0 / 2048}}) {
    for (const int64_t count : {1000, 100'003}) {
      const Values values(group, count, type);
      at::Tensor exact = at::zeros({count}, at::kDouble), magnitude = exact.clone();
      for (int rank = 0; rank < group.size(); ++rank) {
        at::manual_seed(rank);
        const at::Tensor part = at::randn({count}).to(type).to(at::kDouble);
        exact += part;
        magnitude += part.abs();
      }
      const at::Tensor shared = shared_copy(group, values.mine);
      group.all_reduce_async(shared)->wait();
      const at::Tensor limit = (hosts == 1 ? exact.abs() : magnitude * hosts) * rounding + 1e-6;
      check(((shared.to(at::kDouble) - exact).abs() <= limit).all().item<bool>(), "one rounding");
    }
  }
}

// Parts of one tensor, and tensors outside of it, are under way at the same time and awaited in another order.
void parts_under_way(Group& group) {
  const Values values(group, 300'000, at::kFloat);
  const at::Tensor shared = shared_copy(group, values.mine), own = values.mine.clone();
  std::vector<std::unique_ptr<Work>> works;
  for (const auto& [begin, count] : {std::pair{0, 100'000}, std::pair{100'000, 1}, std::pair{100'001, 199'999}}) {
    works.push_back(group.all_reduce_async(shared.narrow(0, begin, count)));
  }
  works.push_back(group.all_reduce_async(own));
  const at::Tensor whole_numbers = at::full({70'000}, group.rank(), at::kInt);
  group.all_reduce_sum(whole_numbers);
  while (!works.empty()) {
    works.back()->wait();
    works.pop_back();
  }
  check_sum(group, shared, values.sum, "sum of parts");
  check(at::allclose(own, values.sum, 1e-5, 1e-5), "sum of another tensor");
  check(at::equal(whole_numbers, at::full({70'000}, group.size() * (group.size() - 1) / 2, at::kInt)), "whole numbers");
}

void not_finite(Group& group) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor shared = group.shared_zeros(100, type);
    if (group.rank() == 0) shared[7] = std::numeric_limits<double>::quiet_NaN();
    if (group.rank() == 0) shared[8] = std::numeric_limits<double>::infinity();
    group.all_reduce_async(shared)->wait();
    check(shared[7].isnan().item<bool>() && shared[8].isposinf().item<bool>(), "a sum keeps what is not finite");
    check(shared.isfinite().sum().item<int64_t>() == 98, "only there");
  }
}

void host_sums(const Setting& setting) {
  at::Tensor outlives;
  {
    const auto group = setting.meet();
    wide_types(*group);
    narrow_types(*group);
    parts_under_way(*group);
    not_finite(*group);
    outlives = group->shared_zeros(1000, at::kFloat);
    group->barrier();
    if (group->rank() == 0) fmt::print("added over {} hosts\n", group->placement().hosts);
  }
  outlives.add_(1);
  check(at::equal(outlives, at::ones({1000})), "a tensor outlives its group");
}

// Sums shared tensors for ever. One rank is killed while the others are in the middle of an exchange.
void killed_while_adding(const Setting& setting) {
  const auto group = setting.meet();
  const at::Tensor shared = group->shared_zeros(3'000'000, at::kFloat);
  for (int i = 0;; ++i) {
    if (i == 10 && group->rank() == std::stoi(setting.argument)) raise(SIGKILL);
    const auto work = group->all_reduce_async(shared);
    group->all_reduce_async(shared.narrow(0, 0, 1000))->wait();
    work->wait();
  }
}

// The sum of a short tensor of each rank, and the sums of gradients that are under way at the same time, on ranks of which each
// has a host of its own.
void short_sums_over_hosts(const Setting& setting) {
  const auto group = setting.meet();
  for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16, at::kHalf}) {
    for (const int64_t count : {1, 17, 1000, 4000}) {
      const Values values(*group, count, type);
      const at::Tensor sum = values.mine.clone(), mean = values.mine.clone();
      const auto work = group->all_reduce_async(mean, ReduceOp::average);
      group->all_reduce_sum(sum);
      work->wait();
      if (type == at::kFloat || type == at::kDouble) {
        check(at::equal(sum, values.sum), "a short sum over hosts in pairs of ranks");
        check(at::equal(mean, values.sum / group->size()), "a mean over hosts in pairs of ranks");
      }
      for (const at::Tensor& other : group->all_gather(at::cat({sum, mean}))) {
        check(at::equal(other, at::cat({sum, mean})), "the same short sum on all ranks");
      }
    }
  }
  const auto pair = group->split(group->rank() / 2);
  const at::Tensor ones = at::ones({3});
  pair->all_reduce_sum(ones);
  check(at::equal(ones, at::full({3}, pair->size())), "a short sum in a part");
}

// Rank 1 adds another tensor than the others.
void different_sums(const Setting& setting) {
  const auto group = setting.meet();
  group->all_reduce_sum(at::zeros({group->rank() == 1 ? 4 : 3}));
}

// Sums short tensors for ever. All ranks say when they have begun.
void short_sums_for_ever(const Setting& setting) {
  const auto group = setting.meet();
  const at::Tensor values = at::zeros({100}, at::kDouble);
  for (int i = 0;; ++i) {
    group->all_reduce_sum(values);
    if (i == 10) std::ofstream(fmt::format("{}/{}", setting.argument, group->rank())) << "here";
  }
}

}  // namespace

void add_host_sums(Scenarios& scenarios) {
  scenarios["host-sums"] = host_sums;
  scenarios["killed-while-adding"] = killed_while_adding;
  scenarios["short-sums-over-hosts"] = short_sums_over_hosts;
  scenarios["different-sums"] = different_sums;
  scenarios["short-sums-for-ever"] = short_sums_for_ever;
}

}  // namespace ranks
