#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/inference/embedding/neighbours.h"

namespace hpcai::inference {

// The joint probabilities p_ij of pairs of points, which t-SNE keeps in its picture: a symmetric sparse matrix of sum 1.
struct Affinities {
  std::vector<int64_t> begin;       // the first entry of each point, and behind the last: [points + 1]
  std::vector<int64_t> neighbour;   // of each entry, in rising order within a point
  std::vector<double> probability;  // of each entry

  int64_t points() const { return static_cast<int64_t>(begin.size()) - 1; }
};

// How many neighbours of each of n points the affinities of a perplexity need: three times the perplexity, as scikit-learn takes.
int64_t affinity_neighbours(double perplexity, int64_t n);

// p_ij = (p_j|i + p_i|j) / 2n, where p_j|i is a Gaussian of the distance over the neighbours of i, whose width gives it the
// wanted perplexity, 2^entropy (van der Maaten and Hinton 2008, J. Mach. Learn. Res. 9, 2579, equations 1 and 2; the sparse form
// of van der Maaten 2014, J. Mach. Learn. Res. 15, 3221). The widths come from a bisection to 1e-5 of the entropy.
Affinities joint_affinities(const Neighbours& neighbours, double perplexity);

}  // namespace hpcai::inference
