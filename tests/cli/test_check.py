"""Data as users have them: half-written, damaged, of other programs. `check` reads all of it; what it passes can be trained on."""
import json
import os
import pathlib
import pty
import re
import shlex
import struct
import subprocess
import sys
import time
import unittest
import zlib

from harness import PROGRAM, SOURCE, Case, environment, main

WAVEFORM = """
name: w
data: {type: waveform_hdf5, train: w.h5, t_min: -100, t_max: 28, t_step: 2}
model: {type: wavenet, residual_channels: 4, gate_channels: 4, dilations: [1], tail_channels: 4, keep_steps: 20, dense_units: 4}
loss: {type: waveform_mse}
training: {epochs: 1, global_batch: 4, threads: 1}
loader: {threads: 1}
schedule: {type: constant}
"""
IMAGES = """
name: i
data: {type: image_hdf5, train: i.h5}
model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}
loss: {type: cross_entropy}
training: {epochs: 1, global_batch: 4, threads: 1}
loader: {threads: 1}
schedule: {type: constant}
"""
FOLDER = IMAGES.replace("{type: image_hdf5, train: i.h5}",
                        '{type: image_folder, folder: im, image_size: 32, validation_fraction: 0, split_column: ""}')
FIXTURES = SOURCE / "tests" / "fixtures" / "hdf5"


def python_with(*modules):
    """A Python that has these modules, or None."""
    for python in (os.environ.get("HPCAI_H5PY_PYTHON"), sys.executable, "/usr/bin/python3"):
        if python and subprocess.run([python, "-c", f"import {','.join(modules)}"], capture_output=True).returncode == 0:
            return python
    return None


H5PY = python_with("h5py")
needs_h5py = unittest.skipUnless(H5PY, "no Python with h5py, such as Debian's python3-h5py")

PROLOGUE = """
import h5py, numpy as np
random = np.random.default_rng(1)
waves, truths = random.normal(size=(16, 64)), np.column_stack([1 + random.random(16), *random.uniform(-.8, .8, (2, 16))])
images, classes = random.integers(0, 255, (16, 24, 24, 3), dtype='u1'), np.arange(16) % 2
def waveforms(name, data=waves, labels=truths, **options):
    with h5py.File(name, 'w', **options) as f:
        f['data'] = data; f['labels'] = labels
def pictures(name, data=images, labels=classes, names=None):
    with h5py.File(name, 'w') as f:
        f['images'] = data; f['labels'] = labels
        if names: f.attrs['class_names'] = names
"""


