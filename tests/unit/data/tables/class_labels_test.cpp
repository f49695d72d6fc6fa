#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/data/tables/class_labels.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

using ClassNames = std::vector<std::string>;

ClassNames names_in(const std::string& text) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "l.csv", std::ios::binary) << text;
  const Csv csv(folder / "l.csv", {"file", "label"});
  return class_names_of(csv, csv.column("label"), "data.label");
}

std::string refusal(const std::string& text) {
  const auto thrown = test::thrown_by([&] { names_in(text); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK_FALSE(thrown.remedy.empty());
  const size_t name = thrown.what.find("l.csv");
  return name == std::string::npos ? thrown.what : thrown.what.substr(name);
}

}  // namespace

TEST_CASE("class names are those of the column in alphabetical order, without blanks around them") {
  CHECK(names_in("file,label\na,spiral\nb,elliptical \nc, \"spiral \"\nd,\telliptical\n") == ClassNames{"elliptical", "spiral"});
  CHECK(names_in("file,label\na,\xC3\xA9toile\nb,galaxie\n") == ClassNames{"galaxie", "\xC3\xA9toile"});
}

TEST_CASE("labels that are missing or no good are refused with their line") {
  for (const char* word : {"nan", "NaN", "NULL", "None", "N/A", "<NA>", "--", "#N/A"}) {
    CHECK(refusal(std::string("file,label\na,x\nb,y\nc,") + word + "\n") ==
          std::string("l.csv:4: no label ('") + word + "' stands for a missing value)");
  }
  CHECK(refusal("file,label\na,x\nb,\n") == "l.csv:3: no label");
  CHECK(refusal("file,label\na,x\nb,\" \"\n") == "l.csv:3: no label");
  CHECK(refusal("file,label\na,x\nb,X\n") == "l.csv:3: label 'X' differs from 'x' (line 2) in upper and lower case alone");
  CHECK(refusal("file,label\na,Spiral\nb,y\nc,spiral\n") ==
        "l.csv:4: label 'spiral' differs from 'Spiral' (line 2) in upper and lower case alone");
  CHECK(refusal("file,label\na,x\nb,sp\xE9ral\n") == "l.csv:3: label 'sp\\xe9ral' is not UTF-8");
  CHECK(refusal("file,label\na,x\nb,\x1B[31mred\n") == "l.csv:3: label '\\x1b[31mred' holds a control character");
  CHECK(refusal("file,label\na,x\nb,\"two\nlines\"\n") == "l.csv:3: label 'two\\nlines' holds a control character");
  CHECK(refusal("file,label\na,0\nb,1\nc,0.0\n") ==
        "l.csv:4: label '0.0' differs from '0' (line 2) only in how the number is written");
  CHECK(refusal("file,label\na,\xC3\xA9t\nb,z\nc,e\xCC\x81t\n")
            .ends_with("(line 2) only in how accents are encoded (Unicode NFC and NFD)"));
  CHECK(refusal("file,label\na,x\nb,x \n") == "l.csv: column label has only one class (x)");
}

TEST_CASE("a column of measured values is no label column, and one with few images a class is told") {
  std::string values = "file,label\n", names = values, half = values;
  for (int i = 0; i < 8; ++i) {
    const std::string file = "g" + std::to_string(i) + ",";
    values += file + std::to_string(i) + ".25\n";
    names += file + "n" + std::to_string(i) + "\n";
    half += file + std::to_string(i / 2) + ".5\n";
  }
  CHECK(refusal(values).starts_with("l.csv: column label holds numbers with fractions, 8 different values in 8 rows"));
  CHECK(names_in(half).size() == 4);
  const test::TemporaryFolder folder;
  log::open_file((folder / "log.txt").string());
  CHECK(names_in(names).size() == 8);
  CHECK(names_in("file,label\na,1\nb,-99\n").size() == 2);
  log::close_file();
  const std::string told = read_file(folder / "log.txt");
  CHECK(told.find("column label has 8 different values in 8 rows as labels") != std::string::npos);
  CHECK(told.find("l.csv:3: label '-99' often stands for a missing value") != std::string::npos);
}

TEST_CASE("named classes are found exactly, and what is unknown is explained") {
  const ClassLabels classes({"spiral", "nan", "elliptical"}, "data.classes");
  CHECK(classes.find("spiral ") == 0);
  CHECK(classes.find("nan") == 1);
  CHECK(classes.find("Spiral") == std::nullopt);
  CHECK(classes.why_unknown("Spiral") ==
        "label 'Spiral' is not one of data.classes (spiral, nan, elliptical); it differs from 'spiral' in upper and lower case "
        "alone");
  CHECK(classes.why_unknown("star") == "label 'star' is not one of data.classes (spiral, nan, elliptical)");
  CHECK(classes.why_unknown("") == "no label");
  CHECK(classes.why_unknown("NaN") == "no label ('NaN' stands for a missing value)");
  const ClassLabels numbers({"0", "1"}, "data.classes");
  CHECK(numbers.why_unknown("0.0") ==
        "label '0.0' is not one of data.classes (0, 1); it differs from '0' only in how the number is written");
}
