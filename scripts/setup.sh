#!/usr/bin/env bash
# Installs what the build needs: Debian packages (as root or through sudo) and LibTorch 2.11.0 into .deps/.
# Asks no questions and skips what is installed already. Usage: scripts/setup.sh [--cuda] [--tests]
#   --tests      also install what only some tests need: Slurm, Open MPI, ip, debootstrap, h5py, torchrun, clang-format, zsh, fish, and
#                Python packages in .deps; tests without them are skipped
#   --cuda       also fetch the CUDA libraries of LibTorch (the default on a machine with a GPU)
#   TORCH_DIR    use this LibTorch (a folder with include/ and lib/) instead of fetching one
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "setup: $1" >&2; exit 1; }

want_cuda=no
want_tests=no
for argument in "$@"; do
  case $argument in
    --cuda) want_cuda=yes ;;
    --tests) want_tests=yes ;;
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup: unknown argument $argument; see --help" >&2; exit 2 ;;
  esac
done
compgen -G '/dev/nvidia[0-9]*' >/dev/null && want_cuda=yes

packages=(g++ cmake ninja-build ccache git ca-certificates python3 python3-pip libcli11-dev libyaml-cpp-dev libspdlog-dev
          libfmt-dev nlohmann-json3-dev libhdf5-dev libjpeg62-turbo-dev libpng-dev libcfitsio-dev libnanoflann-dev zlib1g-dev libssl-dev libgloo-dev libhwy-dev catch2)
test_packages=(slurm-wlm munge openmpi-bin iproute2 debootstrap hdf5-tools python3-h5py clang-format-14 librsvg2-bin zsh fish chromium)

# Prints the given packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

install_packages() {
  command -v dpkg-query >/dev/null || return 0  # not Debian: environment.yml or the cluster's modules provide them
  local missing
  mapfile -t missing < <(missing_packages "${packages[@]}")
  # a tool that was installed without its Debian package is sufficient
  local needed=()
  for package in "${missing[@]}"; do
    case $package in
      g++|cmake|git|ccache|python3) command -v "$package" >/dev/null || needed+=("$package") ;;
      ninja-build) command -v ninja >/dev/null || needed+=("$package") ;;
      python3-pip) python3 -m pip --version >/dev/null 2>&1 || needed+=("$package") ;;
      *) needed+=("$package") ;;
    esac
  done
  [ ${#needed[@]} -eq 0 ] && return 0
  # In a conda environment with the compilers and libraries of environment.yml nothing is missing.
  if [ -n "${CONDA_PREFIX:-}" ] && [ -e "$CONDA_PREFIX/include/yaml-cpp/yaml.h" ]; then return 0; fi
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
      fail "these Debian packages are missing: ${needed[*]}. Run this script as root, or without root: conda env create -f environment.yml"
    root=(sudo -n)
  fi
  echo "setup: installing ${#needed[@]} Debian packages"
  "${root[@]}" apt-get update -qq || fail "apt-get update failed. Is the network up?"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed[@]}" >/dev/null ||
    fail "apt-get could not install ${needed[*]}. Is the network up and the disk not full?"
}