def png(width, height, pixel=None, said_width=None, grey=None):
    """A PNG file of grey noise, of one grey, or of these rows of bytes; its header may tell another width."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    if grey is None:
        grey = [bytes([pixel]) * width if pixel is not None else os.urandom(width) for _ in range(height)]
    rows = b"".join(b"\0" + row for row in grey)
    header = struct.pack(">IIBBBBB", said_width or width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class DataCase(Case):
    def setUp(self):
        super().setUp()
        for name, text in (("w.yaml", WAVEFORM), ("i.yaml", IMAGES), ("f.yaml", FOLDER)):
            (self.folder / name).write_text(text)

    def h5py(self, script, python=H5PY):
        subprocess.run([python, "-c", PROLOGUE + script], cwd=self.folder, check=True)

    def check(self, config, *arguments, status=0, **options):
        return self.run_program("check", "--config", config, *arguments, status=status, timeout=120, **options)

    def refuse(self, config, *contains, status=65, arguments=()):
        """`check`, also --quick where that is enough, and the training refuse alike."""
        _, err = self.check(config, *arguments, status=status)
        _, trained = self.run_program("--config", config, "--run-dir", "run", *arguments, status=status, timeout=120)
        for text in contains:
            self.assertIn(text, err)
            self.assertIn(text, trained)
        for message in (err, trained):
            self.assertNotIn("internal error", message)
        self.assertFalse((self.folder / "run").exists(), "no half-written folder")
        return err

    def image_folder(self, files, rows=""):
        (self.folder / "im").mkdir()
        text = "file,label\n"
        for i in range(8):
            (self.folder / "im" / f"{i}.png").write_bytes(png(40, 40))
            text += f"{i}.png,{'spiral' if i % 2 else 'elliptical'}\n"
        for name, content in files.items():
            if content is not None:
                (self.folder / "im" / name).write_bytes(content)
            text += f"{name},spiral\n"
        (self.folder / "im" / "labels.csv").write_text(text + rows)


@needs_h5py
class Values(DataCase):
    def test_values_that_are_not_finite_or_do_not_fit(self):
        for value, words in (("np.nan", "is nan, not a finite number"), ("-np.inf", "is -inf, not a finite number"),
                             ("1e300", "is 1e+300, which does not fit into float32")):
            self.h5py(f"waves[5, 7] = waves[9, 0] = {value}; waveforms('w.h5')")
            _, err = self.check("w.yaml", status=65)
            self.assertIn("2 of 16 training samples cannot be used:", err)
            self.assertIn(f"w.h5, data set data, row 5: sample 7 {words}", err)
            self.assertIn(f"w.h5, data set data, row 9: sample 0 {words}", err)
            self.check("w.yaml", "--quick")
            out, _ = self.check("w.yaml", "--json", status=65)
            report = json.loads(out)
            self.assertTrue(report["all_samples_read"])
            self.assertIn("row 5", report["problems"][0])
            _, err = self.run_program("--config", "w.yaml", "--run-dir", f"run{value}", status=65)
            self.assertRegex(err, f"row [59]: sample [07] {re.escape(words)}")

    def test_all_splits_are_read(self):
        self.h5py("waveforms('w.h5'); waves[15, 63] = np.nan; waveforms('v.h5')")
        self.check("w.yaml")
        _, err = self.check("w.yaml", "--set", "data.validation=v.h5", status=65)
        self.assertIn("1 of 16 validation samples cannot be used:", err)

    def test_rows_that_were_never_written(self):
        self.h5py("""
for name, options in (('chunked', dict(chunks=(1, 64))), ('packed', dict(chunks=(2, 64), compression='gzip')), ('plain', {})):
    with h5py.File(name + '.h5', 'w') as f:
        f.create_dataset('data', shape=(16, 64), dtype='f8', **options)[:6] = waves[:6]
        f['labels'] = truths
