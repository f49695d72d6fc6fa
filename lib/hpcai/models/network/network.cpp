#include "hpcai/models/network/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/models/initialise.h"
#include "hpcai/models/network/fusion.h"
#include "hpcai/models/network/layer_config.h"
#include "hpcai/models/network/planner.h"
#include "hpcai/models/standardise.h"

namespace hpcai::models {
namespace network {
namespace {

// The outer layers of a network.
struct Outer {
  Shape input;
  std::vector<Function>
      sections;  // of a MapNetwork up to the maps, the features and the outputs, of a FeatureNetwork the last two
  std::shared_ptr<torch::nn::Module> modules;
  std::vector<Row> rows;
  std::string last;                                           // name of the row of the last of them
  int64_t features = 0;                                       // that the last layer reads
  std::shared_ptr<InputStandardiser> standardiser = nullptr;  // null: the layers read the samples as they are
};

constexpr const char* kHead = "head";  // a name that every Model has for its last layers

// A batch of samples in the layout of a Shape's tensors.
at::Tensor entered(const at::Tensor& input, const Shape& shape) {
  if (shape.layout == Layout::series) return input.transpose(1, 2);
  return shape.layout == Layout::image ? input.contiguous(at::MemoryFormat::ChannelsLast) : input;
}

// A model of a list of layers as a Model, FeatureNetwork or MapNetwork.
template <class Base>
class LayerNetwork : public Base, public Layered {
 public:
  explicit LayerNetwork(Outer outer) : Layered(std::move(outer.rows)), outer_(std::move(outer)) {
    if (outer_.standardiser) this->register_module(kInputStandardiser, outer_.standardiser);
    this->register_module("layers", outer_.modules);
    const bool has_head = std::any_of(rows().begin(), rows().end(), [](const Row& row) { return row.name == kHead; });
    for (const Row& row : rows()) {
      if (!has_head && row.name == outer_.last) this->add_layer(kHead);
      if (row.module) {
        this->add_layer(row.name, {row.module});
      } else {
        this->add_layer(row.name);
      }
    }
  }

 protected:
  // What the first layer reads of a batch, and the lengths of its sequences if they differ.
  struct Entry {
    at::Tensor values, lengths;
  };

  at::Tensor run(size_t section, const Entry& entry) {
    Pass pass{.randomness = this->randomness(), .training = this->is_training(), .lengths = entry.lengths};
    return outer_.sections[section](entry.values, pass);
  }
  Entry enter(const at::Tensor& input) const {
    const at::Tensor values = outer_.standardiser ? outer_.standardiser->forward(input) : input;
    if (!outer_.input.steps) return {entered(values, outer_.input), {}};
    const at::Tensor real = real_steps(values);
    return {values.masked_fill(real.logical_not().unsqueeze(2), 0), real.sum(1)};
  }

