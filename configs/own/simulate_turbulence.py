#!/usr/bin/env python3
"""Writes filtered two-dimensional turbulence for configs/own/turbulence_subgrid.yaml: turbulence/{train,validation,test}.npz.

Decaying turbulence is computed on 256 x 256 points (vorticity equation, pseudo-spectral, fourth-order Runge-Kutta, two thirds of
the waves). A Gaussian filter of the width of 24 points gives the resolved velocity and the subgrid stress tau_ij = filter(u_i u_j)
- filter(u_i) filter(u_j). A sample is the resolved velocity around one point, [2, 9, 9] at a distance of 8 points, without the
velocity of its middle, and the stress there, [3]: tau_xx, tau_xy, tau_yy. `gradient_model` is the stress of Clark, Ferziger and
Reynolds (1979) at the same point, width^2 / 12 sum_k d_k u_i d_k u_j, with the derivatives of the resolved velocity, and
`strain_xx`, `strain_xy` that of the strain, for the model of Smagorinsky. Each file has flows of its own.

Needs numpy; a minute of one core. Run:  python3 configs/own/simulate_turbulence.py [FOLDER]
"""
import pathlib
import sys

import numpy as np

N, WIDTH, DISTANCE, SIDE = 256, 24, 8, 9
FLOWS = {"train": 4, "validation": 1, "test": 2}
SAMPLES = 1600  # of each flow

k = np.fft.fftfreq(N, 1 / N)
KX, KY = k[:, None], np.fft.rfftfreq(N, 1 / N)[None, :]
K2 = KX**2 + KY**2
INVERSE = np.where(K2 > 0, 1 / np.where(K2 > 0, K2, 1), 0)
KEPT = (np.abs(KX) < N / 3) & (KY < N / 3)
FILTER = np.exp(-K2 * (2 * np.pi * WIDTH / N) ** 2 / 24)  # Pope (2000), table 13.2
VISCOSITY = 4e-5


def real(spectrum):
    return np.fft.irfft2(spectrum, s=(N, N))


def velocity(vorticity):
    stream = vorticity * INVERSE
    return real(1j * KY * stream), real(-1j * KX * stream)


def change(vorticity):
    u, v = velocity(vorticity)
    return -np.fft.rfft2(u * real(1j * KX * vorticity) + v * real(1j * KY * vorticity)) * KEPT - VISCOSITY * K2 * vorticity


def flow(rng):
    """Vorticity of a random flow with energy around wave number 6, after three turnover times."""
    size = np.sqrt(K2)
    envelope = np.where(size > 0, size**3 / (1 + (size / 6) ** 8), 0)
    vorticity = np.fft.rfft2(rng.normal(size=(N, N))) * envelope * KEPT
    u, v = velocity(vorticity)
    vorticity = vorticity / np.sqrt((u**2 + v**2).mean())
    time, end = 0.0, 3.0
    while time < end:
        u, v = velocity(vorticity)
        dt = min(end - time, 0.8 * 2 * np.pi / N / np.hypot(u, v).max())
        a = change(vorticity)
        b = change(vorticity + dt / 2 * a)
        c = change(vorticity + dt / 2 * b)
        d = change(vorticity + dt * c)
        vorticity = vorticity + dt / 6 * (a + 2 * b + 2 * c + d)
        time += dt
    return vorticity


def filtered(field):
    return real(np.fft.rfft2(field) * FILTER)


def samples(rng):
    vorticity = flow(rng)
    u, v = velocity(vorticity)
    resolved = vorticity * FILTER
    ur, vr = velocity(resolved)
    stress = np.stack([filtered(u * u) - ur * ur, filtered(u * v) - ur * vr, filtered(v * v) - vr * vr])
    stream = resolved * INVERSE
    ux, uy = real(-KX * KY * stream), real(-KY * KY * stream)
    vx, vy = real(KX * KX * stream), real(KX * KY * stream)
    factor = (2 * np.pi * WIDTH / N) ** 2 / 12
    gradient = factor * np.stack([ux * ux + uy * uy, ux * vx + uy * vy, vx * vx + vy * vy])
    rows, columns = rng.integers(0, N, SAMPLES), rng.integers(0, N, SAMPLES)
    offsets = DISTANCE * (np.arange(SIDE) - SIDE // 2)
    i = (rows[:, None, None] + offsets[None, :, None]) % N
    j = (columns[:, None, None] + offsets[None, None, :]) % N
    patch = np.stack([ur[i, j], vr[i, j]], 1)
    middle = SIDE // 2
    at = (slice(None), rows, columns)
    return {"velocity": patch - patch[:, :, middle:middle + 1, middle:middle + 1], "stress": stress[at].T,
            "gradient_model": gradient[at].T, "strain": np.stack([ux, (uy + vx) / 2], 0)[at].T}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "turbulence")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (split, flows) in enumerate(FLOWS.items()):
        rng = np.random.default_rng([11, seed])
        parts = [samples(rng) for _ in range(flows)]
        joined = {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}
        np.savez(folder / f"{split}.npz", **joined)
        print(f"{folder / split}.npz: {len(joined['stress'])} samples of {flows} flows")


if __name__ == "__main__":
    main()
