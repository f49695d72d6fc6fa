"""A folder like that of the source, in which the commands of the pages run: small data under the names that the pages use, tiny trained
runs, and a program that adds the words in $SMALLER to its own, so that trainings take a second."""
import json
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import zipfile

from pages import SOURCE, blocks

sys.path.insert(0, str(SOURCE / "tests" / "cli"))
from arrays import npy  # noqa: E402
from harness import environment  # noqa: E402
from pictures import png_of  # noqa: E402

PROGRAM = os.environ["HPCAI_TRAIN"]
BUILD = pathlib.Path(os.environ["HPCAI_BUILD"])

GALAXIES = ("--set data.train=32 --set data.validation=16 --set data.test=48 --set data.image_size=32 --set training.global_batch=8 "
            "--set training.epochs=1 --set training.log_every_steps=1 --set model.width_factor=0.0625 --set model.head_units=16")
WAVEFORMS = ("--set data.train.count=64 --set data.validation.count=16 --set data.test.count=16 --set training.epochs=1 "
             "--set training.global_batch=16 --set evaluation.overlap_samples=4 --set training.log_every_steps=1")
FOLDER = ("--set training.epochs=1 --set training.global_batch=4 --set data.image_size=32 --set model.width_factor=0.0625 "
          "--set model.head_units=16")
RUNS = (("runs/galaxy-quickstart", "configs/galaxy/quickstart.yaml", GALAXIES),
        ("runs/waveform-quickstart", "configs/waveform/quickstart.yaml", WAVEFORMS),
        ("runs/sdss", "configs/galaxy/image_folder.yaml",
         FOLDER + " --set data.folder=sdss --set data.validation_fraction=0.4 --set training.epochs=8"),
        ("runs/redshifts", "configs/own/redshifts.yaml", "--set training.epochs=2"))
# Further runs of the pages are copies of these.
COPIES = {"runs/galaxy-quickstart": ("galaxy-quickstart-2", "lr-1", "lr-2", "first"),
          "runs/sdss": ("sdss-1", "sdss-2", "sdss-3")}
SEARCH = "--set training.max_steps=2 --set training.log_every_steps=1"
PUBLISHED = "xception_weights_tf_dim_ordering_tf_kernels_notop.h5"


