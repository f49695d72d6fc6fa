#include "hpcai/scaling/model/footprint.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <variant>

#include "hpcai/distributed/exchange/gradient_buffers.h"
#include "hpcai/distributed/exchange/power_sgd.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/models/layers.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/optim/optimizer.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/network.h"
#include "hpcai/trainer/snapshots.h"
#include "hpcai/trainer/weights.h"

namespace hpcai::scaling {
namespace {

// Approximately: the header of one tensor in a safetensors file; manifest.json and state.json together.
constexpr double kHeaderBytes = 95, kOtherBytes = 900;

double heap_bytes() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

double bytes_of(const checkpoint::NamedTensors& tensors) {
  double sum = 0;
  for (const auto& [name, tensor] : tensors) sum += static_cast<double>(tensor.nbytes());
  return sum;
}

// Counts the multiply-adds of the operations that this thread calls during the lifetime of an object. A convolution is counted by
// its sizes, and not by the products that it is made of.
class MacCounter {
 public:
  MacCounter() {
    sum_ = 0;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(&MacCounter::begin, &MacCounter::end)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~MacCounter() { at::removeCallback(handle_); }
  MacCounter(const MacCounter&) = delete;
  MacCounter& operator=(const MacCounter&) = delete;

  static double sum() { return sum_; }

 private:
  // Passes a number from begin() to end(), because end() cannot see the inputs.
  struct Convolution : at::ObserverContext {
    Convolution() { ++depth_; }
    ~Convolution() override { --depth_; }
    double macs_per_output = 0;
  };

  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    const std::string_view name = function.name();
    const auto inputs = function.inputs();
    auto size = [&](size_t i, int64_t d) { return static_cast<double>(inputs[i].toTensor().size(d)); };
    if (depth_ > 0) return nullptr;
    if (name == "aten::convolution" || name == models::kConvolutionName) {
      auto context = std::make_unique<Convolution>();
      context->macs_per_output = static_cast<double>(inputs[1].toTensor().numel()) / size(1, 0);
      return context;
    }
    if (name == "aten::addmm") sum_ += size(1, 0) * size(1, 1) * size(2, 1);
    if (name == "aten::mm") sum_ += size(0, 0) * size(0, 1) * size(1, 1);
    if (name == "aten::bmm") sum_ += size(0, 0) * size(0, 1) * size(0, 2) * size(1, 2);
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext* context) {
    const auto* convolution = dynamic_cast<const Convolution*>(context);
    if (!convolution || function.outputs().empty()) return;
    sum_ += static_cast<double>(function.outputs()[0].toTensor().numel()) * convolution->macs_per_output;
  }

