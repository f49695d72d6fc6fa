"""A bare Debian 12 in a folder, made by debootstrap, in which a test runs commands."""
import fcntl
import os
import pathlib
import shutil
import subprocess

BUILD = pathlib.Path(os.environ["HPCAI_BUILD"])
RELEASE = "bookworm"
PRIVATE_MOUNTS = "unshare", "--mount", "--propagation", "private"


def reason_to_skip():
    """Why there can be no such folder here; None if there can."""
    if os.geteuid() != 0:
        return "chroot needs root"
    missing = [program for program in ("debootstrap", "unshare", "apt-get") if not shutil.which(program)]
    if missing:
        return f"without {', '.join(missing)}; scripts/setup.sh --tests installs debootstrap"
    allowed = subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
    return None if allowed else "this container may not mount folders"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def mirror():
    """The address from which apt of this machine takes the packages of Debian 12; None if it takes none."""
    for line in output_of("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages").splitlines():
        name, _, address = line.partition(" ")
        if name == RELEASE:
            return address
    return None


def bare_debian():
    """An archive of a bare Debian 12. debootstrap makes it once for a build folder, in two minutes; another test waits meanwhile."""
    archive = BUILD / "places" / f"{RELEASE}.tar"
    archive.parent.mkdir(exist_ok=True)
    with open(f"{archive}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            make_archive(archive)
    return archive


def make_archive(archive):
    folder = archive.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    address = mirror()
    # What debootstrap mounts in the folder is gone with it, also if it is killed.
    done = subprocess.run([*PRIVATE_MOUNTS, "debootstrap", "--variant=minbase", RELEASE, str(folder), *([address] if address else [])],
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"debootstrap failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    subprocess.run(["tar", "-C", folder, "-cf", f"{archive}.new", "."], check=True)
    os.rename(f"{archive}.new", archive)
    shutil.rmtree(folder)


class Chroot:
    """One such folder. It is removed by remove()."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-C", folder, "-xf", bare_debian()], check=True)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        # How apt of this machine reaches the mirror, such as a proxy.
        settings = output_of("apt-config", "dump", "--format", '%f "%v";%n', "Acquire")
        (folder / "etc/apt/apt.conf.d/99host").write_text(settings)

    def run(self, command, working_folder="/", variables=None, mounts=None, timeout=600):
        """Runs a line of shell in the folder, and returns its output. `mounts`: folders of this machine that it can read, by their
        place in the folder. They are mounted for this command only."""
        lines = [f"mount -t proc proc '{self.folder}/proc'", f"mount --bind /dev/shm '{self.folder}/dev/shm'"]
        for place, source in (mounts or {}).items():
            target = f"{self.folder}{place}"
            lines.append(f"mkdir -p '{target}' && mount --bind '{source}' '{target}' && mount -o remount,bind,ro '{target}'")
        lines.append(f"""exec chroot '{self.folder}' /bin/sh -c 'mkdir -p "$0" && cd "$0" && exec /bin/sh -c "$1"' "$1" "$2" """)
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **(variables or {})}
        done = subprocess.run([*PRIVATE_MOUNTS, "/bin/sh", "-ec", "\n".join(lines), "sh", working_folder, command],
                              env=environment, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise AssertionError(f"in the bare Debian: {command} ended with status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
