#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Pieces of HTML. A function that takes text escapes it; a function that takes `html` does not.
namespace hpcai::runs::report {

// Returns the text as HTML, for the content of an element and for a value of an attribute in double quotes. A control character
// other than a line end or a tab, and a byte that is not UTF-8, become U+FFFD.
std::string escaped(std::string_view text);

// Returns a text of XML or HTML with its references resolved: "a &amp; b" is "a & b". Those of XML and those by number are known;
// others stay as they are.
std::string unescaped(std::string_view text);

using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Returns <name attribute="value">html</name>.
std::string element(std::string_view name, const Attributes& attributes, std::string_view html);
// Returns <name>text</name>, with the text escaped.
std::string element(std::string_view name, std::string_view text);

// A number with all its digits: the shortest text that reads back as the same double. "" for NaN and infinity.
std::string exact(double value);
// A number for people, with `digits` significant digits: "0.1235", "12,346". "" for NaN and infinity.
std::string rounded(double value, int digits = 4);

// A table whose cells are texts. Its first column has the headings of the rows. A keyboard can scroll it where it is too wide.
struct TextTable {
  std::string caption{};  // also its name for a screen reader
  std::vector<std::string> head{};
  std::vector<std::vector<std::string>> rows{};
};
std::string html_of(const TextTable& table);

// A list of names and texts. Entries with an empty text are left out.
std::string facts_html(const std::vector<std::pair<std::string, std::string>>& facts);

// A box that opens when its `title` is chosen. `name` identifies it, so that a page that refreshes itself keeps it open.
std::string folded(std::string_view name, std::string_view title, std::string_view html);

// A text of a file, as it is, that a keyboard can scroll. `label` names it for a screen reader.
std::string preformatted(std::string_view label, std::string_view text);

}  // namespace hpcai::runs::report
