#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hpcai/search/space.h"

namespace hpcai::search {

// The values of trial `number`, from 0: a pure function of the space with its seed. For a grid the last parameter varies fastest,
// and `given` trials before this one, whose values came from outside, take no cell. Throws std::out_of_range beyond the end of a
// grid.
Values propose(const Space& space, int64_t number, int64_t given = 0);

// The number of different trials that the sampler can propose; nothing if there is no limit. At most 2^62.
std::optional<int64_t> most_trials(const Space& space);

// Point `number` of the Sobol sequence in [0, 1)^dimensions with LibTorch's direction numbers (Joe & Kuo 2008), scrambled as by
// torch.quasirandom.SobolEngine(dimensions, scramble=True, seed=seed): a random linear matrix scramble and a digital shift
// (Owen 1998, Matousek 1998). Without a seed the sequence is unscrambled. dimensions <= 21201, number < 2^30, and the time does
// not depend on it.
std::vector<double> sobol_point(int64_t dimensions, std::optional<int64_t> seed, int64_t number);

}  // namespace hpcai::search
