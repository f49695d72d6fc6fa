#!/usr/bin/env bash
# Builds the program and installs it into a folder that can be moved, with LibTorch and all other libraries that it needs.
# Usage: scripts/install.sh --prefix DIR [--cuda] [--library]
#        scripts/install.sh --package                a .deb and a .tar.gz of the program for CPUs into dist/
#   --cuda      also the part for NVIDIA GPUs, with the CUDA libraries that scripts/setup.sh --cuda has fetched
#   --library   also headers and libraries for C++ programs: find_package(hpcai)
# Run scripts/setup.sh before.
set -euo pipefail
started_in=$PWD
cd "$(dirname "$0")/.."

usage() { echo "install: $1; see --help" >&2; exit 2; }
prefix=''
components=(program)
package=no
while [ $# -gt 0 ]; do
  case $1 in
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --prefix) prefix=${2:-}; [ -n "$prefix" ] || usage "--prefix needs a folder"; shift ;;
    --cuda) components+=(cuda) ;;
    --library) components+=(library) ;;
    --package) package=yes ;;
    *) usage "unknown argument $1" ;;
  esac
  shift
done
[ "$package" = yes ] || [ -n "$prefix" ] || usage "--prefix DIR or --package is missing"
if [ "$package" = yes ] && [ "$prefix${components[*]}" != program ]; then usage "--package takes no other option: it packs the program for CPUs"; fi
case $prefix in ''|/*) ;; *) prefix=$started_in/$prefix ;; esac

targets=(--program)
case " ${components[*]} " in *' cuda '*) targets+=(--cuda) ;; esac
scripts/build.sh "${targets[@]}"
case " ${components[*]} " in *' cuda '*)
  [ -e build/bin/libhpcai_cuda.so ] || {
    echo "install: --cuda: the part for GPUs was not built. It needs the CUDA toolkit and scripts/setup.sh --cuda before the first build." >&2
    exit 1
  } ;;
esac
if [ "$package" = yes ]; then
  rm -f dist/hpcai-train*.deb dist/hpcai-train*.tar.gz  # of earlier versions
  (cd build && cpack -G 'DEB;TGZ' >cpack.log 2>&1) || { tail -n 20 build/cpack.log >&2; echo "install: packing failed, see above" >&2; exit 1; }
  rm -rf dist/_CPack_Packages
  if ! tar -tzf dist/hpcai-train*.tar.gz | grep '/licences/torch-' >/dev/null; then  # reads all, because tar fails if nobody does
    rm -f dist/hpcai-train*.deb dist/hpcai-train*.tar.gz
    echo "install: LibTorch's licence text is not beside it, and a package must hold it. Remove .deps/torch-2.11.0/.cpu and run scripts/setup.sh." >&2
    exit 1
  fi
  echo "install: $(echo dist/hpcai-train*.deb dist/hpcai-train*.tar.gz)"
  exit 0
fi
for component in "${components[@]}"; do
  cmake --install build --prefix "$prefix" --component "$component" --strip >/dev/null || { echo "install: failed, see above" >&2; exit 1; }
done
echo "install: $prefix/bin/hpcai-train, $(du -sm "$prefix" | cut -f1) MB"
