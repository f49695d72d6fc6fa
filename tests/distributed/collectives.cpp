#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/agree.h"
#include "pairwise_sum.h"
#include "scenarios.h"

using namespace hpcai::distributed;

namespace ranks {
namespace {

// A type on the group's device.
at::TensorOptions on(const Group& group, at::ScalarType type = at::kFloat) { return at::device(group.device()).dtype(type); }

void sums(Group& group) {
  const double ranks = group.size() * (group.size() + 1) / 2.0;  // sum of rank + 1
  for (const auto dtype : {at::kFloat, at::kDouble, at::kInt, at::kLong, at::kBFloat16, at::kHalf}) {
    const at::Tensor x = at::full({3, 5}, group.rank() + 1, on(group, dtype));
    group.all_reduce_sum(x);
    check(at::equal(x, at::full({3, 5}, ranks, on(group, dtype))), fmt::format("sum of {}", at::toString(dtype)));
  }
  const at::Tensor image = at::full({2, 3, 4, 4}, group.rank() + 1.0, on(group)).to(at::MemoryFormat::ChannelsLast);
  group.all_reduce_sum(image);
  check(at::equal(image, at::full({2, 3, 4, 4}, ranks, on(group))), "sum of channels-last images");
  const at::Tensor parameter = at::ones({4}, on(group)).requires_grad_();
  group.all_reduce_sum(parameter);
  check(at::equal(parameter, at::full({4}, static_cast<double>(group.size()), on(group))), "sum of a parameter");

  std::vector<at::Tensor> tensors;
  std::vector<std::unique_ptr<Work>> works;
  for (int i = 0; i < 20; ++i) {
    tensors.push_back(at::full({1 << (i % 17)}, (group.rank() + 1.0) * i, on(group)));
    works.push_back(group.all_reduce_async(tensors.back()));
  }
  for (int i = 19; i >= 0; --i) {
    works[i]->wait();
    check(at::equal(tensors[i], at::full_like(tensors[i], ranks * i)), "sums under way at the same time");
  }
}

// The sum of many random numbers is the same on all ranks, bit for bit.
void sums_are_equal(Group& group) {
  at::manual_seed(group.rank());
  const at::Tensor x = at::randn({1'000'003}, on(group));
  group.all_reduce_sum(x);
  for (const at::Tensor& other : group.all_gather(x)) check(at::equal(other, x), "the same sum on all ranks");
}

// A short one is that of the ranks in pairs of neighbours, whatever carries it.
void short_sums_are_in_order(Group& group) {
  at::manual_seed(group.rank());
  for (const int64_t count : {1, 3, 1000, 5000}) {
    const at::Tensor mine = at::randn({count}, on(group, at::kDouble)), sum = mine.clone();
    const std::vector<at::Tensor> parts = group.all_gather(mine);
    group.all_reduce_sum(sum);
    check(at::equal(sum, pairwise_sum(parts)), "a short sum in pairs of ranks");
  }
}

void broadcasts(Group& group) {
  for (int root = 0; root < group.size(); ++root) {
    const at::Tensor x = at::full({1000}, group.rank(), on(group, at::kLong)),
                     flag = at::full({}, group.rank() == root, on(group, at::kBool));
    group.broadcast(x, root);
    group.broadcast(flag, root);
    check(at::equal(x, at::full({1000}, root, on(group, at::kLong))) && flag.item<bool>(), "broadcast");
    const std::string text = fmt::format("rank {}\0", group.rank()) + std::string(group.rank() * 7, '\0');
    check(group.broadcast(text, root) == fmt::format("rank {}\0", root) + std::string(root * 7, '\0'), "broadcast of text");
  }
}

void gathers(Group& group) {
  const auto pieces = group.all_gather(at::full({group.rank(), 3}, group.rank(), on(group, at::kDouble)));
  for (int r = 0; r < group.size(); ++r)
    check(at::equal(pieces[r], at::full({r, 3}, r, on(group, at::kDouble))), "uneven gather");
  const auto texts = group.all_gather(std::string(group.rank() * 100, 'x'));
  for (int r = 0; r < group.size(); ++r) check(texts[r] == std::string(r * 100, 'x'), "gather of texts");
}

void state(Group& group) {
  at::manual_seed(7);
  const std::vector<at::Tensor> expected{
      at::randn({4, 5}, on(group)).t(), at::randn({2, 3, 4, 4}, on(group)).to(at::MemoryFormat::ChannelsLast),
      at::full({1}, 3, on(group, at::kLong)), at::ones({}, on(group, at::kBool)), at::randn({8}, on(group))};
  std::vector<at::Tensor> mine;
  for (const at::Tensor& tensor : expected) mine.push_back(group.rank() == 0 ? tensor.clone() : at::zeros_like(tensor));
  const at::Tensor gaps = at::zeros({8, 2}, on(group)).select(1, 0);
  if (group.rank() == 0) gaps.copy_(expected[4]);
  mine[4] = gaps;
  broadcast_state(group, mine);
  for (size_t i = 0; i < mine.size(); ++i) check(at::equal(mine[i], expected[i]), "broadcast of a state");
}

void collectives(const Setting& setting) {
  const auto group = setting.meet();
  check(group->size() == setting.world.size && group->rank() == setting.world.rank, "rank and size");
  sums(*group);
  sums_are_equal(*group);
  short_sums_are_in_order(*group);
  broadcasts(*group);
  gathers(*group);
  state(*group);
  agree(*group, "configs", "equal");
  group->barrier();
  if (group->rank() == 0) fmt::print("met {} ranks, started by {}\n", group->size(), setting.world.launcher);
}

// Members of a part hold their rank in the whole group.
void check_part(Group& part, const std::vector<int>& members) {
  check(part.size() == static_cast<int>(members.size()), "size of a part");
  const int mine = members[static_cast<size_t>(part.rank())];
  double sum = 0;
  for (const int member : members) sum += member;
  for (const int64_t count : {3, 200'000}) {  // through memory, and through sockets
    const at::Tensor x = at::full({count}, mine, on(part));
    part.all_reduce_sum(x);
    check(at::equal(x, at::full({count}, sum, on(part))), "sum in a part");
  }
  const auto all = part.all_gather(at::full({1}, mine, on(part, at::kLong)));
  for (size_t rank = 0; rank < members.size(); ++rank) {
    check(all[rank].item<int64_t>() == members[rank], "a part keeps the order of the ranks");
  }
  check(part.broadcast(fmt::format("from {}", mine), part.size() - 1) == fmt::format("from {}", members.back()),
        "text in a part");
  part.barrier();
}

// Parts of several sizes, parts of parts, and a part that outlives the whole.
void split(const Setting& setting) {
  auto group = setting.meet();
  const int rank = group->rank(), size = group->size();
  std::vector<int> same_parity, all_but_last;
  for (int other = rank % 2; other < size; other += 2) same_parity.push_back(other);
  for (int other = 0; other < size - 1; ++other) all_but_last.push_back(other);

  auto parity = group->split(-(rank % 2));  // any number is a colour
  const auto most = group->split(rank == size - 1 ? 7 : 0);
  for (int round = 0; round < 3; ++round) {
    check_part(*parity, same_parity);
    check_part(*most, rank == size - 1 ? std::vector<int>{rank} : all_but_last);
    group->barrier();
  }
  const auto alone = parity->split(parity->rank());
  check_part(*alone, {rank});
  check(parity->placement().one_host() && parity->placement().local_rank == parity->rank(), "placement in a part");

  const at::Tensor mine = at::ones({300'000}, on(*parity)), everyones = at::ones({300'000}, on(*group));
  const auto first = parity->all_reduce_async(mine), second = group->all_reduce_async(everyones);
  second->wait();
  first->wait();
  check(mine[0].item<float>() == static_cast<float>(same_parity.size()) && everyones[0].item<float>() == static_cast<float>(size),
        "exchanges of two groups under way at the same time");
  group.reset();
  check_part(*parity, same_parity);
}

void disagree(const Setting& setting) {
  const auto group = setting.meet();
  agree(*group, "configs", group->rank() % 2 == 0 ? "even" : "odd");
}

void different_models(const Setting& setting) {
  const auto group = setting.meet();
  broadcast_state(*group, {at::zeros({group->rank() == 1 ? 4 : 3}, on(*group))});
}

}  // namespace

void add_collectives(Scenarios& scenarios) {
  scenarios["collectives"] = collectives;
  scenarios["split"] = split;
  scenarios["disagree"] = disagree;
  scenarios["different-models"] = different_models;
}

}  // namespace ranks
