"""torchrun of the PyTorch that LibTorch is a part of: TORCH_DIR, or what scripts/setup.sh --tests has put into .deps."""
import ctypes
import os
import pathlib
import sys
import warnings

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
packages = pathlib.Path(os.environ.get("TORCH_DIR") or SOURCE / ".deps" / "torch-2.11.0" / "torch").resolve().parent
sys.path.insert(0, str(packages))

# The CUDA libraries that are not there are replaced by empty ones, which serve because none of their functions is called.
# Loaded here and not through LD_LIBRARY_PATH they stay in this process: the ranks must not find them.
for stub in (packages / "stubs").glob("*"):
    ctypes.CDLL(str(stub))
sys.setdlopenflags(os.RTLD_LAZY)  # a function is looked for only when it is called

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
from torch.distributed.run import main  # noqa: E402

main()
