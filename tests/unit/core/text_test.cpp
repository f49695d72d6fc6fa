#include "hpcai/core/text.h"

#include <catch2/catch.hpp>

#include "hpcai/core/utf8.h"

using namespace hpcai;
using Words = std::vector<std::string>;

namespace {
Words parts(std::string_view text, char separator) {
  Words words;
  for (const std::string_view part : split(text, separator)) words.emplace_back(part);
  return words;
}
}  // namespace

TEST_CASE("split keeps every part, also the empty ones") {
  CHECK(parts("a,b,,c", ',') == Words{"a", "b", "", "c"});
  CHECK(parts(",", ',') == Words{"", ""});
  CHECK(parts("", ',') == Words{""});
  CHECK(parts("no separator", ',') == Words{"no separator"});
}

TEST_CASE("trim takes blanks and line ends off both ends, and nothing from within") {
  CHECK(trim(" \t a b \r\n") == "a b");
  CHECK(trim(" \v\f\n").empty());
  CHECK(trim("").empty());
  CHECK(first_line("one\r\ntwo") == "one");
  CHECK(first_line("\nsecond").empty());
  CHECK(lower_case("Sb/IV \xC3\x84") == "sb/iv \xC3\x84");
}

TEST_CASE("words are joined and counted as a sentence wants them") {
  CHECK(join_words(Words{}, "or").empty());
  CHECK(join_words(Words{"a"}, "or") == "a");
  CHECK(join_words(Words{"a", "b", "c"}, "and") == "a, b and c");
  CHECK(plural(1, "rank") == "1 rank");
  CHECK(plural(0, "rank") == "0 ranks");
  CHECK(plural(2, "class", "classes") == "2 classes");
  CHECK(plural(-1, "row") == "-1 rows");
  CHECK(plural_noun(1, "rank") == "rank");
  CHECK(plural_noun(3, "rank") == "ranks");
}

TEST_CASE("a printable text is one line of valid UTF-8 that a terminal does not obey") {
  CHECK(printable("plain \xC3\xA9 \xE2\x89\xA4 \xF0\x9F\x8C\x8C") == "plain \xC3\xA9 \xE2\x89\xA4 \xF0\x9F\x8C\x8C");
  CHECK(printable("a\x1b[31mb") == "a\\x1b[31mb");
  CHECK(printable("name\nerror: forged\r\t") == "name\\nerror: forged\\r\\t");
  CHECK(printable(std::string_view("a\0b\x7f", 4)) == "a\\x00b\\x7f");
  CHECK(printable("caf\xe9") == "caf\\xe9");
  CHECK(printable("cut \xE2\x89") == "cut \\xe2\\x89");
  CHECK(printable("\xC2\x9B"
                  "31m") == "\\u009b31m");  // the one-character escape of C1 terminals
  CHECK(printable("gnp.\xE2\x80\xAE"
                  "fdp") == "gnp.\\u202efdp");  // right-to-left override
  CHECK(printable("a\xE2\x80\xA8"
                  "b\xEF\xBB\xBF") == "a\\u2028b\\ufeff");
  CHECK(printable(std::filesystem::path("data/caf\xe9\n")) == "data/caf\\xe9\\n");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string safe = printable(std::string(3, static_cast<char>(byte)));
    CHECK_FALSE(find_invalid_utf8(safe));
    for (const char c : safe) CHECK((c >= 0x20 && c < 0x7f));
  }
}

TEST_CASE("the middle of a long printable text is left out, unless all of it is wanted") {
  const std::string longest(300, 'a');
  CHECK(printable(longest) == longest);
  CHECK(printable(longest + "b") == std::string(145, 'a') + "..." + std::string(144, 'a') + "b");
  std::string accents;
  for (int i = 0; i < 300; ++i) accents += "\xC3\xA9";
  CHECK(printable(accents) == accents);
  const std::string cut = printable("x" + accents + accents + "y");
  CHECK(cut.size() == 1 + 2 * 144 + 3 + 2 * 144 + 1);
  CHECK_FALSE(find_invalid_utf8(cut));
  const std::string huge(5'000'000, 'a');
  CHECK(printable(huge).size() == 293);
  CHECK(printable(huge, huge.size()) == huge);
}

TEST_CASE("a printable text can be cut between characters") {
  CHECK(printable("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xC3\xA9...");
  CHECK(printable("abc", 3) == "abc");
  CHECK(printable_lines("one\n\ttwo\r\x1b") == "one\n\ttwo\\r\\x1b");
}

TEST_CASE("a shell reads the words of a line as they were") {
  CHECK(shell_line(Words{"hpcai-train", "--set", "a=b,c"}) == "hpcai-train --set a=b,c");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("it's") == "'it'\\''s'");
  const Words words = {"", "a b", "$HOME", "it's", "\"", "*", "caf\xe9", "line\nend", "~", "plain"};
  const std::string command = "printf '%s|' " + shell_line(words);
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string read;
  for (int c; (c = fgetc(pipe)) != EOF;) read += static_cast<char>(c);
  pclose(pipe);
  std::string expected;
  for (const std::string& word : words) expected += word + "|";
  CHECK(read == expected);
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_number<int>("12") == 12);
  CHECK(parse_number<int64_t>("-9223372036854775808") == INT64_MIN);
  CHECK(parse_number<double>("1e-3") == 1e-3);
  for (const char* wrong : {"", " 1", "1 ", "+1", "1x", "0x10", "9999999999", "1.5"}) CHECK_FALSE(parse_number<int>(wrong));
  for (const char* wrong : {"nan", "inf", "-inf", "1e999", "1,5", "."}) CHECK_FALSE(parse_number<double>(wrong));
  CHECK_FALSE(parse_number<uint32_t>("-1"));
}

TEST_CASE("a number can be taken off the start of a text") {
  std::string_view text = "2(x3),1";
  CHECK(take_number<int>(text) == 2);
  CHECK(text == "(x3),1");
  CHECK_FALSE(take_number<int>(text));
  CHECK(text == "(x3),1");
}

TEST_CASE("the edit distance counts letters and swaps") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("shceduler", "scheduler") == 1);
  CHECK(edit_distance("same", "same") == 0);
}
