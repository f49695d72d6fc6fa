#pragma once

#include <cstddef>
#include <vector>

namespace hpcai::simulate {

// One band of an image, row after row.
struct Plane {
  int size = 0;
  std::vector<float> values;

  explicit Plane(int side = 0) : size(side), values(static_cast<size_t>(side) * static_cast<size_t>(side)) {}
  float* row(int y) { return values.data() + static_cast<size_t>(y) * static_cast<size_t>(size); }
  const float* row(int y) const { return values.data() + static_cast<size_t>(y) * static_cast<size_t>(size); }
};

// The blur of atmosphere, telescope and pixel: a Moffat profile with beta = 3 (Moffat 1969), written as a sum of three
// Gaussians (within 0.7 % of its peak), so that it is separable, times the square pixel.
class Psf {
 public:
  explicit Psf(double fwhm_pixels);

  // Blurs in place. Beyond the border the image goes on as its outermost pixels.
  void blur(Plane& plane) const;

  // Adds a point source of `flux` at pixel coordinates (x, y), (0, 0) being the middle of the first pixel.
  void add_point(Plane& plane, double flux, double x, double y) const;

 private:
  struct Gaussian {
    float share;                     // of the flux
    float sigma;                     // pixels
    std::vector<float> half_kernel;  // weights at offset 0, 1, 2 ..; the whole kernel sums to 1
  };
  std::vector<Gaussian> gaussians_;
};

// Adds a round Gaussian blob of `flux` with standard deviation `sigma` pixels.
void add_gaussian(Plane& plane, double flux, double x, double y, double sigma);

}  // namespace hpcai::simulate
