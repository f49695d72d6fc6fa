#!/usr/bin/env bash
# Packs the program for machines without a compiler: one relocatable archive with the executables, their CUDA part if built,
# the configs, a list of its parts (sbom.spdx.json), and the libraries that a system with glibc >= 2.36 may lack. LibTorch and CUDA
# are not included: the program uses the torch 2.11.0 of the other machine, which it finds through TORCH_DIR or python3.
# Usage: scripts/bundle.sh [--with-tests] [ARCHIVE], by default dist/hpcai-train.tar.gz
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "bundle: $1" >&2; exit 1; }
with_tests=no
archive=dist/hpcai-train.tar.gz
for argument in "$@"; do
  case $argument in
    --with-tests) with_tests=yes ;;
    -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "bundle: unknown argument $argument" >&2; exit 2 ;;
    *) archive=$argument ;;
  esac
done

scripts/setup.sh
if [ "$with_tests" = yes ]; then scripts/build.sh; else scripts/build.sh --program --cuda; fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/hpcai-train
mkdir -p "$root"/{bin,lib,libexec}
install -s -m 755 build/bin/hpcai-train "$root/bin/"  # needs no LibTorch
install -s -m 755 build/libexec/hpcai-train "$root/libexec/hpcai-train.bin"
if [ "$with_tests" = yes ]; then
  for binary in build/tests/test_*; do
    if [ -f "$binary" ] && [ -x "$binary" ]; then install -s -m 755 "$binary" "$root/bin/$(basename "$binary").bin"; fi
  done
fi
if [ -e build/bin/libhpcai_cuda.so ]; then install -s -m 755 build/bin/libhpcai_cuda.so "$root/lib/"; fi

# Copies all libraries that the binaries need, directly or indirectly, except those of the C runtime, LibTorch and CUDA.
for file in "$root"/bin/* "$root"/libexec/* "$root"/lib/*.so*; do
  [ -e "$file" ] || continue  # no CUDA part
  ldd "$file" | awk '$2 == "=>" && $3 ~ /^\// {print $3}'
done | sort -u | while read -r library; do
  case $(basename "$library") in
    libc.so*|libm.so*|libdl.so*|libpthread.so*|librt.so*|libutil.so*|ld-linux*|libgcc_s.so*|libstdc++.so*|libresolv.so*) ;;
    libtorch*|libc10*|libgomp*|libcud*|libcu[a-z]*|libnv*|libnccl*|libcusparseLt*|libshm*) ;;
    *) install -m 644 "$library" "$root/lib/" ;;
  esac
done
# The build's search paths of libraries name folders of this machine, and CMake ends them with ":", which means the current folder.
for file in "$root/bin/hpcai-train" "$root/libexec/hpcai-train.bin"; do
  echo "file(RPATH_SET FILE \"$file\" NEW_RPATH \"\$ORIGIN/../lib\")"
done >"$stage/rpath.cmake"
cmake -P "$stage/rpath.cmake" >/dev/null 2>&1 || fail "the search path of the executables cannot be set"

cat >"$root/libexec/hpcai-train" <<'LAUNCHER'
#!/bin/sh
# Finds torch 2.11.0 and starts the program (or the test) of the same name beside this file.
self=$(readlink -f "$0")
here=$(dirname "$self")
if [ -z "${TORCH_DIR:-}" ]; then
  # Not from the current folder, which Python would search first.
  TORCH_DIR=$(python3 -c "import sys; sys.path = [p for p in sys.path if p]
import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])" 2>/dev/null)
fi
if [ ! -e "$TORCH_DIR/lib/libtorch_cpu.so" ]; then
  echo "error: torch 2.11.0 was not found. Install it (pip install torch==2.11.0), or set TORCH_DIR to a folder with lib/libtorch_cpu.so." >&2
  exit 66
fi
LD_LIBRARY_PATH="$here/../lib:$TORCH_DIR/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$self.bin" "$@"
LAUNCHER
chmod +x "$root/libexec/hpcai-train"
for binary in "$root"/bin/test_*.bin; do
  if [ -e "$binary" ]; then cp "$root/libexec/hpcai-train" "${binary%.bin}"; fi
done
cp -r configs README.md LICENSE "$root/"
mkdir "$root/scripts"
cp -r scripts/slurm "$root/scripts/"
# The same commit, compiler and libraries give the same bytes.
commit=$(git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
version=$(sed -n 's/^project(hpcai-train VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
python3 -I scripts/sbom.py "$root" "$version" "$commit" "$epoch" >"$stage/sbom.spdx.json"
mv "$stage/sbom.spdx.json" "$root/"
mkdir -p "$(dirname "$archive")"
tar -C "$stage" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -cf - hpcai-train | gzip -n >"$archive"
size=$(stat -c %s "$archive")
echo "bundle: $archive, $((size / 1000000)) MB. Unpack it anywhere and run hpcai-train/bin/hpcai-train"
if [ "$with_tests" = no ] && [ "$size" -gt 40000000 ]; then fail "the archive is larger than 40 MB"; fi
