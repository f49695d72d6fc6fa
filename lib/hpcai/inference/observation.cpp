#include "hpcai/inference/observation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <span>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/strain/strain_simulator.h"
#include "hpcai/data/strain/strain_spectrum.h"
#include "hpcai/simulate/strain/spectrum.h"
#include "hpcai/simulate/strain/welch.h"

namespace hpcai::inference {
namespace {

constexpr double kSpectrumReach = 64;   // s around the time from which the noise is estimated
constexpr int64_t kManySegments = 24;   // of the estimate; fewer are made twice as many by halving their length
constexpr double kShortestSegment = 1;  // s
constexpr int64_t kLeastSegments = 8;

using Stretch = std::span<const double>;

// The longest parts of a strain before `from` and after `to` whose samples are all finite.
std::vector<Stretch> outside(const data::Strain& strain, double from_gps_s, double to_gps_s) {
  std::vector<Stretch> stretches;
  const Stretch all(strain.values);
  size_t first = 0;
  for (size_t i = 0; i <= all.size(); ++i) {
    const double gps_s = strain.start_gps_s + static_cast<double>(i) / strain.rate_hz;
    const bool usable = i < all.size() && std::isfinite(all[i]) && (gps_s < from_gps_s || gps_s >= to_gps_s);
    if (usable) continue;
    if (i > first) stretches.push_back(all.subspan(first, i - first));
    first = i + 1;
  }
  return stretches;
}

int64_t segments_in(const std::vector<Stretch>& stretches, double rate_hz, double segment_s) {
  int64_t count = 0;
  for (const Stretch& stretch : stretches) {
    const double lengths = static_cast<double>(stretch.size()) / (rate_hz * segment_s);
    if (lengths >= 1) count += static_cast<int64_t>(2 * lengths) - 1;
  }
  return count;
}

// The noise spectrum near the analysed time, from the strain outside of it.
simulate::Spectrum estimate(const data::StrainFile& file, const data::StrainModelConfig& model, double gps_s) {
  const double from = gps_s + model.after_s - model.duration_s, to = gps_s + model.after_s;
  const double first = std::max(file.start_gps_s(), gps_s - kSpectrumReach);
  const double last = std::min(file.end_gps_s(), gps_s + kSpectrumReach);
  const data::Strain strain = file.read(first, last);
  std::vector<Stretch> stretches = outside(strain, from, to);
  double segment_s = model.duration_s;
  while (segments_in(stretches, strain.rate_hz, segment_s) < kManySegments && segment_s > kShortestSegment) segment_s /= 2;
  if (segments_in(stretches, strain.rate_hz, segment_s) < kLeastSegments) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: too little strain outside of the analysed {:g} s to estimate the noise spectrum", file.holds(),
                            model.duration_s),
                fmt::format("Give a longer file, or the spectrum with --psd {}=FILE.", file.detector()));
  }
  std::erase_if(stretches, [&](const Stretch& part) { return static_cast<double>(part.size()) < segment_s * strain.rate_hz; });
  return simulate::median_welch(stretches, strain.rate_hz, segment_s);
}

[[noreturn]] void refuse_files(const data::StrainModelConfig& model, const std::string& cause) {
  throw Error(ExitCode::usage, cause,
              fmt::format("The network was trained for {}: give one --strain file of each.", fmt::join(model.detectors, ", ")));
}

}  // namespace

Recording::Recording(const data::StrainModelConfig& model, const std::vector<std::filesystem::path>& files,
                     const SpectrumFiles& spectra, double gps_s)
    : model_(model), band_(simulate::frequency_band(model.low_hz, model.likelihood_high_hz, 1 / model.duration_s)) {
  std::vector<data::StrainFile> opened;
  for (const auto& path : files) opened.emplace_back(path);
  data::require_different_detectors(opened);
  for (const data::StrainFile& file : opened) {
    if (std::ranges::count(model.detectors, file.detector()) == 0) refuse_files(model, file.holds());
  }
  for (const auto& [name, unused] : spectra) {
    if (std::ranges::count(model.detectors, name) == 0)
      refuse_files(model, fmt::format("a noise spectrum is given for {}", printable(name)));
  }
  for (const std::string& name : model.detectors) {
    const auto file = std::ranges::find(opened, name, &data::StrainFile::detector);
    if (file == opened.end()) refuse_files(model, fmt::format("there is no strain of {}", name));
    const auto given = spectra.find(name);
    if (given == spectra.end()) {
      channels_.push_back({*file, simulate::inverse_asd(estimate(*file, model, gps_s), band_), "estimated"});
      continue;
    }
    const data::SpectrumBand needed{model.low_hz, model.likelihood_high_hz, band_.step_hz};
    const auto spectrum = data::read_spectrum(given->second.path, given->second.kind, needed);
    channels_.push_back({*file, simulate::inverse_asd(spectrum, band_), given->second.path.string()});
  }
}

Observation Recording::observe(double gps_s) const {
  Observation observation{gps_s, band_, {}, {}};
  const double start = gps_s + model_.after_s - model_.duration_s;
  for (const Channel& channel : channels_) {
    const data::Strain strain = data::clean_strain(channel.file, start, start + model_.duration_s, model_.likelihood_high_hz);
    const auto spectrum = data::spectrum_of(strain, start, model_.duration_s, data::kStrainTaper, model_.likelihood_high_hz);
    simulate::WhitenedData data{channel.file.detector(), simulate::ComplexSeries(band_.size()), channel.inverse_asd};
    for (int64_t i = 0; i < band_.size(); ++i) {
      const auto k = static_cast<size_t>(i);
      // The origin of time moves from the start of the data to the reference time.
      const double turns = band_.frequency_hz(i) * (gps_s - start);
      const std::complex<double> value = spectrum[static_cast<size_t>(band_.first + i)] *
                                         std::polar(channel.inverse_asd[k], 2 * std::numbers::pi * (turns - std::floor(turns)));
      data.data.re[k] = value.real();
      data.data.im[k] = value.imag();
    }
    observation.detectors.push_back(std::move(data));
    observation.spectra.push_back(channel.spectrum);
  }
  return observation;
}

}  // namespace hpcai::inference
