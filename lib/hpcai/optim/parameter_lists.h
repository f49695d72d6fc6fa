#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "hpcai/optim/optimizer.h"

// Lists of tensors as LibTorch's foreach and fused operators want them.
namespace hpcai::optim {

using Tensors = std::vector<at::Tensor>;

inline Tensors zeros_for(const NamedTensors& parameters) {
  Tensors zeros;
  for (const auto& [name, parameter] : parameters) zeros.push_back(at::zeros_like(parameter));
  return zeros;
}

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

// Writes `tensors` back to the places that pick() took them from.
inline void put(Tensors& into, const std::vector<size_t>& indices, const Tensors& tensors) {
  for (size_t k = 0; k < indices.size(); ++k) into[indices[k]] = tensors[k];
}

// The state of the rules that keep two moments and a count of steps for each parameter, as in a checkpoint.
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

// Places in `tensors` of all of them, or of those that are no biases or batch-norm parameters.
inline std::vector<size_t> places(const Tensors& tensors, bool with_bias_and_norm) {
  std::vector<size_t> places;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (with_bias_and_norm || tensors[i].dim() > 1) places.push_back(i);
  }
  return places;
}

}  // namespace hpcai::optim
