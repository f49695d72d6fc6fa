#!/usr/bin/env bash
# Installs and builds what is missing, then runs all tests through ctest.
# Usage: scripts/test.sh [CTEST ARGUMENT...], such as -L unit, -R wavenet or --rerun-failed.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h|--help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
scripts/setup.sh --tests
echo "building (the first time takes some minutes)"
scripts/build.sh
status=0
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@" || status=$?
grep '^SKIPPED' build/Testing/Temporary/LastTest.log | sort -u || true
exit "$status"
