#pragma once

#include <string>
#include <variant>
#include <vector>

#include "hpcai/models/network/activation.h"
#include "hpcai/models/network/attention.h"
#include "hpcai/models/network/containers.h"
#include "hpcai/models/network/convolution.h"
#include "hpcai/models/network/dense.h"
#include "hpcai/models/network/dropout_layer.h"
#include "hpcai/models/network/gated.h"
#include "hpcai/models/network/normalisation.h"
#include "hpcai/models/network/pooling.h"
#include "hpcai/models/network/recurrent.h"
#include "hpcai/models/network/reshaping.h"
#include "hpcai/models/network/sums.h"

namespace hpcai::models::network {

using LayerKind =
    std::variant<ConvLayer, SeparableConvLayer, BatchNormLayer, LayerNormLayer, GroupNormLayer, ReluLayer, LeakyReluLayer,
                 EluLayer, GeluLayer, SiluLayer, TanhLayer, SigmoidLayer, SoftplusLayer, GateLayer, GluLayer, GatedStackLayer,
                 MaxPoolLayer, AveragePoolLayer, MeanLayer, MaxLayer, DropoutLayer, DenseLayer, OutputsLayer, LstmLayer, GruLayer,
                 AttentionLayer, PositionalEncodingLayer, FlattenLayer, TransposeLayer, LastLayer, CropLayer, SequenceLayer,
                 ResidualLayer, ParallelLayer, SumLayer, MultiplyLayer, RepeatLayer, AddToLayer, TakeLayer>;

// A layer of a network, as the config lists it. Its type may be written as the key: `- relu`, `- conv: {...}`.
struct LayerConfig : LayerKind {
  using variant::variant;
  static constexpr bool kNamesAsKeys = true;
  std::string name;
  std::string read_from;  // "galaxy.yaml:12"

  const LayerKind& kind() const { return *this; }

  template <class Visitor>
  void describe_common(Visitor& visitor) {
    visitor.field(
        "name", name,
        {.help = "Its name for training.stages[].trainable_from, for its weights and in messages; without one its number "
                 "in the list."});
  }
};

// "conv", "dense", ...
std::string kind_of(const LayerConfig& layer);

// Whether a list holds a batch norm, also within other layers.
bool has_batch_norm(const std::vector<LayerConfig>& layers);

}  // namespace hpcai::models::network
