"""Hosts that are network namespaces of this machine, joined by a bridge, each with a shaped link."""
import os
import shutil
import subprocess


class Unavailable(Exception):
    """Why this machine cannot have such hosts."""


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def must(*words):
    done = run(*words)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")


class Hosts:
    """`count` namespaces with the addresses 10.77.0.1, 10.77.0.2, ...; a context manager that leaves nothing behind."""

    def __init__(self, count):
        self.count = count
        self.names = [f"hpcai-{os.getpid()}-{i}" for i in range(count)]
        self.switch = f"hpcai-{os.getpid()}-switch"

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unavailable("network namespaces need root")
        for tool in ("ip", "tc"):
            if shutil.which(tool) is None:
                raise Unavailable(f"{tool} is not installed (package iproute2)")
        try:
            self.build()
        except Unavailable:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in [*self.names, self.switch]:
            run("ip", "netns", "delete", name)  # its interfaces go with it

    def build(self):
        must("ip", "netns", "add", self.switch)
        must("ip", "-n", self.switch, "link", "add", "bridge", "type", "bridge")
        must("ip", "-n", self.switch, "link", "set", "bridge", "up")
        for i, name in enumerate(self.names):
            must("ip", "netns", "add", name)
            must("ip", "-n", self.switch, "link", "add", f"port{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            must("ip", "-n", self.switch, "link", "set", f"port{i}", "master", "bridge", "up")
            must("ip", "-n", name, "addr", "add", f"{self.address(i)}/24", "dev", "eth0")
            must("ip", "-n", name, "link", "set", "eth0", "up")
            must("ip", "-n", name, "link", "set", "lo", "up")

    def address(self, i):
        return f"10.77.0.{i + 1}"

    def shape(self, mbit, bucket_kb=64):
        """What each host sends passes a token bucket of this rate, which lets as much as it holds pass at once after a pause."""
        for name in self.names:
            must("tc", "-n", name, "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{mbit}mbit", "burst",
                 f"{bucket_kb}kb", "latency", "200ms")

    def start(self, program, ranks, port, *arguments, **options):
        """One rank on each of the first `ranks` hosts."""
        processes = []
        for rank in range(ranks):
            env = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1",
                   "MASTER_ADDR": self.address(0), "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
            processes.append(subprocess.Popen(["ip", "netns", "exec", self.names[rank], program, *arguments], env=env, text=True,
                                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options))
        return processes
