#!/usr/bin/env bash
# From a bare Debian 12 to trained models: installs what is missing, builds, trains, and prints the quality.
# Usage: scripts/quickstart.sh [waveform|galaxy|all] [--cuda]
set -euo pipefail
cd "$(dirname "$0")/.."

what=all
setup_arguments=()
for argument in "$@"; do
  case $argument in
    waveform|galaxy|all) what=$argument ;;
    --cuda) setup_arguments+=(--cuda) ;;
    -h|--help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "quickstart: unknown argument $argument; use waveform, galaxy or all" >&2; exit 2 ;;
  esac
done
experiments=("$what")
[ "$what" = all ] && experiments=(waveform galaxy)

scripts/setup.sh "${setup_arguments[@]}"
[ -x build/bin/hpcai-train ] || echo "quickstart: building (once, some minutes on 2 cores)"
scripts/build.sh --program "${setup_arguments[@]}"

# Prints the first of runs/<name>, runs/<name>-2, ... that does not exist yet.
free_folder() {
  local folder=runs/$1 n=2
  while [ -e "$folder" ]; do folder=runs/$1-$n n=$((n + 1)); done
  echo "$folder"
}

folders=()
for experiment in "${experiments[@]}"; do
  folder=$(free_folder "$experiment-quickstart")
  folders+=("$folder")
  build/bin/hpcai-train --config "configs/$experiment/quickstart.yaml" --run-dir "$folder"
done

echo
for folder in "${folders[@]}"; do
  python3 -I - "$folder" <<'PYTHON'
import json, sys
summary = json.load(open(f"{sys.argv[1]}/summary.json"))
test = summary["test"]
if "accuracy" in test:
    quality = f"{test['accuracy']:.1%} of {test['samples']} test galaxies classified correctly"
else:
    quality = f"median overlap {test['overlap_median']:.4f} between test waveforms and those regenerated from the prediction"
print(f"trained   {summary['name']}: {summary['parameters']:,} values, {summary['steps']} steps in {summary['time_s']:.0f} s")
print(f"quality   {quality}")
print(f"results   {sys.argv[1]}")
PYTHON
done
echo "next      build/bin/hpcai-train predict --run-dir ${folders[-1]} --out predictions.csv"
echo "          build/bin/hpcai-train --config configs/${experiments[-1]}/quickstart.yaml --nproc 2 --set training.seed=2"
echo "          build/bin/hpcai-train --help"