""")
        for name in ("chunked", "packed", "plain"):
            text = self.refuse("w.yaml", "10 of 16 rows were never written: 6 to 15", arguments=("--set", f"data.train={name}.h5"))
            self.assertIn(f"{name}.h5, data set data", text)
            self.check("w.yaml", "--set", f"data.train={name}.h5", "--quick", status=65)

    def test_images_that_were_never_written(self):
        self.h5py("images[4:] = 0; pictures('i.h5'); images[4:] = 1; images[5] = 0; pictures('j.h5')")
        self.refuse("i.yaml", "12 of 16 rows were never written: 4 to 15 hold nothing but the fill value 0")
        out, err = self.check("i.yaml", "--set", "data.train=j.h5")
        self.assertIn("12 of 16 training samples have the same value everywhere:\n  j.h5, data set images, row 4\n", err)

    def test_float16_long_double_big_endian_and_bool(self):
        for kind in ("f2", ">f4", ">f8", "np.longdouble"):
            kind = kind if kind.startswith("np.") else f"'{kind}'"
            self.h5py(f"waveforms('w.h5', waves.astype({kind}), truths.astype({kind}))")
            self.check("w.yaml")
        self.run_program("--config", "w.yaml", "--run-dir", "run")
        self.h5py("pictures('i.h5', labels=classes.astype(bool))")
        out, _ = self.check("i.yaml", "--json")
        self.assertEqual(json.loads(out)["classes"], {"training": {"0": 8, "1": 8}})


@needs_h5py
class Labels(DataCase):
    def test_classes_are_counted(self):
        self.h5py("pictures('i.h5', names=['spiral', 'elliptical']); pictures('v.h5', labels=classes * 0, names=['spiral', 'elliptical'])")
        out, err = self.check("i.yaml", "--set", "data.validation=v.h5")
        self.assertIn("training: spiral 8, elliptical 8\n", out)
        self.assertIn("validation: spiral 16, elliptical 0\n", out)
        self.assertEqual(err, "")
        out, _ = self.check("i.yaml", "--json", "--quick")
        self.assertEqual(json.loads(out)["classes"], {"training": {"spiral": 8, "elliptical": 8}})
        self.assertFalse(json.loads(out)["all_samples_read"])

    def test_labels_that_make_no_classes(self):
        for change, message in (("labels=classes * 0", "has only one class (0)"), ("labels=classes * 0 + 3", "has only one class (3)"),
                                ("names=['ell', 'ell']", "names the class ell twice"), ("labels=classes - 1", "-1 is not a class index"),
                                ("labels=classes * .5", "row 1: 0.5 is not a class index"), ("labels=classes * np.nan", "nan is not a class index"),
                                ("labels=classes + 587722981742215240", "is not a class index"),
                                ("labels=classes, names=['a']", "has only one class (a)")):
            self.h5py(f"pictures('i.h5', {change})")
            self.refuse("i.yaml", message)

    def test_labels_from_1(self):
        self.h5py("pictures('i.h5', labels=classes + 1)")
        out, err = self.check("i.yaml")
        self.assertIn("warning: i.h5, data set labels: no training image of class 0; class indices count from 0", err)
        self.assertIn("training: 0 0, 1 8, 2 8\n", out)

    def test_types_and_layouts_are_named(self):
        for change, message in (("images.astype('u2')", "data set images: its values are uint16, expected uint8"),
                                ("images.astype('f4')", "data set images: its values are float32, expected uint8"),
                                ("images.astype(bool)", "data set images: its values are bool, expected uint8"),
                                ("images.transpose(0, 3, 1, 2)", "shape [16, 3, 24, 24], expected [n, height, width, 3]; it looks like [n, 3, height, width]"),
                                ("images[..., :1]", "grey images are not read"), ("images[..., 0]", "shape [16, 24, 24], expected 4 dimensions")):
            self.h5py(f"pictures('i.h5', {change})")
            self.refuse("i.yaml", message)
        self.h5py("waveforms('w.h5', (waves * 100).astype('i4'))")
        self.refuse("w.yaml", "data set data: its values are int32, expected floats")

    def test_a_file_that_the_library_cannot_close(self):
        self.h5py("pictures('i.h5', images[:2, :12, :12], classes[:2], ['elliptical', 'spiral'])")
        damaged = bytearray((self.folder / "i.h5").read_bytes())
        damaged[125], damaged[1102], damaged[1768] = 128, 127, 8
        (self.folder / "i.h5").write_bytes(damaged)
        err = self.refuse("i.yaml", "i.h5: is damaged: addr overflow")
        self.assertNotIn("HDF5:", err, "the library's exit handler has run")


@needs_h5py
class Remedies(DataCase):
    """Each remedy that a message gives is run, and heals."""

    def heal(self, config, name, python=H5PY):
        _, err = self.check(config, status=65)
        command = re.search(rf"python3 (scripts/rewrite_hdf5\.py {name} NEW\.h5) ", err)
        self.assertTrue(command, err)
        words = shlex.split(command[1])
        subprocess.run([python, SOURCE / words[0], *words[1:]], cwd=self.folder, check=True)
        self.check(config, "--set", "data.train=NEW.h5")
        for new in (self.folder / "NEW.h5",):
            kept = subprocess.run([python, "-c", "import h5py; f = h5py.File('NEW.h5'); print(sorted(f), dict(f.attrs))"], cwd=self.folder,
                                  capture_output=True, text=True, check=True).stdout
            new.unlink()
        return err, kept

    def test_lzf(self):
        self.h5py("""
with h5py.File('w.h5', 'w') as f:
    f.create_dataset('data', data=waves, chunks=(4, 64), compression='lzf'); f['labels'] = truths; f.attrs['note'] = 'kept'
