#include <sys/stat.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/data/tables/csv.h"

using namespace hpcai;
using namespace hpcai::data;
using namespace std::string_literals;

namespace {

using Cells = std::vector<std::vector<std::string>>;

const std::vector<std::string> kWanted = {"file", "label"};

std::filesystem::path write_text_table(const test::TemporaryFolder& folder, const std::string& bytes) {
  std::ofstream(folder / "t.csv", std::ios::binary) << bytes;
  return folder / "t.csv";
}

// All cells of the columns file and label.
Cells rows_of(const std::string& bytes) {
  const test::TemporaryFolder folder;
  const Csv csv(write_text_table(folder, bytes), kWanted);
  Cells rows;
  for (int64_t i = 0; i < csv.rows(); ++i) rows.push_back({csv.cell(i, csv.column("file")), csv.cell(i, csv.column("label"))});
  return rows;
}

// What reading says, with the folder's name left out, and the remedy.
test::Thrown complaint(const std::string& bytes) {
  const test::TemporaryFolder folder;
  const auto path = write_text_table(folder, bytes);
  test::Thrown thrown = test::thrown_by([&] {
    const Csv csv(path, kWanted);
    csv.column("file");
    csv.column("label");
  });
  CHECK(thrown.code == ExitCode::bad_data);
  const std::string prefix = folder.path().string() + "/";
  for (size_t at; (at = thrown.what.find(prefix)) != std::string::npos;) thrown.what.erase(at, prefix.size());
  for (const char c : thrown.what + thrown.remedy) CHECK((c >= 0x20 || c == '\n'));
  return thrown;
}

std::string utf16(const std::string& ascii, bool big_endian, bool mark) {
  std::string bytes = !mark ? "" : big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) bytes += big_endian ? ""s + '\0' + c : ""s + c + '\0';
  return bytes;
}

