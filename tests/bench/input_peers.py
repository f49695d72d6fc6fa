"""Compares the data path of hpcai-train with the best Python ones, in alternation, on one thread, and prints a table.

  HPCAI_TRAIN=build/bin/hpcai-train python3 tests/bench/input_peers.py [--rounds 7] [--images 400] [--folder FOLDER]

Needs numpy and h5py; torch and OpenCV (opencv-python-headless) for their rows. Synthetic images of 299 x 299 pixels, as bytes
in a contiguous HDF5 file. Rates are samples/s; a ratio is the median over the rounds of ours by the best peer of the
same round, because other programs may slow down a round.
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
BATCH = 32


def smooth_images(count):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 38, 38, 3)).astype(np.float32)
    rows = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)[:, :SIDE, :SIDE]
    return np.clip(rows * 0.6 + rng.normal(60, 8, rows.shape), 0, 255).astype(np.uint8)


def write_files(folder, count):
    images = smooth_images(count)
    with h5py.File(folder / "images.h5", "w") as file:
        file["images"] = images
        file["labels"] = (np.arange(count) % 2).astype(np.int64)
    images.tofile(folder / "images.raw")
    augmentation = "{horizontal_flip: true, vertical_flip: true, rotation_deg: 45, shift: 0.3, zoom: 0.3}"
    rest = f"model: {{type: xception, width_factor: 0.125, middle_blocks: 1}}\ntraining: {{global_batch: {BATCH}, epochs: 1}}\n"
    (folder / "plain.yaml").write_text("name: plain\ndata: {type: image_hdf5, train: images.h5, class_count: 2, cache_mb: 0}\n" + rest)
    (folder / "augmented.yaml").write_text(
        f"name: augmented\ndata: {{type: image_hdf5, train: images.h5, class_count: 2, cache_mb: 0, augmentation: {augmentation}}}\n" + rest)
    return images


def ours(program, config):
    command = [program, "bench", "--config", str(config), "--input", "--json", "--steps", "1", "--warmup", "1"]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=config.parent)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{run.stderr}")
    return json.loads(run.stdout)


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
        peers = {"normalised": loaders(folder, images), "augmented": warps(images[:64])}
        rows = []
        for _ in range(options.rounds):
            full = ours(program, folder / "plain.yaml")
            plain, bound = full["first_epoch"]["one_thread"], full["memcpy_mb_per_second"]["one_thread"] / (SIDE * SIDE * 3e-6)
            augmented = ours(program, folder / "augmented.yaml")["first_epoch"]["one_thread"]["stages"]["augment"]
            row = {"read": plain["stages"]["read"]["samples_per_second"], "memcpy": bound, "normalised": plain["samples_per_second"],
                   "augmented": augmented["samples_per_second"]}
            for kind, group in peers.items():
                row.update({f"{kind}: {name}": measure() for name, measure in group.items()})
            rows.append(row)
        print("| what | samples/s, median |\n|---|---|")
        for name in rows[0]:
            print(f"| {name} | {statistics.median(row[name] for row in rows):,.0f} |")
        print(f"\nread by memcpy: {statistics.median(row['read'] / row['memcpy'] for row in rows):.2f}")
        for kind, group in peers.items():
            if group:
                best = statistics.median(row[kind] / max(row[f"{kind}: {name}"] for name in group) for row in rows)
                print(f"{kind} by the best peer: {best:.2f}")


if __name__ == "__main__":
    main()
