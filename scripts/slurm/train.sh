#!/usr/bin/env bash
# What the batch scripts of this folder have in common: starts the ranks of the job, and queues the job again where that
# helps. Runs once for each start of a job, on its first node. README.md beside this file lists the settings.
set -euo pipefail

home=${HPCAI_HOME:-.}
program=${HPCAI_TRAIN:-$home/build/bin/hpcai-train}
[ -x "$program" ] || [ ! -x "$home/bin/hpcai-train" ] || program=$home/bin/hpcai-train  # unpacked from scripts/bundle.sh
run_dir=${RUN_DIR:-runs/$SLURM_JOB_NAME-$SLURM_JOB_ID}
requeue_on=${REQUEUE_ON:-75}
restart_limit=${RESTART_LIMIT:-3}

say() { echo "train.sh: $*" >&2; }

if [ ! -x "$program" ] && ! command -v "$program" >/dev/null; then
  say "there is no program $program. Submit from the folder of hpcai-train, or set HPCAI_HOME or HPCAI_TRAIN."
  exit 66
fi
say "job $SLURM_JOB_ID, start $((${SLURM_RESTART_COUNT:-0} + 1)), on $SLURM_JOB_NODELIST: $CONFIG in $run_dir"

# The newest checkpoint tells how far the run has come.
progress() { readlink "$run_dir/checkpoints/last" 2>/dev/null || echo none; }

# Only ranks that know this secret take part; srun hands it to them. A new one for each start.
if [ -z "${HPCAI_SECRET:-}${HPCAI_SECRET_FILE:-}" ]; then
  HPCAI_SECRET=$(head -c 32 /dev/urandom | base64 -w 0)
  export HPCAI_SECRET
fi

# --kill-on-bad-exit: when one rank fails, Slurm ends the others. --cpu-bind: each rank keeps to cores of its own.
# srun does not take over the --cpus-per-task of the job, so it is said again.
before=$(progress)
status=0
srun --kill-on-bad-exit=1 --cpu-bind=cores ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} \
  "$program" --config "$CONFIG" --run-dir "$run_dir" --resume auto "$@" || status=$?
say "ended with status $status, newest checkpoint: $(progress)"

# 75 means: stopped, state saved, queue me again. All other failures would only come again, unless REQUEUE_ON names them.
case " $requeue_on " in
  *" $status "*) ;;
  *) exit "$status" ;;
esac

# The number of an array's last element is that of the whole array, hence the other way to name an element.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# A job that is queued again and again without coming further wastes the cluster's time: after some such starts it is
# held, so that somebody looks at it (scontrol release lets it go on).
idle=0
idle_file=$run_dir.idle-starts
if [ "$(progress)" = "$before" ]; then
  mkdir -p "$(dirname "$run_dir")"
  idle=$(($(cat "$idle_file" 2>/dev/null || echo 0) + 1))
  echo "$idle" >"$idle_file"
else
  rm -f "$idle_file"
fi
if [ "$idle" -ge "$restart_limit" ]; then
  rm -f "$idle_file"
  say "$idle starts in a row without a new checkpoint: the job is held. Look at its output, then: scontrol release $job"
  scontrol requeuehold "$job" || say "the job could not be held"
else
  scontrol requeue "$job" || say "the job could not be queued again: submit it with RUN_DIR=$run_dir"
fi
exit "$status"
