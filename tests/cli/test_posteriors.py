"""Posteriors of events in the strain of detectors: a small network is trained, judged, and asked about real strain."""
import csv
import json
import math

from harness import SOURCE, Case, main

REAL = SOURCE.parent / "shared/realdata/gwosc"
FILES = [REAL / "H-H1_LOSC_4_V2-1126259446-32.hdf5", REAL / "L-L1_LOSC_4_V2-1126259446-32.hdf5"]
GPS = "1126259462.4"
# Only the masses, the time and the distance are not known: a few thousand draws of an untrained network meet the event.
CONFIG = """
name: small
data:
  type: simulated_strain
  windows: [{start_s: -0.25, end_s: 0.05, rate_hz: 256}]
  high_hz: 128
  spectrum_values: 4
  priors:
    chi_1: {type: fixed, value: 0}
    chi_2: {type: fixed, value: 0}
    theta_jn: {type: fixed, value: 2.7}
    psi: {type: fixed, value: 0.3}
    zenith: {type: fixed, value: 2.4}
    azimuth: {type: fixed, value: 2.2}
    luminosity_distance: {type: uniform, min: 300, max: 700}
  train: 256
  validation: 32
  test: 60
model:
  type: waveform_posterior
  summary: 4
  encoder: {type: dense, components: 8, examples: 200, residual: {units: 16, blocks: 1}}
  features: 8
  flow: {layers: 2, residual: {units: 8, blocks: 1}}
loss: {type: density}
optimizer: {type: adam, lr: 1.0e-3}
training: {epochs: 2, global_batch: 64, threads: 1}
"""
BAYESIAN = """
name: bayesian
data:
  type: simulated_waveforms
  train: {mass_ratio: "1:8:1", spin1: "-0.8:0.8:1", spin2: "-0.8:0.8:1", count: 512}
  validation: {mass_ratio: "1:8:1", spin1: "-0.8:0.8:1", spin2: "-0.8:0.8:1", count: 32}
  test: {mass_ratio: "1:8:1", spin1: "-0.8:0.8:1", spin2: "-0.8:0.8:1", count: 60}
  t_min: -300
  t_step: 2
model:
  type: bayesian_regressor
  encoder: {type: dense, components: 16, examples: 200, residual: {units: 32, blocks: 1}}
  features: 32
  units: 32
loss: {type: density}
optimizer: {type: adam, lr: 3.0e-3}
training: {epochs: 8, global_batch: 32, threads: 1}
"""


