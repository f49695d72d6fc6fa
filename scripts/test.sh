#!/usr/bin/env bash
# Installs and builds what is missing, then runs all tests through ctest.
# Usage: scripts/test.sh [CTEST ARGUMENT...], such as -L unit, -R wavenet or --rerun-failed
#        scripts/test.sh --sanitize [CTEST ARGUMENT...]    unit tests of files, memory and network, and damaged inputs, with the
#                                                          address and the undefined-behaviour sanitizer, built into build-asan/
set -euo pipefail
cd "$(dirname "$0")/.."
sanitize=no
case ${1:-} in
  -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
  --sanitize) sanitize=yes; shift ;;
esac
scripts/setup.sh --tests
echo "building (the first time takes some minutes)"
if [ "$sanitize" = yes ]; then
  # These modules handle untrusted bytes, raw memory and threads.
  modules=(core config data draw checkpoint distributed)
  preset=asan scripts/build.sh "${modules[@]/#/test_}" fuzz_readers
  export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.txt
  pattern="^fuzz_readers\\.|^unit\\.($(IFS='|'; echo "${modules[*]}")):"
  exec ctest --test-dir build-asan --output-on-failure -j "$(nproc)" -R "$pattern" "$@"
fi
scripts/build.sh
status=0
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@" || status=$?
grep '^SKIPPED' build/Testing/Temporary/LastTest.log | sort -u || true
exit "$status"