std::string gzipped(const std::string& text) {
  std::string bytes(1000 + 2 * text.size(), '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

const Cells kTwo = {{"a.png", "spiral"}, {"b.png", "elliptical"}};
const std::string kText = "file,label\na.png,spiral\nb.png,elliptical\n";

}  // namespace

TEST_CASE("tables of many writers hold the same cells") {
  const std::string tables[] = {
      kText,
      "\xEF\xBB\xBF" + kText,
      "file,label\r\na.png,spiral\r\nb.png,elliptical\r\n",
      "file,label\ra.png,spiral\rb.png,elliptical\r",
      "file,label\ra.png,spiral\rb.png,elliptical",
      "file,label\r\r\na.png,spiral\r\r\nb.png,elliptical\r\r\n",
      "#Table1\nfile,label\na.png,spiral\nb.png,elliptical\n",
      "# made with TOPCAT, on Monday\n#\nfile,label\na.png,spiral\nb.png,elliptical\n",
      "# file,label\na.png,spiral\nb.png,elliptical\n",
      "#file,label\na.png,spiral\nb.png,elliptical\n",
      "# file    label\n a.png spiral    \n b.png elliptical\n",
      "file\tlabel\na.png\tspiral\nb.png\telliptical\n",
      "sep=;\nfile;label\na.png;spiral\nb.png;elliptical\n",
      "SEP=;\r\nfile;label\r\na.png;spiral\r\nb.png;elliptical\r\n",
      "file;label\na.png;spiral\nb.png;elliptical\n",
      "file|label\na.png|spiral\nb.png|elliptical\n",
      "file label\na.png spiral\nb.png\telliptical\n",
      "File,LABEL\na.png,spiral\nb.png,elliptical\n",
      " file , label \n a.png , spiral \nb.png,elliptical \n",
      "file,label\na.png,\"spiral\"\n\"b.png\", \"elliptical\" \n",
      "file,label,\na.png,spiral,\nb.png,elliptical,\n",
      "file,label\na.png,spiral,,\nb.png,elliptical\n,,\n\n",
      "label,x,file\nspiral,1,a.png\nelliptical,2,b.png\n",
      "label,x,file\n\xC2\xA0spiral,\"1,5\",a.png\nelliptical,\"2\n3\",b.png\n",
      "file,label\na.png,spiral\n# b.png,spiral\n# a remark\nb.png,elliptical\n",
      "file,label,x,x,,\na.png,spiral,1,2,,\nb.png,elliptical,1,2,,\n",
      kText + "\x1A",
      utf16(kText, false, true),
      utf16(kText, true, true),
      utf16(kText, false, false),
      utf16(kText, true, false),
      utf16("file\tlabel\r\na.png\tspiral\r\nb.png\telliptical\r\n", false, true),
      gzipped(kText),
      gzipped(kText.substr(0, 20)) + gzipped(kText.substr(20)),
      gzipped(utf16(kText, false, true)),
  };
  for (const std::string& table : tables) {
    CAPTURE(table);
    CHECK(rows_of(table) == kTwo);
  }
}

TEST_CASE("characters outside ASCII survive UTF-16 and UTF-32") {
  const std::string utf16_text = utf16("file,label\n", false, true) + "\xE9\x00,\x00\x3D\xD8\x00\xDE\n\x00"s;
  CHECK(rows_of(utf16_text) == Cells{{"\xC3\xA9", "\xF0\x9F\x98\x80"}});
  std::string utf32_text = "\xFF\xFE\0\0"s;
  for (const char c : kText) utf32_text += ""s + c + "\0\0\0"s;
  CHECK(rows_of(utf32_text) == kTwo);
}

TEST_CASE("quotes keep blanks, separators, line ends and # in a cell, and lines are counted through them") {
  const test::TemporaryFolder folder;
  const Csv csv(write_text_table(folder, "file,label\n\" a.png\",\"x\"\"y\"\n\"#1\r\n2\",\"p,q\"\nc,d\n"), kWanted);
  CHECK(csv.cell(0, 0) == " a.png");
  CHECK(csv.cell(0, 1) == "x\"y");
  CHECK(csv.cell(1, 0) == "#1\r\n2");
  CHECK(csv.cell(1, 1) == "p,q");
  CHECK(csv.where(2) == (folder / "t.csv").string() + ":5");
}

TEST_CASE("a file that is no table is called by its name, with a remedy") {
  const std::string html = "a web page (HTML)", xlsx = "PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml"s;
  const std::pair<std::string, std::string> files[] = {
      {"<!DOCTYPE html>\n<html><body>Login, please</body></html>\n", html},
      {"\n  <HTML lang=de>\n", html},
      {utf16("<html></html>", false, true), html},
      {gzipped("<html></html>"), html},
      {"<?xml version='1.0'?>\n<!-- hello -->\n<html xmlns=\"x\"></html>", html},
      {"<?xml version='1.0'?>\n<VOTABLE version=\"1.4\">", "a VOTable (XML)"},
      {"<?xml version='1.0'?>\n<rows><row/></rows>", "an XML document"},
      {"{\"file\": \"a.png\"}\n", "a JSON file"},
      {"[\n  {\"file\": 1}\n]\n", "a JSON file"},
      {"[]", "a JSON file"},
      {"SIMPLE  =                    T / file does conform", "a FITS file"},
      {xlsx, "a spreadsheet (XLSX)"},
      {"PK\x03\x04\x14\0\0\x08\0\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK"s, "a spreadsheet (ODS)"},
      {"PK\x03\x04other.txt"s, "a ZIP archive"},
      {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0"s, "a spreadsheet of an old format (XLS)"},
      {"\x89HDF\r\n\x1a\n\0\0"s, "an HDF5 file"},
      {"\x89PNG\r\n\x1a\n\0\0"s, "a PNG image"},
      {"\xFF\xD8\xFF\xE0\0\x10JFIF"s, "a JPEG image"},
      {"BZh91AY&SY", "compressed with bzip2"},
      {"\xFD\x37zXZ\0\0\x04"s, "compressed with xz"},
      {"PAR1\x15\x04", "a Parquet file"},
  };
  for (const auto& [bytes, name] : files) {
    CAPTURE(name, bytes);
    const auto thrown = complaint(bytes);
    CHECK(thrown.what == "t.csv is " + name + ", not a table in text (CSV)");
    CHECK_FALSE(thrown.remedy.empty());
  }
}

TEST_CASE("a bracket alone does not make a table JSON") {
  CHECK(rows_of("[f],file,label\n1,a.png,spiral\n2,b.png,elliptical\n") == kTwo);
  CHECK(rows_of("[x],file,label\n1,a.png,spiral\n2,b.png,elliptical\n") == kTwo);
  CHECK(rows_of("{x},file,label\n1,a.png,spiral\n2,b.png,elliptical\n") == kTwo);
}

TEST_CASE("damaged tables are refused with the reason and the line") {
  const std::string packed = gzipped(std::string(5000, 'x') + kText);
  CHECK(complaint(packed.substr(0, packed.size() / 2)).what == "t.csv is compressed with gzip, but ends too early");
  std::string flipped = gzipped(kText);
  flipped[flipped.size() - 6] ^= 0x55;
  CHECK_THAT(complaint(flipped).what, Catch::StartsWith("t.csv is compressed with gzip, but damaged"));
  CHECK(complaint(utf16(kText, false, true) + "x").what == "t.csv is text in UTF-16, but damaged");
  CHECK(complaint("\xFF\xFE\x00\xD8x\0"s).what == "t.csv is text in UTF-16, but damaged");
  CHECK(complaint("file,label\na.png,spi\0ral\n"s).what == "t.csv:2: a zero byte (NUL) in the text");
  CHECK(complaint("").what == "t.csv is empty: expected a header line and rows");
  CHECK(complaint("\xEF\xBB\xBF\n\n").what == "t.csv is empty: expected a header line and rows");
  CHECK(complaint("file,label\n\"a.png,x\n").what == "t.csv:2: a quote is opened and never closed");
  CHECK(complaint("file,label\n\"a.png\"z,x\n").what == "t.csv:2: text stands behind a closing quote");
  CHECK(complaint("file,label\na.png,x,y\n").what == "t.csv:2: 3 cells, but the header has 2 columns");
  CHECK(complaint("file,label\n\na.png\n").what == "t.csv:3: 1 cell, but the header has 2 columns");
  CHECK_THAT(complaint("file;label\na.png;b;c\n").remedy, Catch::Contains("a semicolon"));
  CHECK(complaint("file,label,file\na.png,x,y\n").what == "t.csv:1: two columns have the same name (file, label, file)");
  CHECK(complaint("#c\nfile,Label,LABEL\na.png,x,y\n").what == "t.csv:2: two columns have the same name (file, Label, LABEL)");
  CHECK(complaint("name;kind\na.png;x\n").what == "t.csv: no column file; there are name, kind");
  CHECK(complaint("na\x1B[31mme,kind\na.png,x\n").what == "t.csv: no column file; there are na\\x1b[31mme, kind");
}

TEST_CASE("a table that cannot be read is missing input") {
  const test::TemporaryFolder folder;
  CHECK(test::thrown_by([&] { Csv(folder / "none.csv"); }).code == ExitCode::missing_input);
  CHECK(test::thrown_by([&] { Csv(folder.path()); }).code == ExitCode::missing_input);
  REQUIRE(mkfifo((folder / "pipe.csv").c_str(), 0600) == 0);
  CHECK(test::thrown_by([&] { Csv(folder / "pipe.csv"); }).code == ExitCode::missing_input);
}

TEST_CASE("a CSV file may have quotes, doubled quotes, a byte-order mark, carriage returns and no last line end") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "a.csv") << "\xEF\xBB\xBF"
                                     "name,\"a, b\"\r\n\"x \"\"y\"\"\",\"two\nlines\"\r\n\r\nlast,1";
  const Csv csv(folder / "a.csv");
  REQUIRE(csv.rows() == 2);
  CHECK(csv.columns() == std::vector<std::string>{"name", "a, b"});
  CHECK(csv.cell(0, 0) == "x \"y\"");
  CHECK(csv.cell(0, csv.column("a, b")) == "two\nlines");
  CHECK(csv.cell(1, 1) == "1");
  CHECK(csv.where(1) == (folder / "a.csv").string() + ":5");
}
