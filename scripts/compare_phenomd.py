#!/usr/bin/env python3
"""Compares the speed of our IMRPhenomD with LALSimulation's on the published time grid, on one core, alternately in one run.

  scripts/compare_phenomd.py --program build/bin/hpcai-train [--rounds 3] [--binaries 5]

Both make Re h22 of the same binaries, spread over the published training grid, from -10,000 to 130 M in steps of 0.1 M. Ours is the whole
program `generate waveforms --threads 1`, which also writes the file, here into memory (/dev/shm); the start of the program, measured with two
counts, is taken off. LALSimulation makes IMRPhenomD in frequency, conditions it and transforms it. Its users call SimInspiralTD, as PyCBC does,
which makes the waveform clean from the lower frequency on; SimInspiralChooseTDWaveform does less and is measured too. The lower frequency is
that of the start at -10,000 M, by SimIMRPhenomDChirpTime, so that no waveform is longer than needed. What counts is the processor time.
LALSuite (pip install lalsuite numpy) is a reference only: hpcai-train does not link or ship it. Prints one line of JSON after the table.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"

import lal  # noqa: E402
import lalsimulation  # noqa: E402
import numpy as np  # noqa: E402

START, STOP, STEP = -10000.0, 130.0, 0.1  # M
MASS = 60.0                               # solar masses; the number of samples does not depend on it
SECONDS = MASS * lal.MTSUN_SI
DISTANCE = 1e6 * lal.PC_SI


def binaries(count):
    """Points spread over the published training grid."""
    rng = np.random.default_rng(1)
    return [(1 + 0.08 * rng.integers(88), -0.8 + 0.012 * rng.integers(134), -0.8 + 0.012 * rng.integers(134)) for _ in range(count)]


def start_frequency(q, s1, s2):
    """The frequency (Hz) from which IMRPhenomD takes 10,000 M to the merger."""
    m1, m2 = MASS * q / (1 + q) * lal.MSUN_SI, MASS / (1 + q) * lal.MSUN_SI
    low, high = 1e-3 / SECONDS, 1.5e-2 / SECONDS
    for _ in range(60):
        middle = np.sqrt(low * high)
        longer = lalsimulation.SimIMRPhenomDChirpTime(m1, m2, s1, s2, middle) > -START * SECONDS
        low, high = (middle, high) if longer else (low, middle)
    return low


def lal_waveform(function, q, s1, s2, frequency):
    m1, m2 = MASS * q / (1 + q) * lal.MSUN_SI, MASS / (1 + q) * lal.MSUN_SI
    plus, _ = function(m1, m2, 0, 0, s1, 0, 0, s2, DISTANCE, 0, 0, 0, 0, 0, STEP * SECONDS, frequency, frequency, None, lalsimulation.IMRPhenomD)
    return plus.data.data


def lal_seconds(function, points, frequencies):
    """Processor time of one waveform."""
    before = time.process_time()
    for point, frequency in zip(points, frequencies):
        samples = lal_waveform(function, *point, frequency)
        assert len(samples) * STEP >= -START
    return (time.process_time() - before) / len(points)


def our_seconds(program, folder, points, dtype):
    table = folder / "p.csv"
    table.write_text("q,s1,s2\n" + "".join(f"{q:.12g},{s1:.12g},{s2:.12g}\n" for q, s1, s2 in points))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "generate", "waveforms", "--parameters", table, "--dtype", dtype, "--threads", "1", "--out", folder / "w.h5"], check=True,
                   stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binaries", type=int, default=5, help="waveforms of LALSimulation in a round; ours makes 40 times as many")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="of our file")
    parser.add_argument("--at-least", type=float, help="fail if the ratio is below this")
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    points = binaries(40 * arguments.binaries)
    frequencies = [start_frequency(*point) for point in points[:arguments.binaries]]
    functions = (lalsimulation.SimInspiralTD, lalsimulation.SimInspiralChooseTDWaveform)
    for function in functions:
        lal_waveform(function, *points[0], frequencies[0])  # the first call prepares tables
    rows = []
    print("SimInspiralTD  SimInspiralChooseTDWaveform  hpcai-train (ms)  ratios")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        folder = pathlib.Path(folder)
        for _ in range(arguments.rounds):
            full, bare = (lal_seconds(function, points[:arguments.binaries], frequencies) for function in functions)
            few, many = len(points) // 10, len(points)
            short = our_seconds(arguments.program, folder, points[:few], arguments.dtype)
            ours = (our_seconds(arguments.program, folder, points, arguments.dtype) - short) / (many - few)
            rows.append((full, bare, ours))
            print(f"{1e3 * full:13.2f}  {1e3 * bare:27.2f}  {1e3 * ours:16.3f}  {full / ours:.1f} {bare / ours:.1f}", flush=True)
    full, bare, ours = np.median(rows, axis=0)
    ratio = float(np.median([row[0] / row[2] for row in rows]))
    print(json.dumps({"lalsimulation": lalsimulation.__version__, "SimInspiralTD_ms": round(1e3 * full, 3),
                      "SimInspiralChooseTDWaveform_ms": round(1e3 * bare, 3), "hpcai_ms": round(1e3 * ours, 3), "ratio": round(ratio, 1),
                      "ratio_to_SimInspiralChooseTDWaveform": round(float(np.median([row[1] / row[2] for row in rows])), 1)}))
    if arguments.at_least and ratio < arguments.at_least:
        raise SystemExit(f"the ratio {ratio:.1f} is below {arguments.at_least}")


if __name__ == "__main__":
    main()
