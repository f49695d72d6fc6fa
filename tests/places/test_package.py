"""What scripts/install.sh --package packs: a .deb that fits Debian, and an archive that runs wherever it is unpacked."""
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import chroot

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HPCAI_BUILD"])
CONFIG = SOURCE / "tests/cli/configs/waveform.yaml"
VERSION = re.search(r"project\(hpcai-train VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
QUICKSTART = "/usr/share/hpcai-train/configs/waveform/quickstart.yaml"
FILES = ["bin/hpcai-train", "libexec/hpcai-train", "lib/hpcai-train/libtorch_cpu.so", "lib/hpcai-train/libc10.so", "share/man/man1/hpcai-train.1.gz",
         "share/bash-completion/completions/hpcai-train", "share/zsh/vendor-completions/_hpcai-train", "share/zsh/site-functions/_hpcai-train",
         "share/fish/vendor_completions.d/hpcai-train.fish", "share/doc/hpcai-train/copyright", "share/doc/hpcai-train/README.md",
         "share/doc/hpcai-train/CHANGELOG.md", "share/doc/hpcai-train/docs/places.md", "share/hpcai-train/configs/galaxy/quickstart.yaml",
         "share/hpcai-train/scripts/slurm/run_job.sh", "share/hpcai-train/scripts/kubernetes/job.yaml"]
WITHOUT_CHROOT = chroot.reason_to_skip()
# What dpkg, apt and the system write themselves.
ADMINISTRATION = "/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/log/", "/proc/", "/dev/", "/run/", "/tmp/"


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, **options)
    if done.returncode:
        raise AssertionError(f"{command} ended with status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


@unittest.skipUnless(shutil.which("dpkg-deb"), "a .deb can only be made and read where dpkg is")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # As scripts/install.sh does it, with LibTorch; only the .deb is not compressed, which would take half a minute.
        run("cpack", "-G", "DEB;TGZ", "-B", cls.folder, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none", cwd=BUILD)
        [cls.deb] = cls.folder.glob("*.deb")
        [cls.archive] = cls.folder.glob("*.tar.gz")

    def test_names_tell_version_and_machine(self):
        self.assertEqual(self.deb.name, f"hpcai-train_{VERSION}_{run('dpkg', '--print-architecture').strip()}.deb")
        self.assertEqual(self.archive.name, f"hpcai-train-{VERSION}-linux-{os.uname().machine}.tar.gz")

    def test_control_fields(self):
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]+): ((?:.|\n )*)", run("dpkg-deb", "-f", self.deb), re.M))
        self.assertEqual((fields["Package"], fields["Version"]), ("hpcai-train", VERSION))
        self.assertEqual(fields["Architecture"], run("dpkg", "--print-architecture").strip())
        self.assertEqual(fields["Section"], "science")
        self.assertIn("hpcai-train authors", fields["Maintainer"])
        for needed in ("libc6 (>= ", "libstdc++6 (>= "):
            self.assertIn(needed, fields["Depends"])
        summary, _, more = fields["Description"].partition("\n")
        self.assertTrue(10 < len(summary) < 81 and summary[0].isupper() and not summary.endswith("."), summary)
        self.assertIn("LibTorch", more)
        self.assertLess(int(fields["Installed-Size"]), 600_000, "kB")

    def test_contents(self):
        modes = {}
        for line in run("dpkg-deb", "-c", self.deb).splitlines():
            mode, owner, _, _, _, name = line.split(maxsplit=5)
            modes[name.partition(" -> ")[0]] = mode
            self.assertEqual(owner, "root/root", line)
            self.assertRegex(mode, r"^(d|-)rw[x-]r-[x-]r-[x-]$|^l", line)
            self.assertRegex(name, r"^\./(usr/((bin|libexec)/(hpcai-train)?|lib/(hpcai-train/.*)?|share/((man|doc|hpcai-train|bash-completion|zsh|fish)/.*)?)?)?$")
        for name in FILES:
            self.assertIn(f"./usr/{name}", modes)
        for name in ("bin", "libexec"):
            self.assertEqual(modes[f"./usr/{name}/hpcai-train"], "-rwxr-xr-x")
        self.assertFalse([name for name in modes if re.search(r"lib(c|m|stdc\+\+|gcc_s|torch_cuda|torch_python)\.so", name)])

    def test_files_are_whole_stripped_and_name_no_folder_of_the_build(self):
        place = self.folder / "content"
        run("dpkg-deb", "-x", self.deb, place)
        run("dpkg-deb", "-e", self.deb, self.folder / "control")
        sums = dict(reversed(line.split("  ")) for line in (self.folder / "control/md5sums").read_text().splitlines())
        files = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file() and not path.is_symlink()}
        self.assertEqual(set(sums), set(files))
        for name, path in files.items():
            if "libtorch" not in name:
                self.assertEqual(hashlib.md5(path.read_bytes()).hexdigest(), sums[name], name)
        for program in (place / "usr/bin/hpcai-train", place / "usr/libexec/hpcai-train"):
            self.assertNotIn(".symtab", run("readelf", "-SW", program))
            self.assertRegex(run("readelf", "-dW", program), r"\(RPATH\).*\[\$ORIGIN/\.\./lib/hpcai-train\]")
        page = gzip.decompress((place / "usr/share/man/man1/hpcai-train.1.gz").read_bytes()).decode()
        self.assertTrue(page.startswith(".TH HPCAI") and VERSION in page.splitlines()[0])
        run("bash", "-n", place / "usr/share/bash-completion/completions/hpcai-train")
        self.assertTrue((place / "usr/share/zsh/vendor-completions/_hpcai-train").read_text().startswith("#compdef hpcai-train"))
        self.assertIn("complete -c hpcai-train", (place / "usr/share/fish/vendor_completions.d/hpcai-train.fish").read_text())

    def test_licence_texts_of_all_libraries(self):
        names = run("dpkg-deb", "-c", self.deb).splitlines()
        libraries = [name.rpartition("/")[2] for name in names if re.search(r"usr/lib/hpcai-train/.*\.so", name) and not name.startswith("l")]
        licences = {name.rpartition("/")[2] for name in names if "/doc/hpcai-train/licences/" in name}
        for library in libraries:
            owner = subprocess.run(["dpkg", "-S", f"*/{library}"], capture_output=True, text=True).stdout.partition(":")[0].partition(",")[0]
            if owner:
                self.assertIn(owner, licences, library)
        self.assertLessEqual({"libcli11-dev", "nlohmann-json3-dev", "libnanoflann-dev"}, licences)
        if (SOURCE / ".deps/torch-2.11.0/torch").exists() and not list(SOURCE.glob(".deps/torch-2.11.0/licences/torch-*")):
            self.skipTest("scripts/setup.sh of an earlier version has fetched LibTorch without its licence text")
        self.assertTrue([name for name in licences if re.fullmatch(r"torch-[0-9.]+-LICENSE", name)], licences)

    def test_the_archive_runs_wherever_it_is_unpacked(self):
        run("tar", "-C", self.folder, "-xzf", self.archive)
        place = self.folder / "a new place"
        (self.folder / self.archive.name.removesuffix(".tar.gz")).rename(place)
        for name in FILES:
            self.assertTrue((place / name).exists(), name)
        self.assertEqual(run(place / "bin/hpcai-train", "--version"), f"hpcai-train {VERSION}\n")
        run(place / "bin/hpcai-train", "--config", CONFIG, "--run-dir", self.folder / "run", cwd=self.folder)

    @unittest.skipIf(WITHOUT_CHROOT, WITHOUT_CHROOT)
    def test_a_bare_debian_installs_it_trains_and_removes_it(self):
        debian = chroot.Chroot(self.folder / "debian")
        self.addCleanup(debian.remove)

        def files():
            found = debian.run("find / -xdev -not -type d").splitlines()
            return {path for path in found if not path.startswith(ADMINISTRATION)}

        before = files()
        (debian.folder / "tmp" / self.deb.name).hardlink_to(self.deb)
        debian.run(f"dpkg -i /tmp/{self.deb.name}")
        added = files() - before
        self.assertEqual({path for path in added if not path.startswith("/usr/")}, set())
        self.assertLessEqual({f"/usr/{name}" for name in FILES}, added)
        debian.run(f"hpcai-train --config {QUICKSTART} --run-dir /tmp/run --nproc 2 --set training.max_steps=20 && test -s /tmp/run/summary.json")
        self.assertIn("ok installed", debian.run("dpkg-query -W -f '${Status}' hpcai-train"))
        debian.run("apt-get remove -y hpcai-train && test ! -e /usr/lib/hpcai-train")
        self.assertEqual(files(), before)


if __name__ == "__main__":
    if WITHOUT_CHROOT:
        print(f"SKIPPED: the package in a bare Debian: {WITHOUT_CHROOT}")
    unittest.main()
