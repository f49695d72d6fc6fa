#!/usr/bin/env python3
"""Writes tests/fixtures/waveform/imrphenomd.json: values of IMRPhenomD from LALSimulation, for the unit tests.

LALSuite (pip install lalsuite) is an independent reference for the tests. hpcai-train does not link or ship it.

  scripts/make_waveform_fixtures.py [output file]
"""
import json
import pathlib
import sys

import lal
import lalsimulation
import numpy as np

POINTS = [(1, 0, 0), (1.5, 0, 0), (3, 0, 0), (8, 0, 0), (1, 0.8, 0.8), (1, -0.8, -0.8), (1, 0.8, -0.8), (8, 0.8, 0.8),
          (8, -0.8, -0.8), (8, 0.8, -0.8), (8, -0.8, 0.8), (3, 0.3, -0.4), (4.52, -0.212, 0.676)]
FREQUENCIES = np.arange(3, 200) * 1e-3  # cycles per M
MASS = 60.0                             # solar masses; the result does not depend on it
DISTANCE = 1e6 * lal.PC_SI


def spectrum(q, s1, s2):
    """r h22 / M as a function of M f, and final spin, from h_plus of a face-on binary = sqrt(5 / (4 pi)) h22 / 2."""
    seconds = MASS * lal.MTSUN_SI
    frequencies = lal.CreateREAL8Vector(len(FREQUENCIES))
    frequencies.data = FREQUENCIES / seconds
    m1, m2 = MASS * q / (1 + q) * lal.MSUN_SI, MASS / (1 + q) * lal.MSUN_SI
    series = lalsimulation.SimIMRPhenomDFrequencySequence(
        frequencies, 0.0, 0.01 / seconds, m1, m2, s1, s2, DISTANCE, None, lalsimulation.NoNRT_V)
    unit = seconds * seconds * lal.C_SI / DISTANCE
    return series.data.data / unit * 2 * np.sqrt(4 * np.pi / 5), lalsimulation.SimIMRPhenomDFinalSpin(m1, m2, s1, s2)


def rounded(values, digits):
    return [float(f"{v:.{digits}g}") for v in values]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "tests/fixtures/waveform/imrphenomd.json"
    points = []
    for q, s1, s2 in POINTS:
        h, final_spin = spectrum(q, s1, s2)
        points.append({"q": q, "s1": s1, "s2": s2, "final_spin": round(final_spin, 10),
                       "amplitude": rounded(np.abs(h), 9), "phase": rounded(np.angle(h), 8)})
    header = {"source": f"LALSimulation {lalsimulation.__version__}, SimIMRPhenomDFrequencySequence",
              "first": FREQUENCIES[0], "step": 1e-3, "points": points}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(header, separators=(",", ":")).replace('{"q"', '\n{"q"') + "\n")
    print(f"{output}: {len(points)} points, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
