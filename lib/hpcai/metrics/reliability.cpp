#include "hpcai/metrics/reliability.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace hpcai::metrics {
namespace {

void need_samples(const Classified& all) {
  if (all.samples() == 0) throw std::invalid_argument("a quality of probabilities without samples");
}

}  // namespace

std::vector<ReliabilityBin> reliability(const Classified& all, int64_t bins) {
  need_samples(all);
  std::vector<ReliabilityBin> table;
  for (int64_t b = 0; b < bins; ++b) {
    const auto edge = [&](int64_t at) { return static_cast<double>(at) / static_cast<double>(bins); };
    table.push_back({edge(b), edge(b + 1)});
  }
  for (int64_t i = 0; i < all.samples(); ++i) {
    const double certainty = all.certainty(i);
    const auto found = std::ranges::lower_bound(table, certainty, {}, &ReliabilityBin::to);
    ReliabilityBin& bin = found == table.end() ? table.back() : *found;  // beyond 1 by rounding
    ++bin.samples;
    bin.right += all.right(i) ? 1 : 0;
    bin.certainty += certainty;
  }
  for (ReliabilityBin& bin : table) bin.certainty /= static_cast<double>(std::max<int64_t>(1, bin.samples));
  return table;
}

double expected_calibration_error(const std::vector<ReliabilityBin>& bins) {
  double sum = 0;
  int64_t samples = 0;
  for (const ReliabilityBin& bin : bins) {
    const auto count = static_cast<double>(bin.samples);
    sum += std::abs(static_cast<double>(bin.right) - bin.certainty * count);
    samples += bin.samples;
  }
  if (samples == 0) throw std::invalid_argument("a calibration error without samples");
  return sum / static_cast<double>(samples);
}

double log_loss(const Classified& all) {
  need_samples(all);
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (int64_t i = 0; i < all.samples(); ++i) {
    sum -= std::log(std::clamp(all.row(i)[static_cast<size_t>(all.truth[static_cast<size_t>(i)])], kLeast, 1 - kLeast));
  }
  return sum / static_cast<double>(all.samples());
}

double brier_score(const Classified& all) {
  need_samples(all);
  double sum = 0;
  for (int64_t i = 0; i < all.samples(); ++i) {
    for (int64_t c = all.classes == 2 ? 1 : 0; c < all.classes; ++c) {
      const double truth = all.truth[static_cast<size_t>(i)] == c ? 1 : 0;
      sum += std::pow(all.row(i)[static_cast<size_t>(c)] - truth, 2);
    }
  }
  return sum / static_cast<double>(all.samples());
}

}  // namespace hpcai::metrics
