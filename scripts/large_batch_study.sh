#!/usr/bin/env bash
# Measures accuracy against global batch on simulated galaxies, for plain SGD, linear scaling with warm-up, and LARS. All runs see
# the same number of images. First the script searches the rates on the validation split with a separate seed: SGD's at batch 64,
# LARS's rate and trust coefficient at each batch. Then it trains each recipe with three seeds and tests it. Table and figure go to
# docs/large_batch.md and docs/large_batch.svg.
# Usage: scripts/large_batch_study.sh [RUNS_FOLDER]     finished runs in the folder are not repeated
#   BATCHES="64 512" SEEDS="1" RECIPES="plain lars"     a part of the study
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

runs=${1:-runs/large_batch}
batches=${BATCHES:-64 512 2048 4096}
seeds=${SEEDS:-1 2 3}
recipes=${RECIPES:-plain linear lars}
search_seed=100
program=${HPCAI_TRAIN:-build/bin/hpcai-train}
samples_per_pass=256  # larger batches are accumulated; batch norm then uses this many samples, as with many ranks

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

# train FOLDER RECIPE BATCH SEED RATE TRUST: exit status 79 (the loss is not finite) is a result; other failures end the study.
train() {
  local folder=$runs/$1 recipe=$2 batch=$3 seed=$4 rate=$5 trust=$6 status=0
  if [ -e "$folder/summary.json" ] && grep -qE '"status": ?"(finished|diverged)"' "$folder/summary.json"; then return 0; fi
  local passes=$((batch > samples_per_pass ? batch / samples_per_pass : 1)) log=$runs/log-${1//\//-}.txt own=()
  if [ "$recipe" = lars ]; then own=(--set optimizer.trust_coefficient="$trust"); fi
  "$program" --config "configs/galaxy/large_batch_$recipe.yaml" --run-dir "$folder" --overwrite --set training.threads=1 \
    --set training.seed="$seed" --set training.global_batch="$batch" --set training.accumulation="$passes" \
    --set optimizer.lr="$rate" ${own[@]+"${own[@]}"} >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 79 ]; then
    echo "large_batch_study: the run $folder failed with status $status:" >&2
    tail -n 5 "$log" >&2
    return 255  # ends xargs
  fi
  echo "$1: $(tail -n 2 "$log" | head -n 1)"
}
export -f train
export runs program samples_per_pass
train_all() { xargs -P "$(nproc)" -L 1 bash -c 'train "$@"' train; }
wants() { [[ " $recipes " = *" $1 "* ]]; }

search() {
  local batch rate
  if wants plain || wants linear; then
    for rate in 0.0125 0.025 0.05 0.1; do echo "search/plain-batch64-rate$rate-trust0 plain 64 $search_seed $rate 0"; done
  fi
  wants lars || return 0
  for batch in $batches; do
    for rate in 1 2 4 8 16 32; do echo "search/lars-batch$batch-rate$rate-trust0.001 lars $batch $search_seed $rate 0.001"; done
    for rate in 0.2 0.4 0.8 1.6; do echo "search/lars-batch$batch-rate$rate-trust0.01 lars $batch $search_seed $rate 0.01"; done
  done
}

measure() {
  local batch recipe seed rate trust
  for batch in $batches; do
    for recipe in $recipes; do
      read -r rate trust < <($python scripts/large_batch_report.py "$runs" --best "$recipe" "$batch")
      for seed in $seeds; do echo "$recipe-batch$batch-seed$seed $recipe $batch $seed $rate $trust"; done
    done
  done
}

mkdir -p "$runs"
start=$SECONDS
search | train_all
measure | train_all
echo "large_batch_study: $((SECONDS - start)) s on $(nproc) cores"
$python scripts/large_batch_report.py "$runs" --figure docs/large_batch.svg --table docs/large_batch.md
echo "large_batch_study: see docs/large_batch.md and docs/large_batch.svg"
