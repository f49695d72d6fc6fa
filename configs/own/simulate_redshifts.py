#!/usr/bin/env python3
"""Writes redshifts.csv beside this file: simulated galaxies with magnitudes in five bands and their redshift.

The magnitudes follow smooth formulas of redshift and kind, with noise that grows towards faint galaxies. No survey was read.
"""
import math
import pathlib
import random

ROWS, FIELDS = 1500, 60
random.seed(20)


def step(x):
    return 1 / (1 + math.exp(-x))


def galaxy(number):
    field = random.randrange(FIELDS)
    kind = "early" if random.random() < 0.4 else "late"
    redshift = 0.02 + 0.58 * random.betavariate(1.8, 2.5)
    old = 1.0 if kind == "early" else 0.45
    # The break at 400 nm passes from u-g to g-r and r-i as the redshift grows.
    ug = 1.0 + 0.8 * old - 0.9 * old * step((redshift - 0.3) / 0.08) + 0.3 * redshift
    gr = 0.35 + 0.4 * old + 0.8 * old * step((redshift - 0.2) / 0.09) - 0.3 * old * step((redshift - 0.45) / 0.05)
    ri = 0.15 + 0.2 * old + 0.7 * old * step((redshift - 0.42) / 0.07)
    iz = 0.1 + 0.15 * old + 0.3 * redshift
    r = 17.6 + 5 * math.log10(redshift / 0.1) + random.gauss(0, 0.6)
    bands = {"u": r + gr + ug, "g": r + gr, "r": r, "i": r - ri, "z": r - ri - iz}
    noisy = [value + random.gauss(0, 0.02 + 0.03 * step(value - 20)) for value in bands.values()]
    return [f"g{number:04d}", f"f{field:02d}", kind] + [f"{value:.3f}" for value in noisy] + [f"{redshift:.4f}"]


out = pathlib.Path(__file__).resolve().parent / "redshifts.csv"
lines = ["# simulated by simulate_redshifts.py", "galaxy,field,kind,u,g,r,i,z,redshift"]
lines += [",".join(galaxy(number)) for number in range(ROWS)]
out.write_text("\n".join(lines) + "\n")
