"""Four hosts as network namespaces on one bridge: what happens when one of them loses its network. Needs root."""
import os

import subprocess
import sys
import unittest

from processes import SKIPPED, Case

TIMEOUT_S = 6
PORTS = "40000 40003"  # those of a host that a program may take: enough for the meeting and Gloo, and none is left for a link


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, text=True, capture_output=True)


def reason_to_skip():
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"hpcai-probe-{os.getpid()}"
    try:
        made = ip("netns", "add", name, check=False)
    except FileNotFoundError:
        return "the program ip (iproute2) is not installed"
    try:
        for device in ("bridge", "veth"):
            if made.returncode == 0:
                made = ip("-n", name, "link", "add", "type", device, check=False)
    finally:
        ip("netns", "del", name, check=False)
    return None if made.returncode == 0 else f"no network namespaces with bridge and veth: {made.stderr.strip()}"


class Network(Case):
    """Hosts with the addresses 10.77.0.1, 10.77.0.2, ... and each an address 10.78.0.x that no rank may listen on."""

    def setUp(self):
        super().setUp()
        self.name = f"hpcai{os.getpid()}"
        self.make_hosts(3)

    def make_hosts(self, count):
        self.add_namespace(f"{self.name}-bridge")
        self.inside("bridge", "ip", "link", "add", "bridge", "type", "bridge")
        self.inside("bridge", "ip", "link", "set", "bridge", "up")
        for host in range(count):
            space = self.add_namespace(f"{self.name}-{host}")
            ip("-n", space, "link", "add", "net", "type", "veth", "peer", "name", f"port{host}", "netns", f"{self.name}-bridge")
            self.inside("bridge", "ip", "link", "set", f"port{host}", "master", "bridge", "up")
            ip("-n", space, "addr", "add", f"10.77.0.{host + 1}/24", "dev", "net")
            ip("-n", space, "link", "add", "other", "type", "veth", "peer", "name", "otherend")
            ip("-n", space, "addr", "add", f"10.78.0.{host + 1}/24", "dev", "other")
            for device in ("lo", "net", "other", "otherend"):
                ip("-n", space, "link", "set", device, "up")

    def add_namespace(self, name):
        ip("netns", "add", name)
        self.addCleanup(ip, "netns", "del", name, check=False)
        return name

    def inside(self, host, *words):
        return subprocess.run(["ip", "netns", "exec", f"{self.name}-{host}", *words], check=True, text=True, capture_output=True).stdout

    def start_ranks(self, words):
        prefix = ["--timeout", TIMEOUT_S, "--connect-timeout", 30]
        return [self.start(rank, 3, 29500, [*prefix, *words], ["ip", "netns", "exec", f"{self.name}-{rank}"], MASTER_ADDR="10.77.0.1",
                           LOCAL_RANK=0, LOCAL_WORLD_SIZE=1, HPCAI_SECRET="for a test") for rank in range(3)]

    def check_loss_of_network(self, victim):
        ranks = self.start_ranks(["step-slowly", self.folder])
        self.wait_for_files(3)
        self.inside(victim, "ip", "link", "set", "net", "down")
        for rank, process in enumerate(ranks):
            status, out = self.finish(process)
            self.assertEqual(status, 69, f"rank {rank}: {out}")
            if rank == victim:
                continue  # to itself, the others are lost
            self.assertRegex(out, rf"rank {victim} \(host [^,]+, process {process_of(ranks[victim])}\), in .* of step \d+, was lost: "
                                  r"no sign of life for \S+ s")

    def test_a_rank_without_network_is_named_by_the_others(self):
        self.check_loss_of_network(1)

    def test_a_rank_0_without_network_is_named_by_the_others(self):
        self.check_loss_of_network(0)

    def test_nothing_listens_on_another_network_of_the_host(self):
        ranks = self.start_ranks(["step-slowly", self.folder])
        self.wait_for_files(3)
        for host in range(3):
            table = self.inside(host, "cat", "/proc/net/tcp")
            listening = {line.split()[1].split(":")[0] for line in table.splitlines()[1:] if line.split()[3] == "0A"}
            address = f"{host + 1:02X}004D0A"
            self.assertEqual(listening, {address}, f"host {host}")
            self.assertNotIn(" 0A ", self.inside(host, "cat", "/proc/net/tcp6"))
        for process in ranks:
            process.kill()

    def test_ranks_of_one_host_exchange_on_its_loopback(self):
        ranks = [self.start(rank, 2, 29500, ["step-slowly", self.folder], ["ip", "netns", "exec", f"{self.name}-0"], MASTER_ADDR="10.77.0.1",
                            LOCAL_RANK=rank, LOCAL_WORLD_SIZE=2) for rank in range(2)]
        self.wait_for_files(2)
        table = self.inside(0, "cat", "/proc/net/tcp").splitlines()[1:]
        listening = {line.split()[1] for line in table if line.split()[3] == "0A"}
        self.assertEqual({place.split(":")[0] for place in listening}, {"01004D0A", "0100007F"})
        self.assertEqual({place for place in listening if place.startswith("01004D0A")}, {f"01004D0A:{29500:04X}"}, "the ranks meet there")
        for process in ranks:
            process.kill()

    def check_on_hosts(self, hosts, *words):
        """One rank for each number in `hosts`, on that host."""
        ranks = [self.start(rank, len(hosts), 29500, ["--timeout", TIMEOUT_S, *words], ["ip", "netns", "exec", f"{self.name}-{host}"],
                            MASTER_ADDR="10.77.0.1", HPCAI_SECRET="for a test") for rank, host in enumerate(hosts)]
        outputs = []
        for rank, process in enumerate(ranks):
            status, out = self.finish(process)
            self.assertEqual(status, 0, f"rank {rank} of {hosts}: {out}")
            outputs.append(out)
        return outputs

    def test_ranks_of_several_hosts_add_within_their_host_and_between_the_hosts(self):
        for hosts in ((0, 0, 1, 1), (0, 1, 1), (0, 1, 0, 2)):
            outputs = self.check_on_hosts(hosts, "host-sums")
            self.assertIn(f"added over {len(set(hosts))} hosts", outputs[0])
            self.check_on_hosts(hosts, "gradients")

    def test_collectives_of_hosts_that_several_ranks_share(self):
        for hosts in ((0, 0, 1, 1), (0, 1, 1)):
            for out in self.check_on_hosts(hosts, "collectives"):
                self.assertNotIn("cannot open further connections", out)

    def test_ranks_on_hosts_of_their_own_add_short_tensors_over_their_links(self):
        for hosts in ((0, 1), (0, 1, 2)):
            for out in self.check_on_hosts(hosts, "short-sums-over-hosts"):
                self.assertNotIn("cannot open further connections", out)

    def test_ranks_that_add_different_tensors_say_so_and_do_not_blame_the_network(self):
        ranks = self.start_ranks(["different-sums"])
        ends = [self.finish(process) for process in ranks]
        self.assertTrue(any(status == 76 and "different exchanges" in out for status, out in ends), ends)
        self.assertTrue(all(status in (69, 76) and "Check the network" not in out for status, out in ends), ends)

    def check_loss_in_short_sums(self, disturb, victim_status):
        ranks = self.start_ranks(["short-sums-for-ever", self.folder])
        self.wait_for_files(3)
        disturb(ranks[1])
        for rank, process in enumerate(ranks):
            status, out = self.finish(process)
            self.assertEqual(status, victim_status if rank == 1 else 69, f"rank {rank}: {out}")
            if rank != 1:
                self.assertRegex(out, rf"rank 1 \(host [^,]+, process {process_of(ranks[1])}\).* was lost")

    def test_a_rank_that_is_killed_in_a_short_sum_is_named(self):
        self.check_loss_in_short_sums(lambda process: process.kill(), -9)

    def test_a_rank_that_loses_its_network_in_a_short_sum_is_named(self):
        self.check_loss_in_short_sums(lambda _: self.inside(1, "ip", "link", "set", "net", "down"), 69)

    def check_without_links(self, *limited):
        """`limited`: the hosts that have too few ports."""
        for host in limited:
            self.inside(host, "sh", "-c", f"echo {PORTS} > /proc/sys/net/ipv4/ip_local_port_range")
        outputs = self.check_on_hosts((0, 1), "collectives")
        self.assertIn("cannot open further connections", outputs[0])

    def test_ranks_that_cannot_link_say_so_and_add_all_the_same(self):
        self.check_without_links(0, 1)

    def test_one_rank_that_cannot_link_keeps_the_others_from_it(self):
        self.check_without_links(1)

    def test_a_rank_that_dies_within_a_sum_over_hosts_does_not_hold_the_others(self):
        hosts = (0, 0, 1, 1)
        ranks = [self.start(rank, 4, 29500, ["--timeout", TIMEOUT_S, "killed-while-adding", 2],
                            ["ip", "netns", "exec", f"{self.name}-{host}"], MASTER_ADDR="10.77.0.1", HPCAI_SECRET="for a test")
                 for rank, host in enumerate(hosts)]
        for rank, process in enumerate(ranks):
            status, out = self.finish(process)
            self.assertEqual(status, -9 if rank == 2 else 69, out)

    def test_without_a_private_secret_a_run_on_several_hosts_says_how_to_get_one(self):
        ranks = [self.start(rank, 3, 29500, ["collectives"], ["ip", "netns", "exec", f"{self.name}-{rank}"], MASTER_ADDR="10.77.0.1",
                            LOCAL_RANK=0, LOCAL_WORLD_SIZE=1) for rank in range(3)]
        for rank, process in enumerate(ranks):
            status, out = self.finish(process)
            self.assertEqual(status, 0, out)
            self.assertEqual("export HPCAI_SECRET" in out, rank == 0, out)


def process_of(process):
    """`ip netns exec` becomes the program it starts."""
    return process.pid


if __name__ == "__main__":
    reason = reason_to_skip()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main()
