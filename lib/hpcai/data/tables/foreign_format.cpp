#include "hpcai/data/tables/foreign_format.h"

#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUnpack = "Unpack it first.";
constexpr std::string_view kSpreadsheet = "Open it in the spreadsheet program and save it as CSV in UTF-8.";
constexpr std::string_view kConvert = "Convert it, for example with TOPCAT: save the table as CSV.";
constexpr std::string_view kWrongFile = "Give the table (CSV) that lists the samples.";

struct Magic {
  std::string_view bytes;
  std::string_view name;
  std::string_view remedy;
};
constexpr Magic kMagics[] = {
    {"SIMPLE  ="sv, "a FITS file", kConvert},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file", kWrongFile},
    {"PAR1"sv, "a Parquet file", kConvert},
    {"ARROW1"sv, "an Arrow file", kConvert},
    {"SQLite format 3"sv, "an SQLite database", "Export the table as CSV."},
    {"\x93NUMPY"sv, "a NumPy array", "Save the table as CSV."},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "a spreadsheet of an old format (XLS)", kSpreadsheet},
    {"\x89PNG\r\n"sv, "a PNG image", kWrongFile},
    {"\xFF\xD8\xFF"sv, "a JPEG image", kWrongFile},
    {"GIF8"sv, "a GIF image", kWrongFile},
    {"%PDF-"sv, "a PDF document", kWrongFile},
    {"%!PS"sv, "a PostScript document", kWrongFile},
    {"{\\rtf"sv, "a text document (RTF)", "Save it as plain text."},
    {"BZh"sv, "compressed with bzip2", kUnpack},
    {"\xFD\x37zXZ\0"sv, "compressed with xz", kUnpack},
    {"\x28\xB5\x2F\xFD"sv, "compressed with zstd", kUnpack},
    {"\x04\x22\x4D\x18"sv, "compressed with lz4", kUnpack},
    {"\x1F\x9D"sv, "compressed with compress (.Z)", kUnpack},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", kUnpack},
    {"Rar!\x1A\x07"sv, "a RAR archive", kUnpack},
    {"\x7F"
     "ELF"sv,
     "a program", kWrongFile},
    {"version https://git-lfs.github.com/spec/"sv, "a pointer of Git LFS, not the file itself", "Fetch it with git lfs pull."},
};

// Spreadsheets are ZIP archives; the names of their parts stand in plain text near the start.
ForeignFormat zip_format(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 4096);
  if (start.find("opendocument.spreadsheet") != std::string_view::npos) return {"a spreadsheet (ODS)", std::string(kSpreadsheet)};
  if (start.find("xl/") != std::string_view::npos || start.find("[Content_Types].xml") != std::string_view::npos) {
    return {"a spreadsheet (XLSX)", std::string(kSpreadsheet)};
  }
  if (start.find(".npy") != std::string_view::npos) return {"a NumPy archive (NPZ)", "Save the table as CSV."};
  return {"a ZIP archive", std::string(kUnpack)};
}

// What starts with "<". A column of a table is hardly called so.
ForeignFormat markup_format(std::string_view text) {
  const std::string start = lower_case(text.substr(0, 4096));
  if (start.find("<votable") != std::string::npos) return {"a VOTable (XML)", std::string(kConvert)};
  if (start.starts_with("<!doctype html") || start.find("<html") != std::string::npos ||
      start.find("<head") != std::string::npos || start.find("<body") != std::string::npos) {
    return {
        "a web page (HTML)",
        "A web service has answered with a page, such as a login or an error; open the file to read it, and download the table "
        "again."};
  }
  return {"an XML document", std::string(kConvert)};
}

bool is_json(std::string_view text) {
  const std::string_view rest = trim(text.substr(1, 256));
  if (rest.empty()) return text.size() <= 2;
  if (text.front() == '{') return rest.front() == '"' || rest.front() == '}';
  if (rest.front() == ']') return rest.size() == 1;  // a column may be called [x]
  return "{[\"-0123456789"sv.find(rest.front()) != std::string_view::npos;
}

}  // namespace

std::optional<ForeignFormat> foreign_format(std::string_view bytes) {
  for (const Magic& magic : kMagics) {
    if (bytes.starts_with(magic.bytes)) return ForeignFormat{std::string(magic.name), std::string(magic.remedy)};
  }
  if (bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("PK\x05\x06"sv)) return zip_format(bytes);
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar") return ForeignFormat{"a tar archive", std::string(kUnpack)};
  const std::string_view text = trim(bytes.substr(0, 8192));
  if (text.starts_with('<')) return markup_format(text);
  if (text.starts_with('{') || text.starts_with('[')) {
    if (is_json(text)) return ForeignFormat{"a JSON file", "Convert it to CSV."};
  }
  return std::nullopt;
}

}  // namespace hpcai::data
