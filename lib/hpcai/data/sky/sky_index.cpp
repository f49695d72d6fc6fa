#include "hpcai/data/sky/sky_index.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nanoflann.hpp>
#include <numbers>
#include <utility>

namespace hpcai::data {
namespace {

// Squared chord of an angle, a little more than the rounding of unit vectors can take away.
double squared_chord(double radius_arcsec) {
  constexpr double kRounding = 1e-15;
  const double chord = 2 * std::sin(0.5 * radius_arcsec / 3600 * std::numbers::pi / 180) + kRounding;
  return chord * chord * (1 + 1e-12);
}

// Keeps the nearest, and of equally near ones the first.
class NearestOfSky {
 public:
  using DistanceType = double;

  explicit NearestOfSky(double limit) : squared_(limit) {}

  size_t size() const { return found_ ? 1 : 0; }
  bool full() const { return true; }
  double worstDist() const { return std::nextafter(squared_, std::numeric_limits<double>::infinity()); }
  bool addPoint(double squared, uint32_t index) {
    if (squared > squared_ || (found_ && squared == squared_ && index > index_))
      return true;  // the tree asks once for many points
    squared_ = squared;
    index_ = index;
    found_ = true;
    return true;
  }
  std::optional<uint32_t> index() const { return found_ ? std::optional(index_) : std::nullopt; }

 private:
  double squared_;
  uint32_t index_ = 0;
  bool found_ = false;
};

}  // namespace

struct SkyIndex::Tree {
  // The unit vectors, as nanoflann asks for them.
  struct Points {
    std::vector<std::array<double, 3>> vectors;

    size_t kdtree_get_point_count() const { return vectors.size(); }
    double kdtree_get_pt(size_t index, size_t axis) const { return vectors[index][axis]; }
    template <class Box>
    bool kdtree_get_bbox(Box&) const {
      return false;
    }
  };
  using Index = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Points>, Points, 3>;

  Points points;
  std::unique_ptr<Index> tree;
};

SkyIndex::SkyIndex(std::span<const SkyPosition> positions) : positions_(positions), tree_(std::make_unique<Tree>()) {
  constexpr size_t kLeaf = 16;
  tree_->points.vectors.reserve(positions.size());
  for (const SkyPosition& position : positions) tree_->points.vectors.push_back(unit_vector(position));
  tree_->tree = std::make_unique<Tree::Index>(3, tree_->points, nanoflann::KDTreeSingleIndexAdaptorParams(kLeaf));
}

SkyIndex::~SkyIndex() = default;

std::optional<SkyNeighbour> SkyIndex::nearest(const SkyPosition& centre, double radius_arcsec) const {
  const auto vector = unit_vector(centre);
  NearestOfSky nearest(squared_chord(radius_arcsec));
  tree_->tree->findNeighbors(nearest, vector.data(), nanoflann::SearchParams());
  const auto index = nearest.index();
  if (!index) return std::nullopt;
  const double separation = separation_arcsec(centre, positions_[*index]);
  if (separation > radius_arcsec) return std::nullopt;
  return SkyNeighbour{static_cast<int64_t>(*index), separation};
}

std::vector<SkyNeighbour> SkyIndex::within(const SkyPosition& centre, double radius_arcsec) const {
  const auto vector = unit_vector(centre);
  std::vector<std::pair<uint32_t, double>> found;
  tree_->tree->radiusSearch(vector.data(), squared_chord(radius_arcsec), found, nanoflann::SearchParams(32, 0, false));
  std::vector<SkyNeighbour> neighbours;
  for (const auto& [index, squared] : found) {
    const double separation = separation_arcsec(centre, positions_[index]);
    if (separation <= radius_arcsec) neighbours.push_back({static_cast<int64_t>(index), separation});
  }
  std::sort(neighbours.begin(), neighbours.end(), [](const SkyNeighbour& a, const SkyNeighbour& b) {
    return std::pair(a.separation_arcsec, a.index) < std::pair(b.separation_arcsec, b.index);
  });
  return neighbours;
}

}  // namespace hpcai::data
