#!/usr/bin/env python3
"""Writes molecules.csv for configs/own/molecules.yaml: made molecules, described by counts, and a measured property.

The property is a free energy of solvation in kJ/mol. Its true value is a sum over the groups, as in tables of group contributions,
with terms that are not additive: donors and acceptors of hydrogen bonds pair up within a molecule, and the surface grows as the
power 2/3 of the size. Each measurement adds normal noise of 1.5 kJ/mol, so no model can have a smaller RMSE than 1.5. All
molecules of a scaffold are in one split. The formulas are below; no database was read.

Run:  python3 configs/own/simulate_molecules.py [FILE]
"""
import math
import random
import sys

ROWS, SCAFFOLDS, NOISE = 2400, 120, 1.5
COLUMNS = ["carbons", "nitrogens", "oxygens", "halogens", "rings", "donors", "acceptors", "rotatable_bonds", "charge", "solvent"]
SOLVENTS = {"water": 1.0, "methanol": 0.72, "hexane": 0.15}


def truth(m):
    polar = SOLVENTS[m["solvent"]]
    surface = (m["carbons"] + m["nitrogens"] + m["oxygens"] + 1.6 * m["halogens"]) ** (2 / 3)
    paired = min(m["donors"], m["acceptors"]) * math.exp(-m["rotatable_bonds"] / 4)
    bonds = polar * (5.5 * m["donors"] + 4.2 * m["acceptors"] - 5.0 * paired)
    return -8 - bonds - 22 * polar * m["charge"] ** 2 / surface**0.5 - 2.1 * (1 - polar) * surface + 2.4 * polar * surface \
        - 1.2 * m["rings"] + 0.3 * m["rotatable_bonds"]


def molecule(rng, number):
    scaffold = rng.randrange(SCAFFOLDS)
    fixed = random.Random(1000 + scaffold)  # the part that all molecules of a scaffold share
    rings, base = fixed.randrange(0, 4), fixed.randrange(2, 9)
    nitrogens, oxygens, halogens = rng.randrange(0, 4), rng.randrange(0, 5), rng.choice([0, 0, 0, 1, 2])
    m = {"carbons": base + 4 * rings + rng.randrange(0, 8), "nitrogens": nitrogens, "oxygens": oxygens, "halogens": halogens,
         "rings": rings, "donors": rng.randrange(0, nitrogens + oxygens // 2 + 1), "acceptors": rng.randrange(0, nitrogens + oxygens + 1),
         "rotatable_bonds": rng.randrange(0, 9), "charge": rng.choice([0, 0, 0, 0, -1, 1]), "solvent": rng.choice(list(SOLVENTS))}
    value = truth(m) + rng.gauss(0, NOISE)
    return [f"m{number:04d}", f"s{scaffold:03d}"] + [str(m[name]) for name in COLUMNS] + [f"{value:.2f}"]


def main():
    rng = random.Random(5)
    path = sys.argv[1] if len(sys.argv) > 1 else "molecules.csv"
    with open(path, "w") as file:
        file.write(",".join(["molecule", "scaffold"] + COLUMNS + ["solvation"]) + "\n")
        for number in range(ROWS):
            file.write(",".join(molecule(rng, number)) + "\n")
    print(f"{path}: {ROWS} molecules")


if __name__ == "__main__":
    main()
