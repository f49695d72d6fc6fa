#!/usr/bin/env bash
# Accuracy against global batch on the program's own galaxies, for plain SGD, linear scaling with warm-up, and LARS, three
# seeds each: the same number of images for every run. Table and figure go to docs/large_batch.md and docs/large_batch.svg.
# Usage: scripts/large_batch_study.sh [RUNS_FOLDER]     runs that are finished there are not repeated
#   BATCHES="64 256" SEEDS="1" RECIPES="plain lars"     a part of the study
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

runs=${1:-runs/large_batch}
batches=${BATCHES:-64 512 2048 4096}
seeds=${SEEDS:-1 2 3}
recipes=${RECIPES:-plain linear lars}
program=${HPCAI_TRAIN:-build/bin/hpcai-train}
samples_per_pass=256  # larger batches are accumulated; batch norm then works on this many, as on many ranks

if [ "$program" = build/bin/hpcai-train ]; then
  scripts/setup.sh
  scripts/build.sh --program
fi
python=python3
if ! $python -c 'import matplotlib' 2>/dev/null; then
  python=.deps/python/bin/python
  if ! $python -c 'import matplotlib' 2>/dev/null; then
    echo "large_batch_study: installing matplotlib into .deps/python"
    { python3 -m venv .deps/python && $python -m pip install --quiet --disable-pip-version-check matplotlib; } ||
      { echo "large_batch_study: matplotlib could not be installed; apt-get install python3-venv python3-matplotlib, or is the network down?" >&2; exit 69; }
  fi
fi

# One run: 79 (the loss is not finite) is a result, everything else ends the study.
train() {
  local recipe=$1 batch=$2 seed=$3 status=0
  local folder=$runs/$recipe-batch$batch-seed$seed
  if [ -e "$folder/summary.json" ] && grep -qE '"status": ?"(finished|diverged)"' "$folder/summary.json"; then return 0; fi
  local passes=$((batch > samples_per_pass ? batch / samples_per_pass : 1))
  local config=configs/galaxy/large_batch_$recipe.yaml
  "$program" --config "$config" --run-dir "$folder" --overwrite --set training.threads=1 --set training.seed="$seed" \
    --set training.global_batch="$batch" --set training.accumulation="$passes" >"$runs/log-$recipe-$batch-$seed.txt" 2>&1 || status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 79 ]; then
    echo "large_batch_study: the run $folder failed with status $status:" >&2
    tail -n 5 "$runs/log-$recipe-$batch-$seed.txt" >&2
    return 255  # ends xargs
  fi
  echo "$recipe, batch $batch, seed $seed: $(tail -n 2 "$runs/log-$recipe-$batch-$seed.txt" | head -n 1)"
}
export -f train
export runs program samples_per_pass

mkdir -p "$runs"
start=$SECONDS
for batch in $batches; do
  for recipe in $recipes; do
    for seed in $seeds; do echo "$recipe $batch $seed"; done
  done
done | xargs -P "$(nproc)" -L 1 bash -c 'train "$@"' train
echo "large_batch_study: $((SECONDS - start)) s on $(nproc) cores"
$python scripts/large_batch_report.py "$runs" --figure docs/large_batch.svg --table docs/large_batch.md
echo "large_batch_study: see docs/large_batch.md and docs/large_batch.svg"
