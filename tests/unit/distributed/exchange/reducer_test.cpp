#include "check.h"

#include <torch/csrc/autograd/autograd.h>

#include "fake_group.h"
#include "hpcai/distributed/exchange/gradient_buffers.h"
#include "hpcai/distributed/exchange/reducer.h"
#include "hpcai/distributed/exchange/single_group.h"

using namespace hpcai::distributed;

namespace {

constexpr double kKilobyte = 1.0 / 1024;  // in MiB

struct Net {
  at::Tensor first = at::randn({32, 16}).requires_grad_(), first_bias = at::randn({32}).requires_grad_();
  at::Tensor second = at::randn({8, 32}).requires_grad_(), second_bias = at::randn({8}).requires_grad_();
  at::Tensor unused = at::randn({4, 4}).requires_grad_();

  std::vector<at::Tensor> parameters() const { return {first, first_bias, second, second_bias, unused}; }
  at::Tensor hidden(const at::Tensor& x) const { return at::relu(at::linear(x, first, first_bias)); }
  at::Tensor loss(const at::Tensor& x) const { return at::linear(hidden(x), second, second_bias).square().mean(); }
};

std::vector<at::Tensor> plain_gradients(Net& net, const at::Tensor& x) {
  std::vector<at::Tensor> used(net.parameters());
  used.resize(4);
  auto gradients = torch::autograd::grad({net.loss(x)}, used);
  gradients.push_back(at::zeros({4, 4}));
  return gradients;
}

void check_equal(Net& net, const std::vector<at::Tensor>& expected, double factor) {
  const auto parameters = net.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    INFO("parameter " << i);
    REQUIRE(parameters[i].grad().defined());
    CHECK(at::equal(parameters[i].grad(), expected[i] * factor));
  }
}

bool within(const at::Tensor& view, const at::Tensor& flat) {
  const auto* begin = static_cast<const char*>(flat.const_data_ptr());
  const auto* at = static_cast<const char*>(view.const_data_ptr());
  return at >= begin && at < begin + flat.nbytes();
}

}  // namespace

TEST_CASE("gradients become the mean over the ranks, in flat buffers, and unused ones zero") {
  at::manual_seed(3);
  Net net;
  const at::Tensor x = at::randn({5, 16});
  const auto expected = plain_gradients(net, x);
  FakeGroup group({1, 2, 3, 2});
  const bool overlap = GENERATE(true, false);
  Reducer reducer(group, net.parameters(), {.bucket_mb = kKilobyte / 16, .first_bucket_mb = kKilobyte / 64, .overlap = overlap});
  CHECK(reducer.bucket_count() > 2);
  for (int step = 0; step < 3; ++step) {
    group.sent.clear();
    reducer.zero_grad();
    reducer.prepare();
    net.loss(x).backward();
    // the bucket of the unused layer comes first and holds the others back
    CHECK(group.sent.empty());
    reducer.finish();
    CHECK(group.sent.size() == static_cast<size_t>(reducer.bucket_count()));
    check_equal(net, expected, 2);
    for (const at::Tensor& p : net.parameters()) CHECK(within(p.grad(), reducer.flat_gradients()[0]));
  }
}

TEST_CASE("buckets leave while backward is still running") {
  Net net;
  auto parameters = net.parameters();
  parameters.resize(4);
  FakeGroup group({1, 1});
  Reducer reducer(group, parameters, {.bucket_mb = kKilobyte / 4, .first_bucket_mb = kKilobyte / 4});
  size_t sent_before_first_layer = 0;
  const at::Tensor x = at::randn({5, 16});
  const at::Tensor hidden = net.hidden(x);
  hidden.register_hook([&](const at::Tensor&) { sent_before_first_layer = group.sent.size(); });
  reducer.prepare();
  at::linear(hidden, net.second, net.second_bias).square().mean().backward();
  CHECK(sent_before_first_layer == 1);
  CHECK(group.sent.size() == static_cast<size_t>(reducer.bucket_count()));
  reducer.finish();
}

TEST_CASE("micro-batches add up before they travel") {
  Net net;
  const at::Tensor a = at::randn({5, 16}), b = at::randn({5, 16});
  const auto first = plain_gradients(net, a), second = plain_gradients(net, b);
  FakeGroup group({1, 3});
  Reducer reducer(group, net.parameters());
  reducer.zero_grad();
  net.loss(a).backward();
  CHECK(group.sent.empty());
  reducer.prepare();
  net.loss(b).backward();
  reducer.finish();
  std::vector<at::Tensor> sum;
  for (size_t i = 0; i < first.size(); ++i) sum.push_back(first[i] + second[i]);
  check_equal(net, sum, 2);
}

