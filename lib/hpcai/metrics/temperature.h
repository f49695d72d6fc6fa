#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "hpcai/metrics/classified.h"

// Temperature scaling (Guo et al. 2017, arXiv:1706.04599, section 4.2): the probabilities softmax(scores / T). A temperature T
// above 1 makes them less certain. The order of the classes of a sample, and so the predicted class, stays the same. The scores
// are the logarithms of the probabilities; a probability below 1e-38 counts as 1e-38.
namespace hpcai::metrics {

// The temperatures that are looked for. Beyond them the samples determine none.
inline constexpr double kLowestTemperature = 0.01, kHighestTemperature = 100;

// The temperature with the least mean -ln(probability of the true class). The mean is a convex function of 1 / T, so it has one
// minimum. Nothing without samples, and where the minimum is not between the temperatures above: if no sample is wrong, the best
// temperature is 0, and if the network knows no more than chance, it is infinite.
std::optional<double> fit_temperature(const Classified& all);

// probability [sample, class] -> the same with the temperature, in the same type.
at::Tensor with_temperature(const at::Tensor& probability, double temperature);
Classified with_temperature(const Classified& all, double temperature);

}  // namespace hpcai::metrics
