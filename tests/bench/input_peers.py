"""Compares the data path of hpcai-train with the best Python ones, in alternation, on one thread, and prints a table.

  HPCAI_TRAIN=build/bin/hpcai-train python3 tests/bench/input_peers.py [--rounds 7] [--images 400] [--folder FOLDER]

Needs numpy and h5py; torch and OpenCV (opencv-python-headless) for their rows. Synthetic images of 299 x 299 pixels, as bytes
in a contiguous HDF5 file and in one with a chunk for each image; JPEG files of 512 x 512 pixels, decoded at half of that. All are
in the system's memory. Rates are samples in a second of processor time, so that programs beside these count little; a ratio is the
median over the rounds of ours by the best peer of the same round. memcpy copies as many bytes as an image has, from memory as large
as the file to a buffer that it uses again, as the reader does.
"""
import argparse
import io
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


def of_stage(epoch, stage):
    """Samples in a second of processor time of this stage: other programs disturb all stages alike."""
    seconds = {name: 1 / rates["samples_per_second"] for name, rates in epoch["stages"].items()}
    return sum(seconds.values()) / seconds[stage] / epoch["cpu_s_per_sample"]


def read_and_memcpy(report):
    """Images that are read, and that memcpy could copy, in a second, on one thread."""
    return of_stage(report["first_epoch"]["one_thread"], "read"), report["memcpy_mb_per_second"]["one_thread"] / (SIDE * SIDE * 3e-6)


def rate(work, count):
    work()
    start = time.thread_time()
    work()
    return count / (time.thread_time() - start)


def preads(folder, count):
    """pread alone, of the same bytes to a buffer that is used again: what a reader can reach."""
    size = SIDE * SIDE * 3
    buffer, order = np.empty(size, np.uint8), np.random.default_rng(1).permutation(count)

    def loop(name):
        with h5py.File(folder / f"{name}.h5", "r") as file:
            stored = file["images"].id
            begin = stored.get_offset()
            places = [stored.get_chunk_info(i).byte_offset if begin is None else begin + i * size for i in range(count)]
        descriptor = os.open(folder / f"{name}.h5", os.O_RDONLY)

        def work():
            for i in order:
                if os.preadv(descriptor, [buffer], places[i]) != size:
                    raise SystemExit(f"{name}.h5 has changed")
        return lambda: rate(work, count)
    return {"read": loop("images"), "read, chunks": loop("chunked")}


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
    """Decoders of files that are in memory, at half their size."""
    stored = [file.read_bytes() for file in files]
    if not files:
        return {}
    import cv2
    arrays = [np.frombuffer(jpeg, np.uint8) for jpeg in stored]
    decoders = {"OpenCV imdecode": lambda: rate(lambda: [cv2.imdecode(array, cv2.IMREAD_REDUCED_COLOR_2) for array in arrays], len(files))}
    try:
        from PIL import Image

        def decode(jpeg):
            image = Image.open(io.BytesIO(jpeg))
            image.draft("RGB", (JPEG_SIDE // 2, JPEG_SIDE // 2))
            image.load()
        decoders["Pillow"] = lambda: rate(lambda: [decode(jpeg) for jpeg in stored], len(files))
    except ImportError:
        pass
    return decoders


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
        alone = preads(folder, len(images))
        rows = []
        for _ in range(options.rounds):
            full = ours(program, folder / "plain.yaml")
            augmented = ours(program, folder / "augmented.yaml")["first_epoch"]["one_thread"]
            (read, bound), (chunks, bound_of_chunks) = (read_and_memcpy(report) for report in (full, ours(program, folder / "chunked.yaml")))
            row = {"read": read, "read, chunks": chunks, "memcpy": bound, "read by memcpy": read / bound,
                   "read, chunks by memcpy": chunks / bound_of_chunks, **{f"pread alone: {name}": measure() for name, measure in alone.items()},
                   "normalised": 1 / full["first_epoch"]["one_thread"]["cpu_s_per_sample"],
                   "augmented": of_stage(augmented, "augment")}
            if jpegs:
                jpeg = ours(program, folder / "jpeg.yaml")["first_epoch"]
                row["JPEG"] = of_stage(jpeg["one_thread"], "decode")
                row["JPEG, each of all cores"] = of_stage(jpeg["all_threads"], "decode")
            for kind, group in peers.items():
                row.update({f"{kind}: {name}": measure() for name, measure in group.items()})
            rows.append(row)
        print("| what | samples/s, median |\n|---|---|")
        for name in rows[0]:
            value = statistics.median(row[name] for row in rows)
            print(f"| {name} | {value:,.0f} |" if value > 10 else f"| {name} | {value:.2f} |")
        print()
        for name in alone:
            print(f"{name} by pread alone: {statistics.median(row[name] / row[f'pread alone: {name}'] for row in rows):.2f}")
        for kind, group in peers.items():
            if group:
                best = statistics.median(row[kind] / max(row[f"{kind}: {name}"] for name in group) for row in rows)
                print(f"{kind} by the best peer: {best:.2f}")


if __name__ == "__main__":
    main()
