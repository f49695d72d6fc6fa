#include "hpcai/data/tables/foreign_format.h"

#include <catch2/catch.hpp>

using namespace hpcai::data;
using namespace std::string_view_literals;

namespace {

std::string named(const std::optional<ForeignFormat>& format) { return format ? format->name : ""; }

}  // namespace

TEST_CASE("what is no HDF5 file is named, with a way to one") {
  const std::pair<std::string_view, std::string_view> files[] = {
      {"\x93NUMPY\1\0v\0{'descr': '<f4'}"sv, "a NumPy array"},
      {"PK\3\4\0\0data.npy"sv, "a NumPy archive (NPZ)"},
      {"\x1F\x8B\x08\0\0"sv, "compressed with gzip"},
      {"<!DOCTYPE html><html>Login</html>", "a web page (HTML)"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "a pointer of Git LFS, not the file itself"},
      {"CDF\x01\0\0\0\0"sv, "a NetCDF file of the classic format"},
      {"CDF\x02\0\0\0\0"sv, "a NetCDF file of the classic format"},
      {"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file (MAT)"},
      {"SIMPLE  =                    T", "a FITS file"},
      {"\x80\x04\x95\x10\0\0"sv, "a Python pickle"},
      {"q,s1,s2\n1,0,0\n", "a text file"},
      {"\x89HD", ""},
      {"\xFE\xDC\1\2", ""},
      {"\0\0\0\0\0\0\0\0"sv, ""},
      {"", ""}};
  for (const auto& [bytes, name] : files) {
    const auto format = foreign_to_hdf5(bytes);
    CHECK(named(format) == name);
    if (format) CHECK(format->remedy.find("CSV") == std::string::npos);
  }
}

TEST_CASE("an IPAC table is named, and tables with bars are none") {
  CHECK(named(foreign_to_table("\\fixlen = T\n\\ a comment\n|  file  | label  |\n| char   | char   |\n  g0.png   spiral\n")) ==
        "an IPAC table");
  CHECK(named(foreign_to_table("|file|label|\n g0.png spiral\n")) == "an IPAC table");
  CHECK(named(foreign_to_table("|file|label|\n|g0.png|spiral|\n")).empty());
  CHECK(named(foreign_to_table("file|label\ng0.png|spiral\n")).empty());
  CHECK(named(foreign_to_table("|file|label|\n")).empty());
}
