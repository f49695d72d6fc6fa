"""Waveforms of other programs: scripts/generate_surrogate.py writes what the trainer reads, and real data of numerical relativity train.

The script needs Python with numpy, scipy, h5py and lalsuite; HPCAI_LAL_PYTHON names it where it is not the one that runs the tests.
"""
import json
import os
import subprocess
import sys

from harness import SOURCE, Case, main

PYTHON = os.environ.get("HPCAI_LAL_PYTHON", sys.executable)
SCRIPT = SOURCE / "scripts/generate_surrogate.py"
REAL = SOURCE.parent / "shared/realdata/nr/NR22-A22.h5"
GRID = ("--mass-ratio", "1:4:1.5", "--spin1", "-0.4:0.5:0.4", "--spin2", "0.1", "--t-min", "-2000", "--t-step", "0.5")
CONFIG = """
name: surrogate
data: {data}
model: {{type: wavenet, residual_channels: 4, gate_channels: 4, dilations: [1, 2], tail_channels: 4, keep_steps: 100, dense_units: 8}}
loss: {{type: waveform_mse}}
training: {{epochs: 1, global_batch: 2}}
"""
# Prints the smallest overlap of the waveforms of two files: flat noise, the best phase and time shift.
OVERLAPS = """
import sys, h5py, numpy
a, b = (h5py.File(name)["data"][:].astype(float) for name in sys.argv[1:])
def spectrum(rows):
    size = 4 * rows.shape[1]
    return numpy.fft.rfft(rows, size), size
(x, size), (y, _) = spectrum(a), spectrum(b)
correlation = numpy.abs(numpy.fft.ifft(numpy.pad(x * y.conj(), ((0, 0), (0, size))))) * size * 2
norm = numpy.sqrt((numpy.abs(x) ** 2).sum(1) * (numpy.abs(y) ** 2).sum(1))
print((correlation.max(1) * correlation.shape[1] / (2 * size) / norm).min())
print(numpy.abs(h5py.File(sys.argv[1])["labels"][:] - h5py.File(sys.argv[2])["labels"][:]).max())
"""


class Script(Case):
    def setUp(self):
        super().setUp()
        if subprocess.run([PYTHON, "-c", "import numpy, scipy, h5py, lalsimulation"], capture_output=True).returncode != 0:
            self.skipTest(f"{PYTHON} lacks numpy, scipy, h5py or lalsuite")

    def script(self, *arguments, status=0):
        run = subprocess.run([PYTHON, SCRIPT, *map(str, arguments)], cwd=self.folder, text=True, capture_output=True, timeout=600)
        self.assertEqual(run.returncode, status, run.stderr)
        return run.stderr

    def test_a_model_without_data_files(self):
        self.run_program("generate", "waveforms", *GRID, "--out", "ours.h5")
        (self.folder / "s.yaml").write_text(CONFIG.format(data="{type: waveform_hdf5, train: theirs.h5, t_min: -2000, t_step: 0.5}"))
        for approximant, least in (("IMRPhenomD", 0.999), ("SEOBNRv4_opt", 0.99)):
            with self.subTest(approximant=approximant):
                self.script("--approximant", approximant, *GRID, "--out", "theirs.h5")
                out, _ = self.run_program("check", "--config", "s.yaml")
                self.assertIn("6 training", out)
                measured = subprocess.run([PYTHON, "-c", OVERLAPS, "ours.h5", "theirs.h5"], cwd=self.folder, text=True, capture_output=True, check=True)
                overlap, difference = map(float, measured.stdout.split())
                print(f"{approximant}: smallest overlap with our IMRPhenomD {overlap:.6f}")
                self.assertGreater(overlap, least)
                self.assertLess(difference, 1e-12)

    def test_bad_input_is_refused_with_its_reason(self):
        for change, text in ((("--mass-ratio", "0.5"), "0.5 lies outside 1 to 8"), (("--spin1", "-0.9"), "-0.9 lies outside"),
                             (("--spin2", "0:0:1"), "is empty"), (("--mass-ratio", "nan"), "is not a range"), (("--t-step", "3"), "too coarse"),
                             (("--t-max", "-3000"), "are empty"), (("--approximant", "Nothing"), "no approximant Nothing"),
                             (("--approximant", "NRHybSur3dq8"), "NRHybSur3dq8"), (("--out", "x.csv"), "must end in .h5")):
            with self.subTest(change=change):
                err = self.script("--approximant", "IMRPhenomD", *GRID, "--out", "x.h5", *change, status=2)
                self.assertIn(text, err)
                self.assertEqual(list(self.folder.iterdir()), [])


class RealData(Case):
    def test_training_on_numerical_relativity(self):
        if not REAL.exists():
            self.skipTest(f"{REAL} does not exist")
        (self.folder / "nr.yaml").write_text(CONFIG.format(data=f'{{type: nr_surrogate_22, file: "{REAL}", train: {{mass_ratio: "1:10:0.5"}}, '
                                                                'test: {mass_ratio: "1.25:10:1.5"}, t_min: -500, t_step: 1}'))
        self.train("nr.yaml", "run")
        test = self.summary("run")["test"]
        self.assertEqual(test["samples"], 6)
        self.assertEqual(test["overlap_samples"], 5, "q = 8.75 lies outside the model that regenerates waveforms")
        out, err = self.run_program("evaluate", "--run-dir", "run", "--report", "quality", "--json")
        self.assertIn("1 of 6 samples lie outside the range", err)
        self.assertEqual([json.loads(out)[key] for key in ("samples", "overlap_samples", "overlap_left_out")], [6, 5, 1])
        self.assertEqual(len((self.folder / "quality/overlaps.csv").read_text().splitlines()), 1 + 5)
        _, err = self.run_program("check", "--config", "nr.yaml", "--set", "data.file=nr.yaml", status=65)
        self.assertIn("nr.yaml", err)


if __name__ == "__main__":
    main()
