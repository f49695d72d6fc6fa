#include "hpcai/simulate/galaxy_light.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hpcai::simulate {
namespace {

constexpr float kPiFloat = std::numbers::pi_v<float>;

// For the bands g, r, i, z: absorption relative to r (Cardelli et al. 1989), and contrast of the young stars in the arms.
constexpr std::array<float, 4> kOpacity = {1.38F, 1.0F, 0.76F, 0.56F};
constexpr std::array<float, 4> kArmContrast = {1.06F, 1.0F, 0.92F, 0.84F};

// exp(-k g^2) inside superellipses |x/a|^4 + |y/b|^4 = g^4, whose unit area is 3.7081.
constexpr float kBarSteepness = 2.2F;
constexpr float kSuperellipseArea = 3.7081493F;

Rgb select(const Fluxes& fluxes, const BandTriple& bands, double scale) {
  Rgb out;
  for (int c = 0; c < 3; ++c) out[c] = static_cast<float>(fluxes[static_cast<size_t>(bands[c])] * scale);
  return out;
}

void add(Rgb& light, const Rgb& peak, float profile) {
  for (int c = 0; c < 3; ++c) light[c] += peak[c] * profile;
}

float smooth_step(float x) {
  const float t = std::clamp(x, 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

}  // namespace

GalaxyLight::GalaxyLight(const Galaxy& galaxy, const BandTriple& bands)
    : arms_(galaxy.arms), dust_(galaxy.dust), edge_on_(galaxy.edge_on()) {
  cos_angle_ = static_cast<float>(std::cos(galaxy.position_angle));
  sin_angle_ = static_cast<float>(std::sin(galaxy.position_angle));
  for (int c = 0; c < 3; ++c) opacity_[c] = kOpacity[static_cast<size_t>(bands[c])];

  const Spheroid& s = galaxy.spheroid;
  const double re2 = s.effective_radius * s.effective_radius;
  spheroid_.peak = select(s.flux, bands, 1 / (sersic_flux(s.sersic_index) * re2 * s.axis_ratio));
  spheroid_.b = static_cast<float>(sersic_b(s.sersic_index));
  spheroid_.half_inverse_n = static_cast<float>(0.5 / s.sersic_index);
  spheroid_.inverse_re2 = static_cast<float>(1 / re2);
  spheroid_.inverse_q2 = static_cast<float>(1 / (s.axis_ratio * s.axis_ratio));

  const Disk& d = galaxy.disk;
  has_disk_ = d.flux[0] > 0;
  h_ = static_cast<float>(d.scale_length);
  inverse_q_ = static_cast<float>(1 / d.axis_ratio);
  // Edge-on: x K1(x) along the axis, here as sqrt(1 + pi x / 2) exp(-x), fading between 2.6 and 4.6 scale lengths,
  // whose integral is 1.459646; sech^2 across it (van der Kruit & Searle 1981).
  vertical_ = static_cast<float>(1 / (1.4 * d.thickness * d.scale_length));
  const double edge_on_area = 2 * 1.459646 * d.scale_length * 2 / vertical_;
  const double inclined_area = 2 * std::numbers::pi * d.scale_length * d.scale_length * d.axis_ratio;
  disk_peak_ = select(d.flux, bands, 1 / (edge_on_ ? edge_on_area : inclined_area));

  for (int c = 0; c < 3; ++c) {
    arm_strength_[c] = static_cast<float>(arms_.strength) * kArmContrast[static_cast<size_t>(bands[c])];
  }
  arm_mean_ = static_cast<float>(std::exp(-arms_.sharpness) * std::cyl_bessel_i(0, arms_.sharpness));
  winding_rate_ = static_cast<float>(arms_.winding / std::tan(arms_.pitch));

  const Bar& b = galaxy.bar;
  has_bar_ = b.flux[0] > 0;
  const double bar_area = kSuperellipseArea / kBarSteepness * b.length * b.length * b.axis_ratio * d.axis_ratio;
  bar_peak_ = select(b.flux, bands, 1 / bar_area);
  bar_cos_ = static_cast<float>(std::cos(b.angle));
  bar_sin_ = static_cast<float>(std::sin(b.angle));
  bar_inverse_a_ = static_cast<float>(1 / b.length);
  bar_inverse_b_ = static_cast<float>(1 / (b.length * b.axis_ratio));
}

Rgb GalaxyLight::operator()(float x, float y) const {
  const Geometry at{x * cos_angle_ + y * sin_angle_, y * cos_angle_ - x * sin_angle_};
  Rgb light{};
  add_spheroid(at, light);
  if (has_disk_ && edge_on_) add_edge_on_disk(at, light);
  if (has_disk_ && !edge_on_) add_inclined_disk(at, light);
  return light;
}

void GalaxyLight::add_spheroid(Geometry at, Rgb& light) const {
  const float r2 = (at.u * at.u + at.v * at.v * spheroid_.inverse_q2) * spheroid_.inverse_re2 + 1e-12F;
  const float root = std::exp(spheroid_.half_inverse_n * std::log(r2));  // (r / r_e)^(1/n)
  add(light, spheroid_.peak, std::exp(-spheroid_.b * root));
}

void GalaxyLight::add_inclined_disk(Geometry at, Rgb& light) const {
  const float v = at.v * inverse_q_;  // in the plane of the disk
  const float r = std::sqrt(at.u * at.u + v * v) / h_ + 1e-6F;
  const float disk = std::exp(-r);
  const float inner = static_cast<float>(arms_.inner_radius) / h_;
  const float presence = smooth_step((r - 0.7F * inner) / 0.6F) * smooth_step((5.5F - r) / 3);
  if (arms_.count > 0 && presence > 0) {
    const float log_r = std::log(r);
    const float angle = std::atan2(v, at.u);
    const float wobble_phase = static_cast<float>(arms_.wobble_phase);
    const float phase =
        static_cast<float>(arms_.count) * (angle - static_cast<float>(arms_.phase) - winding_rate_ * log_r) +
        static_cast<float>(arms_.wobble) * (std::sin(angle + wobble_phase) + std::sin(3 * log_r + 2 * wobble_phase));
    const float sharpness = static_cast<float>(arms_.sharpness);
    const float along = std::exp(sharpness * (std::cos(phase) - 1)) / arm_mean_ - 1;  // mean 0 around the disk
    // Two crossed wave patterns, sheared like the arms, divide the arms into patches.
    const float patches =
        std::sin(5 * angle - 3 * winding_rate_ * log_r + wobble_phase) * std::sin(4 * angle + 6 * log_r + 3 * wobble_phase);
    const float side = 1 - static_cast<float>(arms_.lopsidedness) * 0.5F * (1 + std::cos(angle - wobble_phase));
    const float contrast = presence * (side * along + static_cast<float>(arms_.flocculence) * patches);
    for (int c = 0; c < 3; ++c) light[c] += disk_peak_[c] * disk * std::max(0.0F, 1 + arm_strength_[c] * contrast);
    if (has_bar_) add_bar(at.u, v, light);
    if (dust_.arm_depth > 0) {
      // Dust lies along the inner, concave edge of the arms, where the phase is larger for winding +1 and smaller for -1.
      const float lane = std::exp(4 * (std::cos(phase - 0.9F * static_cast<float>(arms_.winding)) - 1));
      absorb(static_cast<float>(dust_.arm_depth) * presence * lane, light);
    }
    return;
  }
  add(light, disk_peak_, disk);
  if (has_bar_) add_bar(at.u, v, light);
}

void GalaxyLight::add_edge_on_disk(Geometry at, Rgb& light) const {
  const float x = std::abs(at.u) / h_;
  const float cosh_v = std::cosh(std::min(std::abs(at.v) * vertical_, 40.0F));
  const float along = std::sqrt(1 + 0.5F * kPiFloat * x) * std::exp(-x) * smooth_step((4.6F - x) / 2);
  add(light, disk_peak_, along / (cosh_v * cosh_v));
  if (dust_.lane_depth > 0) {
    const float across = (at.v - static_cast<float>(dust_.lane_offset)) * vertical_ / 0.5F;
    absorb(static_cast<float>(dust_.lane_depth) * std::exp(-0.5F * across * across - 0.3F * x * x), light);
  }
}

void GalaxyLight::add_bar(float u, float v, Rgb& light) const {
  const float a = (u * bar_cos_ + v * bar_sin_) * bar_inverse_a_;
  const float b = (v * bar_cos_ - u * bar_sin_) * bar_inverse_b_;
  const float g2 = std::sqrt(a * a * a * a + b * b * b * b);
  if (g2 < 6) add(light, bar_peak_, std::exp(-kBarSteepness * g2));
}

void GalaxyLight::absorb(float depth, Rgb& light) const {
  if (depth < 1e-3F) return;
  for (int c = 0; c < 3; ++c) light[c] *= std::exp(-depth * opacity_[c]);
}

}  // namespace hpcai::simulate
