"""Four hosts: network namespaces with an address each, joined by cables (veth) and a switch (bridge)."""
import json
import os
import shutil
import subprocess
import unittest

from harness import Case, environment, main

HOSTS = 4
IP = shutil.which("ip", path=environment()["PATH"])
NETWORK = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"  # an own one, should another test run beside this one
PREFIX = f"h{os.getpid()}"


def ip(*words, check=True):
    return subprocess.run([IP, *words], check=check, text=True, capture_output=True)


def host(n):
    return f"{PREFIX}n{n}"


def remove_hosts():
    for n in range(HOSTS):
        ip("netns", "del", host(n), check=False)
    ip("netns", "del", f"{PREFIX}s", check=False)


def make_hosts():
    """The switch has a namespace of its own too, so nothing of this machine's network changes."""
    switch = f"{PREFIX}s"
    ip("netns", "add", switch)
    ip("-n", switch, "link", "add", "br0", "type", "bridge")
    ip("-n", switch, "link", "set", "br0", "up")
    for n in range(HOSTS):
        ip("netns", "add", host(n))
        ip("-n", host(n), "link", "add", "ib0", "type", "veth", "peer", "name", f"port{n}", "netns", switch)
        ip("-n", switch, "link", "set", f"port{n}", "master", "br0", "up")
        ip("-n", host(n), "address", "add", f"{NETWORK}.{n + 1}/24", "dev", "ib0")
        ip("-n", host(n), "link", "set", "ib0", "up")
        ip("-n", host(n), "link", "set", "lo", "up")


def reason_to_skip():
    if os.geteuid() != 0:
        return "network namespaces need root"
    if IP is None:
        return "ip is not installed (scripts/setup.sh --tests installs iproute2 from Debian)"
    try:
        make_hosts()
    except subprocess.CalledProcessError as error:
        return f"this machine gives no network namespaces: {' '.join(error.cmd)}: {error.stderr.strip()}"
    finally:
        remove_hosts()
    return None


class Hosts(Case):
    def setUp(self):
        self.addCleanup(remove_hosts)
        make_hosts()

    def launch(self, run, ranks, *arguments, **variables):
        """One or more ranks on each host, in the environment that a scheduler would give them."""
        per_host = max(1, ranks // HOSTS)
        return [(["ip", "netns", "exec", host(rank // per_host), *self.training(run, *arguments)],
                 environment(RANK=str(rank), WORLD_SIZE=str(ranks), LOCAL_RANK=str(rank % per_host), LOCAL_WORLD_SIZE=str(per_host),
                             MASTER_ADDR=f"{NETWORK}.1", MASTER_PORT="29500", **variables)) for rank in range(ranks)]

    def first_loss(self, run):
        lines = map(json.loads, (self.folder / run / "metrics.jsonl").read_text().splitlines())
        return next(line["loss"] for line in lines if line["event"] == "step")

    def test_the_interface_is_found(self):
        for ranks in (2, 4, 8):
            with self.subTest(ranks=ranks):
                self.run_all(self.launch(f"found-{ranks}", ranks))
                self.reference(ranks)
                self.assertEqual(self.result(f"found-{ranks}")[0], ranks)
                # Between more than two hosts Gloo adds in another order than ranks of one host do, so the bits of the weights differ.
                self.assertAlmostEqual(self.first_loss(f"found-{ranks}") / self.first_loss(f"nproc-{ranks}"), 1, delta=1e-5)
        self.assertEqual(self.result("found-2"), self.reference(2))

    def test_the_interface_is_named(self):
        for run in ("named", "again"):
            self.run_all(self.launch(run, 4, "--set", "distributed.interface=ib0"))
        self.assertEqual(self.result("named"), self.result("again"), "the same ranks on the same hosts give the same bits")

    def test_an_interface_that_is_not_there(self):
        outputs = self.run_all(self.launch("refused", 2, "--set", "distributed.interface=eth7", "--set", "distributed.connect_timeout_s=5"),
                               status=None)
        self.assertIn('no network interface "eth7"', outputs[0])
        self.assertIn("ib0", outputs[0])
        self.assertFalse((self.folder / "refused").exists(), "nothing is written")

    def test_an_address_that_rank_0_does_not_have(self):
        commands = self.launch("refused", 2, "--set", "distributed.connect_timeout_s=5")
        for _, env in commands:
            env["MASTER_ADDR"] = f"{NETWORK}.3"
        outputs = self.run_all(commands, status=69)
        self.assertIn(f"the ranks are to meet at {NETWORK}.3", outputs[0])
        self.assertIn("Set MASTER_ADDR to the host of rank 0", outputs[0])


if __name__ == "__main__":
    main(reason_to_skip())