  Outer outer_;
};

class PlainNetwork : public LayerNetwork<Model> {
 public:
  using LayerNetwork::LayerNetwork;
  at::Tensor forward(const at::Tensor& input) override { return run(0, enter(input)); }
};

class VectorNetwork : public LayerNetwork<FeatureNetwork> {
 public:
  using LayerNetwork::LayerNetwork;
  at::Tensor features(const at::Tensor& input) override { return run(0, enter(input)); }
  at::Tensor classify(const at::Tensor& features) override { return run(1, {features, {}}); }
  int64_t feature_count() const override { return outer_.features; }
};

class ImageNetwork : public LayerNetwork<MapNetwork> {
 public:
  using LayerNetwork::LayerNetwork;
  at::Tensor maps(const at::Tensor& input) override { return run(0, enter(input)); }
  at::Tensor summarise(const at::Tensor& maps) override { return run(1, {maps, {}}); }
  at::Tensor classify(const at::Tensor& features) override { return run(2, {features, {}}); }
  int64_t feature_count() const override { return outer_.features; }
};

Shape input_of(const NetworkConfig& config, std::span<const int64_t> shape, const SequenceKind& sequences) {
  if (sequences.padded) {
    if (!config.time_first) {
      throw Error(ExitCode::usage, "sequences of different length are [time, features], but model.time_first is false",
                  "Set model.time_first: true; `- transpose` in front of convolutions makes series of them.");
    }
    return Shape{Layout::sequence, shape[1], {shape[0]}, StepRule{}};
  }
  switch (shape.size()) {
    case 1: return features(shape[0]);
    case 2:
      return config.time_first ? Shape{Layout::sequence, shape[1], {shape[0]}} : Shape{Layout::series, shape[0], {shape[1]}};
    case 3: return {Layout::image, shape[0], {shape[1], shape[2]}};
    default: break;
  }
  throw Error(ExitCode::usage, fmt::format("model.type: network needs samples of 1 to 3 dimensions; these are {}",
                                           c10::str(at::IntArrayRef(shape.data(), shape.size()))));
}

// Refuses what is only known at the end of the list.
void check_end(const NetworkConfig& config, const Chain& chain, const Planner& planner) {
  if (config.layers.empty())
    throw Error(ExitCode::usage, "model.layers: the list is empty", "list the layers; the last is `- outputs`");
  Shape needed = features(planner.outputs());
  if (planner.each_step()) needed = {Layout::sequence, planner.outputs(), chain.input.extents, chain.input.steps};
  if (chain.output() != needed) {
    const LayerConfig& last = config.layers.back();
    throw Error(ExitCode::usage,
                fmt::format("{}{}model.layers[{}] ({}): the network ends in {}, but the loss needs {}", last.read_from,
                            last.read_from.empty() ? "" : ": ", config.layers.size() - 1, kind_of(last), chain.output().text(),
                            needed.text()),
                planner.each_step() ? "keep all time steps of the sequence, and let `- outputs` be the last layer"
                                    : "let `- outputs` be the last layer");
  }
  for (const auto& [name, sum] : planner.sums) {
    if (sum.taken) continue;
    throw Error(ExitCode::usage, fmt::format("model.layers: no layer takes the sum {}", printable(name, 60)),
                fmt::format("put `take: {}` where it is needed, or leave out its add_to", printable(name, 60)));
  }
}

// The row of the last outer layer.
Row& last_outer(std::vector<Row>& rows, const Chain& chain) {
  const Chain::Part& last = chain.parts.back();
  const std::string name = last.named ? last.component : "layers." + last.component;
  return *std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
}

// The layers up to the last image between outer layers, if the features can be computed from it alone; else 0.
size_t maps_end_of(const Chain& chain) {
  size_t end = 0;
  for (size_t i = 0; i + 1 < chain.parts.size(); ++i) {
    if (chain.parts[i].plan.output.layout == Layout::image) end = i + 1;
  }
  return end > 0 && chain.parts[end - 1].takes == chain.parts.back().takes ? end : 0;
}

// Calls the last outer layer head, unless it has another name or another layer has this one. Returns its name.
std::string name_head(const Chain& chain, std::vector<Row>& rows) {
  Row& last = last_outer(rows, chain);
  const auto is_head = [](const Row& row) { return row.name == kHead; };
  if (!chain.parts.back().named && std::none_of(rows.begin(), rows.end(), is_head)) last.name = kHead;
  return last.name;
}

std::shared_ptr<Model> assemble(const Chain& chain, std::shared_ptr<InputStandardiser> standardiser) {
  Assembly assembly;
  const Chain::Layers layers = chain.make(assembly);
  Outer outer{.input = chain.input, .sections = {}, .modules = layers.modules, .rows = std::move(assembly.rows), .last = {}};
  outer.standardiser = std::move(standardiser);
  outer.last = name_head(chain, outer.rows);
  const auto section = [&](size_t begin, size_t end) {
    return fused(joined(std::span(layers.operations).subspan(begin, end - begin)));
  };
  const size_t size = chain.parts.size();
  const std::string& last = chain.parts.back().kind;
  if (chain.output().layout != Layout::features || size < 2 || (last != DenseLayer::kType && last != OutputsLayer::kType)) {
    outer.sections = {section(0, size)};
    return std::make_shared<PlainNetwork>(std::move(outer));
  }
  outer.features = chain.parts[size - 2].plan.output.channels;
  const size_t maps_end = maps_end_of(chain);
  if (maps_end == 0) {
    outer.sections = {section(0, size - 1), section(size - 1, size)};
    return std::make_shared<VectorNetwork>(std::move(outer));
  }
  outer.sections = {section(0, maps_end), section(maps_end, size - 1), section(size - 1, size)};
  return std::make_shared<ImageNetwork>(std::move(outer));
}

void initialise(torch::nn::Module& root, Initialisation kind, uint64_t seed) {
  switch (kind) {
    case Initialisation::pytorch: initialise_uniform_fan_in(root, seed); break;
    case Initialisation::keras: initialise_glorot_uniform(root, seed); break;
    case Initialisation::he: initialise_he_fan_out(root, seed); break;
  }
  // Numbers of their own, so that a recurrent layer does not change the weights of the others.
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed ^ 0x6F776E2073746172);
  root.apply([&](torch::nn::Module& part) {
    if (auto* own = dynamic_cast<HasOwnStart*>(&part)) own->start(generator);
  });
}

}  // namespace

int64_t parameters_of(const Row& row) {
  int64_t values = 0;
  if (row.contains_others || !row.module) return 0;
  for (const at::Tensor& parameter : row.module->parameters()) values += parameter.numel();
  return values;
}

std::string layer_table(const std::vector<Row>& rows, const std::vector<int64_t>& input) {
  const auto shape_text = [](const std::vector<int64_t>& sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); };
  size_t name_width = 5, kind_width = 4, shape_width = std::max<size_t>(6, shape_text(input).size());
  for (const Row& row : rows) {
    name_width = std::max(name_width, row.name.size());
    kind_width = std::max(kind_width, row.kind.size());
    shape_width = std::max(shape_width, shape_text(row.output.sizes()).size());
  }
  std::string text;
  const auto add =
      [&](const std::string& name, const std::string& kind, const std::string& shape, const std::string& parameters) {
    std::string line =
        fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>12}", name, name_width, kind, kind_width, shape, shape_width, parameters);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add("layer", "kind", "output", "parameters");
  add("input", "", shape_text(input), "");
  int64_t sum = 0;
  for (const Row& row : rows) {
    const int64_t values = parameters_of(row);
    sum += values;
    add(row.name, row.kind, shape_text(row.output.sizes()), values > 0 ? std::to_string(values) : "");
  }
  add("sum", "", "", std::to_string(sum));
  return text;
}

}  // namespace network

