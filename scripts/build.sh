#!/usr/bin/env bash
# Builds into build/ (preset release). Usage: scripts/build.sh [--program | TARGET...]; without a target, everything with
# the tests; --program: the executable, and its CUDA part where the CUDA toolkit and a GPU, or --cuda, ask for it.
# preset=NAME in the environment takes another preset of CMakePresets.json, into build-NAME/; HPCAI_WERROR=ON makes warnings errors.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${preset:-release}
folder=build-$preset
[ "$preset" = release ] && folder=build
if [ ! -e "$folder/build.ninja" ]; then
  if ! cmake --preset "$preset" "-DHPCAI_WERROR=${HPCAI_WERROR:-OFF}" >build.log 2>&1; then
    cat build.log >&2
    rm -f build.log
    echo "build: CMake failed, see above" >&2
    exit 1
  fi
  rm -f build.log
fi
if [ "${1:-}" = --program ]; then
  shift
  targets=(hpcai-train)
  if compgen -G '/dev/nvidia[0-9]*' >/dev/null || [ "${1:-}" = --cuda ]; then
    if grep -q 'libhpcai_cuda.so' "$folder/build.ninja"; then targets+=(hpcai_cuda); fi
  fi
  set -- "${targets[@]}"
fi
# A LibTorch translation unit takes about 2 GB: no more jobs than memory allows.
memory_gb=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$(nproc)
[ "$jobs" -gt $((memory_gb / 2 + 1)) ] && jobs=$((memory_gb / 2 + 1))
output=$(mktemp)
trap 'rm -f "$output"' EXIT
if [ -t 1 ]; then
  ninja -C "$folder" -j "$jobs" "$@"
else
  ninja -C "$folder" -j "$jobs" "$@" >"$output" 2>&1 || { tail -n 60 "$output" >&2; echo "build: failed, see above" >&2; exit 1; }
fi
