#include "hpcai/inference/embedding/affinities.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "hpcai/core/threads/pieces.h"

namespace hpcai::inference {
namespace {

constexpr int kMostBisections = 100;
constexpr double kEntropyTolerance = 1e-5;
constexpr int64_t kRowsOfPiece = 64;

// Writes exp(-beta (d - d_0)) / sum, d_0 the smallest distance, and returns the entropy in nats.
double gaussian_row(std::span<const double> squared, double beta, std::span<double> probability) {
  const double least = squared.front();
  double sum = 0, mean = 0;
  for (size_t k = 0; k < squared.size(); ++k) {
    probability[k] = std::exp(-beta * (squared[k] - least));
    sum += probability[k];
    mean += probability[k] * (squared[k] - least);
  }
  for (double& p : probability) p /= sum;
  return std::log(sum) + beta * mean / sum;
}

void find_width(std::span<const double> squared, double wanted_entropy, std::span<double> probability) {
  double beta = 1, low = 0, high = std::numeric_limits<double>::infinity();
  for (int step = 0; step < kMostBisections; ++step) {
    const double excess = gaussian_row(squared, beta, probability) - wanted_entropy;
    if (std::abs(excess) <= kEntropyTolerance) return;
    (excess > 0 ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
}

}  // namespace

int64_t affinity_neighbours(double perplexity, int64_t n) { return std::min(n - 1, static_cast<int64_t>(3 * perplexity + 1)); }

Affinities joint_affinities(const Neighbours& neighbours, double perplexity) {
  const auto count = static_cast<size_t>(neighbours.count);
  const auto n = static_cast<int64_t>(neighbours.index.size() / count);
  std::vector<double> conditional(neighbours.index.size());
  for_pieces((n + kRowsOfPiece - 1) / kRowsOfPiece, [&](int64_t piece) {
    for (int64_t i = piece * kRowsOfPiece; i < std::min(n, (piece + 1) * kRowsOfPiece); ++i) {
      const size_t first = static_cast<size_t>(i) * count;
      find_width(std::span(neighbours.squared_distance).subspan(first, count), std::log(perplexity),
                 std::span(conditional).subspan(first, count));
    }
  });

  std::vector<std::vector<std::pair<int64_t, double>>> rows(static_cast<size_t>(n));
  for (size_t e = 0; e < conditional.size(); ++e) {
    const auto i = static_cast<int64_t>(e / count);
    const int64_t j = neighbours.index[e];
    rows[static_cast<size_t>(i)].emplace_back(j, conditional[e]);
    rows[static_cast<size_t>(j)].emplace_back(i, conditional[e]);
  }
  Affinities joint;
  joint.begin.push_back(0);
  for (auto& row : rows) {
    std::ranges::sort(row);
    for (size_t k = 0; k < row.size(); ++k) {
      const double p = row[k].second / (2 * static_cast<double>(n));
      if (k > 0 && row[k].first == row[k - 1].first) {
        joint.probability.back() += p;
      } else {
        joint.neighbour.push_back(row[k].first);
        joint.probability.push_back(p);
      }
    }
    joint.begin.push_back(static_cast<int64_t>(joint.neighbour.size()));
    row = {};
  }
  return joint;
}

}  // namespace hpcai::inference
