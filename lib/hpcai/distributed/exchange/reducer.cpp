#include "hpcai/distributed/exchange/reducer.h"

#include <ATen/core/grad_mode.h>

#include <set>
#include <stdexcept>
#include <utility>
#include <variant>

#include "hpcai/distributed/exchange/gradient_buffers.h"
#include "hpcai/distributed/exchange/power_sgd.h"

namespace hpcai::distributed {
namespace {

constexpr double kMebibyte = 1 << 20;

}  // namespace

struct Reducer::State {
  struct Bucket {
    at::Tensor values;  // part of a flat buffer
    int64_t slots = 0;
    int64_t pending = 0;  // number of gradients that the backward pass has not completed
    at::Tensor wire;      // the tensor that travels: `values` itself or room for a narrower copy
    std::unique_ptr<Work> work;
    std::unique_ptr<PowerSgd> compressed = {};
  };

  Group& group;
  ReducerOptions options;
  std::vector<at::Tensor> parameters;
  GradientBuffers buffers = {};
  std::vector<Bucket> buckets = {};
  std::vector<bool> ready = {};      // by slot
  std::vector<bool> trainable = {};  // requires_grad of each parameter when the buffers were made
  size_t next_bucket = 0;            // all ranks must send the buckets in the same order
  bool armed = false;
  bool compresses = false;           // in this step
  std::vector<at::Tensor> own = {};  // gradients after finish() in a world of one rank

  // In a world of one rank there are no buffers. Autograd's own tensors are the gradients, which saves setting them to zero and
  // adding.
  bool alone() const { return group.size() == 1; }

  std::vector<bool> requires_grad() const {
    std::vector<bool> flags;
    for (const at::Tensor& parameter : parameters) flags.push_back(parameter.requires_grad());
    return flags;
  }

  void build() {
    trainable = requires_grad();
    if (alone()) return;
    buffers = make_gradient_buffers(parameters, options.first_bucket_mb * kMebibyte, options.bucket_mb * kMebibyte,
                                    [&](int64_t values, at::ScalarType type) { return group.shared_zeros(values, type); });
    buckets.clear();
    for (const at::Tensor& values : buffers.buckets) {
      const at::ScalarType type = wire_type(values.scalar_type(), options.wire_precision);
      Bucket& bucket = buckets.emplace_back();
      bucket.values = values;
      bucket.wire = type == values.scalar_type() ? values : group.shared_zeros(values.numel(), type);
    }
    for (size_t i = 0; i < buffers.slots.size(); ++i) {
      const GradientSlot& slot = buffers.slots[i];
      ++buckets[slot.bucket].slots;
      adopt_gradient(slot);
      on_gradient(slot, [this, i] { mark_ready(i); });
    }
    for (const at::Tensor& parameter : parameters) {
      if (!parameter.requires_grad()) parameter.mutable_grad().reset();
    }
    build_compression();
  }

  void build_compression() {
    const auto* const config = std::get_if<PowerSgdConfig>(&options.compression);
    if (!config) return;
    std::vector<std::vector<at::Tensor>> gradients(buckets.size());
    for (const GradientSlot& slot : buffers.slots) gradients[slot.bucket].push_back(slot.gradient);
    int64_t number = 0;
    for (size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i].values.scalar_type() == at::kFloat) {
        buckets[i].compressed = std::make_unique<PowerSgd>(group, buckets[i].values, gradients[i], config->rank, number);
      }
      number += buckets[i].slots;
    }
  }

  bool is_compressed(const Bucket& bucket) const { return compresses && bucket.compressed; }

  void collect_own() {
    own.clear();
    for (const at::Tensor& parameter : parameters) {
      at::Tensor& gradient = parameter.mutable_grad();
      if (!parameter.requires_grad()) {
        gradient.reset();
        continue;
      }
      if (!gradient.defined()) gradient = at::zeros_like(parameter);
      own.push_back(gradient);
    }
  }

  void remove_hooks() {
    for (const GradientSlot& slot : buffers.slots) on_gradient(slot, nullptr);
  }

  void follow_requires_grad() {
    if (requires_grad() == trainable) return;
    remove_hooks();
    build();
  }

  void mark_ready(size_t slot) {
    if (!armed) return;
    if (ready[slot]) throw std::logic_error("reducer: a second backward pass between prepare() and finish()");
    ready[slot] = true;
    --buckets[buffers.slots[slot].bucket].pending;
    if (!options.overlap) return;
    while (next_bucket < buckets.size() && buckets[next_bucket].pending == 0) launch(buckets[next_bucket++]);
  }

  void launch(Bucket& bucket) {
    const at::NoGradGuard no_grad;
    if (is_compressed(bucket)) return bucket.compressed->send_left();
    if (bucket.wire.is_same(bucket.values)) {
      bucket.work = group.all_reduce_async(bucket.wire, group.can_average() ? ReduceOp::average : ReduceOp::sum);
      return;
    }
    // The division comes before the narrowing. The sum is then the mean, and it overflows only if a gradient itself does.
    at::div_out(bucket.wire, bucket.values, at::scalar_tensor(group.size(), bucket.values.options()));
    bucket.work = group.all_reduce_async(bucket.wire, ReduceOp::sum);
  }

  void complete(Bucket& bucket) {
    if (is_compressed(bucket)) return bucket.compressed->complete();
    bucket.work->wait();
    bucket.work.reset();
    if (!bucket.wire.is_same(bucket.values)) {
      bucket.values.copy_(bucket.wire);
    } else if (!group.can_average()) {
      bucket.values.div_(group.size());
    }
  }
};

