#!/usr/bin/env bash
# Builds into build/ (preset release). Usage: scripts/build.sh [--program | TARGET...]; without a target, everything with
# the tests; --program: the executable, and its CUDA part where the CUDA toolkit and a GPU, or --cuda, ask for it.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -e build/build.ninja ]; then
  cmake --preset release >build.log 2>&1 || { cat build.log >&2; rm -f build.log; echo "build: CMake failed, see above" >&2; exit 1; }
  rm -f build.log
fi
if [ "${1:-}" = --program ]; then
  shift
  targets=(hpcai-train)
  if compgen -G '/dev/nvidia[0-9]*' >/dev/null || [ "${1:-}" = --cuda ]; then
    if grep -q 'libhpcai_cuda.so' build/build.ninja; then targets+=(hpcai_cuda); fi
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
  ninja -C build -j "$jobs" "$@"
else
  ninja -C build -j "$jobs" "$@" >"$output" 2>&1 || { tail -n 60 "$output" >&2; echo "build: failed, see above" >&2; exit 1; }
fi
