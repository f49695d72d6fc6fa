#include "hpcai/models/network/shape.h"

#include <fmt/format.h>

#include "hpcai/core/text.h"

namespace hpcai::models::network {
namespace {

std::string step_text(const Shape& shape) { return (shape.steps ? "up to " : "") + plural(shape.extents[0], "step"); }

}  // namespace

int64_t Shape::positions() const {
  int64_t product = 1;
  for (const int64_t side : extents) product *= side;
  return product;
}

std::vector<int64_t> Shape::sizes() const {
  if (layout == Layout::sequence) return {extents[0], channels};
  std::vector<int64_t> sizes = {channels};
  sizes.insert(sizes.end(), extents.begin(), extents.end());
  return sizes;
}

std::string Shape::text() const {
  switch (layout) {
    case Layout::features: return fmt::format("[{}]", plural(channels, "feature"));
    case Layout::series: return fmt::format("[{}, {}]", plural(channels, "channel"), step_text(*this));
    case Layout::sequence: return fmt::format("[{}, {}]", step_text(*this), plural(channels, "feature"));
    case Layout::image: return fmt::format("[{}, {} x {} pixels]", plural(channels, "channel"), extents[0], extents[1]);
  }
  return "";
}

at::Tensor channels_to_end(const at::Tensor& values, const Shape& shape) {
  return shape.layout == Layout::image ? values.permute({0, 2, 3, 1}) : values;
}

at::Tensor channels_from_end(const at::Tensor& values, const Shape& shape) {
  return shape.layout == Layout::image ? values.permute({0, 3, 1, 2}) : values;
}

void require_positions(const Shape& shape) {
  if (shape.layout == Layout::features) throw Fault{"it needs time steps or pixels", "put it before `flatten` or `mean`"};
}

void require_convolvable(const Shape& shape) {
  if (shape.layout == Layout::sequence) {
    throw Fault{"it needs a series [channels, steps]", "put `transpose` in front of it"};
  }
  if (shape.layout == Layout::features) throw Fault{"it needs a series or an image", "put it before `flatten` or `mean`"};
}

void require_features_last(const Shape& shape) {
  if (shape.layout == Layout::features || shape.layout == Layout::sequence) return;
  const bool series = shape.layout == Layout::series;
  throw Fault{"it needs a vector of features, or a sequence [steps, features]",
              series ? "put `flatten`, `mean` or `transpose` in front of it" : "put `flatten` or `mean` in front of it"};
}

void require_sequence(const Shape& shape) {
  if (shape.layout == Layout::sequence) return;
  const bool series = shape.layout == Layout::series;
  throw Fault{"it needs a sequence [steps, features]",
              series ? "put `transpose` in front of it; for samples [steps, features] set model.time_first" : ""};
}

void require_equal_lengths(const Shape& shape, const std::string& remedy) {
  if (shape.steps) throw Fault{"it cannot tell where a sequence ends, and these differ in length", remedy};
}

}  // namespace hpcai::models::network
