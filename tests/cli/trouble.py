"""A file system in trouble: shim.c as a library for LD_PRELOAD."""
import errno
import pathlib
import shutil
import subprocess
import tempfile

from harness import Case

HERE = pathlib.Path(__file__).resolve().parent


class TroubledCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.build = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-shim-"))
        cls.addClassCleanup(shutil.rmtree, cls.build)
        cls.shim = cls.build / "shim.so"
        subprocess.run(["cc", "-O1", "-fPIC", "-shared", "-o", cls.shim, HERE / "shim.c", "-ldl"], check=True)

    def trouble(self, under=None, **settings):
        """Environment variables of the shim, such as refuse={"fsync": errno.EINVAL} or fail_at=(function, path, errno, times)."""
        env = {"LD_PRELOAD": str(self.shim), "SHIM_UNDER": str(self.folder / under if under else self.folder)}
        if "refuse" in settings:
            env["SHIM_REFUSE"] = ",".join(f"{name}:{number}" for name, number in settings["refuse"].items())
        if "fail" in settings:
            env["SHIM_FAIL"] = "{}:{}".format(*settings["fail"])
        if "fail_at" in settings:
            env["SHIM_FAIL_AT"] = "{} {}:{}:{}".format(*settings["fail_at"])
        if "while_exists" in settings:
            env["SHIM_WHILE"] = "{}:{}".format(*settings["while_exists"])
        if "stall_while_exists" in settings:
            env["SHIM_STALL"] = str(settings["stall_while_exists"])
        if "trace" in settings:
            env["SHIM_TRACE"] = str(settings["trace"])
        return env


def name_of(number):
    return errno.errorcode[number]
