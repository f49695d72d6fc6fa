#!/usr/bin/env bash
# Compares the training speed of hpcai-train with the same networks in PyTorch, in every sensible form, and prints a table.
# Usage: scripts/bench_peers.sh [--quick] [--threads N] [--ranks N] [--neighbour] [--avx2] [WORKLOAD...]
#        workloads: wavenet_paper wavenet_small wavenet_medium xception resnet50
# --avx2 keeps both sides to AVX2, also on a processor with AVX-512.
# The first run builds the program and fetches PyTorch with its CUDA libraries (about 3 GB) from PyPI into .deps/peers.
# Run it on an otherwise idle machine. All workloads take about an hour on two cores, --quick ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
  -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
[ -x build/bin/hpcai-train ] || scripts/build.sh --program
python=${PEERS_PYTHON:-.deps/peers/bin/python}  # PEERS_PYTHON: one that has torch 2.11.0, torchvision and safetensors already
if [ ! -x "$python" ]; then
  python3 -m venv .deps/peers
  .deps/peers/bin/pip install --quiet torch==2.11.0 torchvision==0.26.0 safetensors numpy
fi
exec "$python" tests/bench/peers/compare.py build/bin/hpcai-train "$@"
