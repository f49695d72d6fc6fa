#include "hpcai/data/tables/foreign_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::data {
namespace {

using namespace std::string_view_literals;

// What a user does with a file of another format.
enum class Way {
  unpack,
  open_spreadsheet,
  convert,
  export_rows,
  convert_netcdf,
  save_arrays,
  give_other,
  save_text,
  fetch,
  read_page
};

std::string remedy_for_table(Way way) {
  switch (way) {
    case Way::unpack: return "Unpack it first.";
    case Way::open_spreadsheet: return "Open it in the spreadsheet program and save it as CSV in UTF-8.";
    case Way::convert: return "Convert it, for example with TOPCAT: save the table as CSV.";
    case Way::export_rows: return "Export the table as CSV.";
    case Way::convert_netcdf:
    case Way::save_arrays: return "Save the table as CSV.";
    case Way::give_other: return "Give the table (CSV) that lists the samples.";
    case Way::save_text: return "Save it as plain text.";
    case Way::fetch: return "Fetch it with git lfs pull.";
    case Way::read_page: break;
  }
  return "A web service has answered with a page, such as a login or an error; open the file to read it, and download the table "
         "again.";
}

std::string remedy_for_hdf5(Way way) {
  constexpr std::string_view kLayout = "data/README.md describes the layout.";
  switch (way) {
    case Way::unpack: return "Unpack it first.";
    case Way::convert_netcdf:
      return fmt::format("Convert it with nccopy -k nc4 OLD.nc NEW.h5 (NetCDF tools), or write its arrays with h5py; {}",
                         kLayout);
    case Way::open_spreadsheet:
    case Way::convert:
    case Way::export_rows:
    case Way::save_text:
    case Way::save_arrays: return fmt::format("Write its arrays into an HDF5 file, for example with h5py; {}", kLayout);
    case Way::give_other: return fmt::format("Give the HDF5 file that holds the samples; {}", kLayout);
    case Way::fetch: return "Fetch it with git lfs pull.";
    case Way::read_page: break;
  }
  return "A web service has answered with a page, such as a login or an error; open the file to read it, and download the data "
         "again.";
}

struct Kind {
  std::string_view name;
  Way way;
};
struct Magic {
  std::string_view bytes;
  Kind kind;
};
constexpr Magic kMagics[] = {
    {"SIMPLE  ="sv, {"a FITS file", Way::convert}},
    {"\x89HDF\r\n\x1a\n"sv, {"an HDF5 file", Way::give_other}},
    {"\x0E\x03\x13\x01"sv, {"an HDF4 file", Way::save_arrays}},
    {"CDF\x01"sv, {"a NetCDF file of the classic format", Way::convert_netcdf}},
    {"CDF\x02"sv, {"a NetCDF file of the classic format", Way::convert_netcdf}},
    {"CDF\x05"sv, {"a NetCDF file of the classic format", Way::convert_netcdf}},
    {"MATLAB 5.0 MAT-file"sv, {"a MATLAB file (MAT)", Way::save_arrays}},
    {"PAR1"sv, {"a Parquet file", Way::convert}},
    {"ARROW1"sv, {"an Arrow file", Way::convert}},
    {"SQLite format 3"sv, {"an SQLite database", Way::export_rows}},
    {"\x93NUMPY"sv, {"a NumPy array", Way::save_arrays}},
    {"\x80\x02"sv, {"a Python pickle", Way::save_arrays}},
    {"\x80\x03"sv, {"a Python pickle", Way::save_arrays}},
    {"\x80\x04\x95"sv, {"a Python pickle", Way::save_arrays}},
    {"\x80\x05\x95"sv, {"a Python pickle", Way::save_arrays}},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, {"a spreadsheet of an old format (XLS)", Way::open_spreadsheet}},
    {"\x89PNG\r\n"sv, {"a PNG image", Way::give_other}},
    {"\xFF\xD8\xFF"sv, {"a JPEG image", Way::give_other}},
    {"GIF8"sv, {"a GIF image", Way::give_other}},
    {"%PDF-"sv, {"a PDF document", Way::give_other}},
    {"%!PS"sv, {"a PostScript document", Way::give_other}},
    {"{\\rtf"sv, {"a text document (RTF)", Way::save_text}},
    {"\x1F\x8B"sv, {"compressed with gzip", Way::unpack}},
    {"BZh"sv, {"compressed with bzip2", Way::unpack}},
    {"\xFD\x37zXZ\0"sv, {"compressed with xz", Way::unpack}},
    {"\x28\xB5\x2F\xFD"sv, {"compressed with zstd", Way::unpack}},
    {"\x04\x22\x4D\x18"sv, {"compressed with lz4", Way::unpack}},
    {"\x1F\x9D"sv, {"compressed with compress (.Z)", Way::unpack}},
    {"7z\xBC\xAF\x27\x1C"sv, {"a 7z archive", Way::unpack}},
    {"Rar!\x1A\x07"sv, {"a RAR archive", Way::unpack}},
    {"\x7F"
     "ELF"sv,
     {"a program", Way::give_other}},
    {"version https://git-lfs.github.com/spec/"sv, {"a pointer of Git LFS, not the file itself", Way::fetch}},
};