TEST_CASE("gradients that were set to none are taken up again, without old values") {
  Net net;
  const at::Tensor x = at::randn({5, 16});
  const auto expected = plain_gradients(net, x);
  FakeGroup group({1, 1});
  Reducer reducer(group, net.parameters());
  for (int step = 0; step < 2; ++step) {
    for (const at::Tensor& p : net.parameters()) p.mutable_grad().reset();
    reducer.prepare();
    net.loss(x).backward();
    reducer.finish();
    check_equal(net, expected, 1);
  }
}

TEST_CASE("parameters that are frozen do not travel, and come back when they are trained again") {
  Net net;
  const at::Tensor x = at::randn({5, 16});
  const auto expected = plain_gradients(net, x);
  FakeGroup group({1, 3});
  Reducer reducer(group, net.parameters());
  const int64_t all = reducer.flat_gradients()[0].numel();
  net.first.requires_grad_(false);
  net.first_bias.requires_grad_(false);
  reducer.zero_grad();
  CHECK(reducer.flat_gradients()[0].numel() == all - 16 * 32 - 32);
  CHECK_FALSE(net.first.grad().defined());
  reducer.prepare();
  net.loss(x).backward();
  reducer.finish();
  CHECK_FALSE(net.first.grad().defined());
  CHECK(at::equal(net.second.grad(), expected[2] * 2));

  net.first.requires_grad_(true);
  net.first_bias.requires_grad_(true);
  reducer.zero_grad();
  reducer.prepare();
  net.loss(x).backward();
  reducer.finish();
  check_equal(net, expected, 2);
}

TEST_CASE("one rank alone keeps autograd's gradients, and zero for what the loss does not depend on") {
  Net net;
  const at::Tensor x = at::randn({5, 16});
  const auto expected = plain_gradients(net, x);
  const auto group = make_single_group();
  auto parameters = net.parameters();
  const at::Tensor unused = at::ones({3}).requires_grad_();
  parameters.push_back(unused);
  Reducer reducer(*group, parameters);
  for (int step = 0; step < 2; ++step) {  // the second must not add to the first
    reducer.zero_grad();
    reducer.prepare();
    net.loss(x).backward();
    reducer.finish();
    check_equal(net, expected, 1);
    CHECK(unused.grad().equal(at::zeros({3})));
    REQUIRE(reducer.flat_gradients().size() == parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i) CHECK(reducer.flat_gradients()[i].is_same(parameters[i].grad()));
  }
}

TEST_CASE("gradients on the wire in bf16 or fp16 are off by at most its rounding") {
  const auto [precision, type, rounding] = GENERATE(table<WirePrecision, at::ScalarType, double>(
      {{WirePrecision::bf16, at::kBFloat16, 1.0 / 256}, {WirePrecision::fp16, at::kHalf, 1.0 / 2048}}));
  Net net;
  const at::Tensor x = at::randn({5, 16});
  const auto expected = plain_gradients(net, x);
  FakeGroup group({1, 1});
  Reducer reducer(group, net.parameters(), {.wire_precision = precision});
  reducer.prepare();
  net.loss(x).backward();
  reducer.finish();
  CHECK(group.sent[0].scalar_type() == type);
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(at::allclose(net.parameters()[i].grad(), expected[i], rounding, 1e-7));
  }
}

TEST_CASE("gradient views keep the strides of their parameters and start on 64 bytes") {
  const at::Tensor image = at::zeros({8, 3, 5, 5}).to(at::MemoryFormat::ChannelsLast).requires_grad_();
  const at::Tensor odd = at::zeros({7}).requires_grad_();
  const at::Tensor wide = at::zeros({3}, at::kDouble).requires_grad_();
  const at::Tensor frozen = at::zeros({100});
  const auto buffers = make_gradient_buffers({image, odd, wide, frozen}, 1, 1);
  CHECK(buffers.flat.size() == 2);
  REQUIRE(buffers.slots.size() == 3);
  CHECK(buffers.slots[0].parameter.is_same(wide));
  CHECK(buffers.buckets.size() == 3);
  for (const auto& slot : buffers.slots) {
    CHECK(slot.gradient.strides() == slot.parameter.strides());
    CHECK(slot.gradient.sizes() == slot.parameter.sizes());
    CHECK(slot.gradient.storage_offset() * slot.gradient.element_size() % 64 == 0);
  }
}

TEST_CASE("a shared parameter counts once, and two backward passes after prepare() are a bug") {
  Net net;
  auto parameters = net.parameters();
  parameters.push_back(net.first);
  FakeGroup group({1, 1});
  Reducer reducer(group, parameters);
  const at::Tensor x = at::randn({5, 16});
  reducer.prepare();
  net.loss(x).backward();
  CHECK_THROWS_AS(net.loss(x).backward(), std::logic_error);
  reducer.finish();
  CHECK_THROWS_AS(reducer.finish(), std::logic_error);
}
