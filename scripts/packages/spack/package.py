# A Spack recipe. Put this folder into a repository of your own:
#   spack repo create ~/hpcai hpcai && mkdir -p ~/hpcai/packages/hpcai-train && cp scripts/packages/spack/package.py ~/hpcai/packages/hpcai-train/
#   spack repo add ~/hpcai && spack dev-build -d . hpcai-train@0.1.0
from spack.package import *


class HpcaiTrain(CMakePackage):
    """Trains scientific neural networks on one core, one GPU or a whole cluster, as a YAML file describes."""

    license("BSD-3-Clause")
    version("0.1.0")

    variant("cuda", default=False, description="Build the part for NVIDIA GPUs")

    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("py-torch@2.11.0+distributed+gloo")
    depends_on("py-torch+cuda+nccl", when="+cuda")
    depends_on("cuda@13", when="+cuda")
    depends_on("cli11")
    depends_on("yaml-cpp@0.7:")
    depends_on("spdlog")
    depends_on("fmt")
    depends_on("nlohmann-json")
    depends_on("hdf5+cxx+hl~mpi")
    depends_on("libjpeg-turbo")
    depends_on("libpng")
    depends_on("cfitsio")
    depends_on("nanoflann")
    depends_on("zlib-api")
    depends_on("openssl")
    depends_on("gloo")
    depends_on("highway")

    def cmake_args(self):
        torch = join_path(python_platlib, "torch")
        return [
            self.define("TORCH_DIR", join_path(self.spec["py-torch"].prefix, torch)),
            self.define("HPCAI_TESTS", False),
            self.define("HPCAI_UNITY", True),
            self.define("HPCAI_CUDA", "ON" if "+cuda" in self.spec else "OFF"),
        ]