NetworkConfig::NetworkConfig() = default;
NetworkConfig::~NetworkConfig() = default;
NetworkConfig::NetworkConfig(const NetworkConfig& other) = default;
NetworkConfig::NetworkConfig(NetworkConfig&& other) noexcept = default;
NetworkConfig& NetworkConfig::operator=(const NetworkConfig& other) = default;
NetworkConfig& NetworkConfig::operator=(NetworkConfig&& other) noexcept = default;

BatchNormMode batch_norm_of(const ModelConfig& config) {
  const auto* own = std::get_if<NetworkConfig>(&config);
  if (own && !network::has_batch_norm(own->layers)) return BatchNormMode::none;
  return std::visit([](const auto& model) { return model.batch_norm; }, config);
}

std::shared_ptr<Model> make(const NetworkConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed,
                            const SequenceKind& sequences) {
  if (sequences != SequenceKind{} && input_shape.size() != 2) {
    throw std::invalid_argument("sequences are samples of two dimensions");  // the sources of data make no others
  }
  network::Planner planner(outputs, config.batch_norm, sequences.each_step);
  const network::Chain chain = planner.chain(config.layers, network::input_of(config, input_shape, sequences), "model.layers");
  network::check_end(config, chain, planner);
  std::shared_ptr<InputStandardiser> standardiser;
  const int64_t channel_axis = config.time_first && input_shape.size() == 2 ? 1 : 0;
  if (config.standardise_inputs) standardiser = std::make_shared<InputStandardiser>(input_shape, channel_axis);
  auto model = network::assemble(chain, std::move(standardiser));
  network::initialise(*model, config.initialisation, seed);
  return model;
}

}  // namespace hpcai::models
