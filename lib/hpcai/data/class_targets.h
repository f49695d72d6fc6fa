#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hpcai::data {

class Dataset;

// What is known of the classes of samples has one of two forms: labels, int64 [n] with kUnlabelled where the class is not known,
// or soft labels, float [n, class] with the probability of each class and NaN where they are not known.

// Either form -> labels: of soft labels the most probable class, of equals the first. On the device of `targets`.
at::Tensor class_labels(const at::Tensor& targets);

// Either form -> soft labels: a label becomes the probability 1 of its class.
at::Tensor class_probabilities(const at::Tensor& targets, int64_t classes);

// Whether the classes of a data set's samples are known as soft labels.
bool has_soft_labels(const Dataset& dataset);

}  // namespace hpcai::data
