#include "hpcai/simulate/strain/baseline_frame.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hpcai::simulate {

namespace {

using Vector = std::array<double, 3>;

Vector unit(double polar, double azimuth) {
  return {std::sin(polar) * std::cos(azimuth), std::sin(polar) * std::sin(azimuth), std::cos(polar)};
}

double polar_of(const Vector& v) { return std::acos(std::clamp(v[2], -1.0, 1.0)); }

double azimuth_of(const Vector& v) {
  const double angle = std::atan2(v[1], v[0]);
  return angle < 0 ? angle + 2 * std::numbers::pi : angle;
}

}  // namespace

// Rotations about z, y and z by the angles alpha, beta and gamma. Alpha makes the azimuth independent of the length of the
// baseline's projection on the equator.
BaselineFrame::BaselineFrame(const Detector& first, const Detector& second) {
  Vector d;
  for (int i = 0; i < 3; ++i) d[i] = first.vertex_m[i] - second.vertex_m[i];
  const double cos_beta = d[2] / std::hypot(d[0], d[1], d[2]), sin_beta = std::sqrt(1 - cos_beta * cos_beta);
  const double alpha = std::atan2(-d[1] * cos_beta, d[0]), gamma = std::atan2(d[1], d[0]);
  const double ca = std::cos(alpha), sa = std::sin(alpha), cg = std::cos(gamma), sg = std::sin(gamma);
  rotation_ = {Vector{ca * cos_beta * cg - sa * sg, -sa * cos_beta * cg - ca * sg, sin_beta * cg},
               Vector{ca * cos_beta * sg + sa * cg, -sa * cos_beta * sg + ca * cg, sin_beta * sg},
               Vector{-ca * sin_beta, sa * sin_beta, cos_beta}};
}

Direction BaselineFrame::to_earth(const BaselineDirection& direction) const {
  const Vector from = unit(direction.zenith, direction.azimuth);
  Vector to{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) to[i] += rotation_[i][j] * from[j];
  }
  return {azimuth_of(to), std::numbers::pi / 2 - polar_of(to)};
}

BaselineDirection BaselineFrame::from_earth(const Direction& direction) const {
  const Vector from = unit(std::numbers::pi / 2 - direction.latitude, direction.longitude);
  Vector to{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) to[i] += rotation_[j][i] * from[j];
  }
  return {polar_of(to), azimuth_of(to)};
}

}  // namespace hpcai::simulate
