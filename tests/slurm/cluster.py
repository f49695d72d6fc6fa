"""A real Slurm cluster on this machine, for the length of a test: munged, slurmctld and one slurmd for each node.

Everything lives in a temporary folder of its own, on free ports. The daemons stay in the foreground as children of this
process, which also adopts what they leave behind (job steps), so that stop() finds and ends all of it.
"""
import atexit
import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
TOOLS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "scontrol", "scancel", "squeue", "setpriv")
NODES = 4
SBIN = os.environ["PATH"] + ":/usr/local/sbin:/usr/sbin:/sbin"

CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
GresTypes=gpu
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
SlurmdTimeout=30
MinJobAge=600
ReturnToService=2
MpiDefault=none
# Nodes like those of HAL, 2 x 20 cores and 4 GPUs, whatever this machine has.
NodeName=DEFAULT Sockets=2 CoresPerSocket=20 ThreadsPerCore=1 Gres=gpu:4
NodeName=n[1-4] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{node_ports}]
# Only for sbatch --test-only: nodes that would be switched on for a job.
NodeName=n[5-16] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{absent_ports}] State=CLOUD
SuspendProgram=/bin/true
ResumeProgram=/bin/true
SuspendTime=INFINITE
PartitionName=DEFAULT Nodes=n[1-4] MaxTime=INFINITE
PartitionName=normal Default=YES PriorityTier=10
PartitionName=preempt PriorityTier=1
PartitionName=urgent PriorityTier=20
PartitionName=hal Nodes=n[1-16]
"""


def reason_to_skip():
    """Why there can be no cluster here, or None."""
    if os.geteuid() != 0:
        return "a test cluster needs root (slurmd starts jobs as other users)"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=SBIN) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (scripts/setup.sh --tests installs them from Debian)"
    try:
        pwd.getpwnam("munge")
    except KeyError:
        return "there is no user munge"
    return None


def free_ports(count):
    """The first of `count` consecutive ports, below the ephemeral ones, that nobody holds now."""
    for first in range(17001 + os.getpid() % 5000, 32000):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("", port))
            return first
        except OSError:
            continue
    raise RuntimeError("no free ports")


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def descendants(ancestor):
    """Processes below `ancestor`, by process id."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    found, frontier = set(), {ancestor}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier and child not in found}
        found |= frontier
    return found


def end_jobs_of(folder):
    """Kills what carries the name of this cluster's configuration in its environment."""
    mark = f"SLURM_CONF={folder}/slurm.conf".encode()
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


def guard(folder):
    """A process of its own that cleans up when this one is killed, as ctest does with a test that takes too long."""
    return subprocess.Popen([sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, start_new_session=True)


class Cluster:
    def __init__(self):
        self.daemons = {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-slurm-"))
        self.folder.chmod(0o755)
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": SBIN}
        for name in list(self.environment):
            if name.startswith(("SLURM_", "SBATCH_")) and name != "SLURM_CONF":
                del self.environment[name]
        self.parent = os.getpid()
        self.guard = guard(self.folder)
        atexit.register(self.stop)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: os._exit(self.stop() or 143))
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    def start(self):
        try:
            self.start_munge()
            self.write_configuration()
            self.start_daemon("slurmctld", ["slurmctld", "-D", "-f", self.environment["SLURM_CONF"]])
            for node in range(1, NODES + 1):
                self.start_daemon(f"slurmd-n{node}", ["slurmd", "-D", "-N", f"n{node}", "-f", self.environment["SLURM_CONF"]])
            self.wait_until(lambda: self.run("sinfo", "-h", "-N", "-p", "normal", "-t", "idle").count("\n") == NODES,
                            "all nodes are idle")
        except BaseException:
            print(self.logs())
            self.stop()
            raise
        return self

    def start_daemon(self, name, command):
        output = open(self.folder / f"{name}.output", "w")
        self.daemons[name] = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                              cwd=self.folder, preexec_fn=die_with_parent)
        output.close()

    def start_munge(self):
        user = pwd.getpwnam("munge")
        folder = self.folder / "munge"
        folder.mkdir(mode=0o755)
        key = folder / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for path in (folder, key):
            os.chown(path, user.pw_uid, user.pw_gid)
        as_munge = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=KILL"]
        self.start_daemon("munged", [*as_munge, "munged", "--foreground", "--force", f"--socket={folder}/socket", f"--key-file={key}",
                                     f"--pid-file={folder}/pid", f"--log-file={folder}/log", f"--seed-file={folder}/seed"])
        self.wait_until((folder / "socket").exists, "munged listens")

    def write_configuration(self):
        (self.folder / "state").mkdir()
        first = free_ports(17)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            folder=self.folder, controller_port=first, node_ports=f"{first + 1}-{first + 4}",
            absent_ports=f"{first + 5}-{first + 16}", host=socket.gethostname().split(".")[0]))
        for gpu in range(4):
            (self.folder / f"gpu{gpu}").touch()
        # Slurm wants a device for each GPU, and uses it only to shut others out, which linuxproc cannot.
        devices = ("null", "zero", "full", "random")
        (self.folder / "gres.conf").write_text("".join(f"Name=gpu File=/dev/{device}\n" for device in devices))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def run(self, *command, status=0, timeout=60, **options):
        """Output of one of Slurm's commands."""
        done = subprocess.run(list(map(str, command)), env={**self.environment, **options.pop("env", {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, **options)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def wait_until(self, condition, what, timeout=60):
        end = time.monotonic() + timeout
        while not condition():
            for name, daemon in self.daemons.items():
                if daemon.poll() is not None:
                    raise AssertionError(f"{name} ended with status {daemon.returncode}\n{self.logs()}")
            if time.monotonic() > end:
                raise AssertionError(f"not within {timeout} s: {what}\n{self.logs()}")
            time.sleep(0.05)

    def logs(self):
        """The ends of the daemons' logs."""
        names = ("slurmctld.log", *(f"slurmd-n{node}.log" for node in range(1, NODES + 1)), "munged.output", "slurmctld.output")
        paths = [self.folder / name for name in names]
        return "\n".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in paths if path.exists())

    def stop(self):
        if os.getpid() != self.parent:
            return
        daemons, self.daemons = self.daemons, {}
        if daemons:
            for name in reversed(daemons):  # munged last
                daemons[name].kill()
                daemons[name].wait()
            for _ in range(100):
                left = descendants(os.getpid())
                for process in left:
                    try:
                        os.kill(process, signal.SIGKILL)
                        os.waitpid(process, os.WNOHANG)
                    except (ProcessLookupError, ChildProcessError):
                        pass
                if not left:
                    break
                time.sleep(0.02)
            end_jobs_of(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.guard.poll() is None:
            self.guard.communicate()


if __name__ == "__main__":
    sys.stdin.read()  # until the other end is gone
    for _ in range(3):
        end_jobs_of(sys.argv[1])
        time.sleep(0.2)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
