#!/usr/bin/env bash
# Makes the paper's Figure 1 for this machine: time to a stated quality against ranks, for both trainings.
# Usage: scripts/figure1.sh [ARGUMENT OF scaling...]        here: 1, 2 and 4 ranks, small networks, three
#                                                          seeds each; about 12 minutes on 2 free cores
#        scripts/figure1.sh --cluster [ARGUMENT...]         on Slurm: 1 to 64 GPUs, the paper's networks, one job for each world
#        scripts/figure1.sh --cluster --collect             the figure of the runs that are done
# The paper's networks train on the paper's data: data/README.md says how to get them. Add the options that your cluster needs:
# --sbatch=--partition=gpu --sbatch=--time=24:00:00 --ranks-per-node 4 --cpus-per-rank 10
set -euo pipefail
cd "$(dirname "$0")/.."

cluster=false
arguments=()
for argument in "$@"; do
  case $argument in
    --cluster) cluster=true ;;
    -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) arguments+=("$argument") ;;
  esac
done

program=build/bin/hpcai-train
if [ ! -x "$program" ]; then
  echo "figure1: $program is not there; build it with scripts/quickstart.sh or scripts/build.sh" >&2
  exit 66
fi

if [ "$cluster" = true ]; then
  folder=runs/figure1-cluster
  command=("$program" scaling
    --config configs/waveform/paper_64gpu.yaml --config configs/galaxy/paper_64gpu.yaml
    --world 1,2,4,8,16,32,64 --samples-per-pass 2
    --set waveform-paper-64gpu:evaluation.target_metric=overlap_median --set waveform-paper-64gpu:evaluation.target_value=0.99
    --set galaxy-paper-64gpu:evaluation.target_metric=accuracy --set galaxy-paper-64gpu:evaluation.target_value=0.99
    --out "$folder")
  case " ${arguments[*]-} " in
    *" --collect "*) ;;
    *) command+=(--submit) ;;
  esac
else
  folder=runs/figure1
  command=("$program" scaling
    --config configs/waveform/quickstart.yaml --config configs/galaxy/quickstart.yaml --world 1,2,4 --repeats 3
    --set waveform-quickstart:evaluation.target_metric=overlap_median --set waveform-quickstart:evaluation.target_value=0.92
    --set galaxy-quickstart:evaluation.target_metric=accuracy --set galaxy-quickstart:evaluation.target_value=0.93
    --out "$folder")
fi

start=$SECONDS
"${command[@]}" ${arguments[@]+"${arguments[@]}"}
echo
echo "figure    $folder/figure1.svg (open it in a browser)"
echo "numbers   $folder/scaling.json"
if [ "$cluster" = true ]; then
  echo "next      scripts/figure1.sh --cluster --collect   whenever jobs have ended; --cluster again submits what failed"
else
  echo "took      $(((SECONDS - start) / 60)) min $(((SECONDS - start) % 60)) s"
fi
