#!/usr/bin/env bash
# Disturbs many short trainings at random (signals, lost ranks, failing disks, strangers, damaged files), resumes them, and compares
# their weights with those of trainings that nobody has disturbed.
# Usage: scripts/soak.sh [--minutes N | --rounds N] [--seed S]    by default 10 minutes; docs/reliability.md explains the output
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
  -h|--help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
scripts/setup.sh
scripts/build.sh --program
HPCAI_TRAIN=$PWD/build/bin/hpcai-train exec python3 -I tests/soak/soak.py "$@"