""")
        err, kept = self.heal("w.yaml", "w.h5")
        self.assertIn("compressed with filter 32000", err)
        self.assertEqual(kept, "['data', 'labels'] {'note': 'kept'}\n")

    def test_a_filter_of_hdf5plugin(self):
        python = python_with("h5py", "hdf5plugin")
        if not python:
            self.skipTest("no Python with hdf5plugin")
        self.h5py("""
import hdf5plugin
with h5py.File('w.h5', 'w') as f:
    f.create_dataset('data', data=waves, chunks=(4, 64), **hdf5plugin.Zstd()); f['labels'] = truths
""", python)
        err, _ = self.heal("w.yaml", "w.h5", python)
        self.assertIn("compressed with filter 32015", err)

    def test_links_and_values_elsewhere(self):
        self.h5py("""
waveforms('other.h5')
with h5py.File('soft.h5', 'w') as f:
    f['values'] = waves; f['labels'] = truths; f['data'] = h5py.SoftLink('/values')
with h5py.File('external.h5', 'w') as f:
    f['labels'] = truths; f['data'] = h5py.ExternalLink('other.h5', '/data')
with h5py.File('virtual.h5', 'w') as f:
    layout = h5py.VirtualLayout(shape=(16, 64), dtype='f8'); layout[:] = h5py.VirtualSource('other.h5', 'data', shape=(16, 64))
    f.create_virtual_dataset('data', layout); f['labels'] = truths
with h5py.File('raw.h5', 'w') as f:
    f.create_dataset('data', data=waves, external='values.raw'); f['labels'] = truths
""")
        for name, words in (("soft.h5", "data is a link to /values; links are not followed"),
                            ("external.h5", "data is a link to /data in the file other.h5; links are not followed"),
                            ("virtual.h5", "its values are in other files"), ("raw.h5", "its values are in other files")):
            (self.folder / "w.yaml").write_text(WAVEFORM.replace("w.h5", name))
            err, _ = self.heal("w.yaml", re.escape(name))
            self.assertIn(words, err)

    def test_a_newer_format(self):
        (self.folder / "w.h5").write_bytes((FIXTURES / "format_2_0.h5").read_bytes())
        err = self.refuse("w.yaml", "is written in a newer format than the HDF5 library", 'libver="v110"')
        self.assertNotIn("copy may be incomplete", err)
        version = subprocess.run([H5PY, "-c", "import h5py; print(h5py.version.hdf5_version)"], capture_output=True, text=True).stdout
        if int(version.split(".")[0]) < 2:
            self.skipTest(f"h5py has HDF5 {version.strip()}, which cannot read the format either")
        self.heal("w.yaml", "w.h5")

    def test_a_group(self):
        self.h5py("f = h5py.File('w.h5', 'w'); f['data/data'] = waves; f['data/labels'] = truths; f.close()")
        err = self.refuse("w.yaml", "data is a group, not a data set; in it is data, labels")
        name = re.search(r"give the group too: (.*)\.\n", err)[1]
        self.check("w.yaml", "--set", f"data.train={name}")

    def test_an_interrupted_writer(self):
        self.h5py("""
