#!/usr/bin/env bash
# Builds the last commit twice, in two folders with other names, umasks, time zones and languages, and compares the bytes of all programs
# and libraries. It uses no compiler cache, so the whole program takes twice the time of a first build.
# Usage: scripts/reproducible_build.sh [-DOPTION=VALUE...] [TARGET...]    by default hpcai-train, without its CUDA part
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "reproducible_build: $1" >&2; exit 1; }
options=(-DHPCAI_TESTS=OFF -DHPCAI_CUDA=OFF)
targets=()
for argument in "$@"; do
  case $argument in
    -h|--help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -D*) options+=("$argument") ;;
    -*) echo "reproducible_build: unknown argument $argument; see --help" >&2; exit 2 ;;
    *) targets+=("$argument") ;;
  esac
done
git rev-parse --quiet --verify HEAD >/dev/null || fail "this is no git repository"
git diff --quiet HEAD || echo "reproducible_build: changes that are not committed are left out" >&2
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# Clones the last commit into SOURCE and builds it in SOURCE/BUILD.
build() {
  local source=$1 build=$1/$2
  mkdir -p "$(dirname "$source")"
  git clone --quiet . "$source"
  if [ -d .deps ]; then ln -s "$PWD/.deps" "$source/.deps"; fi
  local log=$stage/log
  cmake --preset release -S "$source" -B "$build" "${options[@]}" >"$log" 2>&1 || { cat "$log" >&2; fail "CMake failed, see above"; }
  ninja -C "$build" "${targets[@]:-program}" >"$log" 2>&1 || { tail -n 60 "$log" >&2; fail "the build failed, see above"; }
  (cd "$build" && find bin libexec lib -type f \( -perm -u+x -o -name '*.a' -o -name '*.so' -o -name '*.o' \) | sort | xargs -r sha256sum) >"$stage/$2.sums"
}

export CCACHE_DISABLE=1
(umask 022; export TZ=UTC LC_ALL=C; build "$stage/first" build)
(umask 077; export TZ=Asia/Kathmandu LC_ALL=C.UTF-8; build "$stage/longer/path/second" build-2)
[ -s "$stage/build.sums" ] || fail "the targets have made no file to compare"
different=$(diff "$stage/build.sums" "$stage/build-2.sums" | awk '/^[<>]/ {print $3}' | sort -u || true)
if [ -n "$different" ]; then
  trap - EXIT
  echo "$different" >&2
  fail "these files have other bytes in the second build; both are in $stage"
fi
echo "reproducible_build: $(wc -l <"$stage/build.sums") files with the same bytes in both builds"
