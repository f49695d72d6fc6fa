#!/usr/bin/env python3
"""Writes tests/fixtures/powersgd.json: the mean gradients of PyTorch's powerSGD_hook on two ranks over some steps.

Needs torch (made with 2.11). Gradients and the first guess of Q are formulas, which tests/distributed/compression.cpp repeats. The file
holds every 7th value of the means in float32.
"""
import json
import multiprocessing
import pathlib
import tempfile

import torch
import torch.distributed as dist
from torch.distributed.algorithms.ddp_comm_hooks import powerSGD_hook as powersgd

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "powersgd.json"
SHAPES = [[8, 4, 3, 3], [20], [20, 30], [3, 4]]
RANKS, STEPS, START_STEP, EVERY = 2, 8, 2, 7


class Bucket:
    """What the hook asks of a torch.distributed.GradBucket."""

    def __init__(self, buffer):
        self.values = buffer

    def index(self):
        return 0

    def is_last(self):
        return True

    def buffer(self):
        return self.values

    def set_buffer(self, buffer):
        self.values = buffer

    def gradients(self):
        sizes = [torch.Size(shape).numel() for shape in SHAPES]
        return [part.view(shape) for part, shape in zip(self.values.split(sizes), SHAPES)]


def gradient(rank, step):
    i = torch.arange(sum(torch.Size(shape).numel() for shape in SHAPES), dtype=torch.float64)
    common = torch.sin(0.011 * i * (1 + 0.03 * step)) * torch.cos(0.37 * i)
    return (common + 0.3 * torch.sin(0.0007 * i * i + 1.3 * step + 2.1 * rank)).float()


def first_q(rows, columns, tensor):
    i, j = torch.arange(rows, dtype=torch.float64)[:, None], torch.arange(columns, dtype=torch.float64)[None]
    return torch.cos(0.7 * i * (j + 1) + 1.9 * j + tensor).float()


def run(rank, columns, store, queue):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    state = powersgd.PowerSGDState(None, matrix_approximation_rank=columns, start_powerSGD_iter=START_STEP)
    matrices = [(k, torch.Size(shape)) for k, shape in enumerate(SHAPES)]
    sides = [(k, shape[0], shape.numel() // shape[0]) for k, shape in matrices]
    compressed = [(k, n, m) for k, n, m in sides if n * m > 2 * min(n, m, columns) * (n + m)]
    state.p_memory_dict[0] = torch.zeros(sum(n * columns for _, n, _ in compressed))
    state.q_memory_dict[0] = torch.cat([first_q(m, columns, k).flatten() for k, _, m in compressed])
    means = []
    for step in range(STEPS):
        bucket = Bucket(gradient(rank, step))
        mean = powersgd.powerSGD_hook(state, bucket).wait()
        means.append((mean[0] if isinstance(mean, (list, tuple)) else mean).clone())
    if rank == 0:
        queue.put([mean[::EVERY].tolist() for mean in means])
    dist.destroy_process_group()


def main():
    context = multiprocessing.get_context("spawn")
    cases = []
    for columns in (1, 2, 3):
        queue = context.Queue()
        with tempfile.TemporaryDirectory() as folder:
            ranks = [context.Process(target=run, args=(rank, columns, f"{folder}/store", queue)) for rank in range(RANKS)]
            for process in ranks:
                process.start()
            cases.append({"rank": columns, "means": queue.get(timeout=300)})
            for process in ranks:
                process.join()
    shortened = json.loads(json.dumps(cases), parse_float=lambda text: float(f"{float(text):.8g}"))
    OUT.write_text(json.dumps({"shapes": SHAPES, "start_step": START_STEP, "every": EVERY, "cases": shortened}) + "\n")


if __name__ == "__main__":
    main()
