#include "hpcai/simulate/galaxy_draw.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/core/random.h"

namespace hpcai::simulate {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr size_t kRed = static_cast<size_t>(Band::r);

// The share of galaxies, in both classes, whose class cannot be seen in the image. Half of them have the label that contradicts
// the best guess, so the mean accuracy of a classifier is at most 1 - kLenticularShare / 2.
constexpr double kLenticularShare = 0.024;

struct Colours {
  double g_r, r_i, i_z;
};

Fluxes fluxes(double flux_r, const Colours& colours) {
  const auto ratio = [](double magnitudes) { return std::pow(10.0, -0.4 * magnitudes); };
  const double flux_i = flux_r / ratio(colours.r_i);
  return {flux_r * ratio(colours.g_r), flux_r, flux_i, flux_i / ratio(colours.i_z)};
}

// The colours of old stars. They become redder with redshift, because the 4000 A break moves through g.
Colours old_stars(Random& random, double redshift) {
  const double scatter = 0.03 * random.normal();
  return {0.68 + 2.9 * redshift + scatter, 0.36 + 0.8 * redshift + 0.3 * scatter, 0.28 + 0.6 * redshift};
}

Colours young_stars(Random& random, double redshift) {
  const double age = random.normal();
  return {0.61 + 1.0 * redshift + 0.12 * age, 0.34 + 0.6 * redshift + 0.05 * age, 0.22 + 0.5 * redshift + 0.05 * age};
}

int poisson(Random& random, double mean) {  // Knuth; for small means
  int count = 0;
  for (double product = random.uniform(); product > std::exp(-mean); product *= random.uniform()) ++count;
  return count;
}

void draw_elliptical(Random& random, Galaxy& galaxy) {
  galaxy.redshift = std::clamp(0.10 * std::exp(0.45 * random.normal()), 0.02, 0.3);
  Spheroid& spheroid = galaxy.spheroid;
  spheroid.sersic_index = std::clamp(3.8 + 0.9 * random.normal(), 2.0, 6.5);
  spheroid.axis_ratio = std::clamp(1.0 - std::abs(0.24 * random.normal()), 0.45, 1.0);
  spheroid.flux = fluxes(1, old_stars(random, galaxy.redshift));
}

// Draws a disk with its bulge, with scale length 1 and flux 1 in r.
void draw_disk(Random& random, Galaxy& galaxy, double bulge_fraction, double inclination, const Colours& disk_colours) {
  Disk& disk = galaxy.disk;
  disk.inclination = inclination;
  disk.thickness = random.uniform(0.13, 0.28);
  disk.axis_ratio = std::hypot(std::cos(inclination), disk.thickness * std::sin(inclination));
  disk.flux = fluxes(1 - bulge_fraction, disk_colours);
  Spheroid& bulge = galaxy.spheroid;
  bulge.sersic_index = random.uniform(1.5, 3.5);
  bulge.effective_radius = random.uniform(0.15, 0.3) + 0.5 * bulge_fraction;
  const double flattening = random.uniform(0.6, 0.9);
  bulge.axis_ratio = std::hypot(std::cos(inclination), flattening * std::sin(inclination));
  bulge.flux = fluxes(bulge_fraction, old_stars(random, galaxy.redshift));
}

void draw_lenticular(Random& random, Galaxy& galaxy) {
  galaxy.lenticular = true;
  galaxy.redshift = std::clamp(0.09 * std::exp(0.4 * random.normal()), 0.02, 0.25);
  draw_disk(random, galaxy, random.uniform(0.35, 0.6), std::acos(random.uniform(0.4, 1.0)), old_stars(random, galaxy.redshift));
}

void draw_bar(Random& random, Galaxy& galaxy) {
  Bar& bar = galaxy.bar;
  bar.length = random.uniform(0.6, 1.2);
  bar.axis_ratio = random.uniform(0.22, 0.38);
  bar.angle = random.uniform(0, kPi);
  const double share = random.uniform(0.08, 0.2);
  for (size_t band = 0; band < bar.flux.size(); ++band) {
    bar.flux[band] = 0.5 * share * (galaxy.disk.flux[band] + galaxy.disk.flux[kRed]);  // redder than the disk
    galaxy.disk.flux[band] *= 1 - share;
  }
}

void draw_arms(Random& random, Galaxy& galaxy, bool barred) {
  Arms& arms = galaxy.arms;
  const double kind = random.uniform();
  arms.count = barred || kind < 0.65 ? 2 : kind < 0.85 ? 3 : 4;
  arms.winding = random.coin() ? 1 : -1;
  arms.pitch = random.uniform(11, 27) * kPi / 180;
  arms.strength = random.uniform(0.4, 0.95);
  arms.sharpness = random.uniform(0.9, 2.8);
  arms.wobble = random.uniform(0.1, 0.8);
  arms.wobble_phase = random.uniform(0, 2 * kPi);
  arms.flocculence = random.uniform(0.1, 0.6);
  arms.lopsidedness = random.uniform(0, 0.5);
  arms.inner_radius = barred ? 0.9 * galaxy.bar.length : random.uniform(0.3, 0.6);
  // The arms of a barred galaxy start at the ends of the bar.
  arms.phase =
      barred ? galaxy.bar.angle - arms.winding * std::log(galaxy.bar.length) / std::tan(arms.pitch) : random.uniform(0, 2 * kPi);
  if (random.coin()) galaxy.dust.arm_depth = random.uniform(0.1, 0.6);
}

// Draws HII regions along the arms, or along the middle plane of an edge-on disk, in the units of draw_disk.
void draw_clumps(Random& random, Galaxy& galaxy) {
  const bool edge_on = galaxy.edge_on();
  const Arms& arms = galaxy.arms;
  const int count = edge_on ? poisson(random, 3) : 6 + static_cast<int>(random.below(30));
  const double share = edge_on ? random.uniform(0, 0.03) : random.uniform(0.01, 0.07);
  for (int i = 0; i < count; ++i) {
    Clump clump;
    const double radius = random.uniform(arms.inner_radius + 0.2, 3.2);
    double angle = random.uniform(0, 2 * kPi);
    if (!edge_on) {
      const double arm = static_cast<double>(random.below(static_cast<uint64_t>(arms.count)));
      angle = arms.phase + arms.winding * std::log(radius) / std::tan(arms.pitch) +
              (2 * kPi * arm + 0.5 * random.normal()) / arms.count;
    }
    clump.x = radius * std::cos(angle);
    clump.y = radius * std::sin(angle) * (edge_on ? 0.03 : galaxy.disk.axis_ratio);
    clump.width = random.uniform(0.04, 0.16);
    const double flux = share / count * -std::log(1 - random.uniform()) * std::exp(0.5 * (1.5 - radius));
    clump.flux = fluxes(flux, {random.uniform(0.0, 0.3), 0.05, -0.05});
    galaxy.clumps.push_back(clump);
  }
}

void draw_spiral(Random& random, Galaxy& galaxy) {
  galaxy.redshift = std::clamp(0.065 * std::exp(0.4 * random.normal()), 0.01, 0.2);
  const bool edge_on = random.uniform() < 0.3;
  const double inclination = edge_on ? random.uniform(80, 90) * kPi / 180 : std::acos(random.uniform(0.28, 1.0));
  const double bulge_fraction = std::clamp(0.12 * std::exp(0.65 * random.normal()), 0.01, 0.4);
  draw_disk(random, galaxy, bulge_fraction, inclination, young_stars(random, galaxy.redshift));
  if (edge_on) {
    if (random.uniform() < 0.6) galaxy.dust.lane_depth = random.uniform(0.7, 3.0);
    galaxy.dust.lane_offset = 0.6 * std::cos(inclination) * (random.coin() ? 1 : -1);
  } else {
    const bool barred = random.uniform() < 0.35;
    if (barred) draw_bar(random, galaxy);
    draw_arms(random, galaxy, barred);
  }
  draw_clumps(random, galaxy);
}

// Scales a galaxy from scale length 1 and flux 1 to the size and brightness of its class, and gives it a random orientation.
void place_on_sky(Random& random, Galaxy& galaxy) {
  const bool disky = galaxy.disk.flux[kRed] > 0 && !galaxy.lenticular;
  const double log_size = (disky ? 0.36 : 0.33) * random.normal();
  galaxy.petrosian_radius = std::clamp((disky ? 8.8 : 7.0) * std::exp(log_size), disky ? 4.8 : 3.5, 22.0);
  const double magnitude = (disky ? 16.5 : 16.3) - 2.1 * log_size + 0.4 * random.normal();
  galaxy.position_angle = random.uniform(0, kPi);
  galaxy.centre_x = random.uniform(-0.2, 0.2);
  galaxy.centre_y = random.uniform(-0.2, 0.2);

  // The light of an inclined disk lies within a smaller circular aperture.
  const double axis_ratio = disky ? galaxy.disk.axis_ratio : galaxy.spheroid.axis_ratio;
  const double unit = face_on_petrosian_radius(galaxy.spheroid, galaxy.disk) * (0.72 + 0.28 * axis_ratio);
  const double length = galaxy.petrosian_radius / unit;
  galaxy.spheroid.effective_radius *= length;
  galaxy.disk.scale_length *= length;
  galaxy.bar.length *= length;
  galaxy.arms.inner_radius *= length;
  galaxy.dust.lane_offset *= length;

  Fluxes total{};
  const auto add = [&](const Fluxes& part) {
    for (size_t band = 0; band < total.size(); ++band) total[band] += part[band];
  };
  add(galaxy.spheroid.flux), add(galaxy.disk.flux), add(galaxy.bar.flux);
  for (const Clump& clump : galaxy.clumps) add(clump.flux);
  const double scale = flux_of_magnitude(magnitude) / total[kRed];
  const auto rescale = [scale](Fluxes& part) {
    for (double& flux : part) flux *= scale;
  };
  rescale(galaxy.spheroid.flux), rescale(galaxy.disk.flux), rescale(galaxy.bar.flux), rescale(total);
  const double c = std::cos(galaxy.position_angle);
  const double s = std::sin(galaxy.position_angle);
  for (Clump& clump : galaxy.clumps) {
    rescale(clump.flux);
    const double u = clump.x * length;
    const double v = clump.y * length;
    clump.x = c * u - s * v;
    clump.y = s * u + c * v;
    clump.width *= length;
  }
  for (size_t band = 0; band < total.size(); ++band) galaxy.magnitude[band] = magnitude_of_flux(total[band]);
}

// Draws stars and small galaxies, uniformly over a square that covers the frames of all surveys, except on the galaxy's core.
void draw_neighbours(Random& random, Galaxy& galaxy) {
  const double half = std::max(15.0, 2.1 * galaxy.petrosian_radius);
  const double area = 4 * half * half;
  const int stars = poisson(random, std::min(4.0, area / 1400));
  const int galaxies = poisson(random, std::min(9.0, area / 450));
  for (int i = 0; i < stars + galaxies; ++i) {
    Neighbour neighbour;
    neighbour.x = random.uniform(-half, half);
    neighbour.y = random.uniform(-half, half);
    const double faintness = std::log(random.uniform(0.02, 1.0));  // number counts rise towards the faint end
    if (i < stars) {
      const double temperature = random.uniform();
      neighbour.flux = fluxes(flux_of_magnitude(21.5 + 1.7 * faintness),
                              {0.2 + 1.2 * temperature, 0.05 + 0.8 * temperature * temperature, 0.4 * temperature});
    } else {
      neighbour.effective_radius = random.uniform(0.3, 1.2) - 0.25 * faintness;
      neighbour.axis_ratio = random.uniform(0.35, 1.0);
      neighbour.position_angle = random.uniform(0, kPi);
      neighbour.flux = fluxes(flux_of_magnitude(22.5 + 1.1 * faintness),
                              {random.uniform(0.3, 1.5), random.uniform(0.1, 0.7), random.uniform(0.0, 0.4)});
    }
    if (std::hypot(neighbour.x, neighbour.y) > 0.7 * galaxy.petrosian_radius) galaxy.neighbours.push_back(neighbour);
  }
}

// The first random number of the even object of a pair decides which of the two is the spiral. Every object skips its own first
// number.
int draw_label(uint64_t seed, uint64_t index) {
  Random first(seed, 0, index & ~uint64_t{1}, Purpose::simulate);
  return first.coin() == ((index & 1) != 0) ? kSpiral : kElliptical;
}

}  // namespace

Galaxy draw_galaxy(uint64_t seed, uint64_t index) {
  Galaxy galaxy;
  galaxy.label = draw_label(seed, index);
  Random random(seed, 0, index, Purpose::simulate);
  random.coin();
  for (uint64_t& noise_seed : galaxy.noise_seed) {
    noise_seed = uint64_t{random.bits()} << 32;
    noise_seed |= random.bits();
  }
  if (random.uniform() < kLenticularShare) {
    draw_lenticular(random, galaxy);
  } else if (galaxy.label == kSpiral) {
    draw_spiral(random, galaxy);
  } else {
    draw_elliptical(random, galaxy);
  }
  place_on_sky(random, galaxy);
  draw_neighbours(random, galaxy);
  return galaxy;
}

}  // namespace hpcai::simulate
