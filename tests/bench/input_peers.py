"""Compares the data path of hpcai-train with the best Python ones, in alternation, on one thread, and prints a table.

  HPCAI_TRAIN=build/bin/hpcai-train python3 tests/bench/input_peers.py [--rounds 7] [--images 400] [--folder FOLDER]

Needs numpy and h5py; torch and OpenCV (opencv-python-headless) for their rows. Synthetic images of 299 x 299 pixels, as bytes
in a contiguous HDF5 file and in one with a chunk for each image; JPEG files of 512 x 512 pixels, decoded at half of that. Rates
are samples/s; a ratio is the median over the rounds of ours by the best peer of the same round, because other programs may slow
down a round.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import h5py
import numpy as np

SIDE = 299
JPEG_SIDE = 512  # decoded at half of it, for an input of a quarter
BATCH = 32


def smooth_images(count):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 38, 38, 3)).astype(np.float32)
    rows = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)[:, :SIDE, :SIDE]
    return np.clip(rows * 0.6 + rng.normal(60, 8, rows.shape), 0, 255).astype(np.uint8)


def write_files(folder, count):
    images = smooth_images(count)
    for name, layout in {"images": {}, "chunked": {"chunks": (1, *images.shape[1:])}}.items():
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("images", data=images, **layout)
            file["labels"] = (np.arange(count) % 2).astype(np.int64)
    images.tofile(folder / "images.raw")
    augmentation = "{horizontal_flip: true, vertical_flip: true, rotation_deg: 45, shift: 0.3, zoom: 0.3}"
    rest = ("model: {type: xception, width_factor: 0.125, middle_blocks: 1}\nloss: {type: cross_entropy}\noptimizer: {type: sgd, lr: 0.1}\n"
            f"training: {{global_batch: {BATCH}, epochs: 1}}\n")
    (folder / "plain.yaml").write_text("name: plain\ndata: {type: image_hdf5, train: images.h5, class_count: 2, cache_mb: 0}\n" + rest)
    (folder / "augmented.yaml").write_text(
        f"name: augmented\ndata: {{type: image_hdf5, train: images.h5, class_count: 2, cache_mb: 0, augmentation: {augmentation}}}\n" + rest)
    (folder / "chunked.yaml").write_text(
        "name: chunked\ndata: {type: image_hdf5, train: chunked.h5, class_count: 2, cache_mb: 0}\n" + rest)
    (folder / "jpeg.yaml").write_text("name: jpeg\ndata: {type: image_folder, folder: ., catalogue: labels.csv, classes: [a, b], "
                                      f"image_size: {JPEG_SIDE // 4}, cache_mb: 0}}\n" + rest)
    return images


def write_jpegs(folder, images):
    """JPEG files of JPEG_SIDE pixels, and their catalogue. Returns the files; none without OpenCV."""
    try:
        import cv2
    except ImportError:
        return []
    files = [folder / f"{i}.jpg" for i in range(len(images))]
    for file, image in zip(files, images):
        cv2.imwrite(str(file), cv2.resize(image, (JPEG_SIDE, JPEG_SIDE), interpolation=cv2.INTER_CUBIC))
    lines = [f"{file.name},{'ab'[i % 2]},train" for i, file in enumerate(files)]
    (folder / "labels.csv").write_text("\n".join(["file,label,split", *lines]) + "\n")
    return files


def ours(program, config):
    command = [program, "bench", "--config", str(config), "--input", "--json", "--steps", "1", "--warmup", "1"]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=config.parent)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{run.stderr}")
    return json.loads(run.stdout)


def read_and_memcpy(report):
    """Images that are read, and that memcpy could copy, in a second, on one thread."""
    read = report["first_epoch"]["one_thread"]["stages"]["read"]["samples_per_second"]
    return read, report["memcpy_mb_per_second"]["one_thread"] / (SIDE * SIDE * 3e-6)


def rate(work, count):
    work()
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def loaders(folder, images):
    """The quickest loaders to normalised channels-last batches: every buffer is allocated once."""
    order = np.random.default_rng(1).permutation(len(images))
    raw, out = np.empty((BATCH, SIDE, SIDE, 3), np.uint8), np.empty((BATCH, SIDE, SIDE, 3), np.float32)
    mapped = np.memmap(folder / "images.raw", np.uint8, "r", shape=images.shape)
    file = h5py.File(folder / "images.h5", "r")["images"]

    def read(source, finish):
        for begin in range(0, len(order) - BATCH + 1, BATCH):
            for k, i in enumerate(order[begin:begin + BATCH]):
                if source is file:
                    file.read_direct(raw, np.s_[i], np.s_[k])
                else:
                    raw[k] = source[i]
            finish()

    def numpy_finish():
        np.multiply(raw, np.float32(1 / 127.5), out=out)
        np.subtract(out, np.float32(1), out=out)

    finishers = {"numpy": numpy_finish}
    try:
        import torch
        torch.set_num_threads(1)
        traw, tout, minus = torch.from_numpy(raw), torch.from_numpy(out), torch.tensor(-1.0)

        def torch_finish():
            tout.copy_(traw)
            torch.add(minus, tout, alpha=1 / 127.5, out=tout)
        finishers["torch"] = torch_finish
    except ImportError:
        pass
    sources = {"h5py": file, "memmap": mapped, "in memory": images}
    count = len(order) // BATCH * BATCH
    return {f"{name}, {how}": (lambda s=source, f=finish: rate(lambda: read(s, f), count))
            for name, source in sources.items() for how, finish in finishers.items()}


def warps(images):
    try:
        import cv2
    except ImportError:
        return {}
    cv2.setNumThreads(1)
    rng = np.random.default_rng(2)

    def matrix():
        t, (zx, zy), (fx, fy) = rng.uniform(-math.pi / 4, math.pi / 4), rng.uniform(0.7, 1.3, 2), rng.choice([-1, 1], 2)
        shift, mid = rng.uniform(-0.3, 0.3, 2) * SIDE, (SIDE - 1) / 2
        turn = np.array([[math.cos(t) * zx * fx, -math.sin(t) * zy * fy], [math.sin(t) * zx * fx, math.cos(t) * zy * fy]])
        return np.column_stack([turn, shift + mid - turn @ [mid, mid]])

    def work():
        for image in images:
            cv2.warpAffine(image, matrix(), (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    return {"OpenCV warpAffine, bytes": lambda: rate(work, len(images))}


def jpeg_decoders(files):
    if not files:
        return {}
    import cv2
    return {"OpenCV imread, reduced by 2": lambda: rate(lambda: [cv2.imread(str(file), cv2.IMREAD_REDUCED_COLOR_2) for file in files],
                                                        len(files))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--folder", type=pathlib.Path, help="for the files; else a temporary one")
    options = parser.parse_args()
    program = os.path.abspath(os.environ["HPCAI_TRAIN"])
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        images = write_files(folder, options.images)
        jpegs = write_jpegs(folder, images[:64])
        peers = {"normalised": loaders(folder, images), "augmented": warps(images[:64]), "JPEG": jpeg_decoders(jpegs)}
        rows = []
        for _ in range(options.rounds):
            full = ours(program, folder / "plain.yaml")
            augmented = ours(program, folder / "augmented.yaml")["first_epoch"]["one_thread"]["stages"]["augment"]
            (read, bound), (chunks, bound_of_chunks) = (read_and_memcpy(report) for report in (full, ours(program, folder / "chunked.yaml")))
            row = {"read": read, "read, chunks": chunks, "memcpy": bound, "read by memcpy": read / bound,
                   "read, chunks by memcpy": chunks / bound_of_chunks, "normalised": full["first_epoch"]["one_thread"]["samples_per_second"],
                   "augmented": augmented["samples_per_second"]}
            if jpegs:
                jpeg = ours(program, folder / "jpeg.yaml")["first_epoch"]
                row["JPEG"] = jpeg["one_thread"]["stages"]["decode"]["samples_per_second"]
                row["JPEG, all cores"] = jpeg["all_threads"]["samples_per_second"]
            for kind, group in peers.items():
                row.update({f"{kind}: {name}": measure() for name, measure in group.items()})
            rows.append(row)
        print("| what | samples/s, median |\n|---|---|")
        for name in rows[0]:
            value = statistics.median(row[name] for row in rows)
            print(f"| {name} | {value:,.0f} |" if value > 10 else f"| {name} | {value:.2f} |")
        print()
        for kind, group in peers.items():
            if group:
                best = statistics.median(row[kind] / max(row[f"{kind}: {name}"] for name in group) for row in rows)
                print(f"{kind} by the best peer: {best:.2f}")


if __name__ == "__main__":
    main()