Reducer::Reducer(Group& group, std::vector<at::Tensor> parameters, ReducerOptions options) {
  std::set<const void*> seen;  // a tensor that two layers share has one gradient
  std::erase_if(parameters, [&](const at::Tensor& p) { return !seen.insert(p.unsafeGetTensorImpl()).second; });
  for (const at::Tensor& parameter : parameters) {
    if (parameter.device() != group.device()) throw std::invalid_argument("reducer: a parameter is not on the group's device");
  }
  state_ = std::make_unique<State>(State{.group = group, .options = options, .parameters = std::move(parameters)});
  state_->build();
}

Reducer::~Reducer() { state_->remove_hooks(); }

void Reducer::zero_grad() {
  state_->follow_requires_grad();
  if (state_->alone()) {
    for (const at::Tensor& parameter : state_->parameters) parameter.mutable_grad().reset();
    state_->own.clear();
  }
  for (const at::Tensor& flat : state_->buffers.flat) flat.zero_();
  for (const GradientSlot& slot : state_->buffers.slots) slot.parameter.mutable_grad() = slot.gradient;
}

void Reducer::prepare(int64_t step) {
  State& state = *state_;
  const auto* const compression = std::get_if<PowerSgdConfig>(&state.options.compression);
  state.compresses = compression && step >= compression->start_step;
  state.follow_requires_grad();
  for (const GradientSlot& slot : state.buffers.slots) adopt_gradient(slot);
  for (State::Bucket& bucket : state.buckets) bucket.pending = bucket.slots;
  state.ready.assign(state.buffers.slots.size(), false);
  state.next_bucket = 0;
  state.armed = true;
}

void Reducer::finish() {
  State& state = *state_;
  if (!std::exchange(state.armed, false)) throw std::logic_error("reducer: finish() without prepare()");
  at::NoGradGuard no_grad;
  if (state.alone()) return state.collect_own();
  while (state.next_bucket < state.buckets.size()) state.launch(state.buckets[state.next_bucket++]);
  for (State::Bucket& bucket : state.buckets) {
    if (state.is_compressed(bucket)) bucket.compressed->send_right();
  }
  for (State::Bucket& bucket : state.buckets) state.complete(bucket);
}

const std::vector<at::Tensor>& Reducer::flat_gradients() const { return state_->alone() ? state_->own : state_->buffers.flat; }

std::vector<at::Tensor> Reducer::shared_memory() const {
  std::vector<at::Tensor> memory;
  for (const State::Bucket& bucket : state_->buckets) {
    if (bucket.compressed) memory.push_back(bucket.compressed->q());
  }
  return memory;
}

std::vector<at::Tensor> Reducer::own_memory() const {
  std::vector<at::Tensor> memory;
  for (const State::Bucket& bucket : state_->buckets) {
    if (bucket.compressed) memory.push_back(bucket.compressed->error());
  }
  return memory;
}

void Reducer::forget() {
  for (const State::Bucket& bucket : state_->buckets) {
    if (bucket.compressed) bucket.compressed->forget();
  }
}

int64_t Reducer::bucket_count() const { return static_cast<int64_t>(state_->buckets.size()); }

}  // namespace hpcai::distributed
