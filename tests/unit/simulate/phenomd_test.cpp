#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <vector>

#include "hpcai/simulate/phenomd.h"

using namespace hpcai::simulate;
using std::numbers::pi;

namespace {

nlohmann::json reference() {
  std::ifstream file(HPCAI_SOURCE_DIR "/tests/fixtures/waveform/imrphenomd.json");
  REQUIRE(file.good());
  return nlohmann::json::parse(file);
}

// The difference of two spectra on the reference's frequencies: ours times the conjugate of the reference.
struct Comparison {
  std::vector<double> f;
  std::vector<std::complex<double>> product;
  double amplitude_error = 0, norm = 0;

  Comparison(const nlohmann::json& file, const nlohmann::json& point) {
    const PhenomD model({point["q"], point["s1"], point["s2"]});
    const std::vector<double> amplitude = point["amplitude"], phase = point["phase"];
    double ours = 0, theirs = 0;
    for (size_t i = 0; i < amplitude.size(); ++i) {
      f.push_back(file["first"].get<double>() + static_cast<double>(i) * file["step"].get<double>());
      const double a = model.amplitude(f[i]);
      product.push_back(a * amplitude[i] * std::polar(1.0, -model.phase(f[i]) - phase[i]));
      amplitude_error = std::max(amplitude_error, std::abs(a / amplitude[i] - 1));
      ours += a * a;
      theirs += amplitude[i] * amplitude[i];
    }
    norm = std::sqrt(ours * theirs);
  }

  double overlap(double shift) const {
    std::complex<double> sum = 0;
    for (size_t i = 0; i < f.size(); ++i) sum += product[i] * std::polar(1.0, 2 * pi * f[i] * shift);
    return std::abs(sum) / norm;
  }

  // Flat noise, maximised over phase and time.
  double match() const {
    double best = 0;
    for (double step : {0.5, 0.01, 0.0005}) {
      const double centre = best;
      const int count = step > 0.1 ? 400 : 60;
      for (int i = -count; i <= count; ++i) {
        if (overlap(centre + i * step) > overlap(best)) best = centre + i * step;
      }
    }
    return overlap(best);
  }
};

}  // namespace

TEST_CASE("IMRPhenomD agrees with LALSimulation across masses and spins") {
  const nlohmann::json file = reference();
  REQUIRE(file["points"].size() >= 12);
  for (const nlohmann::json& point : file["points"]) {
    CAPTURE(point["q"], point["s1"], point["s2"]);
    const Comparison comparison(file, point);
    CHECK(comparison.amplitude_error < 1e-4);
    CHECK(comparison.match() > 0.999999);
  }
}

TEST_CASE("the final spin agrees with LALSimulation") {
  const nlohmann::json file = reference();
  for (const nlohmann::json& point : file["points"]) {
    const Remnant hole = remnant({point["q"], point["s1"], point["s2"]});
    CHECK(hole.spin == Approx(point["final_spin"].get<double>()).margin(1e-9));
  }
}

TEST_CASE("the remnant of equal masses without spin is the one of numerical relativity") {
  const Remnant hole = remnant({1, 0, 0});
  CHECK(hole.spin == Approx(0.68646).margin(5e-4));  // SXS:BBH:0180
  CHECK(hole.radiated_energy == Approx(0.0484).margin(5e-4));
}

TEST_CASE("ringdown frequencies follow Berti's fits") {
  // Berti, Cardoso, Will, gr-qc/0512160, table VIII, l = m = 2, n = 0; good to about 2 percent for spins 0 to 0.99.
  for (const Binary& binary : {Binary{1, 0, 0}, Binary{1, 0.8, 0.8}, Binary{8, 0.8, 0}, Binary{8, 0, 0}, Binary{2, -0.5, 0.3}}) {
    const Remnant hole = remnant(binary);
    CAPTURE(hole.spin);
    const double mass = 1 - hole.radiated_energy;
    const double ring = 1.5251 - 1.1568 * std::pow(1 - hole.spin, 0.1292);
    const double quality = 0.7000 + 1.4187 * std::pow(1 - hole.spin, -0.4990);
    CHECK(2 * pi * hole.ring_frequency * mass == Approx(ring).epsilon(0.025));
    CHECK(hole.ring_frequency / (2 * hole.damping_frequency) == Approx(quality).epsilon(0.025));
  }
}

TEST_CASE("the early inspiral follows the quadrupole formula") {
  const PhenomD model({2, 0.1, -0.3});
  const double eta = 2.0 / 9, f = 1e-6, v = std::cbrt(pi * f);
  CHECK(model.amplitude(f) == Approx(std::sqrt(2 * eta / 3) * std::pow(pi, -1.0 / 6) * std::pow(f, -7.0 / 6)).epsilon(1e-3));
  CHECK(model.time(f) == Approx(-5 / (256 * eta) * std::pow(v, -8)).epsilon(1e-3));
}

TEST_CASE("amplitude and phase have no step and no kink where their pieces meet") {
  for (const Binary& binary : {Binary{1, 0, 0}, Binary{8, -0.8, 0.8}, Binary{3, 0.7, -0.2}}) {
    const PhenomD model(binary);
    for (const double f : {0.014, 0.018, model.remnant().ring_frequency / 2, model.peak_frequency()}) {
      CAPTURE(binary.mass_ratio, f);
      const double h = 1e-7;
      CHECK(model.amplitude(f + 1e-12) == Approx(model.amplitude(f - 1e-12)).epsilon(1e-9));
      CHECK(model.phase(f + 1e-12) == Approx(model.phase(f - 1e-12)).margin(1e-6));
      const double above = model.amplitude(f + 2 * h) - model.amplitude(f + h);
      const double below = model.amplitude(f - h) - model.amplitude(f - 2 * h);
      CHECK(above / h == Approx(below / h).epsilon(1e-3).margin(0.05));
      CHECK(model.time(f + 1e-10) == Approx(model.time(f - 1e-10)).epsilon(1e-6).margin(1e-4));
    }
  }
}

TEST_CASE("the time of a frequency is the slope of the phase") {
  const PhenomD model({4, 0.5, -0.6});
  for (const double f : {0.004, 0.01, 0.02, 0.035, 0.06, 0.1, 0.15}) {
    const double h = 1e-5 * f;
    CHECK(model.time(f) == Approx((model.phase(f + h) - model.phase(f - h)) / (4 * pi * h)).epsilon(1e-5).margin(1e-3));
  }
}
