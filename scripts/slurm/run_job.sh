# Starts the ranks of a job with ${command[@]}, whose checkpoints are in $run_dir, and queues the job again where that helps. Runs once
# for each start of a job, on its first node. Part of train.sh and of each batch script that hpcai-train writes.
# REQUEUE_ON: exit statuses that queue the job again. RESTART_LIMIT: starts without progress after which it is held.
set -euo pipefail

run_dir=${run_dir%/}
idle_file=$run_dir.idle-starts  # how many starts in a row have left no new checkpoint

say() { echo "job $SLURM_JOB_ID: $*" >&2; }
say "start $((${SLURM_RESTART_COUNT:-0} + 1)), on $SLURM_JOB_NODELIST, in $run_dir"

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
srun --kill-on-bad-exit=1 --cpu-bind=cores ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} "${command[@]}" || status=$?
say "ended with status $status, newest checkpoint: $(progress)"

# 75 means: stopped, state saved, queue me again. All other failures would only come again, unless REQUEUE_ON names them.
case " ${REQUEUE_ON:-75} " in
  *" $status "*) ;;
  *)
    rm -f "$idle_file"
    exit "$status"
    ;;
esac

# The number of an array's last element is that of the whole array, hence the other way to name an element.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# A job that is queued again and again without coming further wastes the cluster's time: after some such starts it is
# held, so that somebody looks at it (scontrol release lets it go on).
idle=0
if [ "$(progress)" = "$before" ]; then
  idle=$(($(cat "$idle_file" 2>/dev/null || echo 0) + 1))
  { mkdir -p "$(dirname "$run_dir")" && echo "$idle" >"$idle_file"; } || say "cannot count this start: $idle_file"
else
  rm -f "$idle_file"
fi
if [ "$idle" -ge "${RESTART_LIMIT:-3}" ]; then
  rm -f "$idle_file"
  say "$idle starts in a row without a new checkpoint: the job is held. Look at its output, then: scontrol release $job"
  scontrol requeuehold "$job" || say "the job could not be held"
else
  scontrol requeue "$job" || say "the job could not be queued again: submit one with the run folder $run_dir"
fi
exit "$status"
