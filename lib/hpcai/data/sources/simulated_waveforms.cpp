#include "hpcai/data/sources/simulated_waveforms.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/data/sources/waveform_hdf5.h"
#include "hpcai/data/waveform_dataset.h"
#include "hpcai/data/wrappers/cached.h"

namespace hpcai::data {
namespace {

class SimulatedWaveforms : public WaveformDataset {
 public:
  SimulatedWaveforms(std::string name, std::vector<Label> labels, const simulate::TimeGrid& grid,
                     simulate::PhaseReference reference)
      : WaveformDataset(std::move(labels), grid), name_(std::move(name)), reference_(reference) {}

  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return fmt::format("{}, simulated waveform {}", name_, index); }

 private:
  void make_waveform(int64_t index, float* out) const override {
    const auto [q, s1, s2] = label(index);
    for (const double value : simulate::real_h22({q, s1, s2}, *spec().time_grid, reference_)) *out++ = static_cast<float>(value);
  }

  std::string name_;
  simulate::PhaseReference reference_;
};

}  // namespace

std::optional<SampleSpec> source_spec(const SimulatedWaveformsConfig& config) {
  const simulate::TimeGrid grid{config.t_min, config.t_max, config.t_step};
  simulate::check(grid);
  simulate::check_step(grid);
  return waveform_spec(grid);
}

Splits open_source(const SimulatedWaveformsConfig& config, const OpenOptions& options) {
  const simulate::TimeGrid grid{config.t_min, config.t_max, config.t_step};
  uint64_t stream = 0;
  auto make = [&](const WaveformSetConfig& set, const std::string& name) -> std::unique_ptr<Dataset> {
    const std::vector<simulate::Binary> points = binaries(set, static_cast<uint64_t>(config.seed), stream, "data." + name);
    std::vector<std::array<double, 3>> labels;
    for (const auto& point : points) labels.push_back({point.mass_ratio, point.spin1, point.spin2});
    return cached(std::make_unique<SimulatedWaveforms>(name, std::move(labels), grid, config.phase_reference), config.cache_mb,
                  options.fill_cache(fmt::format("simulating {} waveforms", name)));
  };
  Splits splits;
  splits.train = make(config.train, "train");
  ++stream;
  if (!is_empty(config.validation)) splits.validation = make(config.validation, "validation");
  ++stream;
  if (!is_empty(config.test)) splits.test = make(config.test, "test");
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const SimulatedWaveformsConfig& config, Split split, const NetworkUse& use) {
  return std::move(open_source(config, {use.threads, false}).of(split));
}

std::unique_ptr<Dataset> open_source_input(const SimulatedWaveformsConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  return open_waveform_input(input, {config.t_min, config.t_max, config.t_step}, use);
}

}  // namespace hpcai::data
