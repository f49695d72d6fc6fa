#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "sample.h"

using Catch::Matchers::Contains;
using sample::complaint;
using sample::complaint_about_lines;

TEST_CASE("numbers that programs read differently are refused, with the reason") {
  const auto integer = [](const std::string& value) { return complaint_about_lines("schedule: {patience: " + value + "}\n"); };
  CHECK_THAT(integer("010"), Contains("patience is 010") && Contains("octal"));
  CHECK_THAT(integer("-07"), Contains("octal"));
  CHECK_THAT(integer("0x1F"), Contains("decimal digits"));
  CHECK_THAT(integer("0o17"), Contains("decimal digits"));
  CHECK_THAT(integer("1_000"), Contains("underscores"));
  CHECK_THAT(integer("1e3"), Contains("must be a whole number") && Contains("without an exponent"));
  CHECK_THAT(integer("3.0"), Contains("without a decimal point"));
  CHECK_THAT(integer("\"3\""), Contains("Leave out the quotes"));
  CHECK_THAT(integer("99999999999999999999"), Contains("64 bits"));
  CHECK_THAT(integer("true"), Contains("is true; it must be a whole number"));
  CHECK_THAT(integer("2024-01-01"), Contains("must be a whole number"));
  CHECK_THAT(integer("1:30"), Contains("must be a whole number"));
  CHECK(integer("0").empty());
  CHECK(integer("-0").empty());
  const auto number = [](const std::string& value) { return complaint_about_lines("schedule: {floor: " + value + "}\n"); };
  CHECK_THAT(number("010.5"), Contains("octal"));
  CHECK_THAT(number("00"), Contains("octal"));
  CHECK_THAT(number(".inf"), Contains("finite"));
  CHECK_THAT(number("-.INF"), Contains("finite"));
  CHECK_THAT(number(".NaN"), Contains("finite"));
  CHECK_THAT(number("nan"), Contains("finite"));
  CHECK_THAT(number("1e999"), Contains("does not fit"));
  CHECK_THAT(number("1e-999"), Contains("does not fit"));
  CHECK_THAT(number("\"0,5\""), Contains("must be a number"));
  CHECK_THAT(complaint_about_lines("schedule:\n  floor: 0,5\n"), Contains("as a point"));
  CHECK_THAT(number("0x1p3"), Contains("decimal digits"));
  CHECK_THAT(number("1e"), Contains("must be a number"));
  CHECK_THAT(number("."), Contains("must be a number"));
  CHECK_THAT(number("1.2.3"), Contains("must be a number"));
  for (const char* good : {"1e3", "1.", ".5", "+.5", "1E+3", "5", "0.05", "0e0"}) {
    INFO(good);
    CHECK(number(good).empty());
  }
}

TEST_CASE("booleans are true and false only") {
  const auto boolean = [](const std::string& v) {
    return complaint_about_lines("optimizer: {type: sgd, nesterov: " + v + "}\n");
  };
  CHECK(boolean("true").empty());
  CHECK(boolean("false").empty());
  for (const char* word : {"yes", "on", "True", "Y", "1"}) CHECK_THAT(boolean(word), Contains("Write true."));
  for (const char* word : {"no", "OFF", "False", "n", "0"}) CHECK_THAT(boolean(word), Contains("Write false."));
  CHECK_THAT(boolean("\"true\""), Contains("Leave out the quotes"));
  CHECK_THAT(boolean("maybe"), Contains("must be true or false"));
}

TEST_CASE("text may look like anything") {
  for (const char* value : {"40", "010", "yes", "1e3", "\"\"", "'null'", "v1.2", "a b"}) {
    INFO(value);
    CHECK(complaint_about_lines("name: " + std::string(value) + "\n").empty());
  }
  CHECK(sample::parse(sample::kShortText + "name: 1.10\n").name == "1.10");
}

TEST_CASE("duplicate keys, merge keys, tags and second documents are refused") {
  CHECK_THAT(complaint_about_lines("name: a\nname: b\n"), Contains("c.yaml:4: name is given twice, first at c.yaml:3"));
  CHECK_THAT(complaint_about_lines("schedule: {floor: 0, floor: 1}\n"), Contains("floor is given twice"));
  CHECK_THAT(complaint_about_lines("schedule:\n  <<: {floor: 0}\n"), Contains("c.yaml:4: merge keys (<<) are not supported"));
  CHECK_THAT(complaint_about_lines("name: !!str 3\n"), Contains("c.yaml:3: the YAML tag tag:yaml.org,2002:str is not supported"));
  CHECK_THAT(complaint_about_lines("schedule: !plateau {floor: 0}\n"), Contains("tag"));
  CHECK_THAT(complaint_about_lines("channels: !!seq [1]\n"), Contains("tag"));
  CHECK_THAT(complaint_about_lines("---\nname: b\n"), Contains("c.yaml:3: a second YAML document"));
  CHECK_THAT(complaint_about_lines("? [a, b]\n: c\n"), Contains("a key must be a word"));
  CHECK_THAT(complaint_about_lines("~: c\n"), Contains("a key must be a word"));
  CHECK_THAT(complaint_about_lines("%name: x\n"), Contains("c.yaml:3: a line must not start with %"));
  CHECK(complaint("---\n" + sample::kShortText + "...\n").empty());
}

