#!/usr/bin/env python3
"""Training speed of hpcai-train against every sensible form of the same network in PyTorch, on this machine, in one run.

  tests/bench/peers/compare.py build/bin/hpcai-train [--threads 1] [--ranks 1] [--neighbour] [--avx2] [--pairs 5] [--quick] [WORKLOAD...]

For each workload (wavenet_paper, wavenet_small, wavenet_medium, xception, resnet50):
1. hpcai-train writes its initial weights and one batch. Every step of every program trains on that batch, from those weights.
2. Each peer form runs once. Its first three losses must be those of hpcai-train, within the rounding of the precision; otherwise the
   comparison ends with status 1, because the programs do not compute the same.
3. The two best forms of each precision run in turn with hpcai-train, `pairs` times. A pair gives one ratio.
The speed is samples per CPU second for one thread, which other programs disturb least, and samples per second otherwise.
--neighbour runs everything beside one busy loop. --avx2 keeps both sides to AVX2, also on a processor with AVX-512. --quick runs two pairs of
the eager forms, with both allocators. scripts/bench_peers.sh calls this program."""
import argparse
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import networks  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = {"fp32": (2e-5, 1e-3), "bf16": (3e-2, 2e-1)}  # relative, of the first loss and of the two after updates
# Batch norms amplify rounding. A new ResNet-50 with batches of four: forms of PyTorch differ by 4 % after one update. The paper's WaveNet: the first
# loss is 36.5392 in float64, and 36.5380 to 36.2690 in PyTorch's float32 forms.
WIDER_TOLERANCE = {("resnet50", "fp32"): (2e-5, 0.1), ("resnet50", "bf16"): (3e-2, 0.5),
                   ("wavenet_paper", "fp32"): (2e-2, 5e-2), ("wavenet_paper", "bf16"): (0.5, 0.5)}
