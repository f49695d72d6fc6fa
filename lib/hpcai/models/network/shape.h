#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/models/network/steps.h"

// Networks whose layers a config lists. planner.h shows how they become modules.
namespace hpcai::models::network {

// How the values of a sample lie.
enum class Layout { features, series, sequence, image };

// The shape of one sample between two layers. A tensor of a batch is [batch, channels] for features, [batch, channels, height,
// width] for images, and [batch, steps, channels] for both series and sequences, so that a change between these two costs
// nothing.
struct Shape {
  Layout layout = Layout::features;
  int64_t channels = 0;                // of series and images; the features of features and sequences
  std::vector<int64_t> extents = {};   // the steps, or height and width
  std::optional<StepRule> steps = {};  // of sequences of different length: which of the steps count; else all do

  bool operator==(const Shape&) const = default;

  int64_t positions() const;  // the product of the extents
  // As users see it: [channels, steps], [steps, features], ...
  std::vector<int64_t> sizes() const;
  std::string text() const;  // "[16 channels, 100 steps]", "[up to 100 steps, 3 features]"
  int64_t channel_dim() const { return layout == Layout::series || layout == Layout::sequence ? 2 : 1; }  // of the tensor

  Shape with_channels(int64_t count) const { return {layout, count, extents, steps}; }
  Shape with_extents(std::vector<int64_t> sides) const { return {layout, channels, std::move(sides), steps}; }
};

inline Shape features(int64_t count) { return {Layout::features, count}; }

// A tensor of this shape with the channels last, and back: images change, the others have them last.
at::Tensor channels_to_end(const at::Tensor& values, const Shape& shape);
at::Tensor channels_from_end(const at::Tensor& values, const Shape& shape);

// What is wrong with a layer. The planner adds its place, name and input.
struct Fault {
  std::string what;    // "kernel 9 does not fit 5 time steps"
  std::string remedy;  // may be empty
};

// These throw Fault with a remedy unless the layout is as the layer needs it. `needs`: "needs a series or an image".
void require_positions(const Shape& shape);      // a series, a sequence or an image
void require_convolvable(const Shape& shape);    // a series or an image
void require_features_last(const Shape& shape);  // features or a sequence
void require_sequence(const Shape& shape);
// Throws Fault if the sequences differ in length. `remedy`: what to use instead.
void require_equal_lengths(const Shape& shape, const std::string& remedy);

}  // namespace hpcai::models::network
