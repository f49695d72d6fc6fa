#include "refine_predictions.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "hpcai/core/log.h"
#include "hpcai/core/parallel.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/simulate/binary_coordinates.h"
#include "hpcai/simulate/refine.h"

namespace hpcai::app {

void refine_predictions(const Trained& trained, const metrics::Predictions::Gathered& all, int64_t most_steps,
                        data::PredictionTable& table) {
  if (all.index.empty()) return;
  const simulate::TimeGrid& grid = trained.waveform_grid("--refine");
  const auto starts = metrics::binaries(all.prediction);
  std::vector<simulate::Refined> found(starts.size());
  const auto begin = std::chrono::steady_clock::now();
  parallel_for(static_cast<int64_t>(starts.size()), at::get_num_threads(), [&](int64_t i) {
    std::vector<float> stored(static_cast<size_t>(trained.dataset->input_size()));
    trained.dataset->read(all.index[i], nullptr, stored.data());
    const std::vector<double> series(stored.begin(), stored.end());
    found[i] = simulate::refine(series, grid, starts[i], {.most_steps = most_steps});
  });
  const double time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  table.columns = {"q", "s1", "s2", "chi_eff", "mismatch", "network_q", "network_s1", "network_s2"};
  table.predictions.clear();
  std::vector<double> mismatches;
  for (size_t i = 0; i < found.size(); ++i) {
    const auto& [q, s1, s2] = found[i].binary;
    const double chi_eff = simulate::coordinates(found[i].binary).effective_spin;
    const auto& network = starts[i];
    for (const double value : {q, s1, s2, chi_eff, found[i].mismatch, network.mass_ratio, network.spin1, network.spin2}) {
      table.predictions.push_back(value);
    }
    mismatches.push_back(found[i].mismatch);
  }
  std::ranges::sort(mismatches);
  log::info("{} waveforms fitted in {:.2f} s, {:.0f} a second; mismatch: median {:.1e}, 90 % below {:.1e}, largest {:.1e}",
            found.size(), time_s, static_cast<double>(found.size()) / time_s, metrics::quantile(mismatches, 0.5),
            metrics::quantile(mismatches, 0.9), mismatches.back());
}

}  // namespace hpcai::app
