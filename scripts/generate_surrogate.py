#!/usr/bin/env python3
"""Makes a file of waveforms in the layout of hpcai-train from LALSimulation or gwsurrogate, such as NRHybSur3dq8, the model of the paper.

  scripts/generate_surrogate.py --approximant NRHybSur3dq8 --mass-ratio 1:8:0.08 --spin1 -0.8:0.8:0.012 --spin2 -0.8:0.8:0.012 --out train.hdf5
  scripts/generate_surrogate.py --approximant SEOBNRv4_opt --mass-ratio 1:8:1 --spin1 0 --spin2 0 --t-min -2000 --out small.h5

Needs Python with numpy, scipy, h5py and lalsuite (pip install numpy scipy h5py lalsuite). Every aligned-spin approximant of LALSimulation is
taken. NRHybSur3dq8 needs its data: gwsurrogate, if installed, loads them itself (3 GB, https://zenodo.org/records/3348115); LALSimulation
reads NRHybSur3dq8_lal_v1.0.h5 (https://zenodo.org/records/14999310) from a folder of LAL_DATA_PATH.

The options of the grid are those of `hpcai-train generate waveforms`; rows run over the grid with spin2 varying fastest. Re h22 (r h22 / M) is
taken from h+ - i hx of a binary seen from an inclination where no other mode has part (face on, without modes of m = -2), with the peak of
|h22| at t = 0 and h22 real and positive there, or at the first sample with --phase-reference start. The file gets its name when it is whole.
"""
import argparse
import functools
import itertools
import math
import multiprocessing
import os
import pathlib
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from scipy.interpolate import CubicSpline  # noqa: E402

MASS = 60.0        # solar masses; r h22 / M does not depend on it
MARGIN = 50.0      # M before the first sample, where conditioning may have left its trace
MAX_MASS_RATIO, MAX_SPIN = 8, 0.8  # of NRHybSur3dq8
ROUNDING = 1e-6


class Refused(Exception):
    """Bad input, with its reason."""


def values_of(name, text):
    """FIRST:STOP:STEP (stop exclusive) or one number, as hpcai-train reads it."""
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        raise Refused(f"{name}: '{text}' is not a range FIRST:STOP:STEP or a number") from None
    if not all(map(math.isfinite, numbers)) or len(numbers) not in (1, 3):
        raise Refused(f"{name}: '{text}' is not a range FIRST:STOP:STEP or a number")
    if len(numbers) == 1:
        return numbers
    first, stop, step = numbers
    if step <= 0 or stop <= first:
        raise Refused(f"{name}: '{text}' is empty")
    return [first + i * step for i in range(max(1, math.ceil((stop - first) / step - ROUNDING)))]


def grid_of(arguments):
    """The binaries (q, s1, s2) and the times in M."""
    ranges = []
    for name, text, low, high in (("--mass-ratio", arguments.mass_ratio, 1, MAX_MASS_RATIO), ("--spin1", arguments.spin1, -MAX_SPIN, MAX_SPIN),
                                  ("--spin2", arguments.spin2, -MAX_SPIN, MAX_SPIN)):
        values = values_of(name, text)
        for value in (values[0], values[-1]):
            if not low - ROUNDING <= value <= high + ROUNDING:
                raise Refused(f"{name}: {value:g} lies outside {low:g} to {high:g}")
        ranges.append(values)
    start, stop, step = arguments.t_min, arguments.t_max, arguments.t_step
    if not (math.isfinite(start) and math.isfinite(stop) and step > 0 and stop > start):
        raise Refused(f"the times from {start:g} to {stop:g} M in steps of {step:g} M are empty")
    if start > 0 or stop <= 0:
        raise Refused("the times must hold t = 0, the peak")
    if step > 2.5:
        raise Refused(f"a time step of {step:g} M is too coarse: 2.5 M or less holds all frequencies of h22")
    return list(itertools.product(*ranges)), start + step * np.arange(math.ceil((stop - start) / step - ROUNDING))


