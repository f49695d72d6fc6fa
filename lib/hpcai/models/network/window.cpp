#include "hpcai/models/network/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"

namespace hpcai::models::network {
namespace {

constexpr int64_t kMostPadding = 1 << 16;  // that a person asks for
constexpr int64_t kMostAdded = 1 << 24;    // that follows from kernel and dilation

std::string noun_of(const Shape& shape, size_t axis, int64_t count) {
  if (shape.layout != Layout::image) return plural(count, "time step");
  return plural(count, axis == 0 ? "row" : "column");
}

// {front, behind} of one extent.
std::array<int64_t, 2> padding_of(const Window& window, const Shape& shape, int64_t size) {
  const int64_t span = window.dilation * (window.kernel - 1) + 1;
  if (window.padding == "valid") return {0, 0};
  if (window.padding == "same") {
    const int64_t positions = (size + window.stride - 1) / window.stride;
    const int64_t total = std::max<int64_t>(0, (positions - 1) * window.stride + span - size);
    return {total / 2, total - total / 2};
  }
  if (window.padding == "causal" && shape.layout != Layout::image) return {span - 1, 0};
  const auto number = parse_number<int64_t>(window.padding);
  if (number && *number >= 0 && *number <= kMostPadding) return {*number, *number};
  throw Fault{fmt::format("its padding is {}", printable(window.padding, 60)),
              fmt::format("it must be valid, same, {}or a whole number from 0 to {}",
                          shape.layout == Layout::image ? "" : "causal ", kMostPadding)};
}

}  // namespace

bool Placement::symmetric() const {
  return std::all_of(padding.begin(), padding.end(), [](const auto& sides) { return sides[0] == sides[1]; });
}

std::vector<int64_t> Placement::front() const {
  std::vector<int64_t> values;
  for (const auto& sides : padding) values.push_back(sides[0]);
  return values;
}

Placement place(const Window& window, const Shape& input) {
  const int64_t span = window.dilation * (window.kernel - 1) + 1;
  Placement placement{input, {}};
  if (input.steps && window.padding == "same" && window.stride > 1) {
    throw Fault{"padding: same with a stride depends on the length, and the sequences differ in it",
                "set padding: causal, valid or a number"};
  }
  for (size_t axis = 0; axis < input.extents.size(); ++axis) {
    const int64_t size = input.extents[axis];
    const auto sides = padding_of(window, input, size);
    if (std::max(sides[0], sides[1]) > kMostAdded) {
      throw Fault{fmt::format("its padding is {}, more than {}", std::max(sides[0], sides[1]), kMostAdded),
                  "lower its kernel or dilation"};
    }
    const int64_t room = size + sides[0] + sides[1];
    if (room < span) {
      const std::string spans =
          window.dilation > 1 ? fmt::format(" with dilation {}, which spans {},", window.dilation, noun_of(input, axis, span))
                              : "";
      const std::string with = sides[0] > 0 ? fmt::format(" with {} more on each side", sides[0]) : "";
      throw Fault{fmt::format("kernel {}{} does not fit {}{}", window.kernel, spans, noun_of(input, axis, size), with),
                  "make it smaller, or set padding: same"};
    }
    placement.padding.push_back(sides);
    placement.output.extents[axis] = (room - span) / window.stride + 1;
    if (input.steps) {
      placement.output.steps = input.steps->then(sides[0] + sides[1] - span + window.stride, window.stride);
    }
  }
  return placement;
}

at::Tensor padded(const at::Tensor& input, const Placement& placement, double value) {
  std::vector<int64_t> sides;  // from the last dimension on
  for (auto axis = placement.padding.rbegin(); axis != placement.padding.rend(); ++axis) {
    sides.insert(sides.end(), axis->begin(), axis->end());
  }
  return at::constant_pad_nd(input, sides, value);
}

}  // namespace hpcai::models::network
