# Starts the ranks of a job with ${command[@]} and queues the job again after certain exit statuses. The checkpoints are in $run_dir.
# This script runs once for each start of a job, on its first node. train.sh sources it; each batch script of hpcai-train contains it.
# REQUEUE_ON: exit statuses after which the job is queued again. RESTART_LIMIT: starts without progress after which the job is held.
set -euo pipefail

run_dir=${run_dir%/}
idle_file=$run_dir.idle-starts  # holds the number of consecutive starts without a new checkpoint

say() { echo "job $SLURM_JOB_ID: $*" >&2; }
say "start $((${SLURM_RESTART_COUNT:-0} + 1)), on $SLURM_JOB_NODELIST, in $run_dir"

# Prints the name of the newest checkpoint, which is the progress of the run. A worker of a search has a journal instead.
progress() {
  if [ -e "$run_dir/journal.jsonl" ]; then echo "$(wc -l <"$run_dir/journal.jsonl") lines of the journal"; return; fi
  readlink "$run_dir/checkpoints/last" 2>/dev/null || echo none
}

# The ranks authenticate each other with this secret. Each start makes a new one, and srun passes it to the ranks.
if [ -z "${HPCAI_SECRET:-}${HPCAI_SECRET_FILE:-}" ]; then
  HPCAI_SECRET=$(head -c 32 /dev/urandom | base64 -w 0)
  export HPCAI_SECRET
fi

# --kill-on-bad-exit: if one rank fails, Slurm ends the others. --cpu-bind: each rank has cores of its own.
# srun does not inherit --cpus-per-task from the job, so it is repeated.
before=$(progress)
status=0
srun --kill-on-bad-exit=1 --cpu-bind=cores ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} "${command[@]}" || status=$?
say "ended with status $status, newest checkpoint: $(progress)"

# Status 75: the ranks have saved their state and the job shall be queued again. Other failures would probably occur again, so they
# end the job unless REQUEUE_ON names them.
case " ${REQUEUE_ON:-75} " in
  *" $status "*) ;;
  *)
    rm -f "$idle_file"
    exit "$status"
    ;;
esac

# For the last element of an array SLURM_JOB_ID is the number of the whole array, so elements are named <array>_<task>.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# A job that starts several times without a new checkpoint wastes time of the cluster. After RESTART_LIMIT such starts it is held, so
# that its owner examines it; scontrol release continues it.
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
