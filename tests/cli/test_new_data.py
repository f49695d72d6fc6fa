"""A trained model meets data that it has never seen."""
import csv
import json
import os
import shutil
import subprocess

from harness import Case, main
from pictures import GALAXY_CONFIG, WAVEFORM_CONFIG, catalogue, make_images, rewrite_state

CLASSES = ["elliptical", "spiral"]
LABELS = CLASSES * 4
SPLITS = ["train"] * 6 + ["test"] * 2


def forget_the_model(state):
    del state["card"]


class NewImages(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        make_images(self.folder / "a")
        (self.folder / "a" / "labels.csv").write_text(catalogue(LABELS, SPLITS))
        self.train("f.yaml", "r", "--set", "data.folder=a", "--set", "data.split_column=split", "--set", "training.epochs=30", "--set",
                   "training.global_batch=6", "--set", "optimizer.lr=0.01")
        self.known = {row["id"]: row for row in self.predict("--split", "train") + self.predict("--split", "test")}
        self.assertEqual(len(self.known), 8)

    def predict(self, *arguments):
        _, self.err = self.run_program("predict", "--run-dir", "r", *arguments, "--out", "p.csv")
        with open(self.folder / "p.csv", newline="") as file:
            return list(csv.DictReader(file))

    def refuse(self, command, *arguments, status=65, contains=()):
        out = ("--out", "x.csv") if command == "predict" else ()
        _, err = self.run_program(command, "--run-dir", "r", *arguments, *out, status=status)
        for text in contains:
            self.assertIn(text, err)
        self.assertNotIn("internal error", err)
        self.assertFalse((self.folder / "x.csv").exists())
        return err

    def assert_as_known(self, rows, names=None, truth=None):
        """`names`: of the known images, by row; `truth`: the column true, None where there is none."""
        for i, row in enumerate(rows):
            known = self.known[names[i] if names else row["id"]]
            for column in CLASSES:
                self.assertAlmostEqual(float(row[column]), float(known[column]), delta=1e-6, msg=row["id"])
            self.assertEqual(row["predicted"], known["predicted"])
            self.assertEqual(list(row), ["id", *CLASSES, "predicted"] + (["true"] if truth else []) + ["certainty"])
        if truth:
            self.assertEqual([row["true"] for row in rows], truth)

    def test_a_folder_without_a_catalogue(self):
        make_images(self.folder / "new", 4)
        (self.folder / "new" / "deep").mkdir()
        shutil.copy(self.folder / "a" / "g5.png", self.folder / "new" / "deep" / "X.PNG")
        (self.folder / "new" / "notes.txt").write_text("no image")
        (self.folder / "new" / ".hidden.png").write_text("no image")
        rows = self.predict("--input", "new")
        self.assertEqual([row["id"] for row in rows], ["deep/X.PNG", "g0.png", "g1.png", "g2.png", "g3.png"])
        self.assert_as_known(rows, ["g5.png", "g0.png", "g1.png", "g2.png", "g3.png"])
        self.assertEqual(self.predict("--images", "new"), rows, "the other name of the option")
        self.run_program("predict", "--run-dir", "r", "--input", "new", "--out", "p.h5")

    def test_a_folder_whose_catalogue_knows_some_of_the_images(self):
        make_images(self.folder / "new", 4)
        (self.folder / "new" / "labels.csv").write_text("file,label\ng1.png,spiral\ng2.png,merger\n")
        rows = self.predict("--input", "new")
        self.assert_as_known(rows, truth=["", "spiral", "", ""])
        self.assertIn("merger", self.err)
        (self.folder / "new" / "labels.csv").write_text("name,kind\ng1.png,spiral\n")
        self.assert_as_known(self.predict("--input", "new"))
        self.assertIn("no label is read", self.err)

    def test_lists_of_images(self):
        here = ["a/g7.png", "a/g0.png"]
        for name, text in (("l.txt", "a/g7.png\na/g0.png\n"), ("l.csv", "file\na/g7.png\na/g0.png\n"), ("h.csv", "image\na/g7.png\na/g0.png\n"),
                           ("c.txt", "# two\r\n\r\na/g7.png\r\n\"a/g0.png\"\r\n")):
            (self.folder / name).write_text(text)
            rows = self.predict("--input", name)
            self.assertEqual([row["id"] for row in rows], here, name)
            self.assert_as_known(rows, ["g7.png", "g0.png"])
        (self.folder / "a" / "own.txt").write_text("g7.png\ng0.png\n")
        self.assert_as_known(self.predict("--input", "a/own.txt"))
        (self.folder / "away").mkdir()
        (self.folder / "away" / "cwd.txt").write_text("a/g7.png\na/g0.png\n")
        self.assert_as_known(self.predict("--input", "away/cwd.txt"), ["g7.png", "g0.png"])
        whole = [str(self.folder / "a" / name) for name in ("g7.png", "g0.png")]
        (self.folder / "whole.csv").write_text("file;label\n" + f"{whole[0]};spiral\n{whole[1]};\n")
        rows = self.predict("--input", "whole.csv")
        self.assertEqual([row["id"] for row in rows], whole)
        self.assert_as_known(rows, ["g7.png", "g0.png"], truth=["spiral", ""])

    def test_one_image(self):
        rows = self.predict("--input", "a/g3.png")
        self.assertEqual([row["id"] for row in rows], ["a/g3.png"])
        self.assert_as_known(rows, ["g3.png"])

    def test_inputs_that_are_none(self):
        (self.folder / "empty").mkdir()
        self.refuse("predict", "--input", "empty", status=66, contains=["empty holds no image"])
        self.refuse("predict", "--input", "none", status=66, contains=["none does not exist"])
        (self.folder / "web.txt").write_text("<!DOCTYPE html>\n<html>Login</html>\n")
        self.refuse("predict", "--input", "web.txt", contains=["a web page (HTML)"])
        (self.folder / "table.csv").write_text("name,kind\na/g1.png,spiral\n")
        self.refuse("predict", "--input", "table.csv", contains=["no column file; there are name, kind"])
        (self.folder / "gone.txt").write_text("a/g1.png\na/gone.png\n")
        err = self.refuse("predict", "--input", "gone.txt", status=66, contains=["a/gone.png", "gone.txt:2", "Names start from"])
        self.assertNotIn("must be JPEG, PNG or FITS", err)
        (self.folder / "nothing.txt").write_text("\n# nothing\n")
        self.refuse("predict", "--input", "nothing.txt", contains=["nothing.txt"])
        self.refuse("predict", "--input", "a", "--split", "test", status=2)
        self.refuse("predict", "--input", "", status=2)
        os.mkfifo(self.folder / "pipe")
        self.refuse("predict", "--input", "pipe", status=66, contains=["pipe"])

    def test_names_that_forge_messages_are_shown_escaped(self):
        make_images(self.folder / "new", 1)
        name = "g\nerror: all is lost\x1b[31m.png"
        (self.folder / "new" / name).write_bytes(b"no image")
        err = self.refuse("predict", "--input", "new", contains=["g\\nerror: all is lost\\x1b[31m.png"])
        self.assertNotIn("\x1b", err)
        self.assertFalse([line for line in err.splitlines() if line.startswith("error: all is lost")])
        (self.folder / "new" / name).write_bytes((self.folder / "a" / "g2.png").read_bytes())
        (self.folder / "new" / "\udce9.png").write_bytes((self.folder / "a" / "g3.png").read_bytes())
        for out in ("p.csv", "p.h5"):
            self.run_program("predict", "--run-dir", "r", "--input", "new", "--out", out)

    def test_catalogues_without_training_rows_labels_or_splits(self):
        new = lambda text: (self.folder / "a" / "new.csv").write_text(text)
        other = ("--set", "data.catalogue=new.csv")
        new("file,label,split\ng6.png,elliptical,test\ng7.png,spiral,test\n")
        self.assert_as_known(self.predict("--split", "test", *other), truth=["elliptical", "spiral"])
        new("file,label,split\n" + "".join(f"g{i}.png,unknown,{SPLITS[i]}\n" for i in range(8)))
        self.assert_as_known(self.predict("--split", "test", *other))
        new("file\ng6.png\ng1.png\n")
        for split in ((), ("--split", "test"), ("--split", "train")):
            self.assert_as_known(self.predict(*split, *other))
        new("file,label\ng6.png,nan\ng1.png,spiral\n")
        self.assert_as_known(self.predict(*other), truth=["", "spiral"])
        new("file,split\ng6.png,train\n")
        self.refuse("predict", *other, status=66, contains=["no test split"])

    def test_class_names_are_those_of_the_training(self):
        make_images(self.folder / "b")
        labels = ["spiral", "uncertain"] * 4
        (self.folder / "b" / "labels.csv").write_text(catalogue(labels, ["train"] * 4 + ["test"] * 4))
        rows = self.predict("--split", "test", "--set", "data.folder=b")
        self.assert_as_known(rows, truth=["spiral", "", "spiral", ""])
        err = self.refuse("evaluate", "--split", "test", "--set", "data.folder=b", contains=["b/labels.csv:7", "uncertain", "elliptical, spiral"])
        self.assertIn("b/labels.csv:9", err)
        self.refuse("predict", "--set", "data.classes=[spiral, elliptical]", status=2, contains=["data.classes"])
        self.refuse("predict", "--set", "data.scaling=unit", contains=["scaling unit, not signed"])
        self.refuse("predict", "--set", "data.image_size=48", contains=["[3, 48, 48], not [3, 32, 32]"])

    def test_evaluate_new_data(self):
        make_images(self.folder / "new")
        (self.folder / "new" / "labels.csv").write_text(catalogue(LABELS))
        expected = sum(self.known[f"g{i}.png"]["predicted"] == LABELS[i] for i in range(8)) / 8
        for arguments in (("--input", "new"), ("--input", "new/labels.csv"), ("--set", "data.folder=new")):
            report = json.loads(self.run_program("evaluate", "--run-dir", "r", "--json", *arguments)[0])
            self.assertEqual((report["samples"], report["accuracy"]), (8, expected), arguments)
        (self.folder / "new" / "labels.csv").write_text(catalogue(LABELS[:6] + ["", "Spiral"]))
        self.refuse("evaluate", "--input", "new", contains=["labels.csv:8", "no label", "labels.csv:9", "in upper and lower case alone"])
        (self.folder / "new" / "labels.csv").unlink()
        needs = "To evaluate, give samples with labels"
        self.refuse("evaluate", "--input", "new", status=66, contains=["new has no catalogue labels.csv", needs, "predict needs none"])
        self.refuse("evaluate", "--input", "new/g1.png", status=2, contains=["label", needs])
        (self.folder / "l.txt").write_text("new/g1.png\nnew/g2.png\n")
        self.refuse("evaluate", "--input", "l.txt", contains=["l.txt lists images without labels", needs])
        (self.folder / "l.csv").write_text("file,kind\nnew/g1.png,spiral\n")
        self.refuse("evaluate", "--input", "l.csv", contains=["no column label; there are file, kind", needs])

    def test_hdf5_with_and_without_labels(self):
        self.run_program("generate", "galaxies", "--count", 5, "--size", 48, "--out", "g.h5")
        subprocess.run(["h5copy", "-i", "g.h5", "-o", "bare.h5", "-s", "images", "-d", "images"], cwd=self.folder, check=True)
        labelled = self.predict("--input", "g.h5")
        bare = self.predict("--input", "bare.h5")
        self.assertEqual([row["id"] for row in bare], [str(i) for i in range(5)])
        self.assertIn("true", labelled[0])
        self.assertNotIn("true", bare[0])
        for row in labelled:
            del row["true"]
        self.assertEqual(labelled, bare)
        report = json.loads(self.run_program("evaluate", "--run-dir", "r", "--input", "g.h5", "--json")[0])
        self.assertEqual(report["samples"], 5)
        self.refuse("evaluate", "--input", "bare.h5", contains=["bare.h5: has no data set labels", "To evaluate", "predict needs none"])
        (self.folder / "npy.h5").write_bytes(b"\x93NUMPY\x01\0v\0{'descr': '|u1'}")
        (self.folder / "void.h5").write_bytes(b"")
        for command in ("predict", "evaluate"):
            self.refuse(command, "--input", "npy.h5", contains=["npy.h5: is a NumPy array, not an HDF5 file", "h5py"])
            self.refuse(command, "--input", "void.h5", contains=["void.h5: is empty"])

    def test_a_checkpoint_of_an_older_program(self):
        checkpoint = (self.folder / "r" / "checkpoints" / "last").resolve()
        rewrite_state(checkpoint, forget_the_model)
        rows = self.predict("--input", "a")
        self.assert_as_known(rows, truth=LABELS)
        self.assertIn("older program", self.err)


class NewWaveforms(Case):
    def test_a_file_without_labels(self):
        (self.folder / "w.yaml").write_text(WAVEFORM_CONFIG)
        self.run_program("generate", "waveforms", "--mass-ratio", "1:5:0.25", "--spin1", "0.1", "--spin2", "0", "--t-min", "-100", "--t-max", "28",
                         "--t-step", "2", "--out", "d.h5")
        self.train("w.yaml", "r")
        subprocess.run(["h5copy", "-i", "d.h5", "-o", "bare.h5", "-s", "data", "-d", "data"], cwd=self.folder, check=True)
        tables = []
        for arguments in (("--split", "train"), ("--input", "d.h5"), ("--input", "bare.h5"), ("--set", "data.test=bare.h5")):
            self.run_program("predict", "--run-dir", "r", *arguments, "--out", "p.csv")
            with open(self.folder / "p.csv") as file:
                tables.append(list(csv.DictReader(file)))
        self.assertEqual(len(tables[0]), 16)
        self.assertEqual(tables[0], tables[1])
        self.assertEqual(tables[2], tables[3])
        self.assertEqual(list(tables[2][0]), ["id", "q", "s1", "s2"])
        for with_truth, bare in zip(tables[0], tables[2]):
            self.assertEqual({key: with_truth[key] for key in bare}, bare)
        self.run_program("predict", "--run-dir", "r", "--input", "bare.h5", "--out", "p.h5")
        (self.folder / "d.h5").rename(self.folder / "moved.h5")
        self.run_program("predict", "--run-dir", "r", "--input", "bare.h5", "--out", "q.csv")
        _, err = self.run_program("evaluate", "--run-dir", "r", "--input", "bare.h5", status=65)
        self.assertIn("bare.h5: has no data set labels", err)
        self.assertIn("predict needs none", err)
        _, err = self.run_program("predict", "--run-dir", "r", "--input", "w.yaml", "--out", "x.csv", status=65)
        self.assertIn("w.yaml: is a text file, not an HDF5 file", err)
        (self.folder / "moved.h5").rename(self.folder / "d-1.h5")
        shutil.copy(self.folder / "d-1.h5", self.folder / "d-2.h5")
        self.run_program("predict", "--run-dir", "r", "--input", "d-*.h5", "--out", "p.csv")
        with open(self.folder / "p.csv") as file:
            self.assertEqual(len(list(csv.DictReader(file))), 32)


if __name__ == "__main__":
    main()
