#pragma once

#include <cstddef>
#include <vector>

#include "hpcai/search/journal.h"

namespace hpcai::search {

inline constexpr size_t kFewestForImportance = 8;  // trials

// The importance of each parameter: the share of the variance of the ranks of the values that the mean of groups of similar
// trials explains. The groups are the values of a choice, or of a number up to four groups of equally many trials by rising
// value. The share is epsilon squared (Kelley 1935), which corrects the correlation ratio eta squared for the number of groups:
//   eta^2 = sum over groups of n_g (mean_g - mean)^2 / sum of (rank - mean)^2;  epsilon^2 = 1 - (1 - eta^2) (n - 1) / (n -
//   groups)
// and negative values become 0. It is a main effect: what two parameters do only together does not appear, and the shares need
// not add up to 1. With early stop the values are those of the first rung, which are comparable; failed trials are left out.
// Returns nothing for fewer than 8 trials.
std::vector<double> importance_of(const Space& space, const std::vector<Trial>& trials);

// The epsilon squared of `values` in the groups 0, 1, ... of `group`; 0 if it is not defined.
double explained_share(const std::vector<double>& values, const std::vector<size_t>& group);

}  // namespace hpcai::search
