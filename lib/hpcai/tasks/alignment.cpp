#include "hpcai/tasks/alignment.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hpcai::tasks {
namespace {

constexpr double kCooling = 0.7;  // of the temperature, an iteration

// |x_i - y_j|^2, [n, m]. Differences are formed first (mode 2): with the binomial formula equal vectors would have a distance.
at::Tensor squared_distances(const at::Tensor& x, const at::Tensor& y) { return at::cdist(x, y, 2, /*compute_mode=*/2).square(); }

// The soft minimum over j of cost_ij - potential_j, for even weights: [n].
at::Tensor soft_minimum(const at::Tensor& cost, const at::Tensor& potential, const at::Tensor& temperature) {
  const double log_weight = -std::log(static_cast<double>(cost.size(1)));
  return -temperature * ((potential.unsqueeze(0) - cost) / temperature + log_weight).logsumexp(1);
}

// The entropic transport cost, the sum of the means of the two potentials: [].
//
// The symmetric loop of Feydy et al. begins at zero and at a temperature above all costs, which falls to the wanted one: at a low
// temperature alone it would need very many iterations. At the end the slope of the cost is the transport plan, which is the
// slope of the first potential's last evaluation; the second is not differentiated, because it would count the plan twice.
at::Tensor transport(const at::Tensor& cost, const at::Tensor& temperature, int64_t iterations) {
  const at::Tensor plain = cost.detach(), turned = plain.t();
  at::Tensor f = at::zeros({cost.size(0)}, plain.options()), g = at::zeros({cost.size(1)}, plain.options());
  const at::Tensor hottest = 2 * plain.max();
  for (int64_t i = 0; i < iterations; ++i) {
    const at::Tensor now = at::maximum(temperature, hottest * std::pow(kCooling, static_cast<double>(i)));
    const at::Tensor next_f = (f + soft_minimum(plain, g, now)) / 2;
    g = (g + soft_minimum(turned, f, now)) / 2;
    f = next_f;
  }
  return soft_minimum(cost, g, temperature).mean() + soft_minimum(turned, f, temperature).mean();
}

// Half the transport cost of a set to itself.
at::Tensor own_transport(const at::Tensor& x, const at::Tensor& temperature, int64_t iterations) {
  return transport(squared_distances(x, x) / 2, temperature, iterations) / 2;
}

}  // namespace

at::Tensor mean_squared_distance(const at::Tensor& a, const at::Tensor& b) {
  const at::NoGradGuard no_grad;
  const at::Tensor all = at::cat({a, b}).detach();
  const auto count = static_cast<double>(all.size(0));
  // sum_ij |x_i - x_j|^2 = 2 n sum_i |x_i - mean|^2
  const at::Tensor spread = (all - all.mean(0, /*keepdim=*/true)).square().sum();
  return (2 * spread / std::max(count - 1, 1.0)).clamp_min(1e-12);
}

at::Tensor mmd(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor scale = mean_squared_distance(a, b);
  const auto mean_kernel = [&](const at::Tensor& x, const at::Tensor& y) {
    const at::Tensor distance = squared_distances(x, y) / scale;
    at::Tensor sum = at::zeros({}, distance.options());
    for (const double width : {0.25, 0.5, 1.0, 2.0, 4.0}) sum = sum + (-distance / width).exp().mean();
    return sum;
  };
  return mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b);
}

at::Tensor sinkhorn_divergence(const at::Tensor& a, const at::Tensor& b, const at::Tensor& blur, int64_t iterations) {
  const at::Tensor temperature = blur.detach().square();
  return transport(squared_distances(a, b) / 2, temperature, iterations) - own_transport(a, temperature, iterations) -
         own_transport(b, temperature, iterations);
}

at::Tensor reverse_gradient(const at::Tensor& x, double strength) { return x.detach() * (1 + strength) - x * strength; }

}  // namespace hpcai::tasks
