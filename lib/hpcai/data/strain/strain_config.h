#pragma once

#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/simulate/strain/prior.h"
#include "hpcai/simulate/strain/spectrum_family.h"

namespace hpcai::data {

// The priors of a compact binary's parameters, in the order of simulate::kCompactBinaryParameters. A parameter whose prior is
// `fixed` is not inferred. The phase is never inferred: the likelihood of the mode l = |m| = 2 is integrated over it.
struct StrainPriorsConfig {
  simulate::PriorConfig chirp_mass = simulate::UniformPriorConfig{20, 50};
  simulate::PriorConfig mass_ratio = simulate::UniformPriorConfig{0.125, 1};
  simulate::PriorConfig chi_1 = simulate::UniformPriorConfig{-0.8, 0.8};
  simulate::PriorConfig chi_2 = simulate::UniformPriorConfig{-0.8, 0.8};
  simulate::PriorConfig luminosity_distance = simulate::UniformPriorConfig{100, 2000};
  simulate::PriorConfig theta_jn = simulate::SinePriorConfig{};
  simulate::PriorConfig psi = simulate::UniformPriorConfig{0, std::numbers::pi / 2};
  simulate::PriorConfig time = simulate::UniformPriorConfig{-0.02, 0.02};
  simulate::PriorConfig zenith = simulate::SinePriorConfig{};
  simulate::PriorConfig azimuth = simulate::UniformPriorConfig{0, 2 * std::numbers::pi};

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("chirp_mass", chirp_mass, {.help = "Chirp mass in the detector's frame, in solar masses."});
    v.field("mass_ratio", mass_ratio, {.help = "Mass of the lighter hole divided by that of the heavier one, at most 1."});
    v.field("chi_1", chi_1, {.help = "Aligned spin of the heavier hole."});
    v.field("chi_2", chi_2, {.help = "Aligned spin of the lighter hole."});
    v.field("luminosity_distance", luminosity_distance, {.help = "Luminosity distance in Mpc."});
    v.field("theta_jn", theta_jn, {.help = "Angle between the angular momentum and the line of sight, in rad."});
    v.field("psi", psi, {.help = "Polarisation angle in rad; beyond pi/2 the waveforms repeat, with another phase."});
    v.field("time", time, {.help = "Merger at the first detector relative to the time that is asked for, in s."});
    v.field("zenith", zenith, {.help = "Angle between the source and the line through the first two detectors, in rad."});
    v.field("azimuth", azimuth, {.help = "Angle of the source around the line through the first two detectors, in rad."});
  }
};

// A piece of the series that a network sees.
struct StrainWindowConfig {
  double start_s = -1;
  double end_s = 0.1;
  double rate_hz = 1024;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("start_s", start_s, {.help = "First time, relative to the time that is asked for.", .unit = "s"});
    v.field("end_s", end_s, {.help = "End, exclusive.", .unit = "s"});
    v.field("rate_hz", rate_hz,
            {.help = "Samples per second; frequencies above half of it are left out.", .unit = "Hz", .min = 1, .max = 16384});
  }
};

// Measured data rise and fall smoothly within this time at both ends of the analysed time. Nothing that matters may lie there.
inline constexpr double kStrainTaper = 0.4;  // s

// The detectors, the part of their data that is analysed, and the binaries that may be in them.
struct StrainModelConfig {
  std::vector<std::string> detectors = {"H1", "L1"};
  double duration_s = 4;
  double after_s = 2;
  double low_hz = 20;
  double high_hz = 512;
  double likelihood_high_hz = 1024;
  double reference_hz = 20;
  std::vector<StrainWindowConfig> windows = {StrainWindowConfig{}};
  int64_t spectrum_values = 16;
  simulate::SpectrumFamilyConfig noise;
  StrainPriorsConfig priors;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("detectors", detectors, {.help = "Names of the detectors: H1, L1, V1."});
    v.field("duration_s", duration_s, {.help = "Length of the analysed data.", .unit = "s", .min = 1, .max = 256});
    v.field("after_s", after_s, {.help = "Part of it after the time that is asked for.", .unit = "s", .min = 0.5, .max = 64});
    v.field("low_hz", low_hz, {.help = "Lowest frequency that is analysed.", .unit = "Hz", .min = 5, .max = 1000});
    v.field("high_hz", high_hz, {.help = "Highest frequency that the network sees.", .unit = "Hz", .min = 50, .max = 8192});
    v.field("likelihood_high_hz", likelihood_high_hz,
            {.help = "Highest frequency of the exact likelihood by which the network's answer is reweighted.",
             .unit = "Hz",
             .min = 50,
             .max = 8192,
             .local = true});
    v.field("reference_hz", reference_hz,
            {.help = "Frequency at which the phase is defined.", .unit = "Hz", .min = 1, .max = 1000});
    v.field("windows", windows, {.help = "Pieces of the whitened series that the network sees, one after the other."});
    v.field("spectrum_values", spectrum_values,
            {.help = "Values that tell the network a detector's noise spectrum, in bands of equal width in log f.",
             .min = 0,
             .max = 256});
    v.field("noise", noise, {.help = "The noise spectra, drawn anew for each sample."});
    v.field("priors", priors, {.help = "The distributions of the binaries' parameters."});
  }
};

}  // namespace hpcai::data