# Does not fail: a test whose program is missing is skipped with a message.
install_test_packages() {
  command -v dpkg-query >/dev/null || return 0
  local missing root=()
  mapfile -t missing < <(missing_packages "${test_packages[@]}")
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" -ne 0 ] && root=(sudo -n)
  echo "setup: installing for the tests: ${missing[*]}"
  if ! { "${root[@]}" apt-get update -qq && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
         --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1; then
    echo "setup: could not install ${missing[*]}: the tests that need them will be skipped" >&2
  fi
}

torch_version=2.11.0
torch_folder=.deps/torch-$torch_version

# fetch REQUIREMENTS STAMP: downloads the wheels of scripts/REQUIREMENTS and unpacks them into one folder. The file STAMP marks success.
fetch() {
  [ -e "$torch_folder/$2" ] && return 0
  [ "$(uname -m)" = x86_64 ] ||
    fail "LibTorch is only fetched for x86_64. Set TORCH_DIR to a LibTorch $torch_version for $(uname -m)."
  echo "setup: fetching LibTorch $torch_version ($1)"
  mkdir -p .deps
  local wheels
  wheels=$(mktemp -d .deps/wheels.XXXXXX)
  trap 'rm -rf "$wheels"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none --platform manylinux_2_28_x86_64 \
    --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux_2_18_x86_64 \
    --platform manylinux2014_x86_64 --platform manylinux2010_x86_64 --platform manylinux1_x86_64 \
    -d "$wheels" -r "scripts/$1" ||
    fail "LibTorch could not be fetched with pip. Is the network up? Or set TORCH_DIR to a LibTorch $torch_version you have."
  python3 -I - "$wheels" "$torch_folder" <<'PYTHON' || fail "the wheels could not be unpacked into .deps. Is the disk full?"
import pathlib, sys, zipfile
wheels, folder = map(pathlib.Path, sys.argv[1:])
def is_licence(file):
    return ".dist-info/licenses/" in file
def wanted(file):  # libraries and headers; 47 MB of Python for torchrun
    return file.startswith(("torch/lib/", "torch/include/", "nvidia/")) or file.endswith((".py", ".so", "/torch_shm_manager")) or is_licence(file)
def there(entry):  # such a file is not replaced, because a running program may use it
    file = folder / entry.filename
    return file.exists() and file.stat().st_size == entry.file_size
for wheel in sorted(wheels.glob("*.whl")):  # torch and typing_extensions come last in the first list
    with zipfile.ZipFile(wheel) as archive:
        entries = [entry for entry in archive.infolist() if wanted(entry.filename)]
        for entry in filter(lambda entry: is_licence(entry.filename), entries):  # licences/torch-2.11.0/LICENSE
            entry.filename = "licences/" + entry.filename.replace(".dist-info/licenses/", "/")
        archive.extractall(folder, [entry for entry in entries if not there(entry)])
PYTHON
  rm -rf "$wheels"
  trap - EXIT
  touch "$torch_folder/$2"
}

# Installs torchrun, which tests/launch/torchrun.py starts. torchrun loads the CUDA libraries (2 GB) but does not call them. So this
# function makes an empty library with the name of each missing one. hpcai-train does not use these stubs.
install_torchrun() {
  # typing_extensions is missing if an earlier version of this script has unpacked LibTorch without its Python part
  [ -e "$torch_folder/typing_extensions.py" ] || (fetch libtorch.txt .python) || return 1
  local library missing
  missing=$(ldd "$torch_folder/torch/lib/libtorch_python.so" | awk '/not found/ {print $1}' | sort -u)
  mkdir -p "$torch_folder/stubs"
  for library in $missing; do
    [ -e "$torch_folder/stubs/$library" ] || "${CXX:-g++}" -shared -nostdlib "-Wl,-soname,$library" \
      -o "$torch_folder/stubs/$library" -x c++ /dev/null || return 1
  done
}

# install_python NAME ARGUMENT...: Python packages that only tests look for, into .deps/NAME, by pip with these arguments. Does not fail.
install_python() {
  local folder=.deps/$1
  shift
  [ -e "$folder/.done" ] && [ "$(cat "$folder/.done")" = "$*" ] && return 0
  rm -rf "$folder"
  if python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder" "$@"; then
    echo "$*" >"$folder/.done"
  else
    echo "setup: could not install $folder: the tests that need it will be skipped" >&2
  fi
}

install_packages
if [ "$want_tests" = yes ]; then
  install_test_packages
  install_python tensorboard --no-deps --require-hashes --only-binary=:all: -r scripts/tensorboard.txt
  install_python optuna optuna==5.0.0
  install_python kubernetes kubernetes-validate==1.37.0 kubeflow-trainer-api==2.3.0
fi
if [ -n "${TORCH_DIR:-}" ]; then
  [ -e "$TORCH_DIR/lib/libtorch_cpu.so" ] || fail "TORCH_DIR=$TORCH_DIR has no lib/libtorch_cpu.so"
else
  fetch libtorch.txt .cpu
  if [ "$want_cuda" = yes ]; then fetch libtorch-cuda.txt .cuda; fi
  if [ "$want_tests" = yes ]; then
    install_torchrun || echo "setup: could not install torchrun: the tests that need it will be skipped" >&2
  fi
fi