WITH_NORMS = ("wavenet_paper", "xception", "resnet50")
STEPS = {"wavenet_paper": 2, "wavenet_small": 6, "wavenet_medium": 3, "xception": 3, "resnet50": 3}
# glibc keeps freed memory and asks for huge pages: the usual advice for PyTorch without another allocator.
TUNED = {"MALLOC_MMAP_THRESHOLD_": "8589934592", "MALLOC_TRIM_THRESHOLD_": "68719476736", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


# Of LibTorch (and the kernels of hpcai-train), oneDNN and MKL. hpcai-train would pass the first on to the others.
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


def has_bf16(args):
    return not args.avx2 and "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text()


def last_json(text):
    return json.loads(text[text.index("{"):])


class Ours:
    def __init__(self, args, workload, precision="fp32"):
        self.args, self.workload, self.precision = args, workload, precision
        self.name = f"hpcai-train {precision}"

    def run(self, *more):
        command = [self.args.program, "bench", "--config", str(HERE / "workloads" / f"{self.workload}.yaml"), "--steps", str(STEPS[self.workload]),
                   "--warmup", "2", "--set", f"training.threads={self.args.threads}", *more]
        if self.precision == "bf16":
            command += ["--set", "training.precision=bf16"]
        if self.args.ranks > 1 and "--save-start" not in more:
            command += ["--nproc", str(self.args.ranks)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
        return last_json(done.stdout)


class Peer:
    def __init__(self, args, workload, start, form, precision, mode="eager", tuned=False):
        self.args, self.tuned, self.precision = args, tuned, precision
        self.name = f"{mode} {precision} {form}" + (", tuned allocator" if tuned else "")
        self.command = [sys.executable, str(HERE / "train_step.py"), workload, start, "--form", form, "--precision", precision, "--mode", mode,
                        "--threads", str(args.threads), "--steps", str(STEPS[workload])]

    def run(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        environment = {**os.environ, **(TUNED if self.tuned else {}), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        ranks = [subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env={**environment, "RANK": str(rank), "WORLD_SIZE": str(self.args.ranks)}) for rank in range(self.args.ranks)]
        outputs = [rank.communicate() for rank in ranks]
        if ranks[0].returncode:
            raise RuntimeError(outputs[0][1].strip().splitlines()[-1] if outputs[0][1].strip() else f"status {ranks[0].returncode}")
        return last_json(outputs[0][0])


def peers(args, workload, start):
    forms = networks.WORKLOADS[workload].forms
    precisions = ("fp32", "bf16") if has_bf16(args) else ("fp32",)
    found = [Peer(args, workload, start, form, precision) for form in forms for precision in precisions]
    if not args.quick and args.ranks == 1:
        compiled = [(forms[0], "fp32"), ("nhwc", precisions[-1])]
        found += [Peer(args, workload, start, form, precision, "compile") for form, precision in compiled]
        found.append(Peer(args, workload, start, "nhwc", precisions[-1], "compile-max-autotune"))
    if args.ranks == 1:
        found += [Peer(args, workload, start, form, precision, tuned=True) for form in forms for precision in precisions]
    return found


def require_equal(workload, ours, theirs, peer):
    # With norms of each rank's samples, later steps of several ranks differ: hpcai-train deals the samples out anew in each epoch.
    count = 1 if peer.args.ranks > 1 and workload in WITH_NORMS else len(ours["losses"])
    for index, (a, b) in enumerate(zip(ours["losses"][:count], theirs["losses"])):
        limit = WIDER_TOLERANCE.get((workload, peer.precision), TOLERANCE[peer.precision])[min(index, 1)]
        if abs(a - b) > limit * max(abs(a), abs(b)):
            raise SystemExit(f"{peer.name}: loss {index + 1} is {b:.7g}, and hpcai-train's {a:.7g}: not the same arithmetic, no comparison")


def speed(args, result):
    """Samples per CPU second of one thread and rank, else samples per second."""
    return 1 / result["cpu_s_per_sample"] if args.threads * args.ranks == 1 else result["samples_per_second"]


def first_round(args, workload, start, reference):
    """Runs every form once. Returns {precision: the forms, fastest first} of the forms that ran."""
    ranked = {}
    for peer in peers(args, workload, start):
        try:
            result = peer.run()
        except RuntimeError as error:
            print(f"  {peer.name:38} failed: {error}", file=sys.stderr)
            continue
        require_equal(workload, reference, result, peer)
        print(f"  {peer.name:38} {speed(args, result):9.3f}  first loss {result['losses'][0]:.6f}", file=sys.stderr, flush=True)
        ranked.setdefault(peer.precision, []).append((speed(args, result), peer))
    if not ranked:
        raise SystemExit(f"{workload}: no form of PyTorch has run, see above")
    return {precision: [peer for _, peer in sorted(found, key=lambda pair: -pair[0])] for precision, found in ranked.items()}


def compare(args, workload, precision, candidates):
    """`pairs` rounds of hpcai-train and of each candidate in turn. Returns the row of the table for the best candidate."""
    ours, rounds = Ours(args, workload, precision), []
    for _ in range(args.pairs):
        mine = ours.run()
        rounds.append((mine, [peer.run() for peer in candidates]))
    best = max(range(len(candidates)), key=lambda i: statistics.median(speed(args, theirs[i]) for _, theirs in rounds))
    pairs = [(mine, theirs[best]) for mine, theirs in rounds]

    def ratio(key):
        return statistics.median(mine[key] / their[key] for mine, their in pairs)

    leads = sorted(speed(args, mine) / speed(args, their) for mine, their in pairs)
    rate = statistics.median(networks.WORKLOADS[workload].gflop * speed(args, mine) / their["matrix_gflops"] for mine, their in pairs)
    return {"workload": workload, "precision": precision, "ours": statistics.median(speed(args, mine) for mine, _ in pairs),
            "peer": statistics.median(speed(args, their) for _, their in pairs), "form": candidates[best].name,
            "ratio": statistics.median(leads), "low": leads[0], "high": leads[-1], "memory": ratio("peak_rss_mb"),
            "first_step": 1 / ratio("first_step_s"), "peak": rate}


@contextlib.contextmanager
def busy_neighbour(wanted):
    if not wanted:
        yield
        return
    loop = subprocess.Popen(["sh", "-c", "while :; do :; done"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def print_table(args, rows):
    unit = "samples per CPU second" if args.threads * args.ranks == 1 else "samples per second"
    conditions = ", beside one busy loop" * args.neighbour + ", both kept to AVX2" * args.avx2
    print(f"\n{args.ranks} rank(s) of {args.threads} thread(s), {args.pairs} pairs{conditions}; {unit}\n")
    print("| workload, precision | hpcai-train | best peer | its form | ratio (lowest to highest pair) | peak memory | first step | of a matrix product's rate |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['workload']}, {row['precision']} | {row['ours']:.3g} | {row['peer']:.3g} | {row['form']} | {row['ratio']:.2f} ({row['low']:.2f} to "
              f"{row['high']:.2f}) | {row['memory']:.2f} | {row['first_step']:.1f} x | {100 * row['peak']:.0f} % |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--avx2", action="store_true", help="keep both sides to AVX2")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path, help="also write the rows to this file")
    args = parser.parse_intermixed_args()
    unknown = [name for name in args.workloads if name not in networks.WORKLOADS]
    if unknown:
        parser.error(f"unknown workload {unknown[0]}; there are {', '.join(networks.WORKLOADS)}")
    if args.quick:
        args.pairs = 2
    if args.avx2:
        os.environ.update(AVX2)
    rows = []
    with busy_neighbour(args.neighbour), tempfile.TemporaryDirectory() as folder:
        for workload in args.workloads or networks.WORKLOADS:
            print(f"{workload}:", file=sys.stderr)
            start = str(pathlib.Path(folder) / "start.safetensors")
            reference = Ours(args, workload).run("--save-start", start)
            if args.ranks > 1:  # a batch norm takes the samples of its rank
                reference = Ours(args, workload).run()
            for precision, ranked in first_round(args, workload, start, reference).items():
                rows.append(compare(args, workload, precision, ranked[:1 if args.quick else 2]))
    print_table(args, rows)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