import os
f = h5py.File('w.h5', 'w', libver='latest')
f['data'] = waves; f['labels'] = truths
f.flush()
os._exit(0)
""")
        err = self.refuse("w.yaml", "a program is writing it, or has ended without closing it")
        if subprocess.run(["sh", "-c", "command -v h5clear"], capture_output=True).returncode != 0:
            self.skipTest("no h5clear, such as in Debian's hdf5-tools")
        subprocess.run(shlex.split(re.search(r"h5clear -s \S+", err)[0]), cwd=self.folder, check=True)
        self.check("w.yaml")

    def test_a_truncated_file(self):
        self.h5py("waveforms('w.h5')")
        content = (self.folder / "w.h5").read_bytes()
        (self.folder / "w.h5").write_bytes(content[:-100])
        self.refuse("w.yaml", f"w.h5: is truncated: it has {len(content) - 100} bytes, but should have {len(content)}")


class DamagedFiles(DataCase):
    def test_a_file_that_makes_the_library_compute_for_ever_or_crash(self):
        for name in ("attribute_without_end.h5", "attribute_that_crashes.h5"):
            (self.folder / "i.h5").write_bytes((FIXTURES / name).read_bytes())
            start = time.monotonic()
            self.refuse("i.yaml", "i.h5: is damaged: the HDF5 library")
            self.assertLess(time.monotonic() - start, 60)
            _, err = self.run_program("--config", "i.yaml", "--nproc", 2, "--run-dir", "run", status=65, timeout=120)
            self.assertIn("i.h5: is damaged", err)


class ImageFiles(DataCase):
    def test_truncated_images_are_named(self):
        whole = png(40, 40)
        self.image_folder({"a.png": whole[:-200], "b.png": whole[:700], "grey.png": png(40, 40, pixel=9)})
        out, err = self.check("f.yaml", "--quick")
        self.assertIn("training: elliptical 4, spiral 7\n", out)
        self.assertIn("only headers were read", out)
        _, err = self.check("f.yaml", status=65)
        self.assertIn("2 of 11 training samples cannot be used:\n  im/a.png (im/labels.csv:10): cannot decode this PNG", err)
        self.assertIn("im/b.png (im/labels.csv:11)", err)
        out, _ = self.check("f.yaml", "--json", status=65)
        report = json.loads(out)
        self.assertEqual(len(report["problems"]), 1)
        self.assertIn("1 of 11 training samples have the same value everywhere:\n  im/grey.png (im/labels.csv:12)", report["warnings"])

    def test_images_beyond_the_limits_of_the_decoder(self):
        self.image_folder({"wide.png": png(64, 64, said_width=20001), "high.png": png(1, 20001), "all.png": png(1, 20000, said_width=13000),
                           "absurd.png": png(1, 1, said_width=(1 << 31) - 1), "good.png": png(20000, 1)})
        for quick in ((), ("--quick",)):
            _, err = self.check("f.yaml", *quick, status=65)
            for text in ("4 of 13 train images cannot be used", "20001 x 64 pixels: its width has more than 20000 pixels",
                         "1 x 20001 pixels: its height has more than 20000 pixels", "13000 x 20000 pixels: more than 100000000 in all",
                         "2147483647 x 1 pixels: its width"):
                self.assertIn(text, err)

    def test_what_is_no_file_does_not_hang(self):
        self.image_folder({"pipe.png": None, "folder.png": None, "device.png": None})
        os.mkfifo(self.folder / "im" / "pipe.png")
        (self.folder / "im" / "folder.png").mkdir()
        (self.folder / "im" / "device.png").symlink_to("/dev/zero")
        err = self.refuse("f.yaml", "im/pipe.png is a named pipe, not a file", "im/folder.png is a folder, not a file",
                          "im/device.png is a device, not a file", status=66)
        self.assertIn("3 of 11 train images", err)
        os.mkfifo(self.folder / "w.h5")
        self.refuse("w.yaml", "w.h5 is a named pipe, not a file", status=66)

    def test_links_are_followed(self):
        archive = self.folder / "archive"
        archive.mkdir()
        (archive / "x").write_bytes(png(40, 40))
        self.image_folder({"link.png": None})
        (self.folder / "im" / "link.png").symlink_to(archive / "x")
        self.check("f.yaml")

    def test_a_progress_bar_on_a_terminal(self):
        self.image_folder({})
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, "check", "--config", "f.yaml"], cwd=self.folder, stderr=theirs, stdout=subprocess.PIPE,
                                   env=environment(TERM="xterm"))
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 4096):
                shown += block
        except OSError:  # how a terminal ends
            pass
        os.close(ours)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(shown.decode(), r"check.*8/8")


class Full(DataCase):
    def pictures(self, leaks):
        """40 training images, with a copy, one of one value, a small one and only 3 ellipticals; the test may share 3 objects."""
        for name in ("train", "test"):
            (self.folder / "im" / name).mkdir(parents=True)
        grey = [[os.urandom(40) for _ in range(40)] for _ in range(40)]
        rows = ["file,label,split,ra,dec"]
        def add(name, content, label="spiral", split="train", place=None):
            (self.folder / "im" / name).write_bytes(content)
            ra, dec = place or (len(rows), 45)
            rows.append(f"{name},{label},{split},{ra},{dec}")
        for i, image in enumerate(grey):
            add(f"train/{i}.png", png(40, 40, grey=image), "elliptical" if i < 3 else "spiral")
        add("train/copy.png", png(40, 40, grey=grey[0]))
        add("train/constant.png", png(40, 40, pixel=9))
        add("train/587722981742215240.png", png(20, 30))
        add("test/0.png", png(40, 40), split="test")
        if leaks:
            add("test/turned.png", png(40, 40, grey=[bytes(column) for column in zip(*grey[5][::-1])]), split="test")
            add("test/587722981742215240.png", png(40, 40), split="test")
            add("test/near.png", png(40, 40), split="test", place=(7.0001, 45))
        (self.folder / "im" / "labels.csv").write_text("\n".join(rows) + "\n")

    def full(self, *arguments, **options):
        return self.check("f.yaml", "--set", "data.split_column=split", "--full", *arguments, **options)

    def test_what_splits_share_is_a_problem(self):
        self.pictures(leaks=True)
        before = sorted(self.folder.rglob("*"))
        _, err = self.full(status=65)
        self.assertRegex(err, r"1 test sample: the same picture is in training:\n  im/test/turned.png \(im/labels.csv:\d+\) is im/train/5.png .*turned")
        self.assertIn("1 test sample with the name of a training sample, which is taken for the same object:\n  im/test/587722981742215240.png", err)
        self.assertIn("1 test sample within 1 arcsec of a training sample:\n  im/test/near.png", err)
        self.assertIn(": 0.25 arcsec", err)
        self.assertIn("one split only", err)
        self.assertIn("the names only count files", err)  # test/0.png and train/0.png
        self.assertIn("im/train/copy.png", err)
        out, _ = self.full("--json", status=65)
        report = json.loads(out)
        self.assertTrue(report["full"])
        self.assertEqual(sorted(leak["by"] for leak in report["leaks"]), ["name", "picture", "position"])
        self.assertEqual(len(report["duplicates"]), 2)
        self.assertEqual(len(report["problems"]), 3)
        self.assertEqual(before, sorted(self.folder.rglob("*")), "nothing is written")

    def test_other_findings_are_warnings(self):
        self.pictures(leaks=False)
        out, err = self.full()
        for text in ("1 training sample: the same picture is earlier in training:\n  im/train/copy.png (im/labels.csv:42) is im/train/0.png "
                     "(im/labels.csv:2): equal pixels; but it is labelled spiral, the other elliptical",
                     "1 of 43 training samples have the same value everywhere:\n  im/train/constant.png",
                     "1 of 43 training images are smaller than the network's 32 x 32 and are enlarged:\n  im/train/587722981742215240.png",
                     "the largest class of the training has 13.3 times the samples of the smallest: elliptical 3, spiral 40",
                     "a class has no test sample: elliptical 0, spiral 1"):
            self.assertIn(text, err)
        out, _ = self.full("--json")
        report = json.loads(out)
        self.assertEqual(report["leaks"], [])
        self.assertEqual([d["exact"] for d in report["duplicates"]], [True])
        self.assertEqual(report["constant_images"], {"training": 1, "test": 0})
        self.assertEqual(report["small_images"], {"training": 1, "test": 0})
        self.assertEqual(report["imbalance"]["test"]["missing"], ["elliptical"])
        _, err = self.check("f.yaml", "--set", "data.split_column=split")
        self.assertNotIn("copy.png", err)

    def test_not_with_quick(self):
        self.image_folder({})
        self.check("f.yaml", "--full", "--quick", status=2)

    @needs_h5py
    def test_other_data_are_checked_as_without_it(self):
        self.h5py("waveforms('w.h5')")
        out, _ = self.check("w.yaml", "--full")
        self.assertIn("--full is about images", out)


if __name__ == "__main__":
    main()
