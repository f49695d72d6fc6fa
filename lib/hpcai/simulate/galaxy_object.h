#pragma once

#include <array>
#include <cstdint>
#include <vector>

// The description of a galaxy on the sky. It is independent of the survey and the telescope.
//
// Angles are radians, lengths arcseconds on the sky, fluxes nanomaggies (magnitude = 22.5 - 2.5 log10 flux). The image
// plane has x to the right and y down, origin at the galaxy's centre.
namespace hpcai::simulate {

enum class Band : int { g, r, i, z };
using Fluxes = std::array<double, 4>;  // indexed by Band

inline constexpr int kElliptical = 0;
inline constexpr int kSpiral = 1;

// Sersic (1963) profile with elliptical isophotes: an elliptical galaxy, or the bulge of a disk galaxy.
struct Spheroid {
  Fluxes flux{};
  double effective_radius = 1;  // half-light radius along the major axis
  double sersic_index = 4;
  double axis_ratio = 1;
};

// Exponential disk (Freeman 1970) of finite thickness.
struct Disk {
  Fluxes flux{};  // zero for an elliptical galaxy
  double scale_length = 1;
  double inclination = 0;   // 0 is face-on
  double thickness = 0.15;  // vertical scale height / scale length
  double axis_ratio = 1;    // as seen: sqrt(cos^2 i + thickness^2 sin^2 i), Hubble 1926
};

// Logarithmic spiral arms theta = winding ln(r / h) / tan(pitch) + phase + 2 pi k / count in the plane of the disk.
struct Arms {
  int count = 0;
  int winding = 1;  // +1 or -1
  double pitch = 0.3;
  double phase = 0;
  double strength = 0;        // 0 .. 1: share of the disk's light in r, at a given radius, that is in the arms
  double sharpness = 2;       // concentration of the von Mises profile across an arm
  double inner_radius = 0.5;  // where the arms begin
  double flocculence = 0;     // 0 .. 1: patchiness of the arms
  double wobble = 0;          // departures from an exact logarithmic spiral, in radians of arm phase
  double wobble_phase = 0;
  double lopsidedness = 0;  // how much stronger the arms are on one side
};

struct Bar {
  Fluxes flux{};      // zero without a bar
  double length = 1;  // half length, in the plane of the disk
  double axis_ratio = 0.3;
  double angle = 0;  // in the plane of the disk, from the line of nodes
};

struct Dust {
  double lane_depth = 0;   // optical depth in r of the lane in the middle plane of an edge-on disk
  double lane_offset = 0;  // distance of the lane from the major axis
  double arm_depth = 0;    // optical depth in r along the inner edges of the arms
};

// A round blob with a Gaussian profile: a star-forming (HII) region.
struct Clump {
  Fluxes flux{};
  double x = 0, y = 0;
  double width = 0.1;  // standard deviation
};

// Another source in the field. A radius of zero makes it a star.
struct Neighbour {
  Fluxes flux{};
  double x = 0, y = 0;
  double effective_radius = 0;
  double axis_ratio = 1;
  double position_angle = 0;
};

struct Galaxy {
  int label = kElliptical;
  bool lenticular = false;  // a red disk without arms, whose label cannot be seen in the image
  double redshift = 0;
  Fluxes magnitude{};                 // of all components together, before dust
  double petrosian_radius = 0;        // radius that determines the frame of SDSS images
  double position_angle = 0;          // of the major axis, from x towards y
  double centre_x = 0, centre_y = 0;  // offset from the middle of the image
  Spheroid spheroid;
  Disk disk;
  Arms arms;
  Bar bar;
  Dust dust;
  std::vector<Clump> clumps;             // relative to the galaxy's centre
  std::vector<Neighbour> neighbours;     // relative to the middle of the image
  std::array<uint64_t, 2> noise_seed{};  // one for each telescope: SDSS, DES
  bool edge_on() const;                  // whether the disk is seen from its side
};

// The Petrosian radius in arcseconds: the radius at which the local surface brightness is one fifth of the mean brightness within
// it, for the azimuthally averaged face-on profile in r (Petrosian 1976; ratio of SDSS, Strauss et al. 2002).
double face_on_petrosian_radius(const Spheroid& spheroid, const Disk& disk);

// Constant b of the Sersic profile exp(-b (r / r_e)^(1/n)); Ciotti & Bertin 1999, valid for n > 0.36.
double sersic_b(double sersic_index);

// The total flux of a Sersic profile with peak 1 and axis ratio 1, in units of effective_radius^2.
double sersic_flux(double sersic_index);

// Nanomaggies of a magnitude and the inverse: magnitude = 22.5 - 2.5 log10 flux.
double flux_of_magnitude(double magnitude);
double magnitude_of_flux(double flux);

}  // namespace hpcai::simulate
