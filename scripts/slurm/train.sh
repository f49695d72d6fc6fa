#!/usr/bin/env bash
# What the batch scripts of this folder have in common: finds the program, its config and its run folder, and hands over to
# run_job.sh. README.md beside this file lists the settings.
set -euo pipefail

home=${HPCAI_HOME:-.}
program=${HPCAI_TRAIN:-$home/build/bin/hpcai-train}
[ -x "$program" ] || [ ! -x "$home/bin/hpcai-train" ] || program=$home/bin/hpcai-train  # unpacked from scripts/bundle.sh
if [ ! -x "$program" ] && ! command -v "$program" >/dev/null; then
  echo "train.sh: there is no program $program. Submit from the folder of hpcai-train, or set HPCAI_HOME or HPCAI_TRAIN." >&2
  exit 66
fi

run_dir=${RUN_DIR:-runs/$SLURM_JOB_NAME-$SLURM_JOB_ID}
command=("$program" --config "$CONFIG" --run-dir "$run_dir" --resume auto "$@")
. "$(dirname "$0")/run_job.sh"
