#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "hpcai/inference/embedding/affinities.h"

namespace hpcai::inference {

struct TsneOptions {
  int64_t dimensions = 2;             // 2 or 3
  double perplexity = 30;             // the number of neighbours that count, at least 1 and below the number of points
  std::optional<uint64_t> seed = {};  // begins at random positions; without: at the first principal components
  int64_t iterations = 1000;
  double angle = 0.5;  // of Barnes and Hut, see tsne_gradient()
  // Called every 50 iterations with their number and the divergence, which is not exact.
  std::function<void(int64_t iteration, double divergence)> progress = {};
};

struct TsnePicture {
  std::vector<double> positions;  // [point, dimensions]
  double divergence = 0;          // exact, of the positions
  int64_t iterations = 0;         // that were made
};

// Puts points into a plane or into space so that neighbours stay neighbours (van der Maaten and Hinton 2008; Barnes-Hut: van der
// Maaten 2014). The optimisation has the settings of scikit-learn 1.x: affinities that are 12 times too large for 250 iterations,
// momentum 0.5 and then 0.8, a gain of each coordinate, a learning rate of n / 48 but at least 50, an end when nothing improves.
// Unlike there, the weights are 1 / (1 + distance^2) in three dimensions too. The result is a function of points and options, the
// same for any number of threads.
// Throws Error{usage} if the perplexity does not fit the number of points.
TsnePicture tsne(const at::Tensor& points, const TsneOptions& options);

// The same for affinities that are known. `start` [point, dimensions]: where the points begin.
TsnePicture tsne(const Affinities& affinities, std::vector<double> start, const TsneOptions& options);

}  // namespace hpcai::inference
