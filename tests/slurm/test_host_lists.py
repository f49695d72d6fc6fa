"""The program's reader of host lists against Slurm's own, `scontrol show hostnames`, on random lists."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from cluster import SBIN

EXPAND = os.environ["HPCAI_EXPAND_HOSTS"]
LISTS = 5000
BATCH = 100  # lists in one call of scontrol
END = "end-of-list"  # a host between them
SKIPPED = 77


def random_ranges(rng):
    ranges = []
    for _ in range(rng.randint(1, 4)):
        low = rng.choice((0, 1, 7, 9, 10, 98, 99, 100, rng.randint(0, 2000)))
        high = low + rng.choice((0, 0, 1, 2, rng.randint(0, 12)))
        width = rng.choice((0, 0, 2, 3, 4, 5))
        ranges.append(f"{low:0{width}}" if low == high else f"{low:0{width}}-{high:0{width}}")
    return "[" + ",".join(ranges) + "]"


def random_element(rng):
    """Such as hal07, n[1-3,08], r[1-2]c[00-03]. Slurm takes no text after the last bracket, and orders three brackets oddly."""
    text = rng.choice(("n", "hal", "gpu-", "rack1-node", "a.b", "x0", "cn00"))
    brackets = rng.choice((0, 1, 1, 1, 2))
    if brackets == 0:
        return text + rng.choice(("", "7", "-login"))
    return text + rng.choice(("", "c", "-ib-")).join(random_ranges(rng) for _ in range(brackets))


class HostLists(unittest.TestCase):
    def test_random_lists(self):
        rng = random.Random(2020)
        lists = [",".join(random_element(rng) for _ in range(rng.randint(1, 4))) for _ in range(LISTS)]
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-hosts-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        # scontrol wants a configuration, though it asks nobody.
        (folder / "slurm.conf").write_text("ClusterName=test\nSlurmctldHost=localhost\nNodeName=n1\nPartitionName=p Nodes=n1\n")
        theirs = []
        for first in range(0, LISTS, BATCH):
            words = ["scontrol", "show", "hostnames", "".join(f"{text},{END}," for text in lists[first:first + BATCH]).rstrip(",")]
            slurm = subprocess.run(words, text=True, capture_output=True, timeout=120,
                                   env={**os.environ, "PATH": SBIN, "SLURM_CONF": str(folder / "slurm.conf")})
            self.assertEqual(slurm.returncode, 0, slurm.stderr)
            theirs += [answer.split() for answer in slurm.stdout.split(END + "\n")[:-1]]
        done = subprocess.run([EXPAND], input="\n".join(lists) + "\n", text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        ours = [answer.split("\n") for answer in done.stdout.split("\n\n")][:-1]
        self.assertEqual(len(theirs), LISTS)
        self.assertEqual(len(ours), LISTS)
        for text, own, reference in zip(lists, ours, theirs):
            self.assertEqual(own, reference, text)


if __name__ == "__main__":
    if shutil.which("scontrol", path=SBIN) is None:
        print("SKIPPED: scontrol is not installed (scripts/setup.sh --tests installs it from Debian)")
        sys.exit(SKIPPED)
    unittest.main()
