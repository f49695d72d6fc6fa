#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "hpcai/simulate/waveform.h"
#include "hpcai/tasks/options.h"

namespace hpcai::tasks {

class Task;

// The meaning of a network's outputs in a regression of (q, s1, s2), and the loss.
class WaveformObjective {
 public:
  virtual ~WaveformObjective() = default;

  virtual std::string_view type() const = 0;  // loss.type
  virtual int64_t outputs() const = 0;
  // Task::prepare() calls it for data with a time grid.
  virtual void prepare(const simulate::TimeGrid& /*grid*/, at::Device /*device*/) {}
  // Throws Error{usage} if the objective cannot be computed for waveforms at these times; std::nullopt: they are unknown.
  virtual void check(const std::optional<simulate::TimeGrid>& /*grid*/) const {}

  // output [batch, outputs], float32 or float64 -> [batch, >= 3]: q, s1, s2, and what else the network says of the binary.
  virtual at::Tensor parameters(const at::Tensor& output) const = 0;
  // output [batch, outputs], label [batch, 3] = (q, s1, s2), of one type -> the mean loss of the batch, [].
  virtual at::Tensor loss(const at::Tensor& output, const at::Tensor& label) const = 0;
};

// The task of finding the mass ratio q and the spins s1, s2 of a black-hole merger from its waveform.
std::unique_ptr<Task> waveform_regression(std::unique_ptr<WaveformObjective> objective, const EvaluationOptions& options);

}  // namespace hpcai::tasks
