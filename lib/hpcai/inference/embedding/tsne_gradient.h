#pragma once

#include <cstdint>
#include <span>

#include "hpcai/inference/embedding/affinities.h"

// The objective of t-SNE: the Kullback-Leibler divergence of the affinities p_ij from q_ij = w_ij / sum_{k != l} w_kl of
// positions y in the plane or in space, with w_ij = 1 / (1 + |y_i - y_j|^2) (van der Maaten and Hinton 2008, equations 4 and 5).
// Positions are [point, dimensions] with 2 or 3 dimensions. The results are the same for any number of threads.
namespace hpcai::inference {

// Writes the gradient [point, dimensions] for affinities that are multiplied by `exaggeration`, and returns sum_{k != l} w_kl.
// The repulsion is that of Barnes and Hut with this opening angle (0 to 0.57; 0 is exact, in n^2 operations). Throws
// std::invalid_argument for other dimensions or angles, or if the sizes differ.
double tsne_gradient(const Affinities& affinities, double exaggeration, std::span<const double> positions, int64_t dimensions,
                     double angle, std::span<double> gradient);

// The divergence, sum p_ij log(p_ij / q_ij) in nats, given sum_{k != l} w_kl.
double tsne_divergence(const Affinities& affinities, std::span<const double> positions, int64_t dimensions,
                       double sum_of_weights);

// The same with the exact sum, in n^2 operations.
double tsne_divergence(const Affinities& affinities, std::span<const double> positions, int64_t dimensions);

}  // namespace hpcai::inference
