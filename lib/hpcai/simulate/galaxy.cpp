#include "hpcai/simulate/galaxy.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/simulate/galaxy_colour.h"
#include "hpcai/simulate/galaxy_draw.h"
#include "hpcai/simulate/galaxy_light.h"
#include "hpcai/simulate/galaxy_noise.h"

namespace hpcai::simulate {
namespace {

// A square pixel grid with sky coordinates, in arcseconds from the middle of the frame.
struct Grid {
  int size;
  double pixel;

  double arcsec(double index) const { return (index - 0.5 * (size - 1)) * pixel; }
  double index(double arcsec) const { return arcsec / pixel + 0.5 * (size - 1); }
};

// The number of sample points a side in a pixel, which is larger near the cusp of the profile.
int samples(double distance_pixels) { return distance_pixels < 0.8 ? 9 : distance_pixels < 3 ? 3 : 1; }

void add_galaxy(const Galaxy& galaxy, const GalaxyLight& light, const Grid& grid, std::array<Plane, 3>& planes) {
  const double area = grid.pixel * grid.pixel;
  for (int row = 0; row < grid.size; ++row) {
    for (int column = 0; column < grid.size; ++column) {
      const double x = grid.arcsec(column) - galaxy.centre_x;
      const double y = grid.arcsec(row) - galaxy.centre_y;
      const int n = samples(std::hypot(x, y) / grid.pixel);
      Rgb sum{};
      for (int i = 0; i < n * n; ++i) {
        const double dx = ((i % n + 0.5) / n - 0.5) * grid.pixel;
        const double dy = ((i / n + 0.5) / n - 0.5) * grid.pixel;
        const Rgb one = light(static_cast<float>(x + dx), static_cast<float>(y + dy));
        for (int c = 0; c < 3; ++c) sum[c] += one[c];
      }
      const float scale = static_cast<float>(area / (n * n));
      for (int c = 0; c < 3; ++c) planes[c].row(row)[column] += sum[c] * scale;
    }
  }
}

// Draws a small galaxy as an elliptical Gaussian with its half-light radius. The seeing hides the difference to its true profile.
void add_small_galaxy(const Neighbour& source, double flux, const Grid& grid, Plane& plane) {
  const double sigma = source.effective_radius / std::sqrt(2 * std::numbers::ln2) / grid.pixel;
  const double a2 = sigma * sigma + 0.1;
  const double b2 = sigma * sigma * source.axis_ratio * source.axis_ratio + 0.1;
  const double c = std::cos(source.position_angle), s = std::sin(source.position_angle);
  const double x = grid.index(source.x), y = grid.index(source.y);
  const double peak = flux / (2 * std::numbers::pi * std::sqrt(a2 * b2));
  const double reach = 4 * std::sqrt(a2);
  const int bottom = static_cast<int>(std::min(grid.size - 1.0, y + reach));
  const int right = static_cast<int>(std::min(grid.size - 1.0, x + reach));
  for (int row = static_cast<int>(std::max(0.0, y - reach)); row <= bottom; ++row) {
    for (int column = static_cast<int>(std::max(0.0, x - reach)); column <= right; ++column) {
      const double u = (column - x) * c + (row - y) * s, v = (row - y) * c - (column - x) * s;
      plane.row(row)[column] += static_cast<float>(peak * std::exp(-0.5 * (u * u / a2 + v * v / b2)));
    }
  }
}

void add_extended_sources(const Galaxy& galaxy, size_t band, const Grid& grid, Plane& plane) {
  for (const Clump& clump : galaxy.clumps) {
    add_gaussian(plane, clump.flux[band], grid.index(clump.x + galaxy.centre_x), grid.index(clump.y + galaxy.centre_y),
                 std::max(clump.width / grid.pixel, 0.4));
  }
  for (const Neighbour& source : galaxy.neighbours) {
    if (source.effective_radius > 0) add_small_galaxy(source, source.flux[band], grid, plane);
  }
}

void add_stars(const Galaxy& galaxy, size_t band, const Grid& grid, const Psf& psf, Plane& plane) {
  for (const Neighbour& source : galaxy.neighbours) {
    if (source.effective_radius > 0) continue;
    psf.add_point(plane, source.flux[band], grid.index(source.x), grid.index(source.y));
  }
}

}  // namespace

Exposure expose(Survey survey, const Galaxy& galaxy, int largest_size) {
  const SurveyConditions& survey_conditions = conditions(survey);
  const double side = frame_side(survey, galaxy);
  const int native = static_cast<int>(std::lround(side / survey_conditions.pixel_arcsec));
  const int size = std::max(std::min(native, largest_size), 1);
  const Grid grid{size, side / size};
  const double area = grid.pixel * grid.pixel;
  const uint64_t noise_seed = galaxy.noise_seed[survey == Survey::des ? 1 : 0];
  Random weather(noise_seed, 0, 0, Purpose::simulate);
  const double seeing = std::exp(0.08 * weather.normal());
  FastNormal normal(Random(noise_seed, 0, 1, Purpose::simulate));

  Exposure exposure;
  exposure.pixel_arcsec = grid.pixel;
  BandTriple bands;
  for (size_t c = 0; c < 3; ++c) {
    bands[c] = survey_conditions.bands[c].band;
    exposure.planes[c] = Plane(size);
  }
  add_galaxy(galaxy, GalaxyLight(galaxy, bands), grid, exposure.planes);
  for (size_t c = 0; c < 3; ++c) {
    const BandConditions& band = survey_conditions.bands[c];
    Plane& plane = exposure.planes[c];
    exposure.seeing_arcsec[c] = band.seeing_arcsec * seeing;
    exposure.sky_noise[c] = sky_noise(band, area);
    const Psf psf(exposure.seeing_arcsec[c] / grid.pixel);
    add_extended_sources(galaxy, static_cast<size_t>(band.band), grid, plane);
    psf.blur(plane);
    add_stars(galaxy, static_cast<size_t>(band.band), grid, psf, plane);
    add_noise(band, area, normal, plane);
  }
  return exposure;
}

namespace {

// The exposure as the survey publishes it, in bytes [size, size, 3].
std::vector<uint8_t> colours_of(Survey survey, const Exposure& exposure, int size) {
  std::array<Plane, 3> planes = exposure.planes;
  for (Plane& plane : planes) {
    if (plane.size != size) plane = resize(plane, size);
  }
  if (survey == Survey::skyserver) {
    const double native = conditions(survey).pixel_arcsec;
    const auto scale = static_cast<float>(native * native / (exposure.pixel_arcsec * exposure.pixel_arcsec));
    for (Plane& plane : planes) {
      for (float& value : plane.values) value *= scale;
    }
    return skyserver_colours(planes);
  }
  for (Plane& plane : planes) clip_to_background(plane);
  constexpr double kQ = 1, kStretch = 1;
  return survey == Survey::sdss ? direct_colours(planes) : lupton_colours(planes, kQ, kStretch);
}

}  // namespace

GalaxyImage render(Survey survey, int size_pixels, uint64_t seed, uint64_t index) {
  if (size_pixels < kSmallestImage || size_pixels > kLargestImage) {
    throw Error(ExitCode::usage, "simulated galaxies: an image of " + std::to_string(size_pixels) + " pixels a side",
                "choose a size from " + std::to_string(kSmallestImage) + " to " + std::to_string(kLargestImage));
  }
  GalaxyImage image;
  image.size = size_pixels;
  image.truth = draw_galaxy(seed, index);
  image.label = image.truth.label;
  const Exposure exposure = expose(survey, image.truth, size_pixels);
  image.pixels = colours_of(survey, exposure, size_pixels);
  return image;
}

}  // namespace hpcai::simulate
