#!/usr/bin/env python3
"""Trains some steps of a workload in PyTorch, from what `hpcai-train bench --save-start` wrote, and prints one JSON line.

With RANK and WORLD_SIZE in the environment, several processes train with DistributedDataParallel over Gloo; rank 0 prints."""
import argparse
import json
import os
import statistics
import time
import warnings

CLOCK = time.CLOCK_BOOTTIME


def seconds_since_start():
    ticks = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(CLOCK) - ticks / os.sysconf("SC_CLK_TCK")


def peak_rss_mb():
    """The largest resident set of this program; getrusage would include the process that started it."""
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(fields["VmHWM"].split()[0]) / 1024


def matrix_rate(torch, size=1536, repeats=5):
    """GFLOP/s of a large matrix product: what this machine can do at this moment."""
    a, rates = torch.randn(size, size), []
    for _ in range(repeats):
        begin = time.perf_counter()
        a @ a
        rates.append(2e-9 * size**3 / (time.perf_counter() - begin))
    return statistics.median(rates)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload")
    parser.add_argument("start", help="file of hpcai-train bench --save-start")
    parser.add_argument("--form", required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--mode", choices=["eager", "compile", "compile-max-autotune"], default="eager")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    return parser.parse_args()


def main():
    args = arguments()
    warnings.filterwarnings("ignore")
    import torch
    import networks
    from safetensors.torch import load_file
    torch.set_num_threads(args.threads)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        torch.distributed.init_process_group("gloo")
    workload, start = networks.WORKLOADS[args.workload], load_file(args.start)
    model = workload.make(args.form)
    networks.load(model, {name.removeprefix("model."): tensor for name, tensor in start.items() if name.startswith("model.")})
    share = start["target"].shape[0] // world
    x, y = (start[name][rank * share:(rank + 1) * share].contiguous() for name in ("input", "target"))
    if args.form == "nhwc" and x.dim() == 4:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    model.train()
    network = model
    if args.mode != "eager":
        network = torch.compile(model, mode=None if args.mode == "compile" else "max-autotune")
    if world > 1:
        network = torch.nn.parallel.DistributedDataParallel(network, gradient_as_bucket_view=True)
    optimizer = workload.optimizer(model.parameters())

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.precision == "bf16"):
            output = network(x)
        loss = workload.loss(output, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    losses, first = [], 0.0
    for _ in range(max(1, args.warmup)):
        losses.append(step())
        first = first or seconds_since_start()
    begin, cpu = time.perf_counter(), time.process_time()
    losses += [step() for _ in range(args.steps)]
    elapsed, cpu = time.perf_counter() - begin, time.process_time() - cpu
    samples = args.steps * start["target"].shape[0]
    sums = torch.tensor([cpu, peak_rss_mb() / world, *losses[:3]], dtype=torch.float64)
    if world > 1:
        torch.distributed.all_reduce(sums)
        sums[2:] /= world
    if rank == 0:
        print(json.dumps({"samples_per_second": samples / elapsed, "cpu_s_per_sample": sums[0].item() / samples, "first_step_s": first,
                          "peak_rss_mb": sums[1].item(), "losses": sums[2:].tolist(), "matrix_gflops": matrix_rate(torch)}))


if __name__ == "__main__":
    main()
