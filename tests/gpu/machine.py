"""The GPUs of this machine."""
import os
import pathlib
import re
import sys

PROGRAM = pathlib.Path(os.environ["HPCAI_TRAIN"]).resolve()
SKIPPED = 77


def count():
    return sum(re.fullmatch(r"nvidia\d+", path.name) is not None for path in pathlib.Path("/dev").glob("nvidia*"))


def skip_without():
    """Ends the test where it cannot run, and says why."""
    if count() == 0:
        print("SKIPPED: this machine shows no NVIDIA GPU (/dev/nvidia*)")
        sys.exit(SKIPPED)
    if not (PROGRAM.parent / "libhpcai_cuda.so").exists() and "HPCAI_CUDA_LIBRARY" not in os.environ:
        print("SKIPPED: libhpcai_cuda.so was not built")
        sys.exit(SKIPPED)