TEST_CASE("aliases work, cyclic and exploding ones are refused") {
  CHECK(sample::parse("data: {type: simulated}\nname: &n x\ndistributed: {interface: *n}\ntraining: {global_batch: 1}\n")
            .distributed.interface == "x");
  CHECK_THAT(complaint("a: &x\n  b: *x\n"), Contains("c.yaml:2: this alias (*) refers to something that contains it"));
  CHECK_THAT(complaint("a: &x [*x, *x]\n"), Contains("contains it"));
  CHECK_THAT(complaint("a: *x\n"), Contains("not valid YAML"));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    laughs += fmt::format("a{0}: &a{0} [", i);
    for (int k = 0; k < 9; ++k) laughs += (k ? ", " : "") + alias;
    laughs += "]\n";
  }
  CHECK_THAT(complaint(laughs), Contains("more than 20000 values, aliases (*) expanded"));
  std::string nested = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i) {
    nested += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  }
  CHECK_THAT(complaint(nested), Contains("nested more than 64 levels"));
}

TEST_CASE("size and depth have limits") {
  CHECK_THAT(complaint("name: " + std::string(1 << 20, 'x') + "\n"), Contains("larger than 1048576 bytes"));
  CHECK_THAT(complaint("a: " + std::string(70, '[') + std::string(70, ']')), Contains("nested more than 64 levels"));
  CHECK_THAT(complaint(std::string(500000, '[')), Contains("nested more than 64 levels"));
  CHECK_THAT(complaint(std::string(500000, '{')), Contains("nested more than 64 levels"));
  std::string many = "channels: [1";
  for (int i = 0; i < 20000; ++i) many += ",1";
  CHECK_THAT(complaint_about_lines(many + "]\n"), Contains("more than 20000 values"));
}

TEST_CASE("bytes that are not UTF-8 text are refused with their line") {
  for (const char* bad : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    CHECK_THAT(complaint_about_lines("name: " + std::string(bad) + "\n"), Contains("c.yaml:3: a byte here is not valid UTF-8"));
  }
  CHECK_THAT(complaint(std::string("\xff\xfe"
                                   "a\0:\0",
                                   6)),
             Contains("UTF-16"));
  CHECK_THAT(complaint_about_lines(std::string("\nname: \0x\n", 10)), Contains("c.yaml:4: a control character"));
  CHECK(sample::parse(sample::kShortText + "name: \xC3\xA9t\xC3\xA9 \xF0\x9F\x8C\x8C\n").name ==
        "\xC3\xA9t\xC3\xA9 \xF0\x9F\x8C\x8C");
}

TEST_CASE("Windows line ends and a byte order mark change nothing") {
  std::string windows = "\xEF\xBB\xBF";
  for (const char c : sample::kFullText) windows += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(hpcai::config::to_yaml(sample::parse(windows)) == hpcai::config::to_yaml(sample::parse(sample::kFullText)));
  CHECK_THAT(complaint(windows + "\r\nnam: 3\r\n"), Contains("c.yaml:43: nam is not"));
}

TEST_CASE("broken YAML is told with its line, and tabs with their remedy") {
  CHECK_THAT(complaint_about_lines("name: a: b\n"), Contains("c.yaml:3: this is not valid YAML"));
  CHECK_THAT(complaint_about_lines("schedule:\n\tfloor: 1\n"), Contains("indented with spaces"));
  // yaml-cpp alone accepts most of these
  CHECK_THAT(complaint_about_lines("name: \"open\n"), Contains("c.yaml:3: the quote that opens here is never closed"));
  CHECK_THAT(complaint_about_lines("name: 'it''s\nbatch_norm: local\n"), Contains("c.yaml:3: the quote"));
  CHECK_THAT(complaint_about_lines("# \xC3\xA9\nname: &a \"open \\\"\n"), Contains("c.yaml:4: the quote"));
  CHECK_THAT(complaint_about_lines("name: \xC3\xA9\ndistributed: {interface: \"}\n"), Contains("c.yaml:4: the quote"));
  CHECK_THAT(complaint_about_lines("average"), Contains("c.yaml:3: a colon is missing after average"));
  CHECK_THAT(complaint_about_lines("average: {decay}\n"), Contains("c.yaml:3: a colon is missing after decay"));
  CHECK(complaint_about_lines("average :\n").empty());
  CHECK(complaint_about_lines("\"average\":").empty());
  CHECK(complaint_about_lines("name: 'it''s'").empty());
  CHECK(complaint_about_lines("name: &a \"\\\"\"").empty());
  CHECK(complaint_about_lines("name: |\n  \"open\n").empty());
}
