#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/models/config.h"

namespace hpcai::models {

// The shape of an encoder's input, [channels, steps + summary]: a series of each channel, and behind it numbers about it that are
// no time steps.
struct EncoderShape {
  int64_t channels = 0, steps = 0, summary = 0;
};

// A network that makes features of series: [batch, channels, steps + summary] -> [batch, features].
class Encoder : public torch::nn::Module {
 public:
  virtual at::Tensor forward(const at::Tensor& input) const = 0;

  // As those of Model.
  virtual int64_t examples_wanted() const { return 0; }
  virtual void fit_to(const at::Tensor& /*examples*/) {}

  // The parts in order, for Model::add_layer.
  using Parts = std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>>;
  virtual Parts parts() const = 0;

 protected:
  explicit Encoder(const EncoderShape& shape) : shape_(shape) {}

  const EncoderShape& shape() const { return shape_; }
  // The series of all channels, [batch, channels, steps]
  at::Tensor series(const at::Tensor& input) const { return input.narrow(2, 0, shape_.steps); }
  // Values of the series, [batch, n], and behind them the summary of all channels.
  at::Tensor with_summary(const at::Tensor& values, const at::Tensor& input) const {
    if (shape_.summary == 0) return values;
    return at::cat({values, input.narrow(2, shape_.steps, shape_.summary).flatten(1)}, 1);
  }
  int64_t summary_values() const { return shape_.channels * shape_.summary; }

 private:
  EncoderShape shape_;
};

// Builds the encoder with weights 0. Throws Error{usage} if the shape does not fit.
std::shared_ptr<Encoder> make_encoder(const EncoderConfig& config, const EncoderShape& shape, int64_t features,
                                      Activation activation);

}  // namespace hpcai::models