def npz(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays.items():
            file.writestr(f"{name}.npy", array)


def picture(i, blocks=4, side=212):
    """Blocks of random colours, redder in every second picture."""
    width = side // blocks
    rows = []
    for _ in range(blocks):
        row = b"".join(bytes((random.randrange(80 * (i % 2), 180 + 70 * (i % 2)), random.randrange(200), random.randrange(200))) * width
                       for _ in range(blocks))
        rows += [row] * width
    return png_of(rows)


def kind_of(i):
    return ("elliptical", "spiral")[(i + (i % 7 == 0)) % 2]  # some labels are wrong, so that no network is perfect


def split_of(i):
    return "test" if i % 3 == 0 else "train"


def pictures(folder, columns, count=36, table="labels.csv"):
    """Pictures g0.png, ... and a catalogue whose columns are functions of the name and the number."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(columns)]
    for i in range(count):
        name = f"g{i}.png"
        if not (folder / name).exists():
            (folder / name).write_bytes(picture(i))
        lines.append(",".join(str(column(name, i)) for column in columns.values()))
    (folder / table).write_text("\n".join(lines) + "\n")


FILE = {"file": lambda name, i: name}
LABEL = {"label": lambda name, i: kind_of(i)}
SPLIT = {"split": lambda name, i: split_of(i)}
ZOO = {**FILE, "objid": lambda name, i: 1000 + i, **LABEL, **SPLIT, "gz1_class": lambda name, i: "uncertain" if i % 3 else kind_of(i),
       "high_certainty": lambda name, i: i % 2}
PAIRS = {"sdss_file": lambda name, i: name, "des_file": lambda name, i: name, **LABEL}


def spectra(count, steps=16):
    return npy([random.gauss(i % 3, 1) for i in range(count) for _ in range(steps)], (count, 1, steps))


def shots(count):
    lengths = [8 + i % 5 for i in range(count)]
    steps = sum(lengths)
    ends = [int(i % 2 and step >= length - 3) for i, length in enumerate(lengths) for step in range(length)]
    return {"signals": npy([random.random() for _ in range(7 * steps)], (steps, 7)), "steps": npy(lengths, (count,), "<i8"),
            "disruption": npy(ends, (steps, 1), "<i8")}


def flows(count):
    return {"velocity": npy([random.random() for _ in range(count * 162)], (count, 2, 9, 9)),
            "stress": npy([random.random() for _ in range(count * 3)], (count, 3))}


def tables(folder):
    patients = [f"p{i},{20 + i % 60},{50 + i % 40},{('yes', 'no')[i % 2]},{('north', 'south', 'east')[i % 3]},{('well', 'ill')[i % 2]}"
                for i in range(120)]
    (folder / "patients.csv").write_text("patient,age,weight,smoker,region,outcome\n" + "\n".join(patients) + "\n")
    new = [f"n{i},{30 + i},70,yes,north,{18 + i / 10},17,16,15.5,15,early" for i in range(5)]  # for both networks of one page
    (folder / "new.csv").write_text("patient,age,weight,smoker,region,u,g,r,i,z,kind\n" + "\n".join(new) + "\n")
    sky = [f"{i},{40 + i / 10},{-8 + i / 10}" for i in range(5)]
    for name in ("galaxies.csv", "des.csv", "galaxy_zoo.csv"):
        (folder / name).write_text("id,ra,dec\n" + "\n".join(sky) + "\n")


def fill(folder, shared):
    random.seed(1)
    tables(folder)
    for place in (folder / "sdss", folder / "sdss_gz1", shared / "sdss_gz1"):
        pictures(place, ZOO, count=72)
    pictures(shared / "des_sdss_pairs", PAIRS, table="pairs.csv")
    pictures(shared / "des_sdss_pairs", FILE, table="unlabelled.csv")
    for name in ("my-galaxies", "new-galaxies", "million-galaxies", "imagenet"):
        pictures(folder / name, {**FILE, **LABEL, **SPLIT})
    for i in range(40):  # a folder for each class, without a catalogue
        place = folder / "images" / ("elliptical", "spiral")[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.png").write_bytes(picture(i))
    (folder / "galaxies.yaml").write_text(
        "name: folder\ndata: {type: image_folder, folder: my-galaxies, image_size: 32, validation_fraction: 0.2}\n"
        "model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}\nloss: {type: cross_entropy}\n"
        "training: {epochs: 1, global_batch: 4}\n")
    (folder / "my.yaml").write_text((folder / "galaxies.yaml").read_text())
    for name in ("xception.h5", PUBLISHED):
        shutil.copy(SOURCE / "tests/fixtures/weights/keras_notop.h5", folder / name)
    safetensors(folder / "spectra.safetensors", {
        "layers.0.weight": (16, 1, 5), "layers.0.bias": (16,),
        **{f"layers.1.{name}": (16,) for name in ("weight", "bias", "running_mean", "running_var")},
        "layers.4.weight": (3, 16), "layers.4.bias": (3,)})
    npz(folder / "spectra.npz", flux=spectra(90), kind=npy([i % 3 for i in range(90)], (90,), "<i8"))
    npz(folder / "new.npz", flux=spectra(5))
    for split, count in (("train", 40), ("validation", 8), ("test", 8)):
        npz(folder / f"shots/{split}.npz", **shots(count))
        npz(folder / f"turbulence/{split}.npz", **flows(64))


def safetensors(path, shapes):
    """A file of ones with these names and shapes."""
    header, data = {}, b""
    for name, shape in shapes.items():
        ones = struct.pack("<f", 1) * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(ones)]}
        data += ones
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Workspace:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.project = self.root / "project"

    def make(self):
        (self.project / "build/bin").mkdir(parents=True)
        (self.project / "runs").mkdir()
        (self.root / "home/.zfunc").mkdir(parents=True)
        (self.root / "home/.config/fish/completions").mkdir(parents=True)
        for name in ("configs", "data", "docs", "scripts", "tests"):
            (self.project / name).symlink_to(SOURCE / name)
        (self.project / "build/tests").symlink_to(BUILD / "tests")
        program = self.project / "build/bin/hpcai-train"
        program.write_text('#!/bin/bash\nset -f\nexec "$HPCAI_TRAIN" "$@" $SMALLER\n')
        program.chmod(0o755)
        fill(self.project, self.root / "shared/realdata")
        for run, config, smaller in RUNS:
            self.expect(f"hpcai-train --config {config} --run-dir {run}", smaller)
            for copy in COPIES.get(run, ()):
                shutil.copytree(self.project / run, self.project / "runs" / copy, symlinks=True)
        for survey in ("sdss", "des"):
            self.expect(f"hpcai-train generate galaxies --survey {survey} --count 24 --size 32 --seed 77 --out {survey}.h5")
        self.expect("hpcai-train search --config configs/own/redshifts.yaml --space configs/own/search_redshifts.yaml --trials 2", SEARCH)

    def copy(self, root):
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return Workspace(root)

    def write_configs(self, page):
        """Each example on the page that is a whole config, with a name, becomes NAME.yaml."""
        for block in blocks(page):
            name = block.text.splitlines()[0].partition("#")[0].split() if block.language == "yaml" else []
            if name[:1] == ["name:"]:
                (self.project / f"{name[1]}.yaml").write_text(block.text)

    def run(self, command, smaller=""):
        binaries = self.project / "build/bin"
        env = environment(HPCAI_TRAIN=PROGRAM, SMALLER=smaller, HOME=str(self.root / "home"), SCRATCH=str(self.root),
                          PATH=f"{binaries}:{os.environ['PATH']}", MANPAGER="cat")
        return subprocess.run(["bash", "-c", f"set -euo pipefail; {command}"], cwd=self.project, env=env, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)

    def expect(self, command, smaller=""):
        done = self.run(command, smaller)
        if done.returncode != 0:
            raise AssertionError(f"{command} {smaller}\nends with {done.returncode}:\n{done.stdout[-3000:]}")
