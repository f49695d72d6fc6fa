#include "hpcai/data/hdf5/hdf5_failure.h"

#include <fmt/format.h>

#include <cstdio>
#include <initializer_list>
#include <string_view>

#include "hpcai/core/error.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_library.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/tables/foreign_format.h"

namespace hpcai::data {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (std::string_view part : parts) {
    if (text.find(part) != std::string_view::npos) return true;
  }
  return false;
}

std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

// From "truncated file: eof = 2000, sblock->base_addr = 0, stored_eof = 2180".
std::string truncation(const std::string& reason) {
  unsigned long long there = 0, base = 0, stored = 0;
  if (std::sscanf(reason.c_str(), "truncated file: eof = %llu, sblock->base_addr = %llu, stored_eof = %llu", &there, &base,
                  &stored) != 3) {
    return reason;
  }
  return fmt::format("is truncated: it has {} bytes, but should have {}", there + base, stored);
}

// A file without HDF5's signature.
[[noreturn]] void refuse_foreign_file(const std::string& where, const std::string& path) {
  constexpr size_t kStart = 8192;
  const std::string start = RegularFile(path).read_start(kStart);
  if (start.empty()) refuse_data(where, "is empty", kDamagedRemedy);
  if (const auto format = foreign_to_hdf5(start))
    refuse_data(where, fmt::format("is {}, not an HDF5 file", format->name), format->remedy);
  refuse_data(where, "is not an HDF5 file", kDamagedRemedy);
}

}  // namespace

const char* const kDamagedRemedy =
    "The copy may be incomplete: compare its size and checksum with the original, and copy or make it again.";
const char* const kLayoutRemedy = "The layout is described in data/README.md.";

std::string rewrite_remedy(const std::string& path, const std::string& needs) {
  return fmt::format("Write it anew: python3 scripts/rewrite_hdf5.py {} NEW.h5 (needs Python with {}).", shell_word(path), needs);
}

void refuse_data(const std::string& where, const std::string& cause, const std::string& remedy) {
  throw Error(ExitCode::bad_data, where + ": " + cause, remedy);
}

void refuse_for_failure(const std::string& where, const std::string& path) {
  const Hdf5Failure failure = last_hdf5_failure();
  if (is_open_file_limit(failure.system_error)) throw open_file_limit("cannot open " + where, failure.system_error);
  const std::string reason = printable(failure.reason);
  if (contains_any(reason, {"signature not found"})) refuse_foreign_file(where, path);
  if (contains_any(reason, {"truncated file"})) {
    refuse_data(
        where, truncation(reason),
        "The copy, or the program that wrote it, was cut off: compare its size and checksum with the original, and copy or "
        "make it again.");
  }
  if (contains_any(reason, {"already open for write"})) {
    refuse_data(where, "a program is writing it, or has ended without closing it",
                fmt::format("Wait for the program. If it has ended, h5clear -s {} (Debian package hdf5-tools) marks the file as "
                            "closed; then see with hpcai-train check what was written.",
                            shell_word(path)));
  }
  if (contains_any(reason, {"bad version", "unknown version", "wrong version", "version number"})) {
    refuse_data(
        where,
        fmt::format("is written in a newer format than the HDF5 library {} knows, or is damaged ({})", library_version(), reason),
        rewrite_remedy(path, "an h5py as new as the one that wrote it") +
            " Programs write the older format with h5py.File(NAME, \"w\", libver=\"v110\").");
  }
  refuse_data(where, "is damaged: " + reason, kDamagedRemedy);
}

}  // namespace hpcai::data