def aligned(times, h, grid, phase_reference):
    """Re h22 on the grid; the peak of |h| goes to 0. `times` in M are uniform."""
    amplitude = np.abs(h)
    peak = int(np.argmax(amplitude))
    if not 2 <= peak < len(h) - 2:
        raise Refused("the waveform has no peak within its times")
    spline = CubicSpline(times, np.stack([h.real, h.imag], axis=1))
    around = times[peak] + np.linspace(-1, 1, 4001) * (times[1] - times[0])
    fine = np.hypot(*spline(around).T)
    place = np.clip(int(np.argmax(fine)), 1, len(fine) - 2)
    before, top, after = fine[place - 1:place + 2]
    shift = 0.5 * (before - after) / (before - 2 * top + after) if before - 2 * top + after != 0 else 0
    zero = around[place] + shift * (around[1] - around[0])
    at = zero + grid
    if at[0] < times[0] or at[-1] > times[-1] + 1e-9:
        at_end = at[-1] > times[-1]
        if not at_end:
            raise Refused(f"the approximant's waveform begins at {times[0] - zero:.0f} M; choose a later --t-min")
    inside = at <= times[-1]
    real, imag = np.zeros(len(at)), np.zeros(len(at))
    real[inside], imag[inside] = spline(at[inside]).T
    result = real + 1j * imag
    origin = result[0] if phase_reference == "start" else complex(*spline(zero))
    if abs(origin) == 0:
        raise Refused("h22 vanishes at the phase reference")
    return (result * np.conj(origin) / abs(origin)).real


def lal_h22(approximant, q, s1, s2, start, step):
    """Times in M and complex r h22 / M, which decreases in phase, from LALSimulation."""
    import lal
    import lalsimulation
    seconds, distance = MASS * lal.MTSUN_SI, 1e6 * lal.PC_SI
    m1, m2 = MASS * q / (1 + q) * lal.MSUN_SI, MASS / (1 + q) * lal.MSUN_SI
    number = lalsimulation.GetApproximantFromString(approximant)
    # The frequency that IMRPhenomD has MARGIN before the first time, a little lower until the waveform is long enough.
    low, high = 1e-4 / seconds, 1.5e-2 / seconds
    for _ in range(60):
        middle = math.sqrt(low * high)
        longer = lalsimulation.SimIMRPhenomDChirpTime(m1, m2, s1, s2, middle) > (MARGIN - start) * 1.02 * seconds
        low, high = (middle, high) if longer else (low, middle)
    frequency = low
    modes = None
    if approximant == "NRHybSur3dq8":  # else all its modes would be added up
        modes = lal.CreateDict()
        array = lalsimulation.SimInspiralCreateModeArray()
        lalsimulation.SimInspiralModeArrayActivateMode(array, 2, 2)
        lalsimulation.SimInspiralModeArrayActivateMode(array, 2, -2)
        lalsimulation.SimInspiralWaveformParamsInsertModeArray(modes, array)
    for _ in range(6):
        plus, cross = lalsimulation.SimInspiralTD(m1, m2, 0, 0, s1, 0, 0, s2, distance, 0, 0, 0, 0, 0, step * seconds, frequency, frequency, modes, number)
        # Face on, h+ - i hx = sqrt(5 / (4 pi)) h22: the mode m = -2 has no part in it.
        h = (plus.data.data - 1j * cross.data.data) / (seconds * lal.C_SI / distance) * math.sqrt(4 * math.pi / 5)
        times = (float(plus.epoch) + np.arange(len(h)) * plus.deltaT) / seconds
        times -= times[int(np.argmax(np.abs(h)))]
        if times[0] <= start - MARGIN:
            return times, h
        frequency *= 0.95
    return times, h


def gwsurrogate_h22(surrogate, q, s1, s2, start, stop, step):
    times, modes, _ = surrogate(q, [0, 0, s1], [0, 0, s2], times=np.arange(start - MARGIN, min(stop + 2, 130), step), f_low=0, mode_list=[(2, 2)])
    return np.asarray(times), np.asarray(modes[(2, 2)])


@functools.lru_cache(1)
def loaded_surrogate():
    import gwsurrogate
    return gwsurrogate.LoadSurrogate("NRHybSur3dq8")


def make_row(binary, approximant, use_gwsurrogate, grid, phase_reference):
    step = min(grid[1] - grid[0] if len(grid) > 1 else 0.1, 0.5)
    if use_gwsurrogate:
        times, h = gwsurrogate_h22(loaded_surrogate(), *binary, grid[0], grid[-1], step)
    else:
        times, h = lal_h22(approximant, *binary, grid[0], step)
    row = aligned(times, h, grid, phase_reference)
    if not np.all(np.isfinite(row)):
        raise Refused(f"{approximant} gives values that are not finite")
    return row


def guarded_row(binary, **settings):
    """The row, or the reason why there is none: exceptions of LAL do not travel between processes."""
    try:
        return make_row(binary, **settings)
    except Exception as error:  # whatever the library throws
        return f"q, s1, s2 = {binary[0]:g}, {binary[1]:g}, {binary[2]:g}: {error}"


