#include "hpcai/data/nr_surrogate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/simulate/cubic_spline.h"

namespace hpcai::data {
namespace {

using Values = std::vector<std::complex<double>>;

constexpr int64_t kAmplitudeTerms = 3, kPhaseTerms = 4;
constexpr double kRounding = 1e-6;
constexpr const char* kRemedy = "Give the file NR22-A22.h5 of gwsurrogate, or copy it again.";

bool is_finite(double value) { return std::isfinite(value); }
bool is_finite(const std::complex<double>& value) { return std::isfinite(value.real()) && std::isfinite(value.imag()); }

template <class Value>
std::vector<Value> finite(std::vector<Value> values, const Hdf5Array& array) {
  if (std::all_of(values.begin(), values.end(), [](const Value& value) { return is_finite(value); })) return values;
  refuse_data(array.where(), "holds a value that is not finite", kRemedy);
}

void require_shape(const Hdf5Array& array, const std::vector<int64_t>& shape) {
  if (array.shape() != shape) refuse_data(array.where(), "its shape does not fit to the other data sets", kRemedy);
}

}  // namespace

void check_nr_mass_ratio(double mass_ratio) {
  if (mass_ratio >= 1 - kRounding && mass_ratio <= NrSurrogate::kMaxMassRatio + kRounding) return;
  throw Error(ExitCode::usage,
              fmt::format("the surrogate's mass ratio q = {:g} lies outside 1 to {:g}", mass_ratio, NrSurrogate::kMaxMassRatio),
              "NR22-A22 was built from simulations of this range.");
}

NrSurrogate::NrSurrogate(const std::string& file) : name_(file) {
  try_in_child(file, [&] { read(file); });
  read(file);
}

void NrSurrogate::read(const std::string& name) {
  const Hdf5File file(name);
  const Hdf5Array basis = file.array("B", 2, NumberKind::complex), times = file.array("times", 1);
  const int64_t nodes = basis.shape()[0], length = basis.shape()[1];
  if (length < 2 || nodes * length > (int64_t{1} << 24))
    refuse_data(basis.where(), "its shape is not that of a surrogate", kRemedy);
  require_shape(times, {length});
  times_ = finite(times.read_all(), times);
  if (std::adjacent_find(times_.begin(), times_.end(), std::greater_equal<>()) != times_.end()) {
    refuse_data(times.where(), "does not rise", kRemedy);
  }
  const Hdf5Array amplitude = file.array("fitparams_amp", 2), phase = file.array("fitparams_phase", 2);
  require_shape(amplitude, {nodes, kAmplitudeTerms});
  require_shape(phase, {nodes, kPhaseTerms});
  amplitude_fit_ = finite(amplitude.read_all(), amplitude);
  phase_fit_ = finite(phase.read_all(), phase);
  const Values values = finite(basis.read_all_complex(), basis);
  basis_.clear();
  for (int64_t j = 0; j < nodes; ++j) basis_.emplace_back(values.begin() + j * length, values.begin() + (j + 1) * length);
}

std::vector<Values> NrSurrogate::basis_at(const std::vector<double>& times) const {
  for (const double time : times) {
    if (time >= first_time() - kRounding && time <= last_time() + kRounding) continue;
    throw Error(ExitCode::usage,
                fmt::format("{}: its waveforms reach from {:g} to {:g} M, {:g} M was asked for", printable(name_), first_time(),
                            last_time(), time),
                "Set data.t_min and data.t_max to times within this range.");
  }
  std::vector<Values> result;
  for (const Values& values : basis_) {
    const simulate::CubicSpline spline(times_, values);
    Values& at = result.emplace_back();
    for (const double time : times) at.push_back(spline(std::clamp(time, first_time(), last_time())));
  }
  return result;
}

Values NrSurrogate::amplitudes(double mass_ratio) const {
  check_nr_mass_ratio(mass_ratio);
  const double nu = mass_ratio / ((1 + mass_ratio) * (1 + mass_ratio));
  Values values;
  for (size_t j = 0; j < basis_.size(); ++j) {
    const double* a = &amplitude_fit_[kAmplitudeTerms * j];
    const double* b = &phase_fit_[kPhaseTerms * j];
    values.push_back(std::polar(a[0] + a[1] * std::pow(nu, a[2]), b[0] + nu * (b[1] + nu * b[2]) + b[3] * std::log(nu)));
  }
  return values;
}

}  // namespace hpcai::data
