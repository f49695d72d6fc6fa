"""convert, crossmatch and data.filter, as a user runs them."""
import gzip
import hashlib
import json
import random
import signal
import time

import pictures
from harness import SOURCE, Case, main

FITS = SOURCE / "tests" / "fixtures" / "fits"
REAL = SOURCE.parent / "shared" / "realdata"
IMAGES = 3000
CONFIG = """
name: folder
data: {type: image_folder, folder: im, image_size: 96, split_column: "", validation_fraction: 0.1, cache_mb: 0}
model: {type: xception, width_factor: 0.0625, middle_blocks: 1, head_units: 32, entry_stride: 1}
loss: {type: cross_entropy}
training: {epochs: 1, global_batch: 4}
"""


class Tools(Case):
    def folder_of_pictures(self, count):
        (self.folder / "im").mkdir()
        rows = ["file,label,vote"]
        for i in range(count):
            (self.folder / "im" / f"g{i}.png").write_bytes(pictures.png(i % 256, i // 256, 20, side=200))
            rows.append(f"g{i}.png,{'spiral' if i % 2 else 'elliptical'},{i / count}")
        (self.folder / "im" / "labels.csv").write_text("\n".join(rows) + "\n")
        (self.folder / "c.yaml").write_text(CONFIG)

    def convert(self, *arguments, **options):
        return self.run_program("convert", "--config", "c.yaml", *arguments, **options)

    def test_ten_kills_change_no_byte(self):
        self.folder_of_pictures(IMAGES)
        out, _ = self.convert("--out", "whole.h5", "--threads", 1)
        digest = hashlib.sha256((self.folder / "whole.h5").read_bytes()).hexdigest()
        self.assertEqual(out, f"{digest}  whole.h5\n")
        self.assertEqual((self.folder / "whole.h5.sha256").read_text(), out)
        log = self.folder / "k.h5.partial.log"
        kills = 0
        for _ in range(10):
            before = log.stat().st_size if log.exists() else 0
            process = self.start("convert", "--config", "c.yaml", "--out", "k.h5", "--resume", "--threads", 1)
            end = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < end and not (log.exists() and log.stat().st_size > before > 0) \
                    and not (before == 0 and log.exists() and log.stat().st_size > 100):
                time.sleep(0.001)
            process.kill()
            _, err = process.communicate()
            self.assertIn(process.returncode, (0, -signal.SIGKILL), err)
            kills += process.returncode == -signal.SIGKILL
        self.assertGreater(kills, 0)
        out, _ = self.convert("--out", "k.h5", "--resume", "--json")
        report = json.loads(out)
        self.assertEqual(report["files"][0]["sha256"], digest)
        self.assertGreater(report["kept"], 0, "kills have left nothing")
        self.assertEqual(sorted(path.name for path in self.folder.glob("k.h5*")), ["k.h5", "k.h5.sha256"])

    def test_training_is_the_same_on_the_file(self):
        self.folder_of_pictures(60)
        self.convert("--out", "all.h5", "--set", "data.image_size=48")
        self.convert("--out", "set.h5", "--set", "data.image_size=48", "--shards", 3)
        self.train("c.yaml", "folder", "--set", "data.image_size=48")
        for name, pattern in (("file", "all.h5"), ("files", "set-*.h5")):
            text = CONFIG.replace("type: image_folder, folder: im, image_size: 96, split_column: \"\", validation_fraction: 0.1",
                                  f"type: image_hdf5, train: '{pattern}:train', validation: '{pattern}:validation'")
            (self.folder / f"{name}.yaml").write_text(text)
            self.train(f"{name}.yaml", name)
            self.assertEqual(self.summary(name)["weights_sha256"], self.summary("folder")["weights_sha256"])

    def test_wrong_options_of_convert(self):
        self.folder_of_pictures(8)
        for arguments, status, text in ((("--out", "x.csv"), 2, ".h5 or .hdf5"), (("--out", "x.h5", "--shards", 9), 2, "9 shards"),
                                        (("--out", "x.h5", "--split", "test"), 2, "none of the splits"),
                                        (("--out", "no/x.h5"), 74, "no/x.h5"), (("--out", "c.yaml.h5", "--set", "data.filter=vote >"), 2, "character")):
            _, err = self.convert(*arguments, status=status)
            self.assertIn(text, err)
        self.convert("--out", "y.h5", "--set", "data.filter=vote < 0.5 or label == 'spiral'", "--split", "train,validation")
        self.assertEqual(list(self.folder.glob("x*")), [])

    def test_a_filter_counts_what_the_paper_counts(self):
        table = REAL / "dl_des_labels" / "validation_set.csv"
        if not table.exists():
            self.skipTest("the real data are not there")
        for condition, rows in (("P_CS_DEBIASED >= 0.985", 456), ("P_EL_DEBIASED >= 0.926", 507),
                                ("P_CS_DEBIASED >= 0.985 or P_EL_DEBIASED >= 0.926", 963)):
            out, _ = self.run_program("crossmatch", "--left", table, "--left-filter", condition, "--right", table, "--out", "m.csv", "--json")
            self.assertEqual(json.loads(out)["left_rows"], rows)

    def test_hours_and_degrees_of_a_real_catalogue_agree(self):
        table = REAL / "dl_des_labels" / "validation_set.csv"
        if not table.exists():
            self.skipTest("the real data are not there")
        out, _ = self.run_program("crossmatch", "--left", table, "--left-ra", "RA", "--left-dec", "DEC", "--right", table, "--radius", 1,
                                  "--keep", "both", "--out", "m.csv", "--json")
        self.assertEqual(json.loads(out)["pairs"], 963)
        rows = (self.folder / "m.csv").read_text().splitlines()
        self.assertEqual(len(rows), 964)
        header, first = (line.split(",") for line in rows[:2])
        self.assertEqual(first[header.index("OBJID")], first[header.index("OBJID_right")])

    def test_crossmatch(self):
        generator = random.Random(1)
        with open(self.folder / "a.csv", "w") as a, open(self.folder / "b.csv", "w") as b:
            a.write("name,RAJ2000,DEJ2000\n")
            b.write("id,ra,dec\n")
            for i in range(20000):
                ra, dec = generator.uniform(0, 360), generator.uniform(-89, 89)
                a.write(f"n{i},{ra:.8f},{dec:.8f}\n")
                b.write(f"{i},{ra:.8f},{dec + (0.5 if i % 2 else 2) / 3600:.8f}\n")
        out, err = self.run_program("crossmatch", "--left", "a.csv", "--right", "b.csv", "--out", "m.csv", "--json")
        self.assertEqual(json.loads(out)["pairs"], 10000)
        self.assertIn("10000 of 20000 left rows", err)
        lines = (self.folder / "m.csv").read_text().splitlines()
        self.assertEqual(lines[0], "name,RAJ2000,DEJ2000,id_right,ra_right,dec_right,separation_arcsec")
        for line in lines[1:]:
            name, *_, number, _, _, separation = line.split(",")
            self.assertEqual(name, f"n{number}")
            self.assertAlmostEqual(float(separation), 0.5, places=4)
        for arguments, status, text in ((("--right", "b.csv", "--radius", 0), 2, "--radius"), (("--right", "no.csv"), 66, "no.csv"),
                                        (("--right", "b.csv", "--right-filter", "i > 3"), 2, "--right-filter, character 1"),
                                        (("--right", "b.csv", "--left-ra", "x"), 65, "no column x")):
            _, err = self.run_program("crossmatch", "--left", "a.csv", *arguments, "--out", "n.csv", status=status)
            self.assertIn(text, err)
        (self.folder / "bad.csv").write_text("ra,dec\n1,2\nnan,3\n")
        _, err = self.run_program("crossmatch", "--left", "bad.csv", "--right", "b.csv", "--out", "n.csv", status=65)
        self.assertIn("bad.csv:3: column ra holds 'nan'", err)
        self.assertFalse((self.folder / "n.csv").exists())

    def test_check_reads_fits(self):
        (self.folder / "im").mkdir()
        galaxy = (FITS / "galaxy.fits.gz").read_bytes()
        (self.folder / "im" / "a.fits.gz").write_bytes(galaxy)
        (self.folder / "im" / "b.fits").write_bytes(gzip.decompress(galaxy))
        (self.folder / "im" / "labels.csv").write_text("file,label,petroRad_r\na.fits.gz,spiral,3\nb.fits,elliptical,2.5\n")
        settings = ("--set", "data.validation_fraction=0", "--set", "training.global_batch=2", "--set", "data.preparation.bands=[z, r, g]", "--set",
                    "data.preparation.cutout.column=petroRad_r", "--set", "data.preparation.cutout.pixel_scale=0.396")
        (self.folder / "c.yaml").write_text(CONFIG)
        out, err = self.run_program("check", "--config", "c.yaml", *settings)
        self.assertIn("2 training", out)
        self.assertIn("2 of 2 training samples have pixels without a value, which count as background:\n  im/a.fits.gz (im/labels.csv:2): 0.84 %", err)
        (self.folder / "im" / "b.fits").write_bytes(gzip.decompress(galaxy)[:-9000])
        _, err = self.run_program("check", "--config", "c.yaml", *settings, status=65)
        self.assertIn("im/b.fits (im/labels.csv:3): damaged FITS: the file ends too early", err)


if __name__ == "__main__":
    main()
