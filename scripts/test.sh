#!/usr/bin/env bash
# Installs and builds what is missing, then runs all tests through ctest.
# Usage: scripts/test.sh [CTEST ARGUMENT...], such as -L unit, -R wavenet or --rerun-failed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --tests
echo "building (the first time takes some minutes)"
scripts/build.sh
status=0
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@" || status=$?
grep '^SKIPPED' build/Testing/Temporary/LastTest.log | sort -u || true
exit "$status"
