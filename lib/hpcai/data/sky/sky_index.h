#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hpcai/data/sky/sky_position.h"

namespace hpcai::data {

inline constexpr double kLargestSkyRadius_arcsec = 36000;  // 10 degrees

// A neighbour of a direction.
struct SkyNeighbour {
  int64_t index = 0;
  double separation_arcsec = 0;
};

// Directions arranged as a k-d tree of unit vectors, which knows neither poles nor the seam at 0 hours. All functions may be
// called from several threads at once.
class SkyIndex {
 public:
  explicit SkyIndex(std::span<const SkyPosition> positions);  // at least one; they must outlive this object
  ~SkyIndex();

  // The nearest within the radius, and of several equally near ones the first. The radius is at most kLargestSkyRadius_arcsec.
  std::optional<SkyNeighbour> nearest(const SkyPosition& centre, double radius_arcsec) const;
  // All within the radius, the nearest first, equally near ones in their order.
  std::vector<SkyNeighbour> within(const SkyPosition& centre, double radius_arcsec) const;

 private:
  struct Tree;

  std::span<const SkyPosition> positions_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace hpcai::data
