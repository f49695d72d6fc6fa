#include "hpcai/inference/embedding/tsne_gradient.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/inference/embedding/cell_tree.h"

namespace hpcai::inference {
namespace {

constexpr int64_t kPointsOfPiece = 128;

template <int D>
std::vector<std::array<double, D>> as_points(std::span<const double> positions) {
  std::vector<std::array<double, D>> points(positions.size() / D);
  for (size_t i = 0; i < points.size(); ++i) std::copy_n(positions.data() + i * D, D, points[i].begin());
  return points;
}

template <int D>
double weight_of(const std::array<double, D>& a, const std::array<double, D>& b) {
  double squared = 0;
  for (int d = 0; d < D; ++d) squared += (a[d] - b[d]) * (a[d] - b[d]);
  return 1 / (1 + squared);
}

// The sum of what `work` returns for the pieces of n points, added in the order of the pieces.
template <class Work>
double sum_over_pieces(int64_t n, const Work& work) {
  std::vector<double> sums(static_cast<size_t>((n + kPointsOfPiece - 1) / kPointsOfPiece));
  for_pieces(static_cast<int64_t>(sums.size()), [&](int64_t piece) {
    double sum = 0;
    for (int64_t i = piece * kPointsOfPiece; i < std::min(n, (piece + 1) * kPointsOfPiece); ++i) sum += work(i);
    sums[static_cast<size_t>(piece)] = sum;
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

// Adds sum_j p_ij w_ij (y_i - y_j).
template <int D>
void add_attraction(const Affinities& affinities, const std::vector<std::array<double, D>>& points, size_t i,
                    std::array<double, D>& force) {
  for (int64_t e = affinities.begin[i]; e < affinities.begin[i + 1]; ++e) {
    const auto& other = points[static_cast<size_t>(affinities.neighbour[static_cast<size_t>(e)])];
    const double pull = affinities.probability[static_cast<size_t>(e)] * weight_of<D>(points[i], other);
    for (int d = 0; d < D; ++d) force[d] += pull * (points[i][d] - other[d]);
  }
}

template <int D>
double gradient_of(const Affinities& affinities, double exaggeration, std::span<const double> positions, double angle,
                   std::span<double> gradient) {
  const auto points = as_points<D>(positions);
  const CellTree<D> tree(points);
  std::vector<std::array<double, D>> repulsion(points.size());
  const double sum = sum_over_pieces(static_cast<int64_t>(points.size()), [&](int64_t place) {
    const size_t i = tree.order()[static_cast<size_t>(place)];
    std::array<double, D> attraction{}, push{};
    add_attraction<D>(affinities, points, i, attraction);
    const double weights = tree.repulsion(static_cast<uint32_t>(place), angle, push);
    repulsion[i] = push;
    for (int d = 0; d < D; ++d) gradient[i * D + static_cast<size_t>(d)] = 4 * exaggeration * attraction[d];
    return weights;
  });
  for (size_t i = 0; i < points.size(); ++i) {
    for (int d = 0; d < D; ++d) gradient[i * D + static_cast<size_t>(d)] -= 4 / sum * repulsion[i][d];
  }
  return sum;
}

template <int D>
double divergence_of(const Affinities& affinities, std::span<const double> positions, double sum_of_weights) {
  const auto points = as_points<D>(positions);
  return sum_over_pieces(static_cast<int64_t>(points.size()), [&](int64_t place) {
    const auto i = static_cast<size_t>(place);
    double sum = 0;
    for (int64_t e = affinities.begin[i]; e < affinities.begin[i + 1]; ++e) {
      const double p = affinities.probability[static_cast<size_t>(e)];
      const auto& other = points[static_cast<size_t>(affinities.neighbour[static_cast<size_t>(e)])];
      if (p > 0) sum += p * std::log(p * sum_of_weights / weight_of<D>(points[i], other));
    }
    return sum;
  });
}

template <int D>
double exact_sum_of_weights(std::span<const double> positions) {
  const auto points = as_points<D>(positions);
  return sum_over_pieces(static_cast<int64_t>(points.size()), [&](int64_t i) {
    double sum = -1;  // the point itself
    for (const auto& other : points) sum += weight_of<D>(points[static_cast<size_t>(i)], other);
    return sum;
  });
}

void check_positions(const Affinities& affinities, std::span<const double> positions, int64_t dimensions) {
  if (dimensions != 2 && dimensions != 3) throw std::invalid_argument("t-SNE: dimensions are 2 or 3");
  if (affinities.points() < 1 || static_cast<int64_t>(positions.size()) != affinities.points() * dimensions) {
    throw std::invalid_argument("t-SNE: positions and affinities are of different numbers of points");
  }
}

}  // namespace

double tsne_gradient(const Affinities& affinities, double exaggeration, std::span<const double> positions, int64_t dimensions,
                     double angle, std::span<double> gradient) {
  check_positions(affinities, positions, dimensions);
  if (!(angle >= 0 && angle <= 0.57)) throw std::invalid_argument("t-SNE: the opening angle is not between 0 and 0.57");
  if (gradient.size() != positions.size()) throw std::invalid_argument("t-SNE: the gradient has another size");
  return dimensions == 2 ? gradient_of<2>(affinities, exaggeration, positions, angle, gradient)
                         : gradient_of<3>(affinities, exaggeration, positions, angle, gradient);
}

double tsne_divergence(const Affinities& affinities, std::span<const double> positions, int64_t dimensions,
                       double sum_of_weights) {
  check_positions(affinities, positions, dimensions);
  return dimensions == 2 ? divergence_of<2>(affinities, positions, sum_of_weights)
                         : divergence_of<3>(affinities, positions, sum_of_weights);
}

double tsne_divergence(const Affinities& affinities, std::span<const double> positions, int64_t dimensions) {
  check_positions(affinities, positions, dimensions);
  const double sum = dimensions == 2 ? exact_sum_of_weights<2>(positions) : exact_sum_of_weights<3>(positions);
  return tsne_divergence(affinities, positions, dimensions, sum);
}

}  // namespace hpcai::inference
