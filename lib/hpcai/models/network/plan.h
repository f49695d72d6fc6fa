#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hpcai/models/dropout.h"
#include "hpcai/models/network/shape.h"

namespace hpcai::models {
class BatchNorm;
class Conv2d;
}  // namespace hpcai::models

namespace hpcai::models::network {

// What belongs to one pass of a batch through a network.
struct Pass {
  const Randomness& randomness;
  bool training;
  std::map<std::string, at::Tensor> sums = {};  // of the layers add_to
  at::Tensor lengths = {};                      // int64 [batch], the steps of each sequence, where they differ; else undefined

  // Of tensors [batch, steps, channels] of a shape with a StepRule: int64 [batch], how many steps of each sequence count.
  at::Tensor count(const Shape& shape) const;
  // bool [batch, steps]: whether a step belongs to its sequence.
  at::Tensor mask(const Shape& shape) const;
  // Values with `value` at the steps behind the end of each sequence; the values themselves if all steps count. A layer that
  // looks at several steps calls it for its input. The others compute something behind the end that nobody reads.
  at::Tensor filled(const at::Tensor& values, const Shape& shape, double value = 0) const;
};

// A layer as a function of a batch.
using Function = std::function<at::Tensor(const at::Tensor& input, Pass& pass)>;

// What a layer does, where fusion.h may compute it together with its neighbours.
struct Norm {
  std::shared_ptr<BatchNorm> norm;  // of another mode than none
  Shape shape;
};
struct Relu {};
struct ImageConvolution {
  std::shared_ptr<Conv2d> conv;
};
// The 3x3 max pool of stride 2 of an image; rows above it and columns left of it, 0 or 1, that belong to the first window.
struct ImagePool {
  int64_t top, left;
};
struct Operation;
// The sum of what each list of operations makes of the input; an empty list is the input itself.
struct Sum {
  std::vector<std::vector<Operation>> terms;
};
struct Operation : std::variant<Function, Norm, Relu, ImageConvolution, ImagePool, Sum> {
  using variant::variant;
};

// A layer with its weights.
struct Made {
  Made(Operation one, std::shared_ptr<torch::nn::Module> weights = nullptr)
      : operations{std::move(one)}, module(std::move(weights)) {}
  Made(std::vector<Operation> all, std::shared_ptr<torch::nn::Module> weights)
      : operations(std::move(all)), module(std::move(weights)) {}

  std::vector<Operation> operations;          // one behind the other
  std::shared_ptr<torch::nn::Module> module;  // null if it has no weights
};

// A row of the table of layers.
struct Row {
  std::string name;  // "layers.3.0", "stem"
  std::string kind;  // "conv"
  Shape output;
  std::shared_ptr<torch::nn::Module> module;  // null if it has no weights
  bool contains_others = false;               // whether the rows below it are its parts
};

// What making the layers needs to know, in the order from input to output.
struct Assembly {
  std::vector<Row> rows = {};
  std::string path = {};  // of the list whose layers are being made; empty for the network's own
  uint64_t dropouts = 0;  // made before; the masks of each are its own
};

// A layer that fits its input: the shape of its output, and how it is made. A plan allocates nothing.
struct Plan {
  Shape output;
  std::function<Made(Assembly&)> make;
};

// Lists of operations one behind the other.
std::vector<Operation> joined(std::span<const std::vector<Operation>> lists);

// The plan of a layer without weights.
Plan plain(Shape output, Function forward);

// A module whose initial weights do not follow from NetworkConfig::initialisation.
class HasOwnStart {
 public:
  virtual ~HasOwnStart() = default;
  virtual void start(at::Generator& generator) = 0;
};

// Throws Fault if a layer would have more than 2^31 weights.
void require_moderate(double weights);

}  // namespace hpcai::models::network
