#!/usr/bin/env python3
"""Disturbs many short trainings at random, resumes them until they finish, and compares their weights with those of trainings that
nobody has disturbed.

Usage: soak.py [--minutes N | --rounds N] [--seed S]      HPCAI_TRAIN: the program

A round is one training of 1 or 2 ranks. Each of its attempts meets one fault at a random moment: a signal to the program or to one
rank, a rank that freezes, a disk that fails for a while, connections of strangers; or, before the next attempt, damage to files that
a crash of the machine may leave. The last lines are a table of faults and exit statuses. Exit status 1: a training ended with other
weights, did not finish, or ended with a status that its fault does not explain. Its folder is then kept.
"""
import argparse
import collections
import errno
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CONFIGS = HERE.parent / "cli" / "configs"
ARGUMENTS = ("--set", "training.epochs=10", "--set", "checkpoint.every_steps=7", "--set", "training.log_every_steps=1")
WORKLOADS = {"waveform": (), "galaxy": ("--set", "training.stages=[]")}
MOST_ATTEMPTS = 40
LONGEST_S = 300  # one attempt

STOPPED, LOST, CANNOT_WRITE, HANG = 75, 69, 74, 80
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)


class Attempt:
    """One start of the program on a run folder."""

    def __init__(self, program, workload, ranks, folder, shim):
        self.folder, self.flag, self.ranks = folder, folder.with_suffix(".full"), ranks
        env = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "OMPI_", "PMI_"))}
        env.update(OMP_NUM_THREADS="1", LD_PRELOAD=str(shim), SHIM_UNDER=str(folder),
                   SHIM_WHILE=f"{self.flag}:{random.choice((errno.ENOSPC, errno.EIO))}")
        self.log = open(folder.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(
            [program, "--config", str(CONFIGS / f"{workload}.yaml"), "--run-dir", str(folder), "--resume", "auto", "--nproc", str(ranks),
             *ARGUMENTS, *WORKLOADS[workload]], env=env, stdout=self.log, stderr=self.log, start_new_session=True)

    def ranks_of(self):
        """The process numbers of the ranks; of the program itself where it is the only rank."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], text=True, capture_output=True).stdout.split()
        return [int(number) for number in found] or [self.process.pid]

    def listening_ports(self):
        """The TCP ports on which the program's processes listen."""
        inodes = set()
        for process in self.ranks_of():
            try:
                for link in os.scandir(f"/proc/{process}/fd"):
                    inodes.add(os.readlink(link.path))
            except OSError:
                pass
        ports = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                    ports.add(int(fields[1].rsplit(":", 1)[1], 16))
        return ports

    def end(self):
        """Waits for the end and returns the exit status, below 0 for a signal."""
        try:
            status = self.process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            status = "no end"
        self.flag.unlink(missing_ok=True)
        self.log.close()
        return status


def send(process, number):
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass


def stop(attempt):
    send(attempt.process.pid, random.choice(STOP_SIGNALS))


def stop_one_rank(attempt):
    send(random.choice(attempt.ranks_of()), random.choice(STOP_SIGNALS))


def kill(attempt):
    try:
        os.killpg(attempt.process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_one_rank(attempt):
    send(random.choice(attempt.ranks_of()), signal.SIGKILL)


def freeze_one_rank(attempt):
    rank = random.choice(attempt.ranks_of())
    send(rank, signal.SIGSTOP)
    time.sleep(random.uniform(0.1, 2))
    send(rank, signal.SIGCONT)


def fail_disk(attempt):
    attempt.flag.touch()
    time.sleep(random.uniform(0.1, 3))
    attempt.flag.unlink(missing_ok=True)


def connect_strangers(attempt):
    opened = []
    for port in attempt.listening_ports():
        for _ in range(100):
            stranger = socket.socket()
            stranger.setblocking(False)
            opened.append(stranger)
            try:
                stranger.connect_ex(("127.0.0.1", port))
                stranger.send(random.randbytes(random.choice((1, 40, 4000))))
            except OSError:
                pass
    time.sleep(0.2)
    for stranger in opened:
        stranger.close()


def newest_checkpoint(folder):
    return max((folder / "checkpoints").glob("step-*"), default=None)


def damage_newest_checkpoint(folder):
    newest = newest_checkpoint(folder)
    if len(list((folder / "checkpoints").glob("step-*"))) < 2:
        return  # nothing older to go on from
    files = sorted(newest.iterdir()) if newest else []
    if not files:
        return
    file = random.choice(files)
    content = bytearray(file.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    file.write_bytes(content[:random.choice((len(content), len(content) // 2))])


def tear_metrics(folder):
    if (folder / "metrics.jsonl").exists():
        with open(folder / "metrics.jsonl", "ab") as file:
            file.write(random.choice((b'{"event":"st', b"\0" * 100, b"\xff\xfe\n")))


def remove_links(folder):
    for name in ("last", "best"):
        (folder / "checkpoints" / name).unlink(missing_ok=True)


# Faults of a running program with the exit statuses that they explain besides 0. A rank that is stopped or lost during the start ends
# the others with LOST.
RUNNING = {stop: (STOPPED,), stop_one_rank: (STOPPED,), kill: (-signal.SIGKILL,), kill_one_rank: (LOST, 128 + signal.SIGKILL, -signal.SIGKILL),
           freeze_one_rank: (), fail_disk: (CANNOT_WRITE,), connect_strangers: ()}
BETWEEN = (damage_newest_checkpoint, tear_metrics, remove_links)


class Soak:
    def __init__(self, program, shim, scratch):
        self.program, self.shim, self.scratch = program, shim, scratch
        self.expected = {}  # weights of an undisturbed training, by (workload, ranks)
        self.ends = collections.Counter()  # (fault, status)
        self.rounds = 0

    def weights(self, folder):
        return json.loads((folder / "summary.json").read_text())["weights_sha256"]

    def expect(self, workload, ranks):
        if (workload, ranks) not in self.expected:
            folder = self.scratch / f"undisturbed-{workload}-{ranks}"
            status = Attempt(self.program, workload, ranks, folder, self.shim).end()
            if status != 0:
                raise SystemExit(f"soak: the undisturbed training ended with {status}, see {folder.with_suffix('.log')}")
            self.expected[workload, ranks] = self.weights(folder)
        return self.expected[workload, ranks]

    def disturb(self, workload, ranks, folder):
        """One attempt with one fault. Returns whether the training has finished, and what is wrong."""
        attempt = Attempt(self.program, workload, ranks, folder, self.shim)
        fault = random.choice(list(RUNNING))
        try:
            attempt.process.wait(random.uniform(0.2, 6))  # a signal while the system loads the program has its default effect
        except subprocess.TimeoutExpired:
            fault(attempt)
        status = attempt.end()
        self.ends[fault.__name__, status] += 1
        if status != 0 and status not in RUNNING[fault]:
            return False, f"{fault.__name__} ended with {status}"
        return status == 0, ""

    def round(self):
        workload, ranks = random.choice(list(WORKLOADS)), random.choice((1, 2))
        expected = self.expect(workload, ranks)
        folder = self.scratch / f"round-{self.rounds}"
        for _ in range(MOST_ATTEMPTS):
            finished, wrong = self.disturb(workload, ranks, folder)
            if wrong:
                return f"{workload} on {ranks} ranks: {wrong}", folder
            if finished:
                break
            if random.random() < 0.3 and folder.exists():
                damage = random.choice(BETWEEN)
                damage(folder)
                self.ends[damage.__name__, "-"] += 1
        else:
            return f"{workload} on {ranks} ranks: not finished after {MOST_ATTEMPTS} attempts", folder
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        steps = [line["step"] for line in lines if line["event"] == "step"]
        if self.weights(folder) != expected:
            return f"{workload} on {ranks} ranks: other weights", folder
        if steps != list(range(1, len(steps) + 1)):
            return f"{workload} on {ranks} ranks: metrics.jsonl has gaps or duplicates", folder
        shutil.rmtree(folder)
        self.rounds += 1
        return "", folder

    def table(self):
        print(f"{'fault':<26}{'exit status':<14}times")
        for (fault, status), count in sorted(self.ends.items(), key=str):
            print(f"{fault.replace('_', ' '):<26}{status!s:<14}{count}")
        print(f"{self.rounds} trainings, all with the weights of an undisturbed one")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, help="number of trainings instead of a time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-soak-"))
    shim = scratch / "shim.so"
    subprocess.run(["cc", "-O1", "-fPIC", "-shared", "-o", shim, HERE.parent / "cli" / "shim.c", "-ldl"], check=True)
    soak = Soak(os.environ["HPCAI_TRAIN"], shim, scratch)
    end = time.monotonic() + 60 * options.minutes
    while soak.rounds < options.rounds if options.rounds else time.monotonic() < end:
        wrong, folder = soak.round()
        if wrong:
            sys.exit(f"soak: {wrong}; see {folder} and {folder.with_suffix('.log')}")
    shutil.rmtree(scratch)
    soak.table()


if __name__ == "__main__":
    main()
