#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "hpcai/optim/optimizer.h"

// Lists of tensors for LibTorch's foreach and fused operators. The tensors may have any shapes.
namespace hpcai::optim {

using Tensors = std::vector<at::Tensor>;

// One tensor of zeros for each parameter, of its shape.
inline Tensors zeros_for(const NamedTensors& parameters) {
  Tensors zeros;
  for (const auto& [name, parameter] : parameters) zeros.push_back(at::zeros_like(parameter));
  return zeros;
}

// The tensors at these indices, in their order; they share memory with `from`.
inline Tensors pick(const Tensors& from, const std::vector<size_t>& indices) {
  Tensors picked;
  for (const size_t i : indices) picked.push_back(from[i]);
  return picked;
}

inline Tensors pick(const NamedTensors& from, const std::vector<size_t>& indices) {
  Tensors picked;
  for (const size_t i : indices) picked.push_back(from[i].second);
  return picked;
}

// The tensors at all other indices.
inline Tensors without(const Tensors& from, const std::vector<size_t>& indices) {
  std::vector<char> left_out(from.size(), 0);
  for (const size_t i : indices) left_out[i] = 1;
  Tensors rest;
  for (size_t i = 0; i < from.size(); ++i) {
    if (left_out[i] == 0) rest.push_back(from[i]);
  }
  return rest;
}

// The values of a state tensor, in the order of memory, which is its parameter's.
inline float* flat_values(const at::Tensor& state) { return state.mutable_data_ptr<float>(); }

// The inverse of pick(): into[indices[k]] = tensors[k].
inline void put(Tensors& into, const std::vector<size_t>& indices, const Tensors& tensors) {
  for (size_t k = 0; k < indices.size(); ++k) into[indices[k]] = tensors[k];
}

// The state of Adam-like rules for a checkpoint: two moments and the number of steps of each parameter.
inline NamedTensors moments_by_name(const NamedTensors& parameters, const Tensors& mean, const Tensors& square,
                                    const Tensors& step) {
  NamedTensors state;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].first;
    state.emplace_back(name + ".exp_avg", mean[i]);
    state.emplace_back(name + ".exp_avg_sq", square[i]);
    state.emplace_back(name + ".step", step[i]);
  }
  return state;
}

// The indices of all tensors, or of those with more than one dimension, which are neither biases nor batch-norm parameters.
inline std::vector<size_t> places(const Tensors& tensors, bool with_bias_and_norm) {
  std::vector<size_t> places;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (with_bias_and_norm || tensors[i].dim() > 1) places.push_back(i);
  }
  return places;
}

}  // namespace hpcai::optim
