#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hpcai::runs::report {

// Chooses the points of a curve that a chart shows. The points are divided, in their order, into `buckets` groups of nearly equal
// size. Of each group the least and the greatest value are kept, so that no spike is lost, and of all groups the first and the
// last point. Values that are not finite are left out. Returns all finite points if there are at most 2 x `buckets` + 2. The
// indices rise.
std::vector<size_t> thin(std::span<const double> values, size_t buckets);

}  // namespace hpcai::runs::report