// Spreadsheets are ZIP archives; the names of their parts stand in plain text near the start.
Kind zip_kind(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 4096);
  if (start.find("opendocument.spreadsheet") != std::string_view::npos) return {"a spreadsheet (ODS)", Way::open_spreadsheet};
  if (start.find("xl/") != std::string_view::npos || start.find("[Content_Types].xml") != std::string_view::npos) {
    return {"a spreadsheet (XLSX)", Way::open_spreadsheet};
  }
  if (start.find(".npy") != std::string_view::npos) return {"a NumPy archive (NPZ)", Way::save_arrays};
  return {"a ZIP archive", Way::unpack};
}

// What starts with "<". A column of a table is hardly called so.
Kind markup_kind(std::string_view text) {
  const std::string start = lower_case(text.substr(0, 4096));
  if (start.find("<votable") != std::string::npos) return {"a VOTable (XML)", Way::convert};
  if (start.starts_with("<!doctype html") || start.find("<html") != std::string::npos ||
      start.find("<head") != std::string::npos || start.find("<body") != std::string::npos) {
    return {"a web page (HTML)", Way::read_page};
  }
  return {"an XML document", Way::convert};
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  text.remove_prefix(line.size());
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  return line;
}

// Keywords behind backslashes, a header between bars, and rows of fixed width without bars.
bool is_ipac(std::string_view text) {
  std::string_view line = take_line(text);
  while (line.starts_with('\\') && !text.empty()) line = take_line(text);
  if (!line.starts_with('|') || !trim(line).ends_with('|') || trim(line).size() < 3) return false;
  while (line.starts_with('|') && !text.empty()) line = take_line(text);
  return line.find('|') == std::string_view::npos;
}

bool is_json(std::string_view text) {
  const std::string_view rest = trim(text.substr(1, 256));
  if (rest.empty()) return text.size() <= 2;
  if (text.front() == '{') return rest.front() == '"' || rest.front() == '}';
  if (rest.front() == ']') return rest.size() == 1;  // a column may be called [x]
  return "{[\"-0123456789"sv.find(rest.front()) != std::string_view::npos;
}

std::optional<Kind> format_kind(std::string_view bytes) {
  for (const Magic& magic : kMagics) {
    if (bytes.starts_with(magic.bytes)) return magic.kind;
  }
  if (bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("PK\x05\x06"sv)) return zip_kind(bytes);
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar") return Kind{"a tar archive", Way::unpack};
  const std::string_view text = trim(bytes.substr(0, 8192));
  if (text.starts_with('<')) return markup_kind(text);
  if ((text.starts_with('{') || text.starts_with('[')) && is_json(text)) return Kind{"a JSON file", Way::export_rows};
  if (is_ipac(text)) return Kind{"an IPAC table", Way::convert};
  return std::nullopt;
}

// UTF-8 without control characters; the last character may be cut off.
bool is_text(std::string_view bytes) {
  const auto invalid = find_invalid_utf8(bytes);
  if (invalid && (bytes.size() < 4096 || *invalid + 4 < bytes.size())) return false;
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
  });
}

}  // namespace

std::optional<ForeignFormat> foreign_to_table(std::string_view bytes) {
  const auto kind = format_kind(bytes);
  return kind ? std::optional(ForeignFormat{std::string(kind->name), remedy_for_table(kind->way)}) : std::nullopt;
}

std::optional<ForeignFormat> foreign_to_hdf5(std::string_view bytes) {
  const auto kind = format_kind(bytes);
  if (kind) return ForeignFormat{std::string(kind->name), remedy_for_hdf5(kind->way)};
  if (!bytes.empty() && is_text(bytes)) return ForeignFormat{"a text file", remedy_for_hdf5(Way::give_other)};
  return std::nullopt;
}

}  // namespace hpcai::data
