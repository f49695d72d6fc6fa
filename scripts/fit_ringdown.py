#!/usr/bin/env python3
"""Fits the ringdown of a Kerr black hole that lib/hpcai/simulate/phenomd_remnant.cpp uses. Needs numpy and scipy.

Solves Leaver's two continued fractions (E. W. Leaver, Proc. R. Soc. Lond. A 402, 285, 1985) for the quasi-normal mode
s = -2, l = m = 2, n = 0 on a grid of spins, fits Chebyshev series in y = -ln(1 - a) to the oscillation and the damping
frequency (units 1/M, M = mass of the remnant), prints the coefficients and the largest error between the grid's nodes.

  scripts/fit_ringdown.py
"""
import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import root

SPIN, M = -2, 2          # spin weight of gravitational waves, azimuthal number
FIRST, LAST = -0.75, 0.98  # covers the remnants of mass ratio 1 to 18 and spins up to 0.99
TERMS = 18
DEPTH = 400              # terms of the continued fractions


def continued_fraction(alpha, beta, gamma):
    """beta_0 - alpha_0 gamma_1 / (beta_1 - alpha_1 gamma_2 / (...)): zero at an eigenvalue."""
    tail = -1.0
    for n in range(DEPTH, 0, -1):
        tail = gamma(n) / (beta(n) - alpha(n) * tail)
    return beta(0) - alpha(0) * tail


def equations(omega, separation, a):
    """Leaver's angular and radial equation, in his units 2M = 1."""
    k1, k2, aw = abs(M - SPIN) / 2, abs(M + SPIN) / 2, a * omega
    angular = continued_fraction(
        lambda n: -2 * (n + 1) * (n + 2 * k1 + 1),
        lambda n: (n * (n - 1) + 2 * n * (k1 + k2 + 1 - 2 * aw) - 2 * aw * (2 * k1 + SPIN + 1)
                   + (k1 + k2) * (k1 + k2 + 1) - aw**2 - SPIN * (SPIN + 1) - separation),
        lambda n: 2 * aw * (n + k1 + k2 + SPIN))
    b = np.sqrt(1 - 4 * a * a)
    x = (omega / 2 - a * M) / b
    c0 = 1 - SPIN - 1j * omega - 2j * x
    c1 = -4 + 2j * omega * (2 + b) + 4j * x
    c2 = SPIN + 3 - 3j * omega - 2j * x
    c3 = (omega**2 * (4 + 2 * b - a * a) - 2 * a * M * omega - SPIN - 1 + (2 + b) * 1j * omega - separation
          + (4 * omega + 2j) * x)
    c4 = SPIN + 1 - 2 * omega**2 - (2 * SPIN + 3) * 1j * omega - (4 * omega + 2j) * x
    radial = continued_fraction(
        lambda n: n * n + (c0 + 1) * n + c0,
        lambda n: -2 * n * n + (c1 + 2) * n + c3,
        lambda n: n * n + (c2 - 3) * n + c4 - c2 + 2)
    return angular, radial


def solve(spin, guess):
    def residual(v):
        angular, radial = equations(v[0] + 1j * v[1], v[2] + 1j * v[3], spin / 2)
        return [angular.real, angular.imag, radial.real, radial.imag]
    found = root(residual, guess, tol=1e-13)
    assert np.max(np.abs(residual(found.x))) < 1e-8, (spin, found)
    return found.x


def table(spins):
    """(oscillation, damping) frequency for each spin. Each solution is the first guess for the next spin, starting at a = 0."""
    values = {}
    for side in (sorted(s for s in spins if s >= 0), sorted((s for s in spins if s < 0), reverse=True)):
        guess = [0.7473, -0.1779, 4.0, 0.0]
        for spin in side:
            guess = solve(spin, guess)
            values[spin] = (guess[0] / 2 / (2 * np.pi), -guess[1] / 2 / (2 * np.pi))
    return np.array([values[s] for s in spins])


def main():
    low, high = -np.log1p(-FIRST), -np.log1p(-LAST)
    x = np.cos(np.pi * (np.arange(60) + 0.5) / 60)
    spins = 1 - np.exp(-(low + (x + 1) / 2 * (high - low)))
    nodes = table(list(spins))
    check_x = np.linspace(-1, 1, 97)
    check = table(list(1 - np.exp(-(low + (check_x + 1) / 2 * (high - low)))))
    for column, name in enumerate(("ring", "damping")):
        series = chebyshev.chebfit(x, nodes[:, column], TERMS - 1)
        error = np.max(np.abs(chebyshev.chebval(check_x, series) / check[:, column] - 1))
        print(f"// {name}: largest relative error {error:.1e}\n" + ", ".join(f"{c:.10e}" for c in series))
    for spin in (-0.3, 0.0, 0.6864, 0.9):
        print(f"// a = {spin}:", *(f"{v:.8f}" for v in table([spin])[0]))


if __name__ == "__main__":
    main()