  static thread_local double sum_;
  static thread_local int depth_;  // convolutions that have begun and not ended
  at::CallbackHandle handle_;
};

thread_local double MacCounter::sum_ = 0;
thread_local int MacCounter::depth_ = 0;

// [samples, ...spec.input_shape]
at::Tensor random_input(const data::SampleSpec& spec, int64_t samples) {
  std::vector<int64_t> shape{samples};
  shape.insert(shape.end(), spec.input_shape.begin(), spec.input_shape.end());
  return at::randn(shape);
}

// Heap bytes that the autograd graph of one forward pass of `input` [batch, ...] holds.
double graph_bytes(models::Model& model, const at::Tensor& input, trainer::Precision precision) {
  const double before = heap_bytes();
  const at::Tensor output = trainer::network_of(model, precision)(input);
  return std::max(0.0, heap_bytes() - before);
}

void measure_activations(models::Model& model, const data::SampleSpec& spec, trainer::Precision precision, Footprint& footprint) {
  const at::Tensor two = random_input(spec, 2), four = random_input(spec, 4);
  for (const at::Tensor& first : {two, four}) graph_bytes(model, first, precision);  // oneDNN allocates once for each shape
  const double small = graph_bytes(model, two, precision), large = graph_bytes(model, four, precision);
  footprint.activations_per_sample = std::max(0.0, (large - small) / 2);
  footprint.activations = std::max(0.0, small - 2 * footprint.activations_per_sample);
  footprint.input_per_sample = static_cast<double>(two.nbytes()) / 2;
}

void count_operations(models::Model& model, const data::SampleSpec& spec, Footprint& footprint) {
  // For an input that requires a gradient, and in bfloat16, the network uses LibTorch's own operations, which MacCounter sees,
  // and convolutions, which it sees, too.
  const at::Tensor input = random_input(spec, 2).requires_grad_();
  double exchanges = 0, bytes = 0;
  models::SumOverRanks count = [&](at::Tensor& values) {
    ++exchanges;
    bytes += static_cast<double>(values.nbytes());
  };
  models::synchronise_batch_norm(model, count, 2);
  const MacCounter counter;
  trainer::network_of(model, trainer::Precision::bf16)(input);
  models::synchronise_batch_norm(model, {}, 2);
  footprint.macs_per_sample = MacCounter::sum() / 2;
  // One for the outcome of the step; the backward pass has as many as the forward pass.
  footprint.blocking_exchanges = 1 + 2 * exchanges;
  footprint.blocking_bytes = 24 + 2 * bytes;
}

// The exchanges of a step: one of each bucket, or with compression one of the left matrices of each and then one of the right
// ones.
std::vector<Bucket> exchanges_of(const distributed::GradientBuffers& buffers, const distributed::DistributedConfig& config) {
  const auto* const compression = std::get_if<distributed::PowerSgdConfig>(&config.compression);
  std::vector<std::vector<at::Tensor>> gradients(buffers.buckets.size());
  for (const auto& slot : buffers.slots) gradients[slot.bucket].push_back(slot.gradient);
  std::vector<Bucket> first, second;
  for (size_t i = 0; i < buffers.buckets.size(); ++i) {
    const at::Tensor& values = buffers.buckets[i];
    const double ready = static_cast<double>(i + 1) / static_cast<double>(buffers.buckets.size());
    if (compression && values.scalar_type() == at::kFloat) {
      const auto sent = distributed::sent_values(gradients[i], compression->rank);
      first.push_back({static_cast<double>(sent.left) * sizeof(float), ready});
      if (sent.right > 0) second.push_back({static_cast<double>(sent.right) * sizeof(float), 1});
    } else {
      const at::ScalarType type = distributed::wire_type(values.scalar_type(), config.wire_precision);
      first.push_back({static_cast<double>(values.numel()) * static_cast<double>(c10::elementSize(type)), ready});
    }
  }
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

void add_gradients(const std::vector<at::Tensor>& parameters, const distributed::DistributedConfig& config,
                   Footprint& footprint) {
  const auto buffers =
      distributed::make_gradient_buffers(parameters, config.first_bucket_mb * kMebibyte, config.bucket_mb * kMebibyte);
  for (const at::Tensor& values : buffers.buckets) footprint.gradients += static_cast<double>(values.nbytes());
  if (std::holds_alternative<distributed::PowerSgdConfig>(config.compression)) footprint.gradients *= 2;  // the error memory
  footprint.buckets = exchanges_of(buffers, config);
}

}  // namespace

Footprint measure_footprint(const trainer::Experiment& experiment, const data::SampleSpec& spec) {
  const auto group = distributed::make_single_group();
  const auto model = trainer::build_model(experiment, spec, *group);
  const auto& stages = experiment.training.stages;
  optim::NamedTensors parameters;
  for (const auto& item : model->named_parameters()) parameters.emplace_back(item.key(), item.value());
  const auto optimizer = optim::make_optimizer(experiment.optimizer, parameters);
  if (!stages.empty()) model->set_trainable_from(stages.back().trainable_from);

  Footprint footprint;
  const auto tensors = trainer::tensors_of(*model);
  const auto state = optimizer->state();
  footprint.weights = bytes_of(tensors);
  footprint.optimizer = bytes_of(state);
  footprint.average = experiment.training.average_decay > 0 ? footprint.weights : 0;
  const double copies = experiment.training.on_divergence == trainer::OnDivergence::roll_back ? trainer::Snapshots::kCopies : 0;
  const double bytes = footprint.weights + footprint.optimizer + footprint.average;
  footprint.snapshots = copies * bytes;
  footprint.checkpoint =
      (1 + copies) *
          (bytes + kHeaderBytes * static_cast<double>(tensors.size() * (footprint.average > 0 ? 2 : 1) + state.size())) +
      kOtherBytes;
  add_gradients(model->parameters(), experiment.distributed, footprint);
  measure_activations(*model, spec, experiment.training.precision, footprint);
  count_operations(*model, spec, footprint);
  return footprint;
}

}  // namespace hpcai::scaling
