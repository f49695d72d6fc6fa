#include "hpcai/models/network/reshaping.h"

#include <fmt/format.h>

#include "hpcai/core/text.h"

namespace hpcai::models::network {
namespace {

// The first dimension of the extents in a tensor of this layout.
int64_t first_extent(const Shape& shape) { return shape.layout == Layout::image ? 2 : 1; }

}  // namespace

Plan plan(const FlattenLayer&, const Shape& input, Planner&) {
  require_equal_lengths(input, "use mean, max or last");
  const Shape output = features(input.channels * input.positions());
  if (input.layout != Layout::series) return plain(output, [](const at::Tensor& x, Pass&) { return x.flatten(1); });
  return plain(output, [](const at::Tensor& x, Pass&) { return x.transpose(1, 2).flatten(1); });
}

Plan plan(const TransposeLayer&, const Shape& input, Planner&) {
  const bool series = input.layout == Layout::series;
  if (!series && input.layout != Layout::sequence) throw Fault{"it needs a series or a sequence", ""};
  // Tensors of both layouts are [batch, steps, channels].
  const Shape output{series ? Layout::sequence : Layout::series, input.channels, input.extents, input.steps};
  return plain(output, [](const at::Tensor& x, Pass&) { return x; });
}

Plan plan(const LastLayer& config, const Shape& input, Planner&) {
  if (input.extents.size() != 1) throw Fault{"it needs time steps", ""};
  const int64_t steps = config.steps, all = input.extents[0];
  if (steps > all) throw Fault{fmt::format("it keeps {}, but there are only {}", plural(steps, "time step"), all), ""};
  if (!input.steps) {
    return plain(input.with_extents({steps}), [=](const at::Tensor& x, Pass&) { return x.narrow(1, all - steps, steps); });
  }
  Shape output = input.with_extents({steps});
  output.steps = std::nullopt;
  return plain(output, [=](const at::Tensor& x, Pass& pass) {
    const at::Tensor first = (pass.count(input) - steps).unsqueeze(1);
    const at::Tensor numbers = (first + at::arange(steps, first.options())).unsqueeze(2);  // [batch, steps, 1]
    const at::Tensor kept = x.gather(1, numbers.clamp_min(0).expand({-1, -1, x.size(2)}));
    return kept.masked_fill(numbers < 0, 0);
  });
}

Plan plan(const CropLayer& config, const Shape& input, Planner&) {
  require_positions(input);
  std::vector<int64_t> kept = input.extents;
  for (int64_t& extent : kept) {
    // Compared so that no sum can overflow.
    if (config.begin >= extent || config.end >= extent - config.begin) {
      throw Fault{fmt::format("it cuts off {} and {}, which leaves nothing of {}", config.begin, config.end, extent), ""};
    }
    extent -= config.begin + config.end;
  }
  const int64_t first = first_extent(input), begin = config.begin;
  Shape output = input.with_extents(kept);
  if (input.steps) output.steps = input.steps->then(-config.begin - config.end, 1);
  return plain(output, [=](const at::Tensor& x, Pass&) {
    at::Tensor part = x;
    for (size_t i = 0; i < kept.size(); ++i) part = part.narrow(first + static_cast<int64_t>(i), begin, kept[i]);
    return part;
  });
}

}  // namespace hpcai::models::network
