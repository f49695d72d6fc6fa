#!/usr/bin/env bash
# Builds into build/ (preset release). Usage: scripts/build.sh [--program [--cuda] | TARGET...]. Without a target it builds everything
# including the tests. --program builds the executable, and also its CUDA part if the CUDA toolkit is installed and either the machine
# has a GPU or --cuda is given. Environment: preset=NAME builds another preset of CMakePresets.json into build-NAME/; HPCAI_WERROR=ON
# makes warnings errors.
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
  targets=(program)
  if compgen -G '/dev/nvidia[0-9]*' >/dev/null || [ "${1:-}" = --cuda ]; then
    if grep -q 'libhpcai_cuda.so' "$folder/build.ninja"; then targets+=(hpcai_cuda); fi
  fi
  set -- "${targets[@]}"
fi
# The number of jobs is limited, because compiling a LibTorch source needs about 2 GB of memory.
memory_gb=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$(nproc)
[ "$jobs" -gt $((memory_gb / 2 + 1)) ] && jobs=$((memory_gb / 2 + 1))
output=$(mktemp)
trap 'rm -f "$output"; kill "${teller:-}" 2>/dev/null || true' EXIT

# Without a terminal ninja's own line of progress is not readable: a line every 15 s instead, from the last "[23/76]" of its output.
tell_progress() {
  local begin=$SECONDS done total
  while sleep 15 >/dev/null 2>&1; do
    IFS=' ' read -r done total < <(grep -oE '^\[[0-9]+/[0-9]+\]' "$output" | tail -n 1 | tr '[/]' '   ') || continue
    [ "$done" -gt 0 ] && [ "$done" -lt "$total" ] || continue
    echo "build: $done of $total steps, about $(((SECONDS - begin) * (total - done) / done / 60 + 1)) min left" >&2
  done
}

if [ -t 1 ]; then
  ninja -C "$folder" -j "$jobs" "$@"
else
  tell_progress &
  teller=$!
  NINJA_STATUS='[%f/%t] ' ninja -C "$folder" -j "$jobs" "$@" >"$output" 2>&1 || { tail -n 60 "$output" >&2; echo "build: failed, see above" >&2; exit 1; }
fi
