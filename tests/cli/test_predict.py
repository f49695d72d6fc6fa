"""predict makes one catalogue of many images, on several ranks and over several interruptions."""
import csv
import os
import random
import shutil
import signal
import time

from harness import Case, children_of, free_port, main
from pictures import GALAXY_CONFIG, catalogue, make_images, png

IMAGES, DIFFERENT = 2000, 53  # 53 has no factor in common with the samples of a piece
LAST = f"{IMAGES - 1:05}.png"
PIECE = 4000  # bytes that the headers of the files of parts stay below, and a piece exceeds
ONE_THREAD = ("--set", "training.threads=1")  # the number of threads changes the rounding
CLASSES = ["elliptical", "spiral"]
KILLS = 10


class Catalogue(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = Case()
        cls.shared.setUp()
        root = cls.shared.folder
        make_images(root / "im")
        (root / "im" / "labels.csv").write_text(catalogue(CLASSES * 4))
        (root / "f.yaml").write_text(GALAXY_CONFIG)
        for run, seed in (("r", 1), ("r2", 2)):
            cls.shared.train("f.yaml", run, "--set", f"training.seed={seed}", "--set", "training.epochs=20", "--set", "optimizer.lr=0.01")
        many = root / "many"
        many.mkdir()
        for i in range(DIFFERENT):
            (root / f"{i}.png").write_bytes(png(4 * i, 30 + i, 250 - 4 * i))
        for i in range(IMAGES):
            os.link(root / f"{i % DIFFERENT}.png", many / f"{i:05}.png")
        cls.shared.run_program("predict", "--run-dir", "r", "--input", "many", "--out", "one.csv", *ONE_THREAD)
        cls.one = (root / "one.csv").read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.shared.doCleanups()

    def setUp(self):
        self.folder = self.shared.folder  # of the class
        self.out, self.parts = self.folder / "p.csv", self.folder / "p.csv.parts"
        self.addCleanup(shutil.rmtree, self.parts, ignore_errors=True)
        self.addCleanup(self.out.unlink, missing_ok=True)

    def arguments(self, *more, run="r", input="many"):
        return ["predict", "--run-dir", run, "--input", input, "--out", "p.csv", *ONE_THREAD, *more]

    def predict(self, *more, **options):
        return self.run_program(*self.arguments(*more), **options)[1]

    def predict_when_free(self):
        """Waits for the ranks of a killed parent, which end a little after it."""
        for _ in range(100):
            process = self.start(*self.arguments())
            _, err = process.communicate(timeout=120)
            if process.returncode != 74:
                break
            time.sleep(0.3)
        self.assertEqual(process.returncode, 0, err)
        return err

    def assert_whole(self, expected=None):
        self.assertEqual(self.out.read_bytes(), expected or self.one)
        self.assertFalse(self.parts.exists())
        left = [name for name in os.listdir(self.folder) if name.startswith(("p.csv.", ".p.csv", "one.csv."))]
        self.assertEqual(left, [])

    def bytes_of_parts(self):
        try:
            return sum(path.stat().st_size for path in self.parts.glob("*.pieces"))
        except FileNotFoundError:
            return 0

    def kill_with_some_parts(self, *more, process_of=lambda process: process.pid, attempts=20):
        """Kills a run that has made at least one piece more than there were. Returns its exit status and stderr."""
        for _ in range(attempts):
            before = self.bytes_of_parts()
            process = self.start(*self.arguments(*more))
            while process.poll() is None and self.bytes_of_parts() < before + PIECE:
                time.sleep(0.002)
            if process.poll() is None:
                os.kill(process_of(process), signal.SIGKILL)
            _, err = process.communicate(timeout=60)
            if process.returncode != 0 and self.parts.exists():
                return process.returncode, err
            self.out.unlink(missing_ok=True)
        self.fail("every run was over before it could be killed")

    def test_the_catalogue_has_probabilities_label_and_certainty_of_every_image(self):
        rows = list(csv.DictReader(self.one.decode().splitlines()))
        self.assertEqual([row["id"] for row in rows], [f"{i:05}.png" for i in range(IMAGES)])
        self.assertEqual(list(rows[0]), ["id", *CLASSES, "predicted", "certainty"])
        for i, row in enumerate(rows):
            probabilities = [float(row[name]) for name in CLASSES]
            self.assertAlmostEqual(sum(probabilities), 1, delta=1e-6)
            self.assertEqual(float(row["certainty"]), max(probabilities))
            self.assertEqual(row["predicted"], CLASSES[probabilities.index(max(probabilities))])
            self.assertEqual(probabilities, [float(rows[i % DIFFERENT][name]) for name in CLASSES], row["id"])
        self.assertGreater(len({row["certainty"] for row in rows}), DIFFERENT // 2)

    def test_any_number_of_ranks_writes_the_same_bytes(self):
        for ranks in (1, 2, 3):
            self.predict("--nproc", ranks)
            self.assert_whole()

    def test_other_formats_and_ensembles_are_the_same_on_several_ranks(self):
        for out in ("a.h5", "a.csv"):
            results = []
            for ranks in (1, 2):
                self.run_program("predict", "--run-dir", "r", "--run-dir", "r2", "--input", "many", "--out", out, "--nproc", ranks,
                                 *ONE_THREAD)
                results.append((self.folder / out).read_bytes())
            self.assertEqual(results[0], results[1], out)
            self.assertNotEqual(results[0], self.one)

    def test_a_few_samples_on_more_ranks_than_pieces(self):
        self.run_program("predict", "--run-dir", "r", "--input", "im", "--out", "few.csv", *ONE_THREAD)
        self.run_program(*self.arguments("--nproc", 3, input="im"))
        self.assert_whole((self.folder / "few.csv").read_bytes())

    def test_ten_kills_leave_the_bytes_of_an_undisturbed_run(self):
        chance, killed, resumed = random.Random(1), 0, 0
        while killed < KILLS:
            process = self.start(*self.arguments("--nproc", chance.choice((1, 2, 3))))
            wanted = self.bytes_of_parts() + chance.choice((0, 100, 1000, 6000, 12000))
            while process.poll() is None and self.bytes_of_parts() < wanted:
                time.sleep(0.002)
            time.sleep(chance.random() * 0.2)
            process.kill()
            _, err = process.communicate(timeout=60)
            resumed += "pieces are there already" in err
            killed += process.returncode != 0
            if process.returncode == 0:
                self.assert_whole()
                self.out.unlink()
        err = self.predict_when_free()
        self.assert_whole()
        self.assertGreater(resumed + ("pieces are there already" in err), 0)

    def test_parts_of_other_settings_weights_or_data_do_not_get_into_a_result(self):
        self.kill_with_some_parts()
        err = self.predict("--set", "evaluation.symmetric_views=true")
        self.assertIn("were made with other settings; all samples are predicted anew", err)
        self.assertNotEqual(self.out.read_bytes(), self.one)
        self.kill_with_some_parts()
        err = self.run_program(*self.arguments(run="r2"))[1]
        self.assertIn("were made with other settings and weights", err)
        self.kill_with_some_parts()
        err = self.run_program(*self.arguments(input="im"))[1]
        self.assertIn("other cuts, input and samples", err)
        self.assertEqual(len(self.out.read_text().splitlines()), 9)
        self.assertFalse(self.parts.exists())

    def test_parts_are_for_one_run_at_a_time_and_no_other_folder_is_touched(self):
        process = self.start(*self.arguments())
        while process.poll() is None and not list(self.parts.glob("*.pieces")):
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        err = self.predict(status=74)
        self.assertIn("another process works on p.csv.parts", err)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=120)
        self.assert_whole()
        self.parts.mkdir()
        (self.parts / "thesis.tex").write_text("text")
        err = self.predict(status=2)
        self.assertIn("p.csv.parts is there and holds something else: thesis.tex", err)
        self.assertTrue((self.parts / "thesis.tex").exists())

    def test_a_lost_rank_ends_the_run_and_its_parts_stay(self):
        status, _ = self.kill_with_some_parts("--nproc", 2, process_of=lambda process: children_of(process.pid)[1])
        self.assertEqual(status, 128 + signal.SIGKILL)
        self.assertFalse(self.out.exists())
        self.assertIn("pieces are there already", self.predict("--nproc", 3))
        self.assert_whole()

    def test_ranks_of_a_launcher_and_the_loss_of_one(self):
        for lost in (False, True):
            port, processes = free_port(), []
            for rank in range(2):
                variables = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
                processes.append(self.start(*self.arguments("--set", "distributed.timeout_s=8"), env=variables))
            if lost:
                while processes[1].poll() is None and self.bytes_of_parts() < PIECE:
                    time.sleep(0.002)
                processes[1].kill()
            errors = [process.communicate(timeout=120)[1] for process in processes]
            if lost:
                self.assertEqual(processes[0].returncode, 69, errors)
                self.assertRegex(errors[0], r"rank 1 .* was lost")
                self.assertIn("pieces are there already", self.predict())
            else:
                self.assertEqual([process.returncode for process in processes], [0, 0], errors)
                self.assertEqual(errors[1], "")
            self.assert_whole()
            self.out.unlink()

    def test_an_image_that_cannot_be_read_ends_all_ranks_and_the_parts_stay(self):
        bad = self.folder / "bad"
        shutil.copytree(self.folder / "many", bad, copy_function=os.link)
        self.addCleanup(shutil.rmtree, bad)
        good = (bad / LAST).read_bytes()
        (bad / LAST).unlink()
        (bad / LAST).write_bytes(good[:60])
        err = self.run_program(*self.arguments("--nproc", 2, input="bad"), status=65)[1]
        self.assertIn(LAST, err)
        (bad / LAST).write_bytes(good)
        self.run_program(*self.arguments(input="bad"))
        self.assert_whole()

    def test_what_several_ranks_cannot_do_is_refused(self):
        self.assertIn("--refine is for one rank", self.predict("--nproc", 2, "--refine", status=2))
        _, err = self.run_program("predict", "--run-dir", "r", "--nproc", 2, "--strain", "H1.hdf5", "--gps", 1, status=2)
        self.assertIn("--strain is for one rank", err)
        _, err = self.run_program("predict", "--run-dir", "none", "--nproc", 2, "--input", "im", "--out", "x.csv", status=66)
        self.assertEqual(err.count("holds no run"), 1)
        err = self.run_program(*self.arguments("--nproc", 2, input="none"), status=66)[1]
        self.assertEqual(err.count("none does not exist"), 1, err)


if __name__ == "__main__":
    main()