class Posteriors(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "small.yaml").write_text(CONFIG)
        self.train("small.yaml", "run")

    def table(self, name):
        with (self.folder / name).open() as file:
            return list(csv.DictReader(file))

    def ask(self, *arguments, status=0, files=FILES):
        strain = [word for file in files for word in ("--strain", str(file))]
        return self.run_program("predict", "--run-dir", "run", *strain, "--gps", GPS, *arguments, status=status)

    def test_a_network_is_judged_by_its_calibration(self):
        self.assertTrue(math.isfinite(self.summary("run")["validation"]["loss"]))
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--samples", "200", "--report", "run/quality", "--json")
        self.assert_verified("run", "quality/ranks.csv", "quality/calibration.json", "quality/pp.svg")
        report = json.loads(out)
        self.assertEqual(set(report["calibration"]), {"chirp_mass", "mass_ratio", "luminosity_distance", "time"})
        self.assertGreaterEqual(report["ks_p_min"], 0)
        self.assertLessEqual(report["ks_p_min"], 1)
        rows = self.table("run/quality/ranks.csv")
        self.assertEqual(len(rows), 60)
        self.assertTrue(all(0 < float(row["time_rank"]) < 1 for row in rows))
        self.assertIn("chirp_mass", (self.folder / "run/quality/pp.svg").read_text())
        _, err = self.run_program("evaluate", "--run-dir", "run", "--set", "evaluation.posterior_samples=0", "--report", "c", status=2)
        self.assertIn("--report needs draws", err)
        self.run_program("predict", "--run-dir", "run", "--split", "test", "--out", "test.csv")
        row = self.table("test.csv")[0]
        self.assertLess(float(row["chirp_mass_p05"]), float(row["chirp_mass_p95"]))

    def test_a_run_goes_on_bit_for_bit_and_does_not_depend_on_the_number_of_ranks(self):
        longer = ("--set", "training.epochs=30")
        self.train("small.yaml", "whole", *longer)
        status, _ = self.interrupt("half", 20, "--config", "small.yaml", "--run-dir", "half", *longer)
        self.assertEqual(status, 75)
        self.train("small.yaml", "half", "--resume", "require", *longer)
        self.assertEqual(self.summary("half")["weights_sha256"], self.summary("whole")["weights_sha256"])
        shards = ("--set", "distributed.deterministic_shards=2")
        self.train("small.yaml", "one", *shards)
        self.train("small.yaml", "two", *shards, "--nproc", "2")
        self.assertEqual(self.summary("one")["weights_sha256"], self.summary("two")["weights_sha256"])

    def test_a_bayesian_regressor_is_judged_by_the_same_code(self):
        (self.folder / "bayesian.yaml").write_text(BAYESIAN)
        self.train("bayesian.yaml", "bayesian")
        out, _ = self.run_program("evaluate", "--run-dir", "bayesian", "--samples", "200", "--report", "report", "--json")
        report = json.loads(out)
        self.assertEqual(set(report["calibration"]), {"q", "s1", "s2", "chi_eff"})
        self.assertLess(report["calibration"]["chi_eff"]["relative_width"], 0.9)  # it has learnt something
        self.assertIn("chi_eff", (self.folder / "report/pp.svg").read_text())
        self.run_program("predict", "--run-dir", "bayesian", "--split", "test", "--out", "test.csv", "--set", "evaluation.posterior_samples=100")
        row = self.table("test.csv")[0]
        self.assertLess(float(row["q_p05"]), float(row["q_p95"]))
        _, err = self.run_program("--config", "bayesian.yaml", "--run-dir", "x", "--set", "loss.type=waveform_mse", status=2)
        self.assertIn("Set loss.type to density", err)
        (self.folder / "flow.yaml").write_text(BAYESIAN[:BAYESIAN.index("model:")] + CONFIG[CONFIG.index("model:"):])
        _, err = self.run_program("--config", "flow.yaml", "--run-dir", "x", "--set", "model.summary=0", status=2)
        self.assertIn("known ranges", err)

    def test_a_real_event(self):
        if not FILES[0].exists():
            self.skipTest(f"{FILES[0]} does not exist")
        reference = REAL / "reference/GW150914_nested.csv"
        out, _ = self.ask("--draws", "20000", "--out", "event.csv", "--corner", "event.svg", "--json", "--compare", reference)
        report = json.loads(out)
        self.assertGreater(report["effective_samples"], 1000)  # although the network is hardly trained
        self.assertLess(report["network_efficiency"], report["efficiency"])
        self.assertLess(report["comparison"]["chirp_mass"]["js_bits"], 0.5)  # with fixed spins the mass is better known
        self.assertGreater(report["comparison"]["chirp_mass"]["js_bits"], 0.05)
        self.assertAlmostEqual(report["comparison"]["chirp_mass"]["reference_median"], 30.98, delta=0.01)
        self.assertGreater(report["snr"], 20)
        self.assertAlmostEqual(report["gps"], 1126259462.42, delta=0.02)
        self.assertAlmostEqual(report["intervals_90"]["chirp_mass"]["median"], 31, delta=3)
        rows = self.table("event.csv")
        self.assertEqual(len(rows), 5000)
        self.assertTrue({"chi_eff", "mass_1", "ra", "dec", "geocent_time", "phase", "log_likelihood"} <= set(rows[0]))
        self.assertIn("<svg", (self.folder / "event.svg").read_text())
        text, _ = self.ask("--draws", "2000", "--no-likelihood")
        self.assertIn("without the exact likelihood", text)
        self.ask("--draws", "2000", "--no-likelihood", "--out", "run/event.h5", "--corner", "run/event.svg")
        self.assert_verified("run", "event.h5", "event.svg")

    def test_what_cannot_be_answered_is_refused_with_its_reason(self):
        if not FILES[0].exists():
            self.skipTest(f"{FILES[0]} does not exist")
        for arguments, status, text in (
                (("--gps", "1126259452"), 65, "no signal"), (("--gps", "1200000000"), 2, "1126259446"), (("--gps", "nan"), 2, "--gps"),
                (("--psd", "V1=x.txt"), 2, "V1"), (("--psd", "H1"), 2, "DETECTOR=FILE"), (("--psd", "H1=none.txt"), 66, "none.txt"),
                (("--set", "data.priors.chirp_mass.max=40"), 2, "data of the training"), (("--corner", "e.png"), 2, ".svg"),
                (("--out", "a.svg"), 2, ".csv"), (("--compare", "none.csv"), 66, "none.csv"), (("--compare", str(FILES[0])), 65, FILES[0].name), (("--refine",), 2, "--refine"), (("--split", "train"), 2, "--split")):
            with self.subTest(arguments=arguments):
                gps = () if arguments[0] == "--gps" else ("--gps", GPS)
                strain = [word for file in FILES for word in ("--strain", str(file))]
                _, err = self.run_program("predict", "--run-dir", "run", *strain, *gps, *arguments, status=status)
                self.assertIn(text, err)
        _, err = self.ask(status=2, files=FILES[:1])
        self.assertIn("there is no strain of L1", err)
        _, err = self.run_program("predict", "--run-dir", "run", "--gps", GPS, "--out", "x.csv", status=2)
        self.assertIn("--strain", err)


if __name__ == "__main__":
    main()
