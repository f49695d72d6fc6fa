#include "hpcai/models/network/containers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hpcai/models/network/fusion.h"
#include "hpcai/models/network/layer_config.h"

namespace hpcai::models::network {
namespace {

constexpr const char* kShortcut = "shortcut";

// Makes a chain whose layers are called path.component.number.
Made make_within(const Chain& chain, Assembly& assembly, const std::string& component) {
  const std::string path = assembly.path;
  assembly.path = path + "." + component;
  Made made = chain.make_one(assembly);
  assembly.path = path;
  return made;
}

// Branches with their weights.
struct Branches {
  std::shared_ptr<torch::nn::Module> modules;
  std::vector<std::vector<Operation>> operations;
};

Branches make_branches(const std::vector<Chain>& chains, Assembly& assembly) {
  Branches branches{std::make_shared<torch::nn::Module>(), {}};
  for (size_t i = 0; i < chains.size(); ++i) {
    const std::string number = std::to_string(i);
    Made made = make_within(chains[i], assembly, number);
    branches.modules->register_module(number, made.module);
    branches.operations.push_back(std::move(made.operations));
  }
  return branches;
}

std::vector<at::Tensor> run_branches(const std::vector<Function>& branches, const at::Tensor& input, Pass& pass) {
  std::vector<at::Tensor> outputs;
  for (const Function& branch : branches) outputs.push_back(branch(input, pass));
  return outputs;
}

std::vector<Chain> plan_branches(const BranchKeys& keys, const Shape& input, Planner& planner) {
  if (keys.branches.size() < 2) throw Fault{"it needs at least two branches", "write a list of lists of layers"};
  std::vector<Chain> chains;
  for (size_t i = 0; i < keys.branches.size(); ++i) {
    chains.push_back(planner.chain(keys.branches[i], input, fmt::format("branches[{}]", i)));
  }
  return chains;
}

[[noreturn]] void refuse_shapes(const std::vector<Chain>& chains, size_t one, size_t other) {
  throw Fault{fmt::format("its branch {} gives {}, but branch {} gives {}", one, chains[one].output().text(), other,
                          chains[other].output().text()),
              ""};
}

// A layer that joins the outputs of branches.
template <class Join>
Plan join_branches(Shape output, std::vector<Chain> chains, Join join) {
  return {std::move(output), [chains = std::move(chains), join](Assembly& assembly) {
            const Branches branches = make_branches(chains, assembly);
            std::vector<Function> forward;
            for (const auto& operations : branches.operations) forward.push_back(fused(operations));
            return Made{[forward = std::move(forward), join](const at::Tensor& x, Pass& pass) {
      return join(run_branches(forward, x, pass));
                        },
                        branches.modules};
          }};
}

// The features of a branch, for each channel of values of this shape.
at::Tensor for_each_channel(const at::Tensor& features, const Shape& shape) {
  if (shape.layout == Layout::features) return features;
  return shape.layout == Layout::image ? features.unsqueeze(2).unsqueeze(3) : features.unsqueeze(1);
}

}  // namespace

Plan plan(const SequenceLayer& config, const Shape& input, Planner& planner) {
  Chain chain = planner.chain(config.layers, input, "layers");
  const Shape output = chain.output();
  return {output, [chain = std::move(chain)](Assembly& assembly) { return chain.make_one(assembly); }};
}

Plan plan(const ResidualLayer& config, const Shape& input, Planner& planner) {
  Chain body = planner.chain(config.layers, input, "layers");
  Chain shortcut = planner.chain(config.shortcut, input, kShortcut);
  const Shape output = body.output();
  if (output != shortcut.output()) {
    throw Fault{fmt::format("its layers give {}, but what is added is {}", output.text(), shortcut.output().text()),
                "both must have one shape; `shortcut` lists layers for what is added"};
  }
  const bool direct = shortcut.parts.empty();
  const auto is_taken = [](const Chain::Part& part) { return part.component == kShortcut; };
  if (!direct && std::any_of(body.parts.begin(), body.parts.end(), is_taken)) {
    throw Fault{"one of its layers is named shortcut, as the layers of the shortcut are", "choose another name"};
  }
  return {output, [=](Assembly& assembly) {
            Made made = body.make_one(assembly);
            std::vector<Operation> added;
            if (!direct) {
              Made other = make_within(shortcut, assembly, kShortcut);
              made.module->register_module(kShortcut, other.module);
              added = std::move(other.operations);
            }
            return Made{Sum{{std::move(made.operations), std::move(added)}}, made.module};
          }};
}

Plan plan(const ParallelLayer& config, const Shape& input, Planner& planner) {
  std::vector<Chain> chains = plan_branches(config, input, planner);
  Shape output = chains[0].output();
  for (size_t i = 1; i < chains.size(); ++i) {
    const Shape& other = chains[i].output();
    if (other.with_channels(output.channels) != output) refuse_shapes(chains, i, 0);
    output.channels += other.channels;
  }
  return join_branches(output, std::move(chains),
                       [dim = output.channel_dim()](const std::vector<at::Tensor>& parts) { return at::cat(parts, dim); });
}

Plan plan(const SumLayer& config, const Shape& input, Planner& planner) {
  std::vector<Chain> chains = plan_branches(config, input, planner);
  for (size_t i = 1; i < chains.size(); ++i) {
    if (chains[i].output() != chains[0].output()) refuse_shapes(chains, i, 0);
  }
  const Shape output = chains[0].output();
  return {output, [chains = std::move(chains)](Assembly& assembly) {
            Branches branches = make_branches(chains, assembly);
            return Made{Sum{std::move(branches.operations)}, branches.modules};
          }};
}

Plan plan(const MultiplyLayer& config, const Shape& input, Planner& planner) {
  std::vector<Chain> chains = plan_branches(config, input, planner);
  const auto is_whole = [](const Chain& chain) { return chain.output().layout != Layout::features; };
  const auto whole = std::find_if(chains.begin(), chains.end(), is_whole);
  const size_t first = whole == chains.end() ? 0 : static_cast<size_t>(whole - chains.begin());
  const Shape output = chains[first].output();
  std::vector<bool> scales;  // whether a branch gives one number a channel
  for (size_t i = 0; i < chains.size(); ++i) {
    scales.push_back(chains[i].output() != output);
    if (scales.back() && chains[i].output() != features(output.channels)) refuse_shapes(chains, i, first);
  }
  return join_branches(output, std::move(chains), [=](const std::vector<at::Tensor>& parts) {
    at::Tensor product;
    for (size_t i = 0; i < parts.size(); ++i) {
      const at::Tensor factor = scales[i] ? for_each_channel(parts[i], output) : parts[i];
      product = product.defined() ? product * factor : factor;
    }
    return product;
  });
}

Plan plan(const RepeatLayer& config, const Shape& input, Planner& planner) {
  constexpr int64_t kMostDilation = 1LL << 40;  // larger than any convolution accepts
  const int64_t dilation = planner.dilation;
  const std::string repetition = planner.repetition;
  std::vector<Chain> chains;
  Shape shape = input;
  for (int64_t i = 0; i < config.times; ++i) {
    planner.repetition = fmt::format("{}{}repetition {}", repetition, repetition.empty() ? "" : ", ", i + 1);
    chains.push_back(planner.chain(config.layers, shape, "layers"));
    shape = chains.back().output();
    planner.dilation = std::min(planner.dilation * config.dilation_growth, kMostDilation);
  }
  planner.dilation = dilation;
  planner.repetition = repetition;
  return {shape, [chains = std::move(chains)](Assembly& assembly) {
            const Branches all = make_branches(chains, assembly);
            return Made{joined(all.operations), all.modules};
          }};
}

}  // namespace hpcai::models::network
