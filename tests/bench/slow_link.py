#!/usr/bin/env python3
"""Time to a quality on two ranks that a slow link joins, with whole and with compressed gradients.

  tests/bench/slow_link.py [--program build/bin/hpcai-train] [--config configs/galaxy/quickstart.yaml] [--mbit 100] [--target 0.95]
                           [--seeds 1 2 3] [--rank 2] [--start-step 20] [--steps N] [--set KEY=VALUE]...

The ranks are in network namespaces, and each sends through a token bucket of `mbit` Mbit/s and 16 KiB (needs root and iproute2). Prints for each
seed the seconds until the validation accuracy was at least `target` (- if never), the seconds of the whole training and its last validation accuracy,
and the ratios of the medians. Whole and compressed runs alternate. With --steps it only times so many steps of each kind, once for each seed.
Run it on an idle machine."""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests"))
sys.path.insert(0, str(SOURCE / "tests" / "scaling"))
import namespaces
from ports import free_port


def run_ranks(hosts, arguments, words, settings):
    """The outputs of the two ranks."""
    words += ["--config", str(arguments.config)]
    for setting in [*settings, *arguments.set]:
        words += ["--set", setting]
    os.environ["HPCAI_SECRET"] = "of a measurement"
    processes = hosts.start(arguments.program, 2, free_port(), *words)
    outputs = [process.communicate() for process in processes]
    for process, (_, errors) in zip(processes, outputs):
        if process.returncode != 0:
            sys.exit(f"{' '.join(process.args)} ended with status {process.returncode}:\n{errors}")
    return [out for out, _ in outputs]


def time_steps(hosts, arguments, seed, compression):
    """Milliseconds of a step on rank 0, the computing part of it, and the processor time of a rank."""
    at_once = [setting for setting in compression if "start_step" not in setting]
    if compression:
        at_once.append("distributed.compression.start_step=0")
    report = json.loads(run_ranks(hosts, arguments, ["bench", "--steps", str(arguments.steps)], [f"training.seed={seed}", *at_once])[0])
    step = report["step_time"]
    return {"step_ms": 1e3 * report["step_s"], "compute_ms": 1e3 * step["compute_s"],
            "core_ms": 1e3 * report["cpu_s_per_sample"] * report["global_batch"] / report["world_size"]}


def train(hosts, arguments, seed, compression, folder):
    run_ranks(hosts, arguments, ["--run-dir", str(folder)],
              [f"training.seed={seed}", "evaluation.target_metric=accuracy", f"evaluation.target_value={arguments.target}", *compression])
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    last_epoch = [line for line in lines if line["event"] == "epoch"][-1]
    evaluations = [line for line in lines if line["event"] == "evaluation" and line["split"] == "validation"]
    target = json.loads((folder / "summary.json").read_text()).get("target") or {}
    return {"target_s": target.get("time_s"), "whole_s": last_epoch["time_s"], "accuracy": evaluations[-1]["accuracy"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(SOURCE / "build/bin/hpcai-train"))
    parser.add_argument("--config", type=pathlib.Path, default=SOURCE / "configs/galaxy/quickstart.yaml")
    parser.add_argument("--mbit", type=float, default=100)
    parser.add_argument("--target", type=float, default=0.95)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rank", type=int, default=2)
    parser.add_argument("--start-step", type=int, default=20)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    kinds = {"whole": [], "compressed": ["distributed.compression.type=powersgd", f"distributed.compression.rank={arguments.rank}",
                                         f"distributed.compression.start_step={arguments.start_step}"]}
    results = {kind: [] for kind in kinds}
    names = ("step_ms", "compute_ms", "core_ms") if arguments.steps else ("target_s", "whole_s", "accuracy")
    print(f"{'gradients':<12}{'seed':>5}" + "".join(f"{name:>12}" for name in names))
    with tempfile.TemporaryDirectory() as runs, namespaces.Hosts(2) as hosts:
        hosts.shape(arguments.mbit, bucket_kb=16)
        for seed in arguments.seeds:
            for kind, compression in kinds.items():
                if arguments.steps:
                    result = time_steps(hosts, arguments, seed, compression)
                else:
                    result = train(hosts, arguments, seed, compression, pathlib.Path(runs) / f"{kind}-{seed}")
                results[kind].append(result)
                values = ("-" if result[name] is None else f"{result[name]:.4g}" for name in names)
                print(f"{kind:<12}{seed:>5}" + "".join(f"{value:>12}" for value in values), flush=True)
    for name in names[:1] if arguments.steps else names[:2]:
        medians = {kind: statistics.median(float("inf") if r[name] is None else r[name] for r in results[kind]) for kind in kinds}
        if max(medians.values()) < float("inf"):
            print(f"{name}: {medians['whole'] / medians['compressed']:.2f} times as quick with compression (medians)")


if __name__ == "__main__":
    try:
        main()
    except namespaces.Unavailable as reason:
        sys.exit(f"cannot measure: {reason}")
