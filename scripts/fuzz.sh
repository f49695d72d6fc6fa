#!/usr/bin/env bash
# Damages sound inputs at random and reads them with every reader of untrusted bytes, under the address and undefined-behaviour
# sanitizers.
# Usage: scripts/fuzz.sh [--minutes N] [TARGET...]    N minutes in all (default 10), the targets in turn (default all)
# A faulty input stays in build-asan/fuzz-TARGET. The program that found it reads it again: build-asan/tests/fuzz_readers TARGET FILE.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=10
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift 2 ;;
    -*) echo "fuzz: unknown option $1 (see --help)" >&2; exit 2 ;;
    *) targets+=("$1"); shift ;;
  esac
done
[[ $minutes =~ ^[0-9]+$ ]] || { echo "fuzz: --minutes needs a whole number, not '$minutes'" >&2; exit 2; }
experiment=(config state)
readers=(catalogue image_list table arrays binaries host_list image fits filter image_hdf5 waveform_hdf5 safetensors torch_zip torch_legacy keras manifest
         greeting)
[ ${#targets[@]} -gt 0 ] || targets=("${experiment[@]}" "${readers[@]}")
scripts/setup.sh
preset=asan scripts/build.sh fuzz_readers fuzz_experiment
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.txt
end=$((SECONDS + 60 * minutes))
seed=$(date +%s)
while [ $SECONDS -lt $end ]; do
  for target in "${targets[@]}"; do
    program=fuzz_readers
    [[ " ${experiment[*]} " != *" $target "* ]] || program=fuzz_experiment
    "build-asan/tests/$program" "$target" --runs 1000 --seed "$seed" --out build-asan
  done
  seed=$((seed + 1))
done
