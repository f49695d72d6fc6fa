#!/usr/bin/env bash
# The common part of the batch scripts in this folder: finds the program, the config and the run folder, and runs run_job.sh.
# README.md in this folder lists the settings.
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
