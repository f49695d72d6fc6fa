#pragma once

#include "hpcai/models/model.h"

namespace hpcai::models {

// A model of p(value | input). Densities are relative to a uniform density in ranges of the values, which the model is told
// before its training (Model::fit_to), or takes from the training data.
class ConditionalDensity : public Model {
 public:
  // How many numbers a value has.
  virtual int64_t dimensions() const = 0;

  // What the density needs to know of an input: [batch, ...] -> [batch, features].
  virtual at::Tensor context(const at::Tensor& input) = 0;

  // The logarithm of p(value | input) / u in nats, where u is the uniform density in the ranges: value [batch, dimensions] ->
  // [batch]. `context` is [batch, features], or [1, features] for one input of all values.
  virtual at::Tensor log_density(const at::Tensor& context, const at::Tensor& value) = 0;

  // What a training minimises, []: by default the mean of -log_density().
  virtual at::Tensor training_loss(const at::Tensor& context, const at::Tensor& value);

  struct Drawn {
    at::Tensor value;        // [batch, dimensions]
    at::Tensor log_density;  // as log_density() of value, [batch]
  };
  // Maps standard normal numbers, base [batch, dimensions], to values that have the density. `context` as for log_density.
  virtual Drawn draw(const at::Tensor& context, const at::Tensor& base) = 0;

  // The logarithm of u, in 1 / (product of the values' units).
  virtual double log_uniform() const = 0;

  // A point estimate: the value that draw() makes of base 0. [batch, ...] -> [batch, dimensions]
  at::Tensor forward(const at::Tensor& input) override;
};

}  // namespace hpcai::models
