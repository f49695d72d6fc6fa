// Averaged gradients against two independent references: one process with the joined batch, and LibTorch's own Reducer.
#include <fmt/format.h>

#include <limits>

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/distributed/exchange/compare_state.h"
#include "hpcai/distributed/exchange/gloo_backend.h"
#include "hpcai/distributed/exchange/reducer.h"
#include "scenarios.h"

using namespace hpcai::distributed;
using hpcai::NamedTensors;

namespace ranks {
namespace {

constexpr int64_t kBatch = 4;  // of each rank

at::Tensor trainable(at::Tensor tensor) { return tensor.requires_grad_(); }

// Two convolutions, one in channels-last order, a linear layer, and a layer that the loss does not depend on.
struct Net {
  at::Tensor first, first_bias, second, second_bias, last, last_bias, unused;
  explicit Net(at::Device device) {
    at::manual_seed(1);
    const auto random = [&](at::IntArrayRef shape, double scale = 1) { return (at::randn(shape) * scale).to(device); };
    first = trainable(random({16, 3, 3, 3}, 0.2));
    first_bias = trainable(random({16}));
    second = trainable(random({32, 16, 3, 3}, 0.1).contiguous(at::MemoryFormat::ChannelsLast));
    second_bias = trainable(random({32}));
    last = trainable(random({10, 32}, 0.2));
    last_bias = trainable(random({10}));
    unused = trainable(random({7, 7}));
  }
  at::Tensor loss(const at::Tensor& images) const {
    const at::Tensor x = at::relu(at::conv2d(images, first, first_bias));
    const at::Tensor features = at::relu(at::conv2d(x, second, second_bias)).mean({2, 3});
    return at::log_softmax(at::linear(features, last, last_bias), 1).select(1, 3).neg().mean();
  }
  std::vector<at::Tensor> used() const { return {first, first_bias, second, second_bias, last, last_bias}; }
  std::vector<at::Tensor> parameters() const { return {first, first_bias, second, second_bias, last, last_bias, unused}; }
};

// Images of step `step`: of all ranks, or of one.
at::Tensor images(int step, const Group& group) {
  at::manual_seed(100 + step);
  return at::randn({kBatch * group.size(), 3, 12, 12}).to(group.device());
}
at::Tensor part(const at::Tensor& all, int rank) { return all.narrow(0, rank * kBatch, kBatch); }

struct Case {
  std::string name;
  ReducerOptions options;
  double tolerance;  // relative to the largest value of each gradient, against the joined batch
};

void check_close(const at::Tensor& gradient, const at::Tensor& expected, double tolerance, const std::string& what) {
  const double scale = std::max(1e-3, expected.abs().max().item<double>());
  const double error = (gradient - expected).abs().max().item<double>() / scale;
  check(error <= tolerance, fmt::format("{}: off by {}", what, error));
}

void against_joined_batch(Group& group, const Case& c, bool accumulate) {
  Net net(group.device());
  Reducer reducer(group, net.parameters(), c.options);
  for (int step = 0; step < 3; ++step) {
    const at::Tensor all = images(step, group);
    const auto expected = torch::autograd::grad({net.loss(all)}, net.used());
    reducer.zero_grad();
    const at::Tensor mine = part(all, group.rank());
    if (accumulate) (net.loss(mine.narrow(0, 0, kBatch / 2)) / 2).backward();
    reducer.prepare();
    (accumulate ? net.loss(mine.narrow(0, kBatch / 2, kBatch / 2)) / 2 : net.loss(mine)).backward();
    reducer.finish();
    const auto used = net.used();
    for (size_t i = 0; i < used.size(); ++i) {
      check_close(used[i].grad(), expected[i], c.tolerance, fmt::format("{}, parameter {}", c.name, i));
    }
    check(at::equal(net.unused.grad(), at::zeros_like(net.unused)), c.name + ": unused layer");
    for (const at::Tensor& flat : reducer.flat_gradients()) {
      for (const at::Tensor& other : group.all_gather(flat)) check(at::equal(flat, other), c.name + ": equal on all ranks");
    }
  }
}

// Infinity on one rank reaches all of them, whatever the others have, so that all skip the step.
void overflow_is_seen_by_all(Group& group, const Case& c) {
  for (int culprit = 0; culprit < group.size(); ++culprit) {
    const at::Tensor weight = trainable(at::ones({1000}, group.device()));
    Reducer reducer(group, {weight}, c.options);
    reducer.zero_grad();
    reducer.prepare();
    const double infinity = std::numeric_limits<double>::infinity();
    const double factor = group.rank() == culprit ? infinity : group.rank() == (culprit + 1) % group.size() ? -infinity : 1;
    (weight.narrow(0, 500, 1) * factor).sum().backward();
    reducer.finish();
    check(!weight.grad()[500].isfinite().item<bool>(), c.name + ": an overflow of one rank is seen by all");
    check(weight.grad().isfinite().sum().item<int64_t>() == 999, c.name + ": only there");
  }
}

void frozen_and_back(Group& group) {
  Net net(group.device());
  Reducer reducer(group, net.parameters(), {.bucket_mb = 0.01, .first_bucket_mb = 0.001});
  for (const bool trained : {true, false, true}) {
    net.first.requires_grad_(trained);
    const at::Tensor all = images(9, group);
    const auto expected = torch::autograd::grad({net.loss(all)}, {net.last, net.second});
    reducer.zero_grad();
    reducer.prepare();
    net.loss(part(all, group.rank())).backward();
    reducer.finish();
    check(net.first.grad().defined() == trained, "frozen parameters have no gradient");
    check_close(net.last.grad(), expected[0], 1e-5, "beside a frozen layer");
    check_close(net.second.grad(), expected[1], 1e-5, "beside a frozen layer");
  }
}

void gradients(const Setting& setting) {
  const auto group = setting.meet();
  const ReducerOptions small{.bucket_mb = 0.01, .first_bucket_mb = 0.001};
  ReducerOptions late = small, narrow = small;
  late.overlap = false;
  narrow.wire_precision = WirePrecision::bf16;
  ReducerOptions half = narrow;
  half.wire_precision = WirePrecision::fp16;
  for (const Case& c : {Case{"one bucket", {}, 1e-5}, Case{"many buckets", small, 1e-5}, Case{"no overlap", late, 1e-5},
                        Case{"bf16 on the wire", narrow, 0.03}, Case{"fp16 on the wire", half, 0.004}}) {
    against_joined_batch(*group, c, false);
    against_joined_batch(*group, c, true);
    overflow_is_seen_by_all(*group, c);
  }
  frozen_and_back(*group);
}

NamedTensors named(const Net& net) {
  NamedTensors state;
  for (const at::Tensor& parameter : net.parameters())
    state.emplace_back(fmt::format("parameter {}", state.size()), parameter.detach());
  return state;
}

// Trains on all ranks; the bits of the parameters stay equal. One bit of the last rank's weights is then flipped.
void drift(const Setting& setting) {
  const auto group = setting.meet();
  Net net(group->device());
  Reducer reducer(*group, net.parameters());
  const NamedTensors state = named(net);
  const auto train = [&](int step) {
    reducer.zero_grad();
    reducer.prepare();
    net.loss(part(images(step, *group), group->rank())).backward();
    reducer.finish();
    for (const at::Tensor& parameter : net.parameters()) parameter.detach().sub_(parameter.grad(), 0.01);
  };
  for (int step = 0; step < 3; ++step) {
    train(step);
    check(!compare_state(*group, state), "ranks that train together stay equal");
  }
  const int last = group->size() - 1;
  if (group->rank() == last) {
    const at::Tensor bits = net.second.detach().view(at::kInt)[5][0][0][0];
    bits.copy_(bits.bitwise_xor(at::full({}, 1 << 20, at::kInt)));
  }
  train(3);
  const auto difference = compare_state(*group, state);
  check(difference.has_value(), "a flipped bit is seen");
  if (group->size() == 2) {
    check(difference->ranks == std::vector<int>{0, 1} && !difference->source, "two ranks: both are named");
    return;
  }
  check(difference->ranks == std::vector<int>{last} && difference->source == 0, "the rank with the flipped bit is named");
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : state) tensors.push_back(tensor);
  broadcast_state(*group, tensors, *difference->source);
  check(!compare_state(*group, state), "the state of the majority heals it");
  if (group->rank() == 0) fmt::print("named rank {}, healed\n", last);
}

// A c10d::Reducer over its own Gloo group, which meets in a file.
class Reference {
 public:
  Reference(Net& net, const World& world, const std::string& file) {
    auto store = c10::make_intrusive<c10d::FileStore>(file, world.size);
    const auto limit = std::chrono::milliseconds(30'000);
    auto gloo = make_gloo_backend({.store = store,
                                   .rank = world.rank,
                                   .size = world.size,
                                   .interface = "",
                                   .address = "127.0.0.1",
                                   .connect_timeout = limit,
                                   .timeout = limit});
    group_ = c10::make_intrusive<c10d::ProcessGroup>(store, world.rank, world.size);
    group_->setBackend(at::kCPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
    group_->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
    const auto parameters = net.used();
    auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(parameters, {1 << 10, 10 << 10});
    std::reverse(buckets.begin(), buckets.end());
    reducer_ = std::make_unique<c10d::Reducer>(parameters, buckets, group_, std::vector<bool>(parameters.size(), false), 10 << 10,
                                               false, true, std::unordered_map<size_t, std::string>{}, 1 << 10, false, false,
                                               std::vector<int64_t>{});
  }
  std::vector<at::Tensor> gradients(Net& net, const at::Tensor& x) {
    for (const at::Tensor& p : net.used()) p.mutable_grad().reset();
    reducer_->prepare_for_forward();
    const at::Tensor loss = net.loss(x);
    reducer_->prepare_for_backward({});
    loss.backward();
    std::vector<at::Tensor> result;
    for (const at::Tensor& p : net.used()) result.push_back(p.grad().clone());
    return result;
  }

 private:
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

// The worlds of the test are powers of two, so dividing before or after the sum rounds alike; with two ranks the sum has
// one order only, with more it depends on how Gloo cuts the buckets.
void same_as_libtorch(const Setting& setting) {
  const auto group = setting.meet();
  Net ours(at::kCPU), theirs(at::kCPU);
  Reference reference(theirs, setting.world, setting.argument);
  Reducer reducer(*group, ours.parameters(), {.bucket_mb = 0.01, .first_bucket_mb = 0.001});
  for (int step = 0; step < 4; ++step) {
    const at::Tensor mine = part(images(step, *group), group->rank());
    const auto expected = reference.gradients(theirs, mine);
    reducer.zero_grad();
    reducer.prepare();
    ours.loss(mine).backward();
    reducer.finish();
    const auto used = ours.used();
    for (size_t i = 0; i < used.size(); ++i) {
      const std::string what = fmt::format("step {}, parameter {} like LibTorch's", step, i);
      if (group->size() == 2) {
        check(at::equal(used[i].grad(), expected[i]), what);
      } else {
        check_close(used[i].grad(), expected[i], 1e-6, what);
      }
    }
  }
}

}  // namespace

void add_gradients(Scenarios& scenarios) {
  scenarios["drift"] = drift;
  scenarios["gradients"] = gradients;
  scenarios["same-as-libtorch"] = same_as_libtorch;
}

}  // namespace ranks
