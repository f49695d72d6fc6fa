#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

namespace hpcai::draw {

inline constexpr size_t kMostCloudSets = 8;

// Points in the plane or in space, each of a class and of a set, such as a survey.
struct Cloud {
  std::string title, description;
  std::vector<std::string> axes;       // the titles of the dimensions, 2 or 3
  std::vector<double> positions;       // [point, dimensions], finite
  std::vector<std::string> classes;    // a colour each; of many classes the most frequent ones
  std::vector<std::string> sets;       // a shape of the marker each, at most kMostCloudSets
  std::vector<int64_t> class_of = {};  // of each point; negative: not known
  std::vector<int64_t> set_of = {};
};

// One panel of the plane, or three panels of the pairs of dimensions side by side, below the title and a legend. The points lie
// on each other in a mixed order, so that no class hides another. Of more than 20,000 points a subset is drawn, and the title
// says so. Throws Error{usage} for more than kMostCloudSets sets, Error{bad_data} without points, for positions that are not
// finite, and for lists whose lengths differ.
Canvas draw_cloud(const Cloud& cloud);

}  // namespace hpcai::draw
