#pragma once

namespace hpcai::simulate {

// The 19 fitted functions of (eta, chi_PN) of IMRPhenomD, Khan et al., arXiv:1508.07253, table V.
struct PhenomDCoefficients {
  double rho1, rho2, rho3;                        // inspiral amplitude
  double v2;                                      // intermediate amplitude at its middle node
  double gamma1, gamma2, gamma3;                  // merger-ringdown amplitude
  double sigma1, sigma2, sigma3, sigma4;          // inspiral phase
  double beta1, beta2, beta3;                     // intermediate phase
  double alpha1, alpha2, alpha3, alpha4, alpha5;  // merger-ringdown phase
};

// eta: symmetric mass ratio; chi_pn: reduced spin, equation 4 of Khan et al.
PhenomDCoefficients phenomd_coefficients(double eta, double chi_pn);

}  // namespace hpcai::simulate
