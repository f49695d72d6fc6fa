#pragma once

#include <cstddef>
#include <vector>

namespace hpcai::simulate {

// One band of an image, [size, size], row after row from the top.
struct Plane {
  int size = 0;
  std::vector<float> values;

  explicit Plane(int side = 0) : size(side), values(static_cast<size_t>(side) * static_cast<size_t>(side)) {}
  float* row(int y) { return values.data() + static_cast<size_t>(y) * static_cast<size_t>(size); }
  const float* row(int y) const { return values.data() + static_cast<size_t>(y) * static_cast<size_t>(size); }
};

// The point spread function of atmosphere, telescope and pixel: a Moffat profile with beta = 3 (Moffat 1969) convolved with a
// square pixel. The profile is approximated by a sum of three Gaussians, which are separable (error below 0.7 % of the peak).
class Psf {
 public:
  // `fwhm_pixels`: full width at half maximum of the Moffat profile.
  explicit Psf(double fwhm_pixels);

  // Convolves `plane` in place. The outermost pixels are repeated beyond the border.
  void blur(Plane& plane) const;

  // Adds a point source of `flux` at pixel coordinates (x, y); (0, 0) is the middle of the first pixel.
  void add_point(Plane& plane, double flux, double x, double y) const;

 private:
  struct Gaussian {
    float share;                     // of the flux
    float sigma;                     // pixels
    std::vector<float> half_kernel;  // weights at offset 0, 1, 2 ..; the whole kernel sums to 1
  };
  std::vector<Gaussian> gaussians_;
};

// Adds a round Gaussian of `flux` at pixel coordinates (x, y) with standard deviation `sigma` in pixels.
void add_gaussian(Plane& plane, double flux, double x, double y, double sigma);

}  // namespace hpcai::simulate