def write(arguments, binaries, grid, settings):
    import h5py
    temporary = arguments.out.with_name(f"{arguments.out.name}.tmp-{os.getpid()}")
    bytes_needed = len(binaries) * len(grid) * (8 if arguments.dtype == "float64" else 4)
    file_system = os.statvfs(arguments.out.parent)
    room = file_system.f_bavail * file_system.f_frsize
    if bytes_needed > room > 0:
        raise Refused(f"{arguments.out} needs {bytes_needed / 1e9:.3g} GB, but only {room / 1e9:.3g} GB are free there; write float32 or fewer waveforms")
    started, shown = time.monotonic(), time.monotonic()
    try:
        with h5py.File(temporary, "w") as file, multiprocessing.Pool(arguments.processes) as pool:
            data = file.create_dataset("data", (len(binaries), len(grid)), arguments.dtype)
            file.create_dataset("labels", data=np.array(binaries, np.float64))
            file.attrs.update({"generator": "generate_surrogate.py", "model": arguments.approximant, "quantity": "Re h22, r h22 / M",
                               "t_min": arguments.t_min, "t_max": arguments.t_max, "t_step": arguments.t_step,
                               "phase_reference": arguments.phase_reference, "label_names": ["q", "s1", "s2"],
                               "mass_ratio": arguments.mass_ratio, "spin1": arguments.spin1, "spin2": arguments.spin2})
            for number, row in enumerate(pool.imap(functools.partial(guarded_row, **settings), binaries, chunksize=4)):
                if isinstance(row, str):
                    pool.terminate()
                    raise Refused(row)
                data[number] = row
                if time.monotonic() - shown > 5:
                    shown = time.monotonic()
                    left = (shown - started) / (number + 1) * (len(binaries) - number - 1)
                    print(f"{number + 1} of {len(binaries)}, {left:.0f} s left", file=sys.stderr)
        os.replace(temporary, arguments.out)
    finally:
        temporary.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--approximant", default="NRHybSur3dq8", help="name in LALSimulation [NRHybSur3dq8]")
    parser.add_argument("--mass-ratio", default="1:8:0.08", help="FIRST:STOP:STEP (stop exclusive) or one number, 1 to 8")
    parser.add_argument("--spin1", default="-0.8:0.8:0.012", help="spin of the heavier hole, -0.8 to 0.8")
    parser.add_argument("--spin2", default="-0.8:0.8:0.012", help="spin of the lighter hole, -0.8 to 0.8")
    parser.add_argument("--t-min", type=float, default=-10000, help="first time in M; the peak is at 0")
    parser.add_argument("--t-max", type=float, default=130, help="end of the times in M, exclusive")
    parser.add_argument("--t-step", type=float, default=0.1, help="time step in M")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--phase-reference", choices=("peak", "start"), default="peak")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="[all cores]")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="HDF5 file to write")
    # A range may begin with a minus sign, which argparse takes for an option.
    words = []
    for word in sys.argv[1:]:
        if words and words[-1].startswith("--") and "=" not in words[-1] and word.startswith("-") and word[1:2].isdigit():
            words[-1] += "=" + word
        else:
            words.append(word)
    arguments = parser.parse_args(words)
    try:
        binaries, grid = grid_of(arguments)
        if arguments.out.suffix not in (".h5", ".hdf5"):
            raise Refused(f"--out {arguments.out}: the name must end in .h5 or .hdf5")
        use_gwsurrogate = False
        if arguments.approximant == "NRHybSur3dq8":
            try:
                import gwsurrogate  # noqa: F401
                use_gwsurrogate = True
            except ImportError:
                pass
        if not use_gwsurrogate:
            try:
                import lalsimulation
            except ImportError:
                raise Refused("Python has no lalsimulation: pip install lalsuite") from None
            try:
                lalsimulation.GetApproximantFromString(arguments.approximant)
            except Exception:
                raise Refused(f"LALSimulation has no approximant {arguments.approximant}") from None
            if arguments.approximant == "NRHybSur3dq8" and not os.environ.get("LAL_DATA_PATH"):
                raise Refused("NRHybSur3dq8 needs its data: install gwsurrogate, or set LAL_DATA_PATH to the folder of NRHybSur3dq8_lal_v1.0.h5")
        write(arguments, binaries, grid, {"approximant": arguments.approximant, "use_gwsurrogate": use_gwsurrogate, "grid": grid,
                                          "phase_reference": arguments.phase_reference})
    except Refused as reason:
        print(f"error: {reason}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(74) from None
    print(f"{len(binaries)} waveforms of {len(grid)} samples in {arguments.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
