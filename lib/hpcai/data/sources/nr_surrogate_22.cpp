#include "hpcai/data/sources/nr_surrogate_22.h"

#include <fmt/format.h>

#include <cmath>
#include <complex>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/data/nr_surrogate.h"
#include "hpcai/data/sources/waveform_hdf5.h"
#include "hpcai/data/sources/waveform_set.h"
#include "hpcai/data/waveform_dataset.h"
#include "hpcai/data/wrappers/cached.h"
#include "hpcai/simulate/waveform_parameters.h"

namespace hpcai::data {
namespace {

using simulate::ParameterRange;
using simulate::PhaseReference;
using Values = std::vector<std::complex<double>>;

// The surrogate on the times of a config. The splits share it.
struct OnGrid {
  NrSurrogate surrogate;
  std::vector<Values> basis;      // [nodes][times]
  std::vector<Values> reference;  // the basis at the time where the phase is zero, [nodes][1]

  OnGrid(const std::string& file, const simulate::TimeGrid& grid, PhaseReference phase) : surrogate(file) {
    std::vector<double> times;
    for (int64_t i = 0; i < grid.size(); ++i) times.push_back(grid.time(i));
    basis = surrogate.basis_at(times);
    reference = surrogate.basis_at({phase == PhaseReference::start ? grid.start : 0.0});
  }
};

class NrWaveforms : public WaveformDataset {
 public:
  NrWaveforms(std::string name, std::vector<Label> labels, const simulate::TimeGrid& grid, std::shared_ptr<const OnGrid> on_grid)
      : WaveformDataset(std::move(labels), grid), name_(std::move(name)), on_grid_(std::move(on_grid)) {}

  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return fmt::format("{}, surrogate waveform {}", name_, index); }

 private:
  void make_waveform(int64_t index, float* out) const override {
    const Values amplitudes = on_grid_->surrogate.amplitudes(label(index)[0]);
    std::complex<double> origin = 0;
    for (size_t j = 0; j < amplitudes.size(); ++j) origin += amplitudes[j] * on_grid_->reference[j][0];
    const std::complex<double> turn = std::conj(origin) / std::abs(origin);
    std::vector<double> sum(static_cast<size_t>(length()));
    for (size_t j = 0; j < amplitudes.size(); ++j) {
      const std::complex<double> factor = amplitudes[j] * turn;
      const Values& basis = on_grid_->basis[j];
      for (size_t k = 0; k < sum.size(); ++k) sum[k] += factor.real() * basis[k].real() - factor.imag() * basis[k].imag();
    }
    for (size_t k = 0; k < sum.size(); ++k) out[k] = static_cast<float>(sum[k]);
  }

  std::string name_;
  std::shared_ptr<const OnGrid> on_grid_;
};

// The labels of a split; `stream` distinguishes the random points of the splits.
std::vector<std::array<double, 3>> labels_of(const MassRatioSetConfig& set, uint64_t seed, uint64_t stream,
                                             const std::string& name) {
  const auto range = ParameterRange::parse(name + ".mass_ratio", set.mass_ratio);
  const Interval ends = interval(range, set.mass_ratio);
  check_nr_mass_ratio(range.first);
  check_nr_mass_ratio(set.count > 0 ? ends.high : range.value(range.size - 1));
  std::vector<std::array<double, 3>> labels;
  for (int64_t i = 0; i < (set.count > 0 ? set.count : range.size); ++i) {
    const double drawn = Random(seed, stream, static_cast<uint64_t>(i), Purpose::simulate).uniform(ends.low, ends.high);
    labels.push_back({set.count > 0 ? drawn : range.value(i), 0, 0});
  }
  return labels;
}

simulate::TimeGrid grid_of(const NrSurrogate22Config& config) { return {config.t_min, config.t_max, config.t_step}; }

}  // namespace

std::optional<SampleSpec> source_spec(const NrSurrogate22Config& config) {
  simulate::check(grid_of(config));
  simulate::check_step(grid_of(config));
  return waveform_spec(grid_of(config));
}

Splits open_source(const NrSurrogate22Config& config, const OpenOptions& options) {
  const simulate::TimeGrid grid = grid_of(config);
  simulate::check(grid);
  simulate::check_step(grid);
  if (config.train.mass_ratio.empty()) {
    throw Error(ExitCode::usage, "data.train: needs mass_ratio",
                "A range is first:stop:step, for example mass_ratio: \"1:10:0.01\".");
  }
  const auto on_grid = std::make_shared<OnGrid>(config.file, grid, config.phase_reference);
  uint64_t stream = 0;
  const auto make = [&](const MassRatioSetConfig& set, const std::string& name) -> std::unique_ptr<Dataset> {
    const uint64_t own_stream = stream++;
    if (set.mass_ratio.empty()) return nullptr;
    auto labels = labels_of(set, static_cast<uint64_t>(config.seed), own_stream, "data." + name);
    return cached(std::make_unique<NrWaveforms>(name, std::move(labels), grid, on_grid), config.cache_mb,
                  options.fill_cache(fmt::format("making {} waveforms", name)));
  };
  Splits splits;
  splits.train = make(config.train, "train");
  splits.validation = make(config.validation, "validation");
  splits.test = make(config.test, "test");
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const NrSurrogate22Config& config, Split split, const NetworkUse& use) {
  return std::move(open_source(config, {use.threads, false}).of(split));
}

std::unique_ptr<Dataset> open_source_input(const NrSurrogate22Config& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  return open_waveform_input(input, grid_of(config), use);
}

}  // namespace hpcai::data
