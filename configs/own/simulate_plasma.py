#!/usr/bin/env python3
"""Writes plasma shots of different length for configs/own/plasma_disruption.yaml: shots/{train,validation,test}.npz.

Every step of 5 ms has seven signals of a tokamak: plasma current, safety factor, internal inductance, part of the Greenwald
density, part of the heating power that is radiated, amplitude of the locked mode, loop voltage. A third of the shots ends in a
disruption: by a density limit (density and radiation climb), by a locked mode that grows, or, one in twelve, without warning.
Shots without a disruption have locked modes that decay and densities that recover. Density, radiation and mode are calibrated anew
in each shot, so that changes say more than values. No experiment was read; the formulas are below.

Needs numpy. Run:  python3 configs/own/simulate_plasma.py [FOLDER]
"""
import pathlib
import sys

import numpy as np

STEP_MS = 5
ALARM_STEPS = 60  # the label is 1 in the last 300 ms before a disruption
SHOTS = {"train": 600, "validation": 120, "test": 400}


def red_noise(rng, steps, scale, memory):
    """Noise of the deviation `scale` that forgets in `memory` steps."""
    keep = np.exp(-1 / memory)
    noise = rng.normal(size=steps) * scale * np.sqrt(1 - keep**2)
    for i in range(1, steps):
        noise[i] += keep * noise[i - 1]
    return noise


def rise(steps, begin, length):
    """0 before `begin`, then growing as a square root to 1 after `length` steps."""
    return np.sqrt(np.clip((np.arange(steps) - begin) / length, 0, 1))


def bump(steps, begin, grow, decay):
    """Grows from `begin` for `grow` steps and decays afterwards."""
    t = np.arange(steps) - begin
    return np.where(t < 0, 0, np.where(t < grow, t / grow, np.exp(-np.clip(t - grow, 0, None) / decay)))


def shot(rng):
    steps = int(rng.integers(100, 301))
    disrupts = rng.random() < 1 / 3
    kind = rng.choice(["density", "mode", "none"], p=[0.46, 0.46, 0.08]) if disrupts else "quiet"
    current = 1.5 + rng.normal(0, 0.1) + red_noise(rng, steps, 0.01, 30)
    q95 = 4.2 + rng.normal(0, 0.4) + red_noise(rng, steps, 0.05, 40)
    inductance = 0.9 + rng.normal(0, 0.06) + red_noise(rng, steps, 0.02, 40)
    density = 0.55 + rng.normal(0, 0.16) + red_noise(rng, steps, 0.03, 25)
    radiated = 0.4 + rng.normal(0, 0.12) + red_noise(rng, steps, 0.04, 15)
    mode = np.exp(red_noise(rng, steps, 0.5, 8) - 2.2)
    if kind == "density":
        length = rng.integers(40, 100)
        climb = rise(steps, steps - length, length)
        density = density + 0.42 * climb
        radiated = radiated + 0.45 * climb**2
        inductance = inductance + 0.12 * climb
        mode = mode + 0.5 * rise(steps, steps - 12, 12) ** 3
    if kind == "mode":
        length = rng.integers(20, 80)
        mode = mode + rng.uniform(0.6, 1.4) * rise(steps, steps - length, length)
        inductance = inductance + 0.06 * rise(steps, steps - length, length)
        q95 = q95 - 0.3 * rise(steps, steps - length, length)
    for _ in range(rng.poisson(0.8)):  # harmless events, also in shots that disrupt later
        begin = rng.integers(0, steps)
        if rng.random() < 0.5:
            mode = mode + rng.uniform(0.2, 0.9) * bump(steps, begin, rng.integers(5, 20), rng.uniform(8, 25))
        else:
            swing = bump(steps, begin, rng.integers(20, 60), rng.uniform(20, 40))
            density = density + 0.28 * swing
            radiated = radiated + 0.15 * swing**2
    mode = mode * np.exp(rng.normal(0, 0.6))
    voltage = 0.8 + 0.5 * np.clip(radiated - 0.6, 0, None) + 0.3 * np.clip(mode - 0.6, 0, None) + red_noise(rng, steps, 0.08, 4)
    signals = np.stack([current, q95, inductance, density, radiated, mode, voltage], 1)
    signals = signals + rng.normal(size=signals.shape) * [0.01, 0.03, 0.01, 0.02, 0.03, 0.03, 0.05]
    label = np.zeros((steps, 1), np.uint8)
    if disrupts:
        label[-ALARM_STEPS:] = 1
    return signals.astype(np.float32), label


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "shots")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (split, count) in enumerate(SHOTS.items()):
        rng = np.random.default_rng([7, seed])
        shots = [shot(rng) for _ in range(count)]
        np.savez(folder / f"{split}.npz", signals=np.concatenate([s for s, _ in shots]),
                 disruption=np.concatenate([label for _, label in shots]), steps=np.array([len(s) for s, _ in shots]))
        disrupted = sum(bool(label.any()) for _, label in shots)
        print(f"{folder / split}.npz: {count} shots, {disrupted} disrupt, {sum(len(s) for s, _ in shots)} steps of {STEP_MS} ms")


if __name__ == "__main__":
    main()
